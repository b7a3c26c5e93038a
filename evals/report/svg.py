"""SVG: shapes and words on a canvas, as text; colours are classes, so that one drawing serves light and dark pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

SHAPES = ("circle", "square", "diamond", "triangle")
"""The mark of each run beside its colour, for readers who don't tell the colours apart."""


class Box(NamedTuple):
    """The area that data are drawn in."""

    left: float
    top: float
    right: float
    bottom: float

    def x(self, low: float, high: float) -> Callable[[float], float]:
        """Where a value from `low` to `high` stands from left to right."""
        return lambda value: self.left + (value - low) / (high - low) * (self.right - self.left)

    def y(self, low: float, high: float) -> Callable[[float], float]:
        """Where a value from `low` to `high` stands from bottom to top."""
        return lambda value: self.bottom - (value - low) / (high - low) * (self.bottom - self.top)


class Svg:
    """A drawing, from the back to the front."""

    def __init__(self, width: float, height: float, title: str, description: str) -> None:
        """`title` and `description` say what it shows, to readers who hear it."""
        self.width = width
        self.height = height
        self._title = title
        self._description = description
        self._parts: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """A straight line."""
        self._parts.append(f'<line class="{kind}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>')

    def path(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Lines from point to point."""
        drawn = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._parts.append(f'<polyline class="{kind}" points="{drawn}"/>')

    def bar(self, x: float, y: float, width: float, height: float, kind: str, tip: str = "") -> None:
        """A rectangle, its corners a little rounded; `tip` is shown where a mouse rests on it."""
        self._parts.append(
            f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0))}" height="{_n(height)}" rx="2">'
            f"{_tip(tip)}</rect>"
        )

    def mark(self, x: float, y: float, shape: str, kind: str, tip: str = "", size: float = 5) -> None:
        """A point in one of `SHAPES`."""
        if shape == "circle":
            drawn = f'<circle class="{kind}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(size)}">'
            self._parts.append(f"{drawn}{_tip(tip)}</circle>")
            return
        r = size * 1.2
        corners = {
            "square": ((-size, -size), (size, -size), (size, size), (-size, size)),
            "diamond": ((0, -r), (r, 0), (0, r), (-r, 0)),
            "triangle": ((0, -r), (r, r * 0.8), (-r, r * 0.8)),
        }[shape]
        points = " ".join(f"{_n(x + dx)},{_n(y + dy)}" for dx, dy in corners)
        self._parts.append(f'<polygon class="{kind}" points="{points}">{_tip(tip)}</polygon>')

    def whisker(self, x: float, low: float, high: float, kind: str) -> None:
        """An interval, upright, with short ends."""
        self.line(x, low, x, high, kind)
        for y in (low, high):
            self.line(x - 3, y, x + 3, y, kind)

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """Words; `y` is their base line."""
        named = f' class="{kind}"' if kind else ""
        placed = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self._parts.append(f'<text{named} x="{_n(x)}" y="{_n(y)}"{placed}>{escape(words)}</text>')

    def render(self) -> str:
        """The drawing as an element of a page."""
        told = escape(f"{self._title}. {self._description}", quote=True)
        size = f"0 0 {_n(self.width)} {_n(self.height)}"
        return f'<svg viewBox="{size}" role="img" aria-label="{told}">{"".join(self._parts)}</svg>'


def share_axis(svg: Svg, box: Box, name: str, *, top: float = 1.0) -> Callable[[float], float]:
    """An upright axis from 0 to `top` with its lines and numbers, named above it; where a share stands on it."""
    y = box.y(0, top)
    step = 0.25 if top == 1.0 else 0.1
    for number in range(round(top / step) + 1):
        value = number * step
        svg.line(box.left, y(value), box.right, y(value), "axis" if number == 0 else "grid")
        svg.text(box.left - 6, y(value) + 4, f"{value:.2f}".rstrip("0").rstrip(".") or "0", "tick", "end")
    svg.text(0, 12, name, "label")
    return y


def nice_steps(high: float, most: int = 5, *, whole: bool = False) -> list[float]:
    """Round numbers from 0 to at least `high`, at most `most` beside the 0; `whole` ones for what is counted."""
    if high <= 0:
        return [0.0, 1.0]
    size = 1.0
    while size * most >= high:
        size /= 10
    while True:
        for factor in (1, 2, 2.5, 5):
            step = size * factor
            if step * most >= high and not (whole and step % 1):
                steps = [0.0]
                while steps[-1] < high:
                    steps.append(steps[-1] + step)
                return steps
        size *= 10


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _tip(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""
