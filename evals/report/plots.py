"""Plots: what the figures of runs look like, as SVG in colours that the page defines for light and for dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from evals.bands import Reference
from evals.calibration import calibration
from evals.counts import Prf
from evals.groups import by_band
from evals.judged import Judged
from evals.metrics import figure, spend, steps_of, total
from evals.report.svg import SHAPES, Box, Svg, nice_steps, share_axis
from evals.report.words import percent

WIDTH = 440.0
STEPS = {"proposed": "proposed", "grounded": "quote found", "offered": "offered", "final": "reported"}
"""The steps that a code passes, and how the page calls them (`affirmed` is what would be reported without them)."""


class Series(NamedTuple):
    """A run in the plots: its letter, and the number of its colour and shape."""

    letter: str
    number: int
    run: Judged

    @property
    def colour(self) -> str:
        """The class of its colour."""
        return f"s{self.number % len(SHAPES)}"

    @property
    def shape(self) -> str:
        """Its mark."""
        return SHAPES[(self.number + self.number // len(SHAPES)) % len(SHAPES)]


def series_of(runs: Sequence[Judged]) -> list[Series]:
    """The runs with their letters, in their order."""
    return [Series(chr(ord("A") + number), number, run) for number, run in enumerate(runs)]


def plot_bands(runs: Sequence[Series], reference: Reference) -> str:
    """F1 and recall by how often a code stands in the reference."""
    grouped = [by_band(one.run.scores, reference) for one in runs]
    told = "; ".join(
        f"{one.letter}: " + ", ".join(f"{group.name} {group.f1.value:.2f}" for group in groups if group.f1)
        for one, groups in zip(runs, grouped, strict=True)
    )
    svg = Svg(WIDTH, 292, "F1 by frequency band", told)
    box = Box(36, 34, WIDTH - 4, 232)
    y = share_axis(svg, box, "F1 (filled) and recall (hollow)")
    slot = (box.right - box.left) / len(grouped[0])
    spread = min(34.0, slot * 0.72 / len(runs))
    for number, group in enumerate(grouped[0]):
        middle = box.left + slot * (number + 0.5)
        svg.text(middle, box.bottom + 18, group.name, "label", "middle")
        svg.text(middle, box.bottom + 34, f"{group.counts.hit + group.counts.missed:,} gold", "tick", "middle")
    svg.text((box.left + box.right) / 2, 286, f"mentions of the code in {reference.source}", "label", "middle")
    for one, groups in zip(runs, grouped, strict=True):
        shift = (one.number - (len(runs) - 1) / 2) * spread
        at = [box.left + slot * (number + 0.5) + shift for number in range(len(groups))]
        drawn = [(x, group) for x, group in zip(at, groups, strict=True) if group.f1 is not None]
        svg.path([(x, y(group.f1.value)) for x, group in drawn if group.f1], f"link {one.colour}")
        for x, group in drawn:
            if group.recall is not None:
                tip = f"{one.letter}, {group.name}: recall {group.recall.value:.3f}"
                svg.mark(x + min(11.0, spread / 2), y(group.recall.value), one.shape, f"hollow {one.colour}", tip, 3.5)
            if group.f1 is not None:
                f1 = group.f1
                svg.whisker(x, y(f1.low), y(f1.high), f"whisker {one.colour}")
                tip = f"{one.letter}, {group.name}: F1 {f1.value:.3f} [{f1.low:.3f}, {f1.high:.3f}]"
                svg.mark(x, y(f1.value), one.shape, f"full {one.colour}", tip)
                if len(runs) == 1:
                    svg.text(x, y(f1.high) - 7, f"{f1.value:.2f}", "value", "middle")
    return svg.render()


def plot_funnel(runs: Sequence[Series]) -> str:
    """The share of gold codes that are still there after each step; beside it how much of what is there is right."""
    steps = [step for step in STEPS if any(step in steps_of(one.run.scores) for one in runs)]
    thick = 26.0 if len(runs) == 1 else max(14.0, 40.0 / len(runs))
    row = thick * len(runs) + 16
    height = 34 + row * len(steps) + 26
    counts = {step: [total(s.steps[step] for s in one.run.scores if step in s.steps) for one in runs] for step in steps}
    known = [steps_of(one.run.scores) for one in runs]
    told = "; ".join(
        f"{STEPS[step]}: {', '.join(f'{one.letter} {percent(counts[step][one.number].recall)}' for one in runs)}"
        for step in steps
    )
    svg = Svg(WIDTH, height, "Recall after each step", told)
    box = Box(92, 30, WIDTH - 116, height - 26)
    x = box.x(0, 1)
    gold = sum(len(s.gold) for s in runs[0].run.scores)
    svg.text(box.left, 16, f"share of the {gold:,} gold codes", "label")
    svg.text(WIDTH - 4, 16, "precision", "label", "end")
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        svg.line(x(value), box.top - 4, x(value), box.bottom, "axis" if value == 0 else "grid")
        svg.text(x(value), box.bottom + 16, percent(value), "tick", "middle")
    for place, step in enumerate(steps):
        top = box.top + place * row + 4
        svg.text(box.left - 8, top + thick * len(runs) / 2 + 4, STEPS[step], "label", "end")
        for one, prf, own in zip(runs, counts[step], known, strict=True):
            if step not in own:
                continue
            upper = top + one.number * thick
            _funnel_bar(svg, x, upper, thick, one, STEPS[step], prf, alone=len(runs) == 1)
            svg.text(WIDTH - 4, upper + thick / 2 + 4, percent(prf.precision), "tick", "end")
    return svg.render()


def _funnel_bar(
    svg: Svg, x: Callable[[float], float], top: float, thick: float, one: Series, step: str, prf: Prf, *, alone: bool
) -> None:
    svg.bar(x(0), top, x(1) - x(0), thick - (0 if alone else 1.5), "track")
    tip = f"{one.letter}, {step}: recall {prf.recall:.3f} ({prf.hit} of {prf.hit + prf.missed})"
    svg.bar(x(0), top, x(prf.recall) - x(0), thick - (0 if alone else 1.5), f"solid {one.colour}", tip)
    words = percent(prf.recall) if alone else f"{one.letter} {percent(prf.recall)}"
    svg.text(x(prf.recall) + 5, top + thick / 2 + 4, words, "value")


def plot_reliability(runs: Sequence[Series]) -> str | None:
    """How often codes of a confidence are right; None where no run has confidences."""
    found = [(one, made) for one in runs if (made := calibration(one.run.scores)) is not None]
    if not found:
        return None
    told = "; ".join(f"{one.letter}: mean distance {made.error:.2f} over {made.codes} codes" for one, made in found)
    svg = Svg(WIDTH, 294, "Reliability of confidence", told)
    box = Box(36, 34, WIDTH - 10, 250)
    y = share_axis(svg, box, "share that is right")
    x = box.x(0, 1)
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        svg.text(x(value), box.bottom + 17, f"{value:g}", "tick", "middle")
    svg.text((box.left + box.right) / 2, 288, "confidence of the code", "label", "middle")
    svg.path([(x(0), y(0)), (x(1), y(1))], "ideal")
    for one, made in found:
        most = max(part.codes for part in made.bins)
        svg.path([(x(part.confidence), y(part.accuracy)) for part in made.bins], f"link {one.colour}")
        for part in made.bins:
            low, high = _wilson(part.accuracy, part.codes)
            svg.whisker(x(part.confidence), y(low), y(high), f"whisker {one.colour}")
            tip = f"{one.letter}, confidence {part.confidence:.2f}: {part.accuracy:.2f} of {part.codes} codes are right"
            size = 3 + 5 * math.sqrt(part.codes / most)
            svg.mark(x(part.confidence), y(part.accuracy), one.shape, f"full {one.colour}", tip, size)
    return svg.render()


def plot_notes(runs: Sequence[Series]) -> str:
    """How many encounters have which F1, each with its own."""
    edges = [number / 10 for number in range(11)]
    counts = []
    for one in runs:
        held = [0] * 11
        for score in one.run.scores:
            held[10 if score.f1 == 1 else int(score.f1 * 10 + 1e-9)] += 1
        counts.append(held)
    notes = len(runs[0].run.scores)
    told = "; ".join(
        f"{one.letter}: {held[10]} perfect, {held[0]} below 0.1" for one, held in zip(runs, counts, strict=True)
    )
    svg = Svg(WIDTH, 294, "Encounters by their F1", told)
    box = Box(36, 34, WIDTH - 4, 250)
    steps = nice_steps(max(max(held) for held in counts), 4, whole=True)
    y = box.y(0, steps[-1])
    svg.text(0, 12, f"encounters, of {notes:,}", "label")
    for value in steps:
        svg.line(box.left, y(value), box.right, y(value), "axis" if value == 0 else "grid")
        svg.text(box.left - 6, y(value) + 4, f"{value:g}", "tick", "end")
    slot = (box.right - box.left) / 11
    thick = (slot - 5) / len(runs)
    for number in range(11):
        left = box.left + slot * number
        name = "1" if number == 10 else f"{edges[number]:g}–"
        svg.text(left + slot / 2, box.bottom + 17, name, "tick", "middle")
        for one, held in zip(runs, counts, strict=True):
            tip = (
                f"{one.letter}: {held[number]} encounters with F1 {'1' if number == 10 else f'from {edges[number]:g}'}"
            )
            top = y(held[number])
            svg.bar(left + 2.5 + one.number * thick, top, thick - 0.5, box.bottom - top, f"solid {one.colour}", tip)
    svg.text((box.left + box.right) / 2, 288, "F1 of the encounter, from", "label", "middle")
    return svg.render()


def plot_cost(runs: Sequence[Series]) -> str:
    """F1 against the tokens that a note takes."""
    points = []
    for one in runs:
        spent, f1 = spend(one.run.scores, one.run.record.prices), figure(one.run.scores, "f1")
        tokens = (spent.usage.prompt_tokens + spent.usage.completion_tokens) / spent.notes
        if f1 is not None:
            points.append((one, tokens, f1))
    told = "; ".join(f"{one.letter}: F1 {f1.value:.2f} at {tokens:,.0f} tokens a note" for one, tokens, f1 in points)
    svg = Svg(WIDTH, 294, "F1 against tokens a note", told)
    box = Box(36, 34, WIDTH - 20, 250)
    y = share_axis(svg, box, "micro F1")
    steps = nice_steps(max((tokens for _, tokens, _ in points), default=0) or 1000)
    x = box.x(-steps[-1] * 0.04, steps[-1])
    for value in steps:
        svg.text(x(value), box.bottom + 17, f"{value:,.0f}", "tick", "middle")
        svg.line(x(value), box.bottom, x(value), box.bottom + 4, "axis")
    svg.text((box.left + box.right) / 2, 288, "tokens a note, sent and received", "label", "middle")
    for one, tokens, f1 in points:
        svg.whisker(x(tokens), y(f1.low), y(f1.high), f"whisker {one.colour}")
        tip = f"{one.run.record.name}: F1 {f1.value:.3f} [{f1.low:.3f}, {f1.high:.3f}], {tokens:,.0f} tokens a note"
        svg.mark(x(tokens), y(f1.value), one.shape, f"full {one.colour}", tip, 6)
    placed: list[tuple[float, float]] = []
    for one, tokens, f1 in sorted(points, key=lambda point: -point[2].value):
        right = x(tokens) > box.right - 60
        at, level = x(tokens) + (-11 if right else 11), y(f1.value) + 4
        # Labels of points that are near each other go below one another.
        level = max([level, *(other + 15 for near, other in placed if abs(near - at) < 62 and level < other + 15)])
        placed.append((at, level))
        words = f"{one.letter}  {f1.value:.2f}" if len(points) > 1 else f"{f1.value:.2f}"
        svg.text(at, level, words, "value", "end" if right else "start")
    return svg.render()


def _wilson(rate: float, of: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson, 1927)."""
    z = 1.96
    middle = (rate + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)
