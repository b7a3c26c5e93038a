"""Words: clinical text as normalised content words that keep their place.

One normal form serves the code table, the search and the lexical engine, so that "oedemas of the lower limbs" and
"Edema, lower limb" meet. Lower case, accents folded, plurals and possessives stripped, hyphenated prefixes joined,
roman numerals after type, stage and the like turned into digits, and spelling variants and equivalent words mapped by
`codesets/lexicon/words.tsv`. Nothing here decides what a phrase means.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from agent.tables import read_rows

STOP_WORDS = frozenset(
    "a an the of in on at to and or by for from as is are was were be been being with due his her their its my our "
    "your this that these those he she they it we i has have had which who whom there also any some into upon during "
    "unspecified nos nec other otherwise specified elsewhere classified mellitus".split()
)
"""Words that tell two conditions apart only rarely; they are not part of a term."""

_JOINED_PREFIXES = frozenset(
    "non gastro post pre sub intra inter extra anti pseudo infra supra peri para cerebro cardio broncho musculo tubulo "
    "retro trans hyper hypo thrombo micro macro mega neuro multi poly osteo uretero vesico recto ano cranio naso oro "
    "pneumo hydro hemo dys de lympho arterio athero immuno photo un semi bi tri mono mal mid trachea broncho".split()
)
_WORD = re.compile(r"\d+\.\d+|[^\W_]+(?:['\u2019][^\W_]+)?")
_LETTER_AFTER = frozenset(
    "hepatitis vitamin vitamins hemophilia haemophilia group type influenza factor immunoglobulin stage".split()
)
"""After these the letter a is a kind, not an article: hepatitis A, type A."""
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7"}
_ROMAN_AFTER = frozenset("type stage class grade degree factor kind group lane".split())
_KEEPS_ITS_S = re.compile(r"(ss|us|is|os|ps|ics|itis|sis|xis|gas|creas|atlas|bias|psoas|texas)$")


class Word(NamedTuple):
    """A word of a text: code points `[start, end)`, and the normal forms it stands for (none for a stop word)."""

    start: int
    end: int
    raw: str
    forms: tuple[str, ...]


def fold_accents(text: str) -> str:
    """Lower case without accents; may change the length, so never used where a place is kept."""
    # Lower case last: folding turns mathematical letters into capitals.
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()


def singular(word: str) -> str:
    """The singular of a regular English plural; other words as they are."""
    if len(word) < 4 or not word.endswith("s") or _KEEPS_ITS_S.search(word):
        return word
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=200_000)
def _low(raw: str) -> str:
    """A word as phrases are compared; remembered, since every word of every text passes here."""
    return singular(fold_accents(raw))


Phrases = dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]
"""Phrases by their first word: the words of each in the singular, and the normal forms that it stands for."""


class Vocabulary:
    """Spelling variants and equivalent words; made once by `load`, safe to share between threads."""

    def __init__(self, mapping: dict[str, tuple[str, ...]], phrases: Phrases) -> None:
        """Keep what single words and phrases stand for; the longest phrase of a first word comes first."""
        self._mapping = mapping
        self._phrases = phrases
        self._seen: dict[str, tuple[str, ...]] = {}

    @staticmethod
    @cache
    def load() -> Vocabulary:
        """The vocabulary of `codesets/lexicon/words.tsv`."""
        mapping: dict[str, tuple[str, ...]] = {}
        phrases: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
        for row in read_lexicon("words.tsv"):
            left = tuple(fold_accents(w.group()) for w in _WORD.finditer(row["word"]))
            right = tuple(
                singular(fold_accents(w.group()))
                for w in _WORD.finditer(row["canonical"])
                if w.group() not in STOP_WORDS
            )
            if len(left) == 1:
                mapping[left[0]] = right
                mapping.setdefault(singular(left[0]), right)
            elif left:
                key = tuple(map(singular, left))
                phrases.setdefault(key[0], []).append((key, right))
        longest = {first: tuple(sorted(found, key=lambda pair: -len(pair[0]))) for first, found in phrases.items()}
        return Vocabulary(mapping, longest)

    def forms(self, raw: str) -> tuple[str, ...]:
        """The normal forms of one word; empty for a stop word."""
        known = self._seen.get(raw)
        if known is None:
            known = self._forms(raw)
            if len(self._seen) < 200_000:
                self._seen[raw] = known
        return known

    def _forms(self, raw: str) -> tuple[str, ...]:
        word = fold_accents(raw).replace("\u2019", "'")
        word = word.removesuffix("'s").replace("'", "")
        if word in STOP_WORDS:
            return ()
        if word in self._mapping:
            return self._mapping[word]
        word = singular(word)
        return self._mapping.get(word, (word,))

    def words(self, text: str) -> list[Word]:
        """Every word of `text` with its place, in order; stop words come with no forms."""
        found: list[Word] = []
        prefix: Word | None = None
        for match in _WORD.finditer(text):
            raw = match.group()
            start, end = match.span()
            if prefix is not None and prefix.end in (start, start - 1) and raw[0].isalpha():
                joined = fold_accents(prefix.raw) + fold_accents(raw)
                found[-1] = Word(prefix.start, end, text[prefix.start : end], self.forms(joined))
                prefix = None
                continue
            prefix = None
            word = Word(start, end, raw, self.forms(raw))
            low = raw.lower()
            if low in _ROMAN and found and found[-1].raw.lower().removesuffix("s") in _ROMAN_AFTER:
                word = Word(start, end, raw, (_ROMAN[low],))
            elif low == "a" and found and found[-1].raw.lower() in _LETTER_AFTER:
                word = Word(start, end, raw, ("a",))
            found.append(word)
            if low in _JOINED_PREFIXES and (
                text[end : end + 1] == "-" or (low == "non" and text[end : end + 1] == " ")
            ):
                prefix = word._replace(end=end + 1)
        if self._phrases:
            self._join_phrases(found)
        return found

    def _join_phrases(self, words: list[Word]) -> None:
        """Give the words of each known phrase what the phrase stands for, in place."""
        lows = [_low(word.raw) for word in words]
        place = 0
        while place < len(words):
            size = 1
            for key, forms in self._phrases.get(lows[place], ()):
                if tuple(lows[place : place + len(key)]) == key:
                    size = len(key)
                    # A tuple of this occurrence alone: who holds it is of the same phrase.
                    forms = tuple(list(forms))
                    for index in range(place, place + size):
                        words[index] = words[index]._replace(forms=forms)
                    break
            place += size

    def bag(self, text: str) -> tuple[str, ...]:
        """The normal forms of the content words of `text`, in order, each once."""
        return tuple(dict.fromkeys(form for word in self.words(text) for form in word.forms))


def read_lexicon(name: str) -> Iterator[dict[str, str]]:
    """The rows of a file of `codesets/lexicon`, by column name."""
    return read_rows("codesets", f"lexicon/{name}")
