"""The guard over differing words: a quote and its passage may differ in spelling, never in what they say.

Two words are the same word misspelt if they are long, nearly alike, and no other word explains the one as well as the
other does. Whatever else differs must be small words ("the", "of"). The words are in `agent/rules`: `protected.tsv`
(what a quote must not change), `affixes.tsv` (parts of words, small words) and `lookalikes.tsv` (pairs of real words
that look like misspellings of each other).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Protocol

from rapidfuzz import process
from rapidfuzz.distance import OSA

from agent.align import Difference, Word

_LONG, _VERY_LONG = 6, 10
"""Letters from which a word may be misspelt by one edit, and by two."""
_LONG_PROTECTED = 7
"""Letters from which a protected word may be misspelt by one edit: "bilatral" can be nothing but "bilateral"."""
_MOST_WORDS = 12
_ARTICLES = frozenset({"the", "an"})
_Cost = tuple[int, int]


class Known(Protocol):
    """What a caller knows of words."""

    def tell_apart(self, quoted: str, found: str) -> bool:
        """True if both are known to be words, so that neither is the other misspelt."""


class Guard:
    """What may differ between a quote and its passage; made once by `load`, safe to share between threads."""

    def __init__(self, kinds: dict[str, str], parts: dict[str, list[list[str]]], alike: dict[str, set[str]]) -> None:
        """Keep protected words by kind, parts of words and small words by kind, and lookalikes by word."""
        self.kinds = kinds
        self.alike = alike
        self.prefixes = parts.get("prefix", [])
        self.swaps = parts.get("swap", [])
        self.endings = parts.get("ending", [])
        self.suffixes = parts.get("suffix", [])
        flat = {kind: frozenset(word for row in rows for word in row) for kind, rows in parts.items()}
        self.negating = flat.get("negating", frozenset())
        self.small = flat.get("small", frozenset())
        self.stems = tuple(flat.get("stem", frozenset()))
        self.designators = flat.get("designator", frozenset())
        self.tied_before = flat.get("tied_before", frozenset())
        self.tied_after = flat.get("tied_after", frozenset())
        self.acronyms = flat.get("acronym", frozenset())
        self._is_spelling = lru_cache(maxsize=8192)(self._same_but_for_spelling)
        self._long_protected = [word for word in kinds if len(word) >= _LONG]

    @staticmethod
    @cache
    def load() -> Guard:
        """The guard of the words in `agent/rules`."""
        kinds: dict[str, str] = {}
        for kind, words in _rows("protected.tsv"):
            kinds |= dict.fromkeys(words, kind)
        parts: dict[str, list[list[str]]] = {}
        for kind, words in _rows("affixes.tsv"):
            parts.setdefault(kind, []).append(words)
        alike: dict[str, set[str]] = {}
        for word, others in _rows("lookalikes.tsv"):
            for other in others:
                alike.setdefault(word, set()).add(other)
                alike.setdefault(other, set()).add(word)
        return Guard(kinds, parts, alike)

    def kind(self, word: str) -> str | None:
        """What a word says that a quote must not change; None for a word that says nothing of the kind."""
        if word.isalpha():
            return self.kinds.get(word)
        if any(char.isnumeric() for char in word):
            return "number"
        return self.kinds.get(word) if any(char.isalpha() for char in word) else "sign"

    def objection(self, differences: Sequence[Difference], words: int, known: Known) -> str | None:
        """Why these differences are not a matter of spelling, in words for a person; None if they are.

        Args:
            differences: what `align` found.
            words: how many words the quote has; a longer quote may hold more misspellings.
            known: what is known of words besides, from the document or a vocabulary.
        """
        misspelt = small = 0
        for difference in differences:
            cost = self._cost(difference, known)
            if cost is None:
                return self._says(difference)
            misspelt += cost[0]
            small += cost[1]
        if misspelt > max(1, words // 6) or small > max(2, words // 3):
            return f"{misspelt + small} of its {words} words differ from the document's"
        return None

    def _says(self, difference: Difference) -> str:
        quote, text = (" ".join(word.text for word in side) for side in (difference.quote, difference.text))
        kinds = [self.kind(word.text) for word in difference.quote + difference.text]
        kind = next((f" ({kind})" for kind in kinds if kind is not None), "")
        return f"the document says {_shown(text)} where the quote says {_shown(quote)}{kind}"

    def _cost(self, difference: Difference, known: Known) -> _Cost | None:
        """How many words of a difference are misspelt, how many small words come or go; None if anything else does."""
        quote, text = difference.quote, difference.text
        if len(quote) > _MOST_WORDS or len(text) > _MOST_WORDS:
            return None

        @cache
        def least(i: int, j: int) -> _Cost | None:
            if i == len(quote) and j == len(text):
                return (0, 0)
            costs: list[_Cost] = []

            def step(di: int, dj: int, misspelt: int, small: int) -> None:
                rest = least(i + di, j + dj)
                if rest is not None:
                    costs.append((rest[0] + misspelt, rest[1] + small))

            if i < len(quote) and self._is_small(quote, i, difference):
                step(1, 0, 0, 1)
            if j < len(text) and self._is_small(text, j, difference):
                step(0, 1, 0, 1)
            if i < len(quote) and j < len(text):
                if quote[i].text == text[j].text:
                    step(1, 1, 0, 0)
                elif self.is_misspelt(quote[i].text, text[j].text, known):
                    plural = _is_plural(quote[i].text, text[j].text)
                    step(1, 1, int(not plural), int(plural))
                for more in (2, 3):
                    if self._joins(quote[i].text, text[j : j + more], more):
                        step(1, more, 0, 0)
                    if self._joins(text[j].text, quote[i : i + more], more):
                        step(more, 1, 0, 0)
            return min(costs, default=None)

        return least(0, 0)

    def _is_small(self, words: Sequence[Word], at: int, difference: Difference) -> bool:
        """True if the word may come or go; not "a" where it is a name ("hepatitis A"), and at an end only an article.

        At an end "is" or "patient" would be said of whatever stands beside the passage: "not", "mother of the".
        """
        word = words[at].text
        before = words[at - 1].text if at > 0 else difference.before
        after = words[at + 1].text if at + 1 < len(words) else difference.after
        if word == "a":
            return bool(after) and before not in self.designators
        return word in self.small and (word in _ARTICLES or (bool(before) and bool(after)))

    def _joins(self, whole: str, pieces: Sequence[Word], count: int) -> bool:
        """True if `pieces` are the one word `whole` written apart, and mean the same apart."""
        if len(pieces) != count or "".join(piece.text for piece in pieces) != whole:
            return False
        for left, right in pairwise(pieces):
            if left.text[-1].isnumeric():
                if self.kind(right.text) != "unit":
                    return False
            elif right.tied or left.text in self.tied_before - self.small - {"no", "not"}:
                continue
            elif any(word in self.small or self.kind(word) is not None for word in (left.text, right.text)):
                return False
        return True

    def is_misspelt(self, quoted: str, found: str, known: Known) -> bool:
        """True if the two are one long word, one of them misspelt, and nothing else explains it as well."""
        return self._is_spelling(quoted, found) and (_is_plural(quoted, found) or not known.tell_apart(quoted, found))

    def _same_but_for_spelling(self, quoted: str, found: str) -> bool:
        """As `is_misspelt`, as far as the two words alone can tell."""
        if not quoted.isalpha() or not found.isalpha() or {"number", "unit"} & {self.kind(quoted), self.kind(found)}:
            return False
        short, long = sorted((len(quoted), len(found)))
        protected = quoted in self.kinds or found in self.kinds
        if not protected and short >= _LONG - 1 and _is_plural(quoted, found):
            return True
        if short < _LONG or (protected and long < _LONG_PROTECTED) or not _begin_alike(quoted, found):
            return False
        most = 2 if short >= _VERY_LONG and not protected and not self._is_drug(found, quoted) else 1
        if protected and not _begin_alike(quoted[::-1], found[::-1]):
            return False
        distance = OSA.distance(quoted, found, score_cutoff=most)
        if distance > most or (distance == 2 and quoted[-2:] != found[-2:]):
            return False
        real = [word in self.kinds or word in self.alike for word in (quoted, found)]
        if all(real):
            return False
        if min(_distance(quoted, self._turned(found)), _distance(found, self._turned(quoted))) < distance:
            return False
        return (real[0] or not self._is_explained(quoted, found, distance)) and (
            real[1] or not self._is_explained(found, quoted, distance)
        )

    def _is_explained(self, misspelt: str, word: str, distance: int) -> bool:
        """True if another real word than `word` explains `misspelt` as well as it does."""
        protected = process.extract(misspelt, self._long_protected, scorer=OSA.distance, score_cutoff=distance, limit=9)
        rivals = {other for other, _, _ in protected if other[:-2] != word[: len(other) - 2]}
        rivals |= self.alike.get(word, set())
        rivals |= _exchanged(word, self.prefixes, self.suffixes)
        rivals = {rival for rival in rivals - {word, misspelt} if _begin_alike(misspelt, rival)}
        return _distance(misspelt, rivals) <= distance

    def _is_drug(self, *words: str) -> bool:
        return any(word.endswith(self.stems) for word in words)

    def _turned(self, word: str) -> set[str]:
        """What `word` becomes if a part of it is changed for one of another meaning."""
        turned = {part + word for part in self.negating}
        turned |= {word.removeprefix(part) for part in self.negating}
        return (turned | _exchanged(word, self.prefixes + self.swaps, self.suffixes + self.endings)) - {word}


def _exchanged(word: str, prefixes: list[list[str]], suffixes: list[list[str]]) -> set[str]:
    """What a word becomes if its beginning or its end is exchanged for another of the same row."""
    begun = {new + word[len(old) :] for row in prefixes for old in row if word.startswith(old) for new in row}
    return begun | {word[: -len(old)] + new for row in suffixes for old in row if word.endswith(old) for new in row}


def _distance(word: str, others: set[str]) -> int:
    """Edits from a word to the nearest of others; 3 where there are more."""
    return min((OSA.distance(word, other, score_cutoff=2) for other in others), default=3)


def _begin_alike(one: str, other: str) -> bool:
    """True if two words begin with the same letter, or with the same two the other way round."""
    return one[0] == other[0] or one[:2] == other[1::-1]


def _is_plural(one: str, other: str) -> bool:
    return one in (other + "s", other + "es") or other in (one + "s", one + "es")


def _shown(words: str) -> str:
    return f'"{words}"' if words else "nothing"


def _rows(name: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of a words file: what stands in the first column, and the words in the second."""
    text = (files("agent") / "rules" / name).read_text(encoding="utf-8")
    for line in text.splitlines()[1:]:
        if line and not line.startswith("#"):
            first, words = line.split("\t")
            yield first, words.split()
