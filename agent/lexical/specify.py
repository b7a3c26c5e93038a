"""Specify: from a code or header to the most specific code that the words beside it support.

Down the table from parent to child: the child whose own words stand in the sentence, else the unspecified one; never a
child that says what the text does not. Sides, displacement and the 7th character follow the guidelines named below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from agent.codebook import Code, CodeBook
from agent.words import Vocabulary

_SIDES = frozenset(("right", "left", "bilateral"))
_STAGES = frozenset(("mild", "moderate", "severe", "indeterminate"))
_GENERIC = frozenset("joint part site region area other structure organ tissue encounter disease disorder limb".split())
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_UNSAID = re.compile(r"\bunspecified\b|\buncomplicated\b|^simple\b", re.I)
_WITH_UNSAID = re.compile(r"\bwith unspecified complications?\b", re.I)
_WITH = re.compile(r"\bwith\b(?! or without)", re.I)
_ONLY_UNSAID = re.compile(r"\bwith unspecified\b", re.I)
_UNKNOWN = re.compile(r"\bstatus unknown\b", re.I)
_OTHER = re.compile(r"^other\b|\bother specified\b|\bother\b", re.I)
_WITHOUT = re.compile(r"\bwithout\b|\bnot intractable\b|\bnonpressure\b", re.I)
_SUBSEQUENT = frozenset("healing healed postoperative postop recheck subsequent cast".split())
_SEQUELA = frozenset("sequela sequelae residual".split())


class Specifier:
    """The way down a code table by words; frozen but for a memory of children, safe to share between threads."""

    def __init__(self, book: CodeBook) -> None:
        """Go down the table of `book`."""
        self._book = book
        self._vocabulary = Vocabulary.load()
        self._words_of = lru_cache(maxsize=50_000)(self._words)

    def codes(self, code: str, near: Mapping[str, int]) -> tuple[str, ...]:
        """The billable codes below `code` that the words support; two where both sides are meant, none if stuck.

        Args:
            code: a code or header of the edition.
            near: the normal forms that stand around the condition, and how many words away.
        """
        node = self._book.get(code)
        if node is None:
            return ()
        if node.billable:
            return (code,)
        children = self._book.children(code)
        if children and children[0].seventh:
            return (_by_seventh(children, near).code,)
        if "bilateral" in near and self._sides_only(children):
            return self._both(children, near)
        chosen = self._child(node, children, near)
        return () if chosen is None else self.codes(chosen.code, near)

    def _both(self, children: tuple[Code, ...], near: Mapping[str, int]) -> tuple[str, ...]:
        found: list[str] = []
        for child in children:
            if self._words_of(child.code)[0] & {"right", "left"}:
                found.extend(self.codes(child.code, {k: v for k, v in near.items() if k not in _SIDES}))
        return tuple(found)

    def _sides_only(self, children: tuple[Code, ...]) -> bool:
        """Whether children tell right from left and none is bilateral: then two codes are reported (I.B.13)."""
        words = [self._words_of(child.code)[0] for child in children]
        return (
            any("right" in w for w in words)
            and any("left" in w for w in words)
            and not any("bilateral" in w for w in words)
        )

    def _child(self, node: Code, children: tuple[Code, ...], near: Mapping[str, int]) -> Code | None:
        above = self._words_of(node.code)[0]
        scored = [(self._support(child, above, near), child) for child in children]
        best = max(scored, key=lambda pair: pair[0], default=None)
        if best is not None and best[0] > 0:
            return best[1]
        return _default(node, tuple(child for score, child in scored if score > -1))

    def _support(self, child: Code, above: frozenset[str], near: Mapping[str, int]) -> float:
        """How much of what a child adds to its parent stands near: 0 for nothing, -1 where the text says otherwise."""
        best = 0.0
        if _UNSAID.search(child.title) and not _own_words(child, above, self._words_of(child.code)[0]):
            return 0.0
        for number, words in enumerate(self._words_of(child.code)):
            added = words - above - _GENERIC
            sides = added & _SIDES
            if number == 0 and sides and not _side_agrees(sides, near):
                return -1.0
            matched = {form for form in added if form in near}
            if not matched or 2 * len(matched) < len(added) + (number > 0):
                continue
            closeness = sum(1.0 / (2 + near[form]) for form in matched)
            best = max(best, len(matched) - 0.5 * len(added - matched) + closeness)
        return best

    def _words(self, code: str) -> tuple[frozenset[str], ...]:
        """The words of a code's title, and of each of its inclusion terms."""
        node = self._book.get(code)
        assert node is not None  # only called for codes that the table gave
        texts = [node.title] + [note.text for note in self._book.inclusions(code)]
        return tuple(frozenset(self._vocabulary.bag(_ASIDE.sub(" ", text))) for text in texts)


def _own_words(child: Code, above: frozenset[str], words: frozenset[str]) -> frozenset[str]:
    return words - above - _GENERIC - frozenset(("uncomplicated", "simple", "without", "complication"))


def _side_agrees(sides: frozenset[str], near: Mapping[str, int]) -> bool:
    """Whether a child's side is the one that stands nearest; no side said agrees with none."""
    said = {side: near[side] for side in _SIDES if side in near}
    if not said:
        return False
    if "bilateral" in sides:
        return "bilateral" in said or ("right" in said and "left" in said and abs(said["right"] - said["left"]) <= 2)
    return min(said, key=lambda side: said[side]) in sides


def _default(node: Code, children: tuple[Code, ...]) -> Code | None:
    """The child for "nothing more is said": unspecified, plain, displaced (I.C.19.c), or the rest ("other ascites")."""
    added = {child.code: _added_text(node.title, child.title) for child in children}
    plain = {code: text for code, text in added.items() if not _WITH.search(text)}
    for wanted in (
        lambda c: c.title.lower() == node.title.lower(),
        lambda c: _UNKNOWN.search(added[c.code]),
        lambda c: _UNSAID.search(plain.get(c.code, "")) and not _OTHER.search(plain[c.code]),
        lambda c: _WITHOUT.search(plain.get(c.code, "")),
        lambda c: _UNSAID.search(plain.get(c.code, "")),
        lambda c: (
            _UNSAID.search(added[c.code])
            and not _WITH_UNSAID.search(added[c.code])
            and _ONLY_UNSAID.search(added[c.code])
        ),
        lambda c: added[c.code].lower().startswith("displaced"),
        lambda c: c.code.endswith(("9", "0")) and not _OTHER.search(added[c.code]) and c.code in plain,
        lambda c: c.title.lower().startswith("other "),
    ):
        for child in children:
            if wanted(child):
                return child
    return children[0] if len(children) == 1 else None


def _added_text(parent: str, child: str) -> str:
    """What a child's title says beyond the words that its parent's begins with."""
    shared = 0
    for one, other in zip(parent.split(), child.split(), strict=False):
        if one.lower().rstrip(",") != other.lower().rstrip(","):
            break
        shared += 1
    return " ".join(child.split()[shared:])


def _by_seventh(children: tuple[Code, ...], near: Mapping[str, int]) -> Code:
    """The expanded code for the kind of encounter, side or stage that the words name.

    An injury's encounter is initial unless the words say healing or sequela (I.C.19.a), its fracture closed unless they
    say open (I.C.19.c). Elsewhere the character whose meaning the words name, else the unspecified one.
    """
    by_letter = {child.seventh: child for child in children}
    if "A" in by_letter:
        if _SEQUELA & near.keys() and "S" in by_letter:
            return by_letter["S"]
        if _SUBSEQUENT & near.keys() and "D" in by_letter:
            return by_letter["D"]
        return by_letter["B"] if near.get("open", 99) <= 2 and "B" in by_letter else by_letter["A"]
    for child in children:
        meaning = {word.lower().strip(",") for word in child.title.rsplit(", ", 1)[-1].split()}
        sides, stages = meaning & _SIDES, meaning & _STAGES
        if (sides and _side_agrees(frozenset(sides), near)) or (stages and stages <= near.keys()):
            return child
    unsaid = [child for child in children if _UNSAID.search(child.title.rsplit(", ", 1)[-1])]
    return unsaid[0] if unsaid else children[0]
