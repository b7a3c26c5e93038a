"""Text: two runs side by side for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from evals.bootstrap import Figure
from evals.compare import Change, Comparison
from evals.opened import CodeView, Opened
from evals.report.words import amount, gain, made_of

_COLUMN, _NAME = 46, 38
_MARKS = {"right": "+", "extra": "!", "missed": "-", "": " "}


def render_text(comparison: Comparison, *, most: int) -> str:
    """The comparison; of the notes that changed `most` better and `most` worse ones are opened."""
    return "\n".join(_lines(comparison, most)) + "\n"


def _lines(comparison: Comparison, most: int) -> Iterator[str]:
    before, after = comparison.before, comparison.after
    yield f"A  {before.record.name}: {made_of(before)}"
    yield f"B  {after.record.name}: {made_of(after)}"
    for said in comparison.caveats:
        yield f"NOT COMPARABLE: {said}"
    yield "made with another:" if comparison.differs else "made alike"
    yield from (f"  {what}" for what in comparison.differs)
    yield ""
    yield f"{'':{_NAME}}{'A':>7}{'B':>9}   B - A, paired 95% interval over notes"
    for change in (*comparison.changes, *comparison.bands):
        if change.before or change.after:
            yield _row(change, _three(change.before), _three(change.after), gain(change.gained))
    for change in comparison.costs:
        yield _row(change, amount(change.before), amount(change.after), gain(change.gained, 1))
    yield ""
    better, worse = len(comparison.better), len(comparison.worse)
    yield f"{better} notes got better, {worse} worse, {comparison.same} have the same F1"
    for name, notes in (("worse", comparison.worse), ("better", comparison.better)):
        for note in notes[:most]:
            yield ""
            yield from _opened(note, name)
        if len(notes) > most:
            yield f"\n({len(notes) - most} more got {name}; --notes N opens more of them, --html FILE all)"


def _three(figure: Figure | None) -> str:
    return f"{figure.value:.3f}" if figure else "–"


def _row(change: Change, before: str, after: str, gained: str) -> str:
    mark = ""
    if change.gained is not None and change.gained.certain:
        mark = "  better" if (change.gained.value > 0) is not change.measured.less else "  worse"
    return f"{change.measured.title:{_NAME}}{before:>7}{after:>9}   {gained}{mark}"


def _opened(note: Opened, name: str) -> Iterator[str]:
    """A note with both results side by side; every code on which they differ, and what is wrong in both."""
    yield f"{note.encounter}: {name}, F1 {note.f1[0]:.3f} -> {note.f1[1]:.3f}"
    if note.about:
        yield f"  {note.about}"
    for run, failure in zip("AB", note.failures, strict=True):
        if failure:
            yield f"  {run} failed: {failure}"
    yield f"  {'':10}{'A':{_COLUMN}}  B"
    for row in note.rows:
        if not row.changed and row.views[0].verdict == "right":
            continue
        yield f"  {row.code:9} {row.title}{'' if row.gold else ' (not gold)'}"
        yield from _beside([_cell(view) for view in row.views])
    right = sum(not row.changed and row.views[0].verdict == "right" for row in note.rows)
    if right:
        yield f"  and {right} codes that are right in both"


def _cell(view: CodeView) -> list[str]:
    words = f"{_MARKS[view.verdict]} {view.verdict or 'not reported'}{': ' if view.why else ''}{view.why}"
    return textwrap.wrap(words, _COLUMN, subsequent_indent="  ", max_lines=3, placeholder=" ...") or [""]


def _beside(cells: Sequence[list[str]]) -> Iterator[str]:
    for number in range(max(len(cell) for cell in cells)):
        left, right = (cell[number] if number < len(cell) else "" for cell in cells)
        yield f"  {'':10}{left:{_COLUMN}}  {right}".rstrip()
