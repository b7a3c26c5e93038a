"""Abbreviations: what the short forms of a sentence stand for, or nothing where the sentence does not tell.

An abbreviation with several meanings takes the one whose cue stands in its sentence, or whose section it is in; without
either it takes the meaning that the lexicon marks as safe, else it is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from agent.words import Vocabulary, Word, read_lexicon


@dataclass(frozen=True)
class _Meaning:
    """One meaning: its letters as written, its words in normal form, and when it holds."""

    letters: tuple[str, ...]
    anycase: bool
    forms: tuple[str, ...]
    cues: frozenset[str]
    sections: frozenset[str]
    never: frozenset[str]

    @property
    def fallback(self) -> bool:
        return not self.cues and not self.sections

    def written_as(self, raws: Sequence[str]) -> bool:
        """Whether words of a note are this abbreviation, in the case in which it is written."""
        if self.anycase:
            return [raw.lower() for raw in raws] == [letter.lower() for letter in self.letters]
        return tuple(raws) == self.letters


class Abbreviations:
    """The abbreviations of `codesets/lexicon/abbreviations.tsv`; made once by `load`, safe to share."""

    def __init__(self, by_first: dict[str, list[tuple[_Meaning, ...]]]) -> None:
        """Keep the meanings by the first word of the abbreviation in lower case, the longest first."""
        self._by_first = by_first

    @staticmethod
    @cache
    def load() -> Abbreviations:
        """The abbreviations of the lexicon."""
        vocabulary = Vocabulary.load()
        meanings: dict[tuple[str, ...], list[_Meaning]] = {}
        for row in read_lexicon("abbreviations.tsv"):
            letters = tuple(word.raw for word in Vocabulary({}, {}).words(row["abbreviation"]))
            if all(letter.isdigit() for letter in letters):
                continue  # "2\u00b0" and "2/2" can't be told from numbers once their signs are gone
            conditions = [part.strip() for part in row["when"].split("|") if part.strip()]
            meaning = _Meaning(
                letters=letters,
                anycase="exactcase" not in row["note"]
                and ("anycase" in row["note"] or sum(map(len, letters)) >= 4 or row["abbreviation"].islower()),
                forms=(*vocabulary.bag(row["expansion"]), *(letter.lower() for letter in letters if len(letters) == 1)),
                cues=frozenset(c.lower() for c in conditions if not c.startswith(("!", "section:"))),
                sections=frozenset(c.removeprefix("section:") for c in conditions if c.startswith("section:")),
                never=frozenset(c[1:].lower() for c in conditions if c.startswith("!")),
            )
            meanings.setdefault(tuple(letter.lower() for letter in letters), []).append(meaning)
        by_first: dict[str, list[tuple[_Meaning, ...]]] = {}
        for key in sorted(meanings, key=len, reverse=True):
            by_first.setdefault(key[0], []).append(tuple(meanings[key]))
        return Abbreviations(by_first)

    def expand(self, words: list[Word], section: str) -> list[Word]:
        """The words with each abbreviation given the normal forms of what it stands for; places stay as they are."""
        expanded = list(words)
        lows: frozenset[str] | None = None
        i = 0
        while i < len(words):
            step = 1
            for meanings in self._by_first.get(words[i].raw.lower(), ()):
                n = len(meanings[0].letters)
                taken = words[i : i + n]
                if any(after.start - before.end > 1 for before, after in pairwise(taken)):
                    continue
                raws = [word.raw for word in taken]
                fitting = [meaning for meaning in meanings if meaning.written_as(raws)]
                if not fitting:
                    continue
                if lows is None:
                    lows = frozenset(word.raw.lower() for word in words) | {f for word in words for f in word.forms}
                chosen = _meant(fitting, lows, section)
                if chosen is not None:
                    # A tuple of this occurrence alone: who holds it is of the same abbreviation.
                    forms = tuple(list(chosen.forms))
                    for j in range(i, i + n):
                        expanded[j] = words[j]._replace(forms=forms)
                    step = n
                break
            i += step
        return expanded


def _meant(meanings: Sequence[_Meaning], lows: frozenset[str], section: str) -> _Meaning | None:
    fallback = None
    for meaning in meanings:
        if meaning.never & lows:
            continue
        if meaning.cues & lows or section in meaning.sections:
            return meaning
        if meaning.fallback and fallback is None:
            fallback = meaning
    return fallback
