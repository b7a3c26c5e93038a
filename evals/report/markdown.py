"""Markdown: the figures of runs for a pull request or a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.bands import Reference
from evals.judged import Judged, caveats
from evals.report.plots import Series, series_of
from evals.report.tables import (
    Table,
    band_table,
    calibration_table,
    cost_table,
    group_tables,
    loss_table,
    main_table,
    step_table,
    unmapped_table,
)
from evals.report.words import engine_of, made_of

_MOST_ROWS = 40


def render_markdown(runs: Sequence[Judged], reference: Reference | None = None) -> str:
    """The figures; the longer tables are folded."""
    return "\n".join(_lines(series_of(runs), reference)) + "\n"


def _lines(runs: Sequence[Series], reference: Reference | None) -> Iterator[str]:
    first = runs[0].run.record
    yield f"### {_cell(first.suite.name)}, scope {first.scope.value}, {first.codeset.system} {first.codeset.edition}"
    yield ""
    for one in runs:
        record, made = one.run.record, one.run.record.provenance
        dirty = " and changes" if made.dirty else ""
        commit = f"commit {made.commit[:10]}{dirty}" if made.commit else "no commit"
        letter = f"**{one.letter}** " if len(runs) > 1 else ""
        yield f"- {letter}`{record.name}`: {engine_of(record)}; {made_of(one.run)}; {commit}"
        yield from (f"- **{_cell(said)}**" for said in caveats(one.run))
    tables = [main_table(runs), step_table(runs)]
    if reference is not None:
        tables.insert(1, band_table(runs, reference))
    for table in (
        *tables,
        *(loss_table(one, alone=len(runs) == 1) for one in runs),
        calibration_table(runs),
        cost_table(runs),
    ):
        if table is not None and table.rows:
            yield from _table(table)
    for folded in (*group_tables(runs), unmapped_table(runs[0])):
        if folded is not None:
            yield ""
            yield f"<details><summary>{_cell(folded.title)}</summary>"
            yield from _table(folded, titled=False)
            yield ""
            yield "</details>"


def _table(table: Table, *, titled: bool = True) -> Iterator[str]:
    yield ""
    if titled:
        yield f"**{_cell(table.title)}.** {_cell(table.about)}".rstrip()
    else:
        yield _cell(table.about)
    yield ""
    yield f"| {' | '.join(map(_cell, table.head))} |"
    yield f"|{'---|' * len(table.head)}"
    yield from (f"| {' | '.join(map(_cell, row))} |" for row in table.rows[:_MOST_ROWS])
    if len(table.rows) > _MOST_ROWS:
        yield f"| and {len(table.rows) - _MOST_ROWS} more |{' |' * (len(table.head) - 1)}"


def _cell(words: str) -> str:
    """Words that can't end their cell or begin markup."""
    return words.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
