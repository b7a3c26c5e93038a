"""Tables: the figures of runs in rows of words, which the page and the Markdown show alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from evals.bands import Reference
from evals.calibration import calibration
from evals.groups import Group, by_band, by_chapter, by_length, by_section, by_setting, by_tag
from evals.judged import MAIN, main_figure
from evals.metrics import losses, spend, steps_of, total
from evals.opened import LOST, lost_at, title
from evals.report.plots import STEPS, Series
from evals.report.words import percent, share

_WHY = {
    "proposed": "nothing of its category came up",
    "grounded": "proposed, with words that the document does not hold",
    "offered": "its category came up, the code itself did not",
    "final": "it could be chosen",
    "failed": "its encounter has no coding",
}


class Table(NamedTuple):
    """Rows of plain words under a heading; `about` says what is counted."""

    title: str
    about: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def main_table(runs: Sequence[Series]) -> Table:
    """The main measures."""
    rows = []
    for measured in MAIN:
        figures = [main_figure(one.run.scores, measured) for one in runs]
        if any(figures):
            of = " / ".join(f"{figure.of:,.0f}" if figure else "–" for figure in figures)
            rows.append((measured.title, *map(share, figures), f"{of} {measured.of}"))
    about = "In brackets the 95% interval, from drawing whole encounters; an encounter that failed misses all its gold."
    return Table("Figures", about, ("measure", *_names(runs), "made from"), tuple(rows))


def step_table(runs: Sequence[Series]) -> Table:
    """Precision and recall after each step."""
    rows = []
    for step, name in (*STEPS.items(), ("affirmed", "affirmed, without a critique")):
        cells = []
        for one in runs:
            if step not in steps_of(one.run.scores):
                cells.append("–")
                continue
            counts = total(score.steps[step] for score in one.run.scores)
            cells.append(f"{counts.precision:.3f} / {counts.recall:.3f}")
        if set(cells) != {"–"}:
            rows.append((name, *cells))
    return Table(
        "By step",
        "Precision / recall of the codes as they stood after each step.",
        ("after the step", *_names(runs)),
        tuple(rows),
    )


def band_table(runs: Sequence[Series], reference: Reference) -> Table:
    """By frequency band."""
    about = f"By how often a code stands in {reference.source}; an extra code counts in its own band."
    return _groups("By frequency band", about, runs, [by_band(one.run.scores, reference) for one in runs])


def group_tables(runs: Sequence[Series]) -> list[Table]:
    """By setting, length, chapter, section and what an encounter tests, where there is more than one of them."""
    made = [
        ("By setting", "Whole encounters.", [by_setting(one.run.scores) for one in runs]),
        (
            "By length",
            "Whole encounters, by the characters of their documents.",
            [by_length(one.run.scores) for one in runs],
        ),
        ("By chapter", "Codes by chapter of the edition.", [_chapters(one) for one in runs]),
        (
            "By section",
            "Codes by the section where they stand: of the gold's words, else of the reported ones.",
            [by_section(one.run.scores) for one in runs],
        ),
        (
            "By trap",
            "Whole encounters, by what they test; one with several counts in each.",
            [by_tag(one.run.scores) for one in runs],
        ),
    ]
    return [
        _groups(name, about, runs, groups)
        for name, about, groups in made
        if len({g.name for some in groups for g in some}) > 1
    ]


def cost_table(runs: Sequence[Series]) -> Table:
    """Calls, tokens, seconds and dollars."""
    rows: list[tuple[str, ...]] = []
    spent = [spend(one.run.scores, one.run.record.prices) for one in runs]
    notes = [each.notes for each in spent]
    tokens = [each.usage.prompt_tokens + each.usage.completion_tokens for each in spent]
    rows.append(("calls a note, median", *(f"{each.median_calls:g}" for each in spent)))
    rows.append(("tokens a note, mean", *(f"{t / n:,.0f}" for t, n in zip(tokens, notes, strict=True))))
    rows.append(("tokens sent", *(f"{each.usage.prompt_tokens:,}" for each in spent)))
    rows.append(("tokens received", *(f"{each.usage.completion_tokens:,}" for each in spent)))
    rows.append(("seconds a note, median", *(f"{each.median_seconds:.2f}" for each in spent)))
    if any(each.usd is not None for each in spent):
        rows.append(("USD a note", *("–" if (usd := each.usd_a_note) is None else f"{usd:.4f}" for each in spent)))
    return Table("Cost", "Failures and re-asks included.", ("", *_names(runs)), tuple(rows))


def calibration_table(runs: Sequence[Series]) -> Table | None:
    """Calibration error, and accuracy among the most confident codes; None where no run has confidences."""
    found = [calibration(one.run.scores) for one in runs]
    if not any(found):
        return None
    rows = [("distance of confidence and accuracy (ECE)", *(f"{each.error:.3f}" if each else "–" for each in found))]
    for coverage in (0.2, 0.5, 0.8, 1.0):
        cells = []
        for each in found:
            at = [one.accuracy for one in each.coverage if abs(one.coverage - coverage) < 1e-9] if each else []
            cells.append(f"{at[0]:.3f}" if at else "–")
        rows.append((f"right among the {percent(coverage)} most confident", *cells))
    return Table("Confidence", "Over all reported codes.", ("", *_names(runs)), tuple(rows))


def loss_table(one: Series, *, alone: bool, most: int = 6) -> Table:
    """At which step the gold codes of a run were lost, and which most often."""
    rows = []
    for step, pairs in losses(one.run.scores).items():
        often = Counter(loss.code for _, loss in pairs)
        named = ", ".join(f"{code}{f' ×{n}' if n > 1 else ''}" for code, n in often.most_common(most))
        lost = lost_at(one.run, step)
        words = f"{lost}: {_WHY[step]}" if lost == LOST[step] else lost
        if pairs:
            rows.append((words, f"{len(pairs):,}", named + (", …" if len(often) > most else "")))
    name = "Where gold codes were lost" if alone else f"Where {one.letter} lost gold codes"
    return Table(name, "", ("lost", "codes", "most often"), tuple(rows))


def extra_table(one: Series, *, alone: bool, most: int = 10) -> Table:
    """The codes that a run reported most often without their being gold."""
    often = Counter(code for score in one.run.scores for code in score.extra).most_common(most)
    rows = tuple((code, title(one.run, code), str(n)) for code, n in often)
    name = (
        "Reported most often without being gold"
        if alone
        else f"What {one.letter} reported most often without its being gold"
    )
    return Table(name, "", ("code", "title", "notes"), rows)


def unmapped_table(one: Series) -> Table | None:
    """The gold that the edition can't report, and what was renamed; None where all gold is of the edition."""
    made = one.run.unmapped
    rows = [
        (f"{code.old} → {code.new}", "renamed by the conversion table", str(code.encounters)) for code in made.renamed
    ]
    rows += [(code.code, code.why, str(code.encounters)) for code in made.left]
    if not rows:
        return None
    left = sum(code.encounters for code in made.left)
    about = f"{left:,} of {made.gold:,} gold codes can't be reported, so that recall ends at {made.ceiling:.3f}."
    return Table("Gold of another edition", about, ("code", "what became of it", "notes"), tuple(rows))


def _chapters(one: Series) -> tuple[Group, ...]:
    """The chapters with their titles, which say more than their numbers."""
    groups = by_chapter(one.run.scores, one.run.book)
    entries = [one.run.book.get(group.name) for group in groups]
    return tuple(
        group._replace(name=f"{entry.code}. {entry.title}") if entry else group
        for group, entry in zip(groups, entries, strict=True)
    )


def _groups(name: str, about: str, runs: Sequence[Series], grouped: Sequence[Sequence[Group]]) -> Table:
    """Groups of codes or encounters: with precision and recall of one run, with the F1 alone of several."""
    names = list(dict.fromkeys(group.name for groups in grouped for group in groups))
    found = [{group.name: group for group in groups} for groups in grouped]
    rows = []
    for kind in names:
        gold = next(
            f"{group.counts.hit + group.counts.missed:,}" for groups in found if (group := groups.get(kind)) is not None
        )
        rows.append((kind.replace("_", " "), gold, *_cells([groups.get(kind) for groups in found])))
    heads = ("precision", "recall", "F1") if len(runs) == 1 else tuple(f"F1 {one.letter}" for one in runs)
    return Table(name, about, ("", "gold codes", *heads), tuple(rows))


def _cells(groups: Sequence[Group | None]) -> Iterable[str]:
    if len(groups) == 1 and groups[0] is not None:
        group = groups[0]
        return (
            f"{group.precision.value:.3f}" if group.precision else "–",
            f"{group.recall.value:.3f}" if group.recall else "–",
            share(group.f1),
        )
    return [share(group.f1 if group else None) for group in groups]


def _names(runs: Sequence[Series]) -> tuple[str, ...]:
    return tuple(one.letter for one in runs) if len(runs) > 1 else (runs[0].run.record.engine,)
