"""Comparison: two runs on one page, with every note that changed opened side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from evals.compare import Change, Comparison
from evals.opened import Opened
from evals.report import html
from evals.report.plots import plot_cost, plot_funnel, series_of
from evals.report.words import amount, gain, made_with, share


def render_comparison(comparison: Comparison) -> str:
    """The page."""
    name = comparison.before.record.suite.name
    return html.page(f"Comparison: {name}", _body(comparison))


def _body(comparison: Comparison) -> Iterator[str]:
    runs = series_of([comparison.before, comparison.after])
    yield f"<h1>{escape(comparison.before.record.suite.name)}: what B changed</h1>"
    yield html.key(runs)
    for said in comparison.caveats:
        yield f'<p class="warn"><b>Not comparable.</b> {escape(said)}</p>'
    better, worse = len(comparison.better), len(comparison.worse)
    yield (
        f'<p><b class="rose">{better}</b> notes got better, <b class="fell">{worse}</b> got worse, '
        f"{comparison.same} have the same F1.</p>"
    )
    yield "<h2>Figures</h2>"
    yield '<p class="soft">The difference is B less A on the same notes, with its paired 95% interval over notes.</p>'
    rows = [
        _row(change, share(change.before), share(change.after), 3) for change in comparison.changes if change.before
    ]
    rows += [_row(change, share(change.before), share(change.after), 3) for change in comparison.bands if change.before]
    rows += [_row(change, amount(change.before), amount(change.after), 1) for change in comparison.costs]
    yield html.table(["measure", "A", "B", "difference", ""], rows, (1, 2, 3), fit=True)
    plots = html.plot("Where codes are lost", plot_funnel(runs), "Gold codes still there after each step.")
    plots += html.plot("What accuracy costs", plot_cost(runs), "Micro F1 with its 95% interval over encounters.")
    yield f'<div class="plots">{plots}</div>'
    yield from _notes("Notes that got worse", comparison.worse, "fell")
    yield from _notes("Notes that got better", comparison.better, "rose")
    yield "<h2>What was run</h2>"
    if comparison.differs:
        yield f"<p>Not the same in both: {escape('; '.join(comparison.differs))}.</p>"
    for one in runs:
        yield f'<div class="table"><h3 class="name">{one.letter} {escape(one.run.record.name)}</h3>'
        yield f"{html.definitions(made_with(one.run))}</div>"


def _row(change: Change, before: str, after: str, digits: int) -> list[str]:
    gained, word = change.gained, ""
    if gained is not None and gained.certain:
        good = (gained.value > 0) is not change.measured.less
        word = f'<span class="verdict {"rose" if good else "fell"}">{"better" if good else "worse"}</span>'
    return [escape(change.measured.title), before, after, gain(gained, digits), word]


def _notes(title: str, notes: Sequence[Opened], kind: str) -> Iterator[str]:
    if not notes:
        return
    yield f'<h2>{escape(title)}</h2><div class="table">'
    for note in notes:
        changed = [row for row in note.rows if row.changed]
        chips = [
            f"{row.code} {row.views[0].verdict or 'not reported'} → {row.views[1].verdict or 'not reported'}"
            for row in changed
        ]
        more = [f"and {len(chips) - 3} more"] if len(chips) > 3 else []
        push = f'F1 {note.f1[0]:.2f} → <b class="{kind}">{note.f1[1]:.2f}</b>'
        yield html.note(note, ("A", "B"), [*chips[:3], *more], push)
    yield "</div>"
