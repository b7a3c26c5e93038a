"""Lines: where a quote stands in its document, and the stretch of its line that shows it."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from agent.records import Document, Encounter, Evidence
from agent.report.page import ELLIPSIS, Page, clean, clip, clip_left, columns

_LINE_END = re.compile(r"\r\n|\r|\n")
_REACH = 300
"""Code points on each side of a quote beyond which its line is not looked at."""

_LEAST = 12
"""Columns that the text before a quote and the text after it have at the least, where the line has room."""


class Place(NamedTuple):
    """A line of a document (from 1) and the quotes that begin in it, as (start, end) in code points, in order."""

    document: str
    line: int
    section: str
    spans: tuple[tuple[int, int], ...]

    def where(self, several: bool) -> str:
        """The number of the line; the document's name before it where there are several."""
        return f"{clean(self.document)}:{self.line}" if several else str(self.line)


class Lines:
    """The lines of an encounter's documents; each document is looked through once, when first asked for."""

    def __init__(self, encounter: Encounter) -> None:
        """Keep the encounter's documents."""
        self._documents: dict[str, Document] = {document.id: document for document in encounter.documents}
        self._starts: dict[str, list[int]] = {}

    def places(self, evidence: Iterable[Evidence]) -> list[Place]:
        """The lines that hold the evidence, each once, in the order in which the evidence names them."""
        spans: dict[tuple[str, int], list[Evidence]] = {}
        for one in evidence:
            spans.setdefault((one.document, self.number(one.document, one.start)), []).append(one)
        return [
            Place(document, line, found[0].section, _merged((one.start, one.end) for one in found))
            for (document, line), found in spans.items()
        ]

    def number(self, document: str, place: int) -> int:
        """The line, from 1, that holds a code point."""
        return bisect_right(self._line_starts(document), place)

    def shown(self, place: Place, page: Page, room: int, *, longest: int) -> str:
        """The quotes of a place, marked, with as much of the line around them as goes into `room` columns.

        A quote that is longer than the room is given `longest` columns instead, and cut in its middle beyond them.
        """
        text, starts = self._documents[place.document].text, self._line_starts(place.document)
        start, end = place.spans[0][0], place.spans[-1][1]
        last = bisect_right(starts, end - 1)
        line_end = starts[last] if last < len(starts) else len(text)
        before = clean(text[max(starts[place.line - 1], start - _REACH) : start]).lstrip()
        after = clean(text[end : min(line_end, end + _REACH)]).rstrip()
        quoted = _marked(text, place.spans, page)
        free = room - columns(quoted)
        if free < 0 and len(place.spans) > 1:
            # Several quotes do not go into the room together: the first is shown, the JSON holds all.
            rest = len(place.spans) - 1
            first = self.shown(place._replace(spans=place.spans[:1]), page, room - len(f" (+{rest})"), longest=longest)
            return first + page.mark("dim", f" (+{rest})")
        if free < 0:
            return _marked_short(text, place.spans[0], page, longest)
        left = min(columns(before), max(free - columns(after), free // 2, min(_LEAST, free)))
        return _fitted(before, left, clip_left) + quoted + _fitted(after, free - left, clip)

    def whole(self, place: Place, page: Page, indent: str, *, several: bool) -> Iterator[str]:
        """The quotes of a place uncut, with what of the line goes beside them, its section and its code points."""
        points = ", ".join(f"{first}-{last}" for first, last in place.spans)
        about = f"{'' if several else 'line '}{place.where(several)}, {clean(place.section)}, code points {points}"
        yield from page.lines(page.mark("dim", about), indent)
        room = page.width - columns(indent) - 2
        yield from page.lines(self.shown(place, page, room, longest=sys.maxsize), indent + "  ")

    def _line_starts(self, document: str) -> Sequence[int]:
        if document not in self._starts:
            text = self._documents[document].text
            self._starts[document] = [0, *(found.end() for found in _LINE_END.finditer(text))]
        return self._starts[document]


def _fitted(text: str, room: int, cut: Callable[[str, int], str]) -> str:
    """The text, cut where it must be; nothing where only an ellipsis would be left of it."""
    return cut(text, room) if room >= min(columns(text), 3) else ""


def _merged(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans in order, with those that overlap made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _marked(text: str, spans: Sequence[tuple[int, int]], page: Page) -> str:
    said, place = "", spans[0][0]
    for start, end in spans:
        said += clean(text[place:start]) + page.mark("quote", clean(text[start:end]))
        place = end
    return said


def _marked_short(text: str, span: tuple[int, int], page: Page, room: int) -> str:
    quote = clean(text[span[0] : span[1]])
    spare = room - 2  # the guillemets of a plain page
    if columns(quote) > spare:
        half = spare // 2 - 1
        quote = f"{clip(quote, half).rstrip(ELLIPSIS)} {ELLIPSIS} {clip_left(quote, half).lstrip(ELLIPSIS)}"
    return page.mark("quote", quote)
