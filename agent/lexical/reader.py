"""Reader: the lexical engine's first call; a chunk becomes proposals, each with its words, assertion and management.

Deterministic: terms are found in sentences, made as specific as the sentence allows, and read in the scope of their
cues. What shows management is taken from the problem that the condition stands in, or from its own sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from agent.assertion import Scopes
from agent.codebook import CodeBook
from agent.lexical.abbreviations import Abbreviations
from agent.lexical.layout import PROBLEM_SECTIONS, Sentence, read_layout
from agent.lexical.specify import Specifier
from agent.lexical.terms import Hit, TermIndex
from agent.notes import read_sections
from agent.records import Assertion, Chunk, Document, Proposal, Section
from agent.tables import read_rows
from agent.words import Vocabulary, Word, read_lexicon

_NEAR = 10
"""How many words around a condition may make it more specific."""


_TELLING = frozenset(("text", "hpi", "chief_complaint", "indication"))
"""Kinds of section that assess where a note has no section for it."""


class Reader:
    """Reads chunks against one code table; frozen once made, safe to share between threads."""

    def __init__(self, book: CodeBook) -> None:
        """Make the term index of `book`, some 100 ms."""
        self._index = TermIndex(book)
        self._specifier = Specifier(book)
        self._vocabulary = Vocabulary.load()
        self._abbreviations = Abbreviations.load()

    def propose(self, document: Document, chunk: Chunk) -> Iterator[Proposal]:
        """What stands in `chunk`, in order of place; one proposal for each code of each term found."""
        assessed = _assesses(document)
        layouts = [(s, read_layout(document.text, s, chunk.start, chunk.end)) for s in chunk.sections]
        named = any(sentence.names for _, layout in layouts for sentence in layout)
        for section, layout in layouts:
            prose = not named and (section.kind in PROBLEM_SECTIONS if assessed else section.kind in _TELLING)
            for sentence in layout:
                yield from self._read(document, chunk, _Place(section, layout, sentence, prose))

    def _read(self, document: Document, chunk: Chunk, place: _Place) -> Iterator[Proposal]:
        section, sentence = place.section, place.sentence
        text = document.text[sentence.start : sentence.end]
        words = self._abbreviations.expand(self._vocabulary.words(text), section.kind)
        hits = self._index.find(text, words)
        if not hits:
            return
        scopes = Scopes(text, words)
        denied = scopes.denied()
        for hit in hits:
            reading = scopes.read(hit.first, hit.last, section.kind, hit.words)
            if hit.term.kind == "procedure_history" and reading.assertion is not Assertion.HISTORICAL:
                continue
            managed = self._managed(document, place, hit)
            start, end = _extent(words, hit)
            near = _near(words, hit, denied)
            code = past_code(hit.term.code) if reading.assertion is Assertion.HISTORICAL else None
            codes = (code,) if code else self._specifier.codes(hit.term.code, near) or (hit.term.code,)
            for code in codes:
                yield Proposal(
                    condition=hit.term.text,
                    code=code,
                    quote=text[start:end],
                    assertion=reading.assertion,
                    chunk=chunk.index,
                    document=document.id,
                    managed=managed,
                    at=sentence.start + start,
                    note=reading.cue,
                    reader="lexical",
                )

    def _managed(self, document: Document, place: _Place, hit: Hit) -> str | None:
        """What shows that a condition was managed at this encounter; None if nothing does.

        Of a problem that is named, the line below it that treats it (a drug for it before all else), or its name alone:
        to be listed is to be assessed. In prose, the sentence itself if it tells of management.
        """
        sentence, layout = place.sentence, place.layout
        if sentence.names:
            lines = [other for other in layout if other.problem == sentence.problem and other is not sentence]
            told = [line for line in lines if _shows_management(document.text[line.start : line.end])]
            treated = [line for line in told if self._treats(document.text[line.start : line.end], hit.term.code)]
            best = (treated or told or [sentence])[0]
            return document.text[best.start : best.end].strip()
        if place.prose:
            # What is done often follows: "She has pneumonia. Start azithromycin."
            here = place.layout.index(sentence)
            for near in place.layout[here : here + 2]:
                text = document.text[near.start : near.end]
                if _shows_management(text) or self._treats(text, hit.term.code):
                    return text.strip()
        return None

    def _treats(self, line: str, code: str) -> bool:
        """Whether a line names a drug usually given for a condition: a hint of treatment, never of the condition."""
        return any(code.startswith(_drugs().get(word.strip(".,;:()").lower(), ("?",))) for word in line.split())


class _Place(NamedTuple):
    """Where a sentence stands: its section, the sentences of that section, and whether these assess in prose."""

    section: Section
    layout: Sequence[Sentence]
    sentence: Sentence
    prose: bool


@lru_cache(maxsize=16)
def _assesses(document: Document) -> bool:
    """Whether a document has a section for its assessment; asked for each of its chunks."""
    return any(section.kind in PROBLEM_SECTIONS for section in read_sections(document))


def past_code(code: str) -> str | None:
    """The code that a past condition is reported with (I.C.21.c.4); None where the lexicon knows none."""
    known = _past_codes()
    for length in range(len(code), 1, -1):
        if code[:length] in known:
            return known[code[:length]]
    return None


def _extent(words: Sequence[Word], hit: Hit) -> tuple[int, int]:
    """The code points of a hit in its sentence, with all words of the phrases and abbreviations that it uses."""
    first, last = hit.first, hit.last
    while first > 0 and words[first].forms and words[first - 1].forms is words[first].forms:
        first -= 1
    while last + 1 < len(words) and words[last].forms and words[last + 1].forms is words[last].forms:
        last += 1
    return words[first].start, words[last].end


def _shows_management(line: str) -> bool:
    words = {word.strip(".,;:()").lower() for word in line.split()}
    return not words.isdisjoint(_management_words())


def _near(words: Sequence[Word], hit: Hit, denied: frozenset[int]) -> dict[str, int]:
    """The normal forms around a hit and how many words away each stands; 0 for the hit's own, none that is denied."""
    near: dict[str, int] = {}
    for index in range(max(0, hit.first - _NEAR), min(len(words), hit.last + _NEAR + 1)):
        distance = max(hit.first - index, index - hit.last, 0)
        if distance and index in denied:
            continue
        for form in words[index].forms:
            if distance < near.get(form, _NEAR + 1):
                near[form] = distance
    return near


@cache
def _drugs() -> dict[str, tuple[str, ...]]:
    return {row["drug"]: tuple(row["codes"].split("|")) for row in read_lexicon("drugs.tsv")}


@cache
def _past_codes() -> dict[str, str]:
    return {row["condition"]: row["history"] for row in read_lexicon("history.tsv")}


@cache
def _management_words() -> frozenset[str]:
    return frozenset(row["words"] for row in read_rows("agent.lexical", "management.tsv"))
