"""HTML: the parts that pages are put together from; whatever stands in a note is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from evals.opened import CodeView, Opened
from evals.report.plots import Series
from evals.report.svg import Svg
from evals.report.words import engine_of


def page(title: str, body: Iterable[str]) -> str:
    """A whole page that needs nothing else: no script, no font, no image, no network."""
    style = (files("evals.report") / "style.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = (), *, fit: bool = False) -> str:
    """A table of HTML cells; the first cell of a row names it, the columns `numbers` stand to the right.

    With `fit` it is as wide as it needs to be, so that numbers stand near their names.
    """
    right = set(numbers)

    def cell(tag: str, place: int, content: str, scope: str = "") -> str:
        kind = ' class="n"' if place in right else ""
        return f"<{tag}{scope}{kind}>{content}</{tag}>"

    def line(row: Sequence[str]) -> str:
        name, *values = row
        rest = "".join(cell("td", place, content) for place, content in enumerate(values, start=1))
        return f"<tr>{cell('th', 0, name, ' scope=row')}{rest}</tr>"

    heads = "".join(cell("th", place, escape(name), " scope=col") for place, name in enumerate(head))
    body = "".join(line(row) for row in rows)
    kind = "table fit" if fit else "table"
    return f'<div class="{kind}" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def plot(title: str, drawing: str, caption: str) -> str:
    """A plot with its title and what it says."""
    return f"<figure><h3>{escape(title)}</h3>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"


def key(runs: Sequence[Series]) -> str:
    """Which mark stands for which run."""
    items = []
    for one in runs:
        mark = Svg(18, 18, f"mark of run {one.letter}", one.run.record.name)
        mark.mark(9, 9, one.shape, f"full {one.colour}", size=6)
        record = one.run.record
        items.append(
            f"<li>{mark.render()}<span><b>{one.letter}</b> {escape(record.name)} "
            f'<span class="soft">{escape(engine_of(record))}</span></span></li>'
        )
    return f'<ul class="key">{"".join(items)}</ul>'


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they are."""
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in pairs)}</dl>"


def note(opened: Opened, runs: Sequence[str], chips: Iterable[str], push: str) -> str:
    """A note that opens to its codes; `runs` name the columns, `push` stands at the end of its line."""
    said = " ".join(f'<span class="chip">{escape(chip)}</span>' for chip in chips)
    failures = "".join(
        f'<p class="missed">{escape(run)} failed: {escape(why)}</p>'
        for run, why in zip(runs, opened.failures, strict=True)
        if why
    )
    about = f'<p class="soft">{escape(opened.about)}</p>' if opened.about else ""
    rows = [
        [
            f'<span class="code">{escape(row.code)}</span>',
            escape(row.title) + ("" if row.gold else ' <span class="soft">(not gold)</span>'),
            *(_view(view) for view in row.views),
        ]
        for row in opened.rows
    ]
    inside = _stack(["code", "title", *runs], rows)
    return (
        f"<details><summary><b>{escape(opened.encounter)}</b> {said}"
        f'<span class="push">{push}</span></summary><div class="inside">{about}{failures}{inside}</div></details>'
    )


def _stack(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of words that becomes a list where it is narrow; each cell carries the name of its column for that."""
    names = [*("" for _ in head[:2]), *head[2:]] if len(head) > 3 else ["" for _ in head]

    def line(row: Sequence[str]) -> str:
        cells = [f'<td data-of="{escape(name)}">{content}</td>' for name, content in zip(names, row, strict=True)]
        return f"<tr>{''.join(cells)}</tr>"

    heads = "".join(f"<th scope=col>{escape(name)}</th>" for name in head)
    body = "".join(line(row) for row in rows)
    return f'<div class="table stack"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def _view(view: CodeView) -> str:
    word = f'<span class="verdict {view.verdict}">{view.verdict}</span>' if view.verdict else ""
    why = f' <span class="why soft">{escape(view.why)}</span>' if view.why else ""
    return f"{word}{why}" or '<span class="soft">not reported</span>'
