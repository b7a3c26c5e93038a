"""Notes: a document as sections, and as chunks that an engine reads at once; both are intervals that cover it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import cache

from agent.records import Chunk, Document, Section
from agent.tables import read_rows
from agent.text import sentences

CHARACTERS_A_TOKEN = 4
"""A rough measure of English for the common tokenizers; a chunk's size limit is an estimate by it."""

_LONGEST_HEADING = 60
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_LEAD = re.compile(r"[\s\ufeff\x00]*(?:[#*\-•=_]+|\d{1,2}[.)]|[A-Z][.)])?[\s*_]*")
_SUMMARY = re.compile(r"\b(?:discharge|death|transfer|hospital|stay) summary\b", re.I)
_INLINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9 ,&/()'\-\u2019]{0,59}?)[\s*_]*[:\u2013\u2014][*_]*(?=\s|$)")


def read_sections(document: Document) -> tuple[Section, ...]:
    """The document's sections in order; the first begins at 0, the last ends with the document, none is empty.

    A heading stands at the start of a line: alone on it (in any case, with or without a colon), or before a colon with
    its text on the same line. What is no known heading stays text of the section it stands in; before any, a discharge
    summary tells the hospital course.
    """
    text = document.text
    starts: list[tuple[int, int, str, str]] = []
    first_kind = kind = "hospital_course" if is_discharge_summary(document) else "text"
    for line in _LINE.finditer(text):
        found = _heading(line.group(), under=kind)
        if found is not None:
            heading, kind, body = found
            starts.append((line.start(), line.start() + body, heading, kind))
    if not starts or starts[0][0] > 0:
        starts.insert(0, (0, 0, "", first_kind))
    ends = [start for start, *_ in starts[1:]] + [len(text)]
    return tuple(
        Section(document=document.id, kind=kind, heading=heading, start=start, body=min(body, end), end=end)
        for (start, body, heading, kind), end in zip(starts, ends, strict=True)
        if end > start
    )


def is_discharge_summary(document: Document) -> bool:
    """Whether a document says by its id or its first line that it sums up a stay: what it tells is what was managed."""
    first = document.text.lstrip("\ufeff\x00 \t\r\n").split("\n", 1)[0]
    return any(_SUMMARY.search(words.replace("_", " ")) for words in (document.id, first[:_LONGEST_HEADING]))


def cut_chunks(
    document: Document, sections: tuple[Section, ...], *, max_tokens: int, context_tokens: int
) -> tuple[Chunk, ...]:
    """Chunks of at most `max_tokens` estimated tokens that cover the document; a break falls where it hurts least.

    A break is at the end of a section if one lies in the second half of the room, else at the end of a sentence, else
    (one sentence longer than the room) after a white space, else anywhere. Up to `context_tokens` of the text before a
    chunk may be shown with it.
    """
    text, room = document.text, max_tokens * CHARACTERS_A_TOKEN
    ends_of_sections = [section.end for section in sections]
    chunks: list[Chunk] = []
    start = 0
    while start < len(text):
        end = len(text)
        if end - start > room:
            end = _break(text, start, start + room, ends_of_sections)
        context = max(0, start - context_tokens * CHARACTERS_A_TOKEN)
        while 0 < context < start and not text[context - 1].isspace():
            context += 1
        touched = sections[bisect_right(ends_of_sections, start) : bisect_left(ends_of_sections, end) + 1]
        chunks.append(
            Chunk(document=document.id, index=len(chunks), start=start, end=end, context=context, sections=touched)
        )
        start = end
    return tuple(chunks)


def halve_chunk(document: Document, chunk: Chunk) -> tuple[Chunk, ...]:
    """The chunk as two, broken where it hurts least; one, unchanged, if it is a single word or less.

    The halves keep the chunk's index; the first keeps its context, the second has none.
    """
    text, length = document.text, chunk.end - chunk.start
    middle = _break(text, chunk.start, chunk.start + (2 * length + 2) // 3, [section.end for section in chunk.sections])
    if (
        not text[chunk.start : middle].strip()
        or not text[middle : chunk.end].strip()
        or len(text[chunk.start : chunk.end].split()) < 2
    ):
        return (chunk,)
    return tuple(
        chunk.model_copy(
            update={
                "start": start,
                "end": end,
                "context": min(chunk.context, start) if start == chunk.start else start,
                "sections": tuple(s for s in chunk.sections if s.start < end and s.end > start),
            }
        )
        for start, end in ((chunk.start, middle), (middle, chunk.end))
    )


def section_at(sections: tuple[Section, ...], place: int) -> Section:
    """The section that holds the code point `place`; the last one for the document's end."""
    for section in sections:
        if section.start <= place < section.end:
            return section
    return sections[-1]


def _break(text: str, start: int, limit: int, ends_of_sections: list[int]) -> int:
    middle = start + (limit - start) // 2
    last = bisect_right(ends_of_sections, limit) - 1
    if last >= 0 and ends_of_sections[last] >= middle:
        return ends_of_sections[last]
    ends = [end for _, end in sentences(text, start, min(len(text), limit + 1)) if start < end < limit]
    if ends and ends[-1] > start + (limit - start) // 4:
        return ends[-1]
    for place in range(limit, middle, -1):
        if text[place - 1].isspace():
            return place
    return limit


def _heading(line: str, *, under: str) -> tuple[str, str, int] | None:
    """The heading that a line begins with: its words, its kind and the offset after it; None for plain text."""
    lead = _LEAD.match(line)
    begin = lead.end() if lead else 0
    stripped = line[begin:].rstrip().rstrip(":*_=#- \t.").rstrip()
    if stripped and len(stripped) <= _LONGEST_HEADING:
        kind = headings().get(fold_heading(stripped))
        if kind is not None and (len(stripped) > 2 or line.rstrip().endswith(":") or stripped.isupper()):
            return stripped, _in_place(kind, stripped, under, inline=False), len(line)
    inline = _INLINE.match(line, begin)
    if inline is not None:
        kind = headings().get(fold_heading(inline.group(1)))
        if kind is not None:
            return inline.group(1), _in_place(kind, inline.group(1), under, inline=True), inline.end()
    return None


def _in_place(kind: str, heading: str, under: str, *, inline: bool) -> str:
    """The kind of a heading where it stands: an inline "Impression:" below an imaging report is the radiologist's."""
    if kind == "assessment_plan" and inline and under in ("results", "imaging") and "impression" in heading.lower():
        return "imaging"
    return kind


def fold_heading(words: str) -> str:
    """A heading in the form in which headings are compared."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", words.lower().replace("&", " and ").replace("\u2019", "'")).split())


@cache
def headings() -> dict[str, str]:
    """The known headings, folded, and the kind of each; from `agent/headings.tsv`."""
    return {fold_heading(row["heading"]): row["kind"] for row in read_rows("agent", "headings.tsv")}
