"""The passage: what the document says around the words that a candidate rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from agent.fold import Span
from agent.records import Assertion, Candidate, Document, Draft, Encounter, Evidence
from agent.text import sentences

_WINDOW = 400
"""Code points on each side of a quote in which its sentence is looked for."""
_LISTED = re.compile(r"\b(?:and|or|nor)\b|[&/]", re.I)


def sentence(draft: Draft, candidate: Candidate) -> str:
    """The sentence that holds a candidate's first quote, on one line."""
    return sentence_at(draft.encounter, candidate.evidence[0])


def sentences_of(draft: Draft, candidate: Candidate) -> list[str]:
    """The sentences that hold a candidate's quotes, in the order of its evidence."""
    return [sentence_at(draft.encounter, evidence) for evidence in candidate.evidence]


def sentence_at(encounter: Encounter, evidence: Evidence) -> str:
    """The sentence that holds a piece of evidence, on one line."""
    found = _span(encounter, evidence)
    return _line(encounter.document(evidence.document).text[found.start : found.end])


def before(draft: Draft, candidate: Candidate) -> str:
    """What the sentence of a candidate's first quote says before it, on one line."""
    first = candidate.evidence[0]
    text = draft.encounter.document(first.document).text
    return _line(text[_span(draft.encounter, first).start : first.start])


def after(draft: Draft, candidate: Candidate) -> str:
    """What the sentence of a candidate's first quote says after it, on one line."""
    first = candidate.evidence[0]
    text = draft.encounter.document(first.document).text
    return _line(text[first.end : _span(draft.encounter, first).end])


def says(text: str, phrases: Iterable[str]) -> str:
    """The first of `phrases` that stands in a text as whole words, in any case; "" if none does."""
    low, listed = text.lower(), tuple(phrases)
    if not listed or _any_of(listed).search(low) is None:
        return ""
    return next(phrase for phrase in listed if _any_of((phrase,)).search(low))


@lru_cache(maxsize=1024)
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Any of some phrases as whole words."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)")


def cue_of_another(draft: Draft, candidate: Candidate) -> bool:
    """Whether the cue that a candidate was read by stands after a comma and is of what stands there.

    So it is in "chest pain, MI ruled out" and "hypertension, suspected pneumonia", not in "pneumonia, initially
    suspected, was ruled out". Two conditions of one chapter may be a list ("PE, DVT ruled out") and stay read as one.
    """
    start, rest = before(draft, candidate).lower(), after(draft, candidate).lower()
    if not candidate.note or candidate.note in start or candidate.note not in rest:
        return False
    between = rest.partition(candidate.note)[0]
    if "," not in between and ";" not in between:
        return False
    if candidate.assertion is Assertion.HYPOTHETICAL:
        return True
    here, place = sentence(draft, candidate), candidate.evidence[0].start
    others = [c for c in draft.candidates if c.note == candidate.note and c.evidence[0].start > place]
    apart = [c.code[0] != candidate.code[0] for c in others if sentence(draft, c) == here]
    return bool(apart) and all(apart) and (candidate.code.startswith("R") or _LISTED.search(between) is None)


def _span(encounter: Encounter, evidence: Evidence) -> Span:
    """Where the sentence stands that holds a piece of evidence: the whole of both."""
    return _around(encounter.document(evidence.document), evidence.start, evidence.end)


@lru_cache(maxsize=512)
def _around(document: Document, start: int, end: int) -> Span:
    """The sentence around a place; many rules ask for it at once, and then for another document's."""
    text = document.text
    for first, last in sentences(text, max(0, start - _WINDOW), min(len(text), end + _WINDOW)):
        if first <= start < last:
            return Span(first, max(last, end))
    return Span(start, end)


def _line(text: str) -> str:
    return " ".join(text.split())
