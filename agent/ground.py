"""Grounding: a quote is found in its document, not believed.

Letter for letter first, then after folding, then word by word where all that differs is spelling (`agent.guard`). A
quote must stand inside its own chunk; what was shown before a chunk for understanding must not be quoted. The evidence
is always the document's own text.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from agent.align import Alignment, Words, align
from agent.fold import Fold, Span
from agent.guard import Guard
from agent.records import Chunk, Document, Evidence, Match, Passage, Proposal, Rejection
from agent.text import Page, find, sentences

SHORTEST_FUZZY = 12
"""Characters from which a quote may differ from its passage in spelling; a shorter one is found as it stands or not."""

_ELLIPSIS = re.compile(r"\s*[\[(]?(?:\.{3,}|\u2026|\. \. \.)[\])]?\s*")
_TIED_BEFORE = re.compile(r"([^\W\d_]+)[-\u2010\u2011\xad](?:[ \t\r]*\n\s*)?$")
_TIED_AFTER = re.compile(r"[-\u2010\u2011\xad](?:[ \t\r]*\n\s*)?([^\W\d_]+)")
_TURNING = frozenset({"negation", "certainty", "control", "experiencer"})
_NOT_AFTER = re.compile(r"['\u2019]t\b", re.I)


class Miss(NamedTuple):
    """Why a quote is not evidence, and the passage that comes nearest."""

    reason: str
    nearest: Passage | None = None


class Grounder:
    """Finds quotes in one document; folds it once, when first needed. Safe to share between threads."""

    def __init__(self, document: Document, *, vocabulary: Container[str] = frozenset(), fuzzy: bool = True) -> None:
        """Keep the document.

        Args:
            document: where quotes are looked for.
            vocabulary: words (in lower case) that are known to be words, so that none is taken for a misspelling.
            fuzzy: whether a quote may differ in spelling; not where the guard does not know the language's words.
        """
        self.document = document
        self._vocabulary = vocabulary
        self._may_differ = fuzzy
        self._page = Page(document.text)
        self._guard = Guard.load()

    @cached_property
    def _words(self) -> Words:
        return Words(self._page.folds[0])

    def ground(self, proposal: Proposal, chunk: Chunk) -> tuple[Evidence, ...] | Rejection:
        """The evidence for a proposal's quote, or its rejection.

        Every place of the quote in the chunk is evidence, in the document's order; if the proposal says where its quote
        begins and it does, that place alone. A quote with an ellipsis has one evidence for each of its parts.

        Raises:
            ValueError: the proposal, the chunk and the document don't belong together.
        """
        if not proposal.document == chunk.document == self.document.id or proposal.chunk != chunk.index:
            raise ValueError(
                f"a proposal for chunk {proposal.chunk} of {proposal.document!r} was handed to chunk {chunk.index} of "
                f"{chunk.document!r} in {self.document.id!r}"
            )
        found = self.locate(proposal.quote, chunk, at=proposal.at)
        if isinstance(found, Miss):
            return Rejection(
                condition=proposal.condition,
                code=proposal.code,
                quote=proposal.quote,
                reason=found.reason,
                nearest=found.nearest,
            )
        return found

    def managed(self, proposal: Proposal, chunk: Chunk) -> tuple[Evidence, ...]:
        """The evidence for what the proposal says shows management; none if it says nothing or it is not found."""
        if proposal.managed is None:
            return ()
        found = self.locate(proposal.managed, chunk)
        return () if isinstance(found, Miss) else found

    def locate(self, quote: str, chunk: Chunk, *, at: int | None = None) -> tuple[Evidence, ...] | Miss:
        """Every place of `quote` in the chunk as evidence, in the document's order; a miss if it has none."""
        text = self.document.text
        if at is not None and quote and chunk.start <= at <= chunk.end - len(quote) and text.startswith(quote, at):
            return (self._evidence(Span(at, at + len(quote)), chunk, Match.EXACT, 100.0),)
        if all(word in self._guard.small for word in Words(Fold(quote)).texts):
            return Miss("the quote holds no word that says anything")
        found = self._find(quote, chunk)
        if not isinstance(found, Miss):
            return found
        return self._chain(_ELLIPSIS.split(quote), chunk, found) if _ELLIPSIS.search(quote) else found

    def _find(self, quote: str, chunk: Chunk) -> tuple[Evidence, ...] | Miss:
        """As `locate`, for a quote without ellipsis."""
        exact = [s for s in find(self.document.text, quote, chunk.start, chunk.end) if self._stands_alone(s)]
        if exact:
            return tuple(self._evidence(span, chunk, Match.EXACT, 100.0) for span in exact)
        folded = [
            span
            for span in self._page.find(quote, chunk.start, chunk.end)
            if self._stands_alone(span) and self._same_case(quote, span)
        ]
        if folded:
            return tuple(self._evidence(span, chunk, Match.FOLDED, 100.0) for span in folded)
        if not self._may_differ:
            return self._elsewhere(quote, chunk) or Miss("the quote is not in its chunk letter for letter")
        return self._fuzzy(quote, chunk)

    def _fuzzy(self, quote: str, chunk: Chunk) -> tuple[Evidence, ...] | Miss:
        near = align(self._words, quote, chunk.start, chunk.end)
        objections = [self._objection(quote, alignment) for alignment in near]
        found = [one for one, objection in zip(near, objections, strict=True) if objection is None]
        if found:
            found.sort(key=lambda alignment: alignment.span)
            return tuple(self._evidence(one.span, chunk, Match.FUZZY, one.score) for one in found)
        elsewhere = self._elsewhere(quote, chunk)
        if elsewhere is not None:
            return elsewhere
        if not near:
            return Miss("the quote is not in its chunk, and nothing there comes near")
        return Miss(f"the quote is not in its chunk: {objections[0]}", self._passage(near[0].span, near[0].score))

    def _objection(self, quote: str, alignment: Alignment) -> str | None:
        """Why an alignment is no match; None if it is one."""
        if not self._stands_alone(alignment.span):
            return "it would cut a hyphenated word"
        if len(quote.strip()) < SHORTEST_FUZZY:
            return f"it is shorter than {SHORTEST_FUZZY} characters, where every letter counts"
        known = _Known(self._words.places, self._vocabulary)
        objection = self._guard.objection(alignment.differences, alignment.words, known)
        if objection is None and not alignment.same_stops:
            return "the quote and the passage do not end their sentences alike"
        return objection

    def _elsewhere(self, quote: str, chunk: Chunk) -> Miss | None:
        """A miss that says so if the quote stands in the document but outside its chunk."""
        places = find(self.document.text, quote) or self._page.find(quote)
        places = tuple(span for span in places if span.start < chunk.start or span.end > chunk.end)
        if not places:
            return None
        nearest = min(places, key=lambda span: max(chunk.start - span.start, span.end - chunk.end))
        shown = chunk.context <= nearest.start and nearest.end <= chunk.start
        why = "in the text shown before its chunk, which must not be quoted" if shown else "outside its chunk"
        return Miss(f"the quote stands {why}", self._passage(nearest, 100.0))

    def _chain(self, parts: Sequence[str], chunk: Chunk, miss: Miss) -> tuple[Evidence, ...] | Miss:
        """Evidence for each part of a quote with ellipses, in order and as close together as they come."""
        found: list[tuple[Evidence, ...]] = []
        for part in parts:
            if not any(char.isalnum() for char in part):
                continue
            places = self._find(part, chunk)
            if isinstance(places, Miss):
                return Miss(f'part "{part}" of the quote: {places.reason}', places.nearest or miss.nearest)
            found.append(places)
        chains: list[tuple[Evidence, ...]] = []
        for first in found[0] if found else ():
            chain = [first]
            for others in found[1:]:
                after = next((place for place in others if place.start >= chain[-1].end), None)
                if after is None:
                    break
                chain.append(after)
            if len(chain) == len(found):
                chains.append(tuple(chain))
        chains.sort(key=lambda chain: chain[-1].end - chain[0].start)
        if not chains:
            return Miss("the quote's parts do not stand in its chunk in this order", miss.nearest)
        for possible in chains:
            if all(self._may_leave_out(a.end, b.start) for a, b in pairwise(possible)):
                return possible
        return Miss("what the quote leaves out changes what it says", miss.nearest)

    def _may_leave_out(self, start: int, end: int) -> bool:
        """True if no word between two quoted parts turns either of them round, as far as their sentences reach."""
        gaps = sentences(self.document.text, start, end)
        beside = {gaps[0], gaps[-1]} if gaps else set()
        words = (word for span in beside for word in Words(Fold(self.document.text[span.start : span.end])).texts)
        return not any(self._guard.kind(word) in _TURNING for word in words)

    def _stands_alone(self, span: Span) -> bool:
        """False if a hyphen ties a part to the passage that turns it round: "non-" before it, "-free" after it."""
        text = self.document.text
        before = _TIED_BEFORE.search(text, max(0, span.start - 40), span.start)
        after = _TIED_AFTER.match(text, span.end)
        return (
            (before is None or before.group(1).lower() not in self._guard.tied_before)
            and (after is None or after.group(1).lower() not in self._guard.tied_after)
            and _NOT_AFTER.match(text, span.end) is None
        )

    def _same_case(self, quote: str, span: Span) -> bool:
        """False if one is an acronym alone and the other a word that is spelt like it: AIDS, aids."""
        words = Words(Fold(quote)).texts
        if len(words) != 1 or words[0] not in self._guard.acronyms:
            return True
        return quote.isupper() == self.document.text[span.start : span.end].isupper()

    def _evidence(self, span: Span, chunk: Chunk, match: Match, score: float) -> Evidence:
        return Evidence(
            document=self.document.id,
            start=span.start,
            end=span.end,
            text=self.document.text[span.start : span.end],
            section=next((s.kind for s in chunk.sections if s.start <= span.start < s.end), "text"),
            match=match,
            score=score,
        )

    def _passage(self, span: Span, score: float) -> Passage:
        return Passage(start=span.start, end=span.end, text=self.document.text[span.start : span.end], score=score)


def ground(proposal: Proposal, document: Document, chunk: Chunk) -> tuple[Evidence, ...] | Rejection:
    """As `Grounder.ground`, for a single proposal; for several of one document make a `Grounder` once."""
    return Grounder(document).ground(proposal, chunk)


class _Known(NamedTuple):
    """What is known of words: where they stand in the document, and a vocabulary."""

    places: Mapping[str, Sequence[int]]
    vocabulary: Container[str]

    def tell_apart(self, quoted: str, found: str) -> bool:
        """True if both are words: both in the vocabulary, or both in the document and not for once only."""
        if quoted in self.vocabulary and found in self.vocabulary:
            return True
        return quoted in self.places and len(self.places.get(found, ())) > 1
