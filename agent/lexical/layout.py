"""Layout: the sentences of a section, and in an assessment the problem that each belongs to.

Coders read an assessment by its problems: a few words that name a condition, and after them what was thought and done.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.records import Section
from agent.text import sentences

_LEAD = re.compile(r"\s*(?:#+\s*\d*[.):]?|\(?\d{1,2}[.):]|[-*\u2022\u25cf\u25aa\u2013\u00b7]+)\s*")
_LABEL = re.compile(
    r"[^:]*\b(reasoning|treatment|testing|education|counseling|referrals?|agreements?|plan|management|medications?|follow.?up|"
    r"labs?|imaging|status|goal|date|time|note|discussion|course|instructions?)\b[^:]*:\s",
    re.I,
)
"""What stands before a colon inside a problem, and names none."""

_NAME_BEFORE_COLON = re.compile(r"[^:.\n]{3,70}:(?=\s)")
_PART = re.compile(r"[^,;:.\n(]{3,70}(?=[,;:(]|\s[-\u2013\u2014]\s)")
_WHOLE_ITEM = re.compile(r"\s*(?:#\s*)?\(?\d{1,2}[.):]\s*")
_LONGEST_LISTED = 3
"""Words of a name that follows another on its line."""

_LONGEST_NAME = 16
"""Words; what is longer is prose."""

_TOLD = re.compile(
    r"\b(is|was|are|were|will|would|has|have|had|presents?|presented|reports?|reported|denies|states|discussed|"
    r"recommend(?:ed)?|advised|ordered|continued?|start(?:ed)?|follow|return|take|he|she|they|we|i|patient|increase|"
    r"decrease|refill|repeat|check|schedule|call|please|questions|agreements|reviewed|refer)\b",
    re.I,
)
PROBLEM_SECTIONS = frozenset(("assessment_plan", "plan", "diagnosis", "hospital_course", "problem_list"))
"""Kinds of section in which problems stand."""


class Sentence(NamedTuple):
    """One sentence: code points `[start, end)`, the number of the problem it is of (-1 for none), and its part in it.

    `names` tells whether it is what names the problem.
    """

    start: int
    end: int
    problem: int
    names: bool


def read_layout(text: str, section: Section, start: int, end: int) -> list[Sentence]:
    """The sentences of a section's body within `[start, end)`, each with the problem that it belongs to."""
    found: list[Sentence] = []
    problem = -1
    held: int | None = None
    for begin, stop in sentences(text, max(start, section.body), min(end, section.end)):
        first = begin if held is None else held
        held = None
        if not text[begin:stop].strip():
            continue
        if _LEAD.fullmatch(text, first, stop):
            held = first  # "1." is no sentence of its own
            continue
        said = _after_lead(text, first, stop)
        if section.kind not in PROBLEM_SECTIONS:
            found.append(Sentence(said, stop, -1, False))
            continue
        listed = bool(found) and found[-1].names and found[-1].end == first
        name_ends = _name_ends(text, first, stop, listed)
        if name_ends is None:
            found.append(Sentence(said, stop, problem, False))
            continue
        problem += 1
        found.append(Sentence(said, name_ends, problem, True))
        if text[name_ends:stop].strip():
            found.append(Sentence(name_ends, stop, problem, False))
    return found


def _after_lead(text: str, start: int, stop: int) -> int:
    """Where a sentence begins after its number or bullet: "2. Bipolar disorder" is no bipolar II."""
    if not _begins_line(text, start):
        return start
    lead = _LEAD.match(text, start, stop)
    return lead.end() if lead else start


def _begins_line(text: str, start: int) -> bool:
    while start > 0 and text[start - 1] in " \t\u00a0":
        start -= 1
    return start == 0 or text[start - 1] in "\n\r:"


def _name_ends(text: str, start: int, stop: int, listed: bool) -> int | None:
    """Where the name of a problem ends that begins at `start`; None for a sentence that names none.

    A name stands at the start of a line, bare or after a number or bullet, and tells nothing: it has no verb. Before a
    colon it is the part before it, unless that is a label such as "Medical treatment:".
    """
    if not _begins_line(text, start):
        # "Pneumonia. Hypertension." is a list on one line; "A1c 8.1, above goal." tells of what was named.
        short = len(text[start:stop].split()) <= _LONGEST_LISTED and not re.search(r"\d", text[start:stop])
        return stop if listed and short and _names(text, start, stop) else None
    lead = _LEAD.match(text, start, stop)
    begin = lead.end() if lead else start
    colon = _NAME_BEFORE_COLON.match(text, begin, stop)
    if colon is not None and text[colon.end() : stop].strip():
        if _LABEL.match(text, begin, stop):
            return None
        stop = colon.end()
    if _names(text, begin, stop):
        return stop
    # "2. Hypertension, controlled, continue lisinopril": of an item in a list the part before the first mark names it.
    part = _PART.match(text, begin, stop)
    if lead is not None and part is not None and _names(text, begin, part.end()):
        return stop if _WHOLE_ITEM.fullmatch(lead.group()) else part.end()
    return None


def _names(text: str, begin: int, stop: int) -> bool:
    words = text[begin:stop].split()
    return 0 < len(words) <= _LONGEST_NAME and _TOLD.search(text, begin, stop) is None
