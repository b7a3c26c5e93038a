"""Lookup: a grounded proposal meets the code table and becomes a candidate with what might be reported in its place."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from agent.codebook import Code, CodeBook
from agent.records import Alternative, Assertion, Candidate, Evidence, Proposal, Relation

MOST_NEAR = 7
"""How many codes near the proposed one are offered at the most."""

MOST_NEAR_OTHERS = 2
"""The same for each further code that its reader weighed."""

MOST_SEARCHED = 3
"""How many codes found by the condition's words are offered at the most."""

_SIDES = ("right", "left", "bilateral")


class Lookup:
    """Looks codes up in one code table; remembers what stands near a code. Safe to share between threads."""

    def __init__(self, book: CodeBook) -> None:
        """Look up in `book`."""
        self._book = book
        self._near = lru_cache(maxsize=20_000)(self._find_near)

    def candidate(
        self,
        number: int,
        proposal: Proposal,
        evidence: tuple[Evidence, ...],
        managed: tuple[Evidence, ...],
        *,
        cued: Assertion,
    ) -> Candidate:
        """The candidate for a grounded proposal: its code in the table's form, and its alternatives.

        A model's condition is searched by its words too; the lexical engine has done that when it read them.
        """
        code = self._book.get(proposal.code)
        return Candidate(
            id=number,
            condition=proposal.condition,
            code=proposal.code if code is None else code.code,
            assertion=proposal.assertion,
            evidence=evidence,
            managed=managed,
            alternatives=self.alternatives(proposal, search=code is None or proposal.reader != "lexical"),
            cued=cued,
            note=proposal.note,
            reader=proposal.reader,
        )

    def alternatives(self, proposal: Proposal, *, search: bool) -> tuple[Alternative, ...]:
        """Codes of the edition that might stand in the proposed one's place, each once, the likeliest first.

        What its reader would weigh too, then what stands near these in the table, then what a search finds.
        """
        offered: dict[str, Alternative] = {}
        weighed = [code for code in map(self._book.get, proposal.others) if code is not None]
        first = self._book.get(proposal.code)
        for code in weighed:
            for whole in self._whole(code):
                _offer(offered, whole, Relation.PROPOSED)
        if first is not None:
            for other, relation in self._near(first.code)[:MOST_NEAR]:
                _offer(offered, other, relation)
        for code in weighed:
            for other, relation in self._near(code.code)[:MOST_NEAR_OTHERS]:
                _offer(offered, other, relation)
        if search:
            for hit in self._book.search(proposal.condition, MOST_SEARCHED):
                found = self._book.get(hit.code)
                if found is not None:
                    for whole in self._whole(found):
                        _offer(offered, whole, Relation.SEARCH)
        if first is not None:
            offered.pop(first.code, None)
        return tuple(offered.values())

    def _whole(self, code: Code) -> tuple[Code, ...]:
        """A code itself if it can be reported, else the first few below it that can."""
        if code.billable:
            return (code,)
        return tuple(_first_of_each_seventh(self._leaves(code)))[:4]

    def _leaves(self, code: Code) -> Iterable[Code]:
        for child in self._book.children(code.code):
            if child.billable:
                yield child
            else:
                yield from self._leaves(child)

    def _find_near(self, code: str) -> tuple[tuple[Code, Relation], ...]:
        """What stands near a code and can be reported: below it, beside it, then beside its parents in its category.

        Of codes with a 7th character those with the same one are near, and of sided codes those of the same side.
        """
        own = self._book.get(code)
        if own is None:
            return ()
        found: dict[str, tuple[Code, Relation]] = {}
        for child in _like(own, self._leaves(own)):
            found.setdefault(child.code, (child, Relation.CHILD))
        node = own
        for parent in self._book.parents(own.code):
            if parent.kind in ("chapter", "block"):
                break
            near = [c for c in _like(own, self._leaves(parent)) if c.code != own.code]
            for other in sorted(near, key=lambda c: _distance(own, c)):
                found.setdefault(other.code, (other, Relation.SIBLING))
            if own.seventh and node is own:
                for other in self._book.siblings(own.code):
                    if other.seventh == "D":
                        found.setdefault(other.code, (other, Relation.SIBLING))
            node = parent
        return tuple(found.values())


def _offer(offered: dict[str, Alternative], code: Code, relation: Relation) -> None:
    offered.setdefault(code.code, Alternative(code=code.code, title=code.title, relation=relation))


def _first_of_each_seventh(codes: Iterable[Code]) -> Iterable[Code]:
    """Codes without their repetition by 7th character: the initial encounter, or what comes first, stands for all."""
    seen: set[str] = set()
    for code in codes:
        if code.base not in seen:
            seen.add(code.base)
            yield code


def _like(own: Code, codes: Iterable[Code]) -> Iterable[Code]:
    """Codes with the same 7th character, where they have one, and not of another side."""
    sides = {side for side in _SIDES if side in own.title.lower()}
    for code in codes:
        if code.seventh != own.seventh and code.seventh and own.seventh:
            continue
        other = {side for side in _SIDES if side in code.title.lower()}
        if sides and other and not sides & other:
            continue
        yield code


def _distance(own: Code, other: Code) -> tuple[int, int]:
    """How far apart two codes of a category are: by the first character that differs, then by how far that one is."""
    for place, (one, two) in enumerate(zip(own.code, other.code, strict=False)):
        if one != two:
            return -place, abs(ord(one) - ord(two))
    return -min(len(own.code), len(other.code)), 0
