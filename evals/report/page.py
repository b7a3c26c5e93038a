"""Page: one run, or several on one suite, as a page that people look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from evals.bands import Reference
from evals.judged import MAIN, Judged, caveats, main_figure
from evals.metrics import spend
from evals.opened import lost_at, open_note
from evals.report import html
from evals.report.plots import Series, plot_bands, plot_cost, plot_funnel, plot_notes, plot_reliability, series_of
from evals.report.tables import (
    Table,
    band_table,
    calibration_table,
    cost_table,
    extra_table,
    group_tables,
    loss_table,
    main_table,
    step_table,
    unmapped_table,
)
from evals.report.words import made_of, made_with

MOST_NOTES = 25


def render_page(runs: Sequence[Judged], reference: Reference | None = None) -> str:
    """The page; `runs` are in the order in which they are shown."""
    series = series_of(runs)
    names = ", ".join(dict.fromkeys(run.record.suite.name for run in runs))
    return html.page(f"Evaluation: {names}", _body(series, reference, names))


def _body(runs: Sequence[Series], reference: Reference | None, suites: str) -> Iterator[str]:
    yield f"<h1>{escape(suites)}</h1>"
    first = runs[0].run.record
    yield (
        f'<p class="soft">{first.suite.encounters} encounters, scope {first.scope.value}, {first.codeset.system} '
        f"{escape(first.codeset.edition)}, the full code space"
        f"{'' if len(runs) > 1 else f'; {escape(made_of(runs[0].run))}'}</p>"
    )
    if len(runs) > 1:
        yield html.key(runs)
    for one in runs:
        for said in (*caveats(one.run), *_not_beside(runs, one)):
            yield f'<p class="warn"><b>{one.letter}</b> {escape(one.run.record.name)}: {escape(said)}</p>'
    yield _cards(runs)
    yield f'<div class="plots">{"".join(_plots(runs, reference))}</div>'
    if reference is None:
        yield (
            '<p class="soft">No bands of frequency: name what is counted as rare with --reference, a file of codes or '
            "codiesp-train@DATA.</p>"
        )
    yield from _table(main_table(runs))
    if reference is not None:
        yield from _table(band_table(runs, reference))
    yield from _table(step_table(runs))
    for one in runs:
        yield from _table(loss_table(one, alone=len(runs) == 1), heading=3)
        yield from _table(extra_table(one, alone=len(runs) == 1), heading=3)
    yield from _worst(runs)
    for table in group_tables(runs):
        yield from _table(table)
    for last in (calibration_table(runs), cost_table(runs), unmapped_table(runs[0])):
        if last is not None:
            yield from _table(last)
    yield "<h2>What was run</h2>"
    for one in runs:
        yield f'<div class="table"><h3 class="name">{one.letter} {escape(one.run.record.name)}</h3>'
        yield f"{html.definitions(made_with(one.run))}</div>"


def _not_beside(runs: Sequence[Series], one: Series) -> list[str]:
    from evals.compare import not_paired

    reasons = not_paired(runs[0].run.record, one.run.record)
    return [f"its figures can't be put beside those of A: {'; '.join(reasons)}"] if reasons else []


def _cards(runs: Sequence[Series]) -> str:
    """The few figures that are read first."""
    if len(runs) > 1:
        return ""
    run = runs[0].run
    cards = []
    for measured in MAIN:
        figure = main_figure(run.scores, measured)
        if measured.name in ("f1", "precision", "recall", "macro_f1", "exact_set") and figure:
            cards.append(
                (f"{figure.value:.3f}", measured.title.partition(" (")[0], f"{figure.low:.3f} to {figure.high:.3f}")
            )
    spent = spend(run.scores, run.record.prices)
    tokens = (spent.usage.prompt_tokens + spent.usage.completion_tokens) / spent.notes
    cards.append((f"{tokens:,.0f}", "tokens a note", f"{spent.median_calls:g} calls"))
    inside = "".join(
        f'<div class="card"><b>{escape(value)}</b>{escape(name)}<span>{escape(more)}</span></div>'
        for value, name, more in cards
    )
    return f'<div class="cards">{inside}</div>'


def _plots(runs: Sequence[Series], reference: Reference | None) -> Iterator[str]:
    if reference is not None:
        yield html.plot(
            "Common codes and rare ones",
            plot_bands(runs, reference),
            "F1 with its 95% interval; the hollow mark beside it is recall.",
        )
    yield html.plot(
        "Where codes are lost",
        plot_funnel(runs),
        "Gold codes still there after each step. Offered counts every code that could have been chosen.",
    )
    reliability = plot_reliability(runs)
    if reliability is not None:
        yield html.plot(
            "Whether confidence means anything",
            reliability,
            "On the dashed line codes are right as often as their confidence says. A larger mark is more codes.",
        )
    yield html.plot(
        "Easy notes and hard ones",
        plot_notes(runs),
        "Each encounter by its own F1; on the right those without a fault.",
    )
    if len(runs) > 1 or any(score.usage.calls for score in runs[0].run.scores):
        yield html.plot("What accuracy costs", plot_cost(runs), "Micro F1 with its 95% interval over encounters.")


def _worst(runs: Sequence[Series]) -> Iterator[str]:
    """The notes that the first run did worst on, beside what the others made of them."""
    scores = runs[0].run.scores
    order = sorted(range(len(scores)), key=lambda n: (scores[n].f1, -len(scores[n].missed), scores[n].encounter))
    order = [number for number in order if scores[number].f1 < 1][:MOST_NOTES]
    if not order:
        return
    same = [one for one in runs if not _not_beside(runs, one)]
    yield "<h2>The worst notes</h2>"
    yield f'<p class="soft">By their F1{" in A" if len(runs) > 1 else ""}; each opens to its codes.</p>'
    yield '<div class="table">'
    for number in order:
        score = scores[number]
        lost = Counter(loss.step for loss in score.losses)
        chips = [f"{count} {lost_at(runs[0].run, step)}" for step, count in lost.items()]
        if score.extra:
            chips.append(f"{len(score.extra)} extra")
        push = " · ".join(
            f"F1 {one.run.scores[number].f1:.2f}" if len(same) == 1 else f"{one.letter} {one.run.scores[number].f1:.2f}"
            for one in same
        )
        yield html.note(
            open_note([one.run for one in same], number),
            [one.letter if len(same) > 1 else "what became of it" for one in same],
            chips,
            push,
        )
    yield "</div>"


def _table(table: Table, heading: int = 2) -> Iterator[str]:
    if not table.rows:
        return
    yield f'<h{heading} class="name">{escape(table.title)}</h{heading}>'
    if table.about:
        yield f'<p class="soft">{escape(table.about)}</p>'
    words = {"measure", "made from", "after the step", "lost", "most often", "code", "title", "what became of it", ""}
    numbers = [place for place, name in enumerate(table.head) if name not in words and place]
    yield html.table(table.head, [[escape(cell) for cell in row] for row in table.rows], numbers, fit=True)
