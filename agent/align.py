"""Alignment: where a text comes near to a quote, and in which words the two then differ.

Characters alone mislead (one line's break scores worse than another stage of a disease), so quote and text are aligned
word by word and the differing words are named, for others to judge. Spaces and plain punctuation are not words; signs
that carry meaning ("+", a minus, "?", ">") are.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, Levenshtein

from agent.fold import Fold, Span


def _words(letter: str, sign: str, digit: str = "0-9") -> re.Pattern[str]:
    """The pattern of a word, for letters and digits given as character classes; the common case stands first."""
    any_ = f"[{letter}{digit}]"
    return re.compile(
        rf"""
          [{letter}]+(?![{letter}{digit}'/])
        | [{digit}]+(?:[.,:/][{digit}]+)*{any_}*                        # 7.5mg 140/90 1,500 3b
        | [{letter}](?:/[{letter}]?(?!{any_})|{any_}*(?:'{any_}+)*)     # w/o h/o patient's t2dm
        | \.(?<!{any_}\.)(?<!\.\.)[{digit}]+{any_}*                    # .5
        | -(?:(?<=[{digit}]-)(?=[{digit}])|(?<!{any_}-)(?={any_})|(?<={any_}-)(?!{any_})|(?<=\(-)(?=\)))
        | {sign}
        """,
        re.VERBOSE,
    )


_ASCII_WORD = _words("a-z", r"[#%&+/<=>?@\\^~$]")
# Beyond ASCII: letters with the marks upon them; superscripts, fractions and numerals of one character are digits.
_WORD = _words(
    "a-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2071\u207f\u2090-\u209c\u2100-\u214f"
    "\u2c00-\u2dff\u3004-\ufb4f\ufb50-\ufdff\ufe20-\ufe2f\ufe70-\uffdc\U00010000-\U0001efff\U00020000-\U0003ffff",
    r"[^\w\s.,;:!\"'()\[\]{}*|_-]",
    digit="0-9\u00b2\u00b3\u00b9\u00bc-\u00be\u2070\u2074-\u2079\u2080-\u2089\u2150-\u218f\u2460-\u249b\u24ea-\u24ff\u2776-\u2793"
    "\U0001f100-\U0001f10c\U0001fbf0-\U0001fbf9",
)
_STOP = re.compile(r"[.!?;](?= )")
_LOOSE = 3
"""How many words more or fewer than the quote a passage may have at either end when its bounds are sought."""
_ANCHORS = 4
_LONG = 6
_MOST_PLACES = 50
_SHARED = 0.6
"""Of the words that the likeliest passage shares with the quote, the part that another must share to be looked at."""
_MOST_VOTES = 5000
_FAR = 50.0
"""A passage whose score is less comes near to nothing."""


class Word(NamedTuple):
    """A word of a folded text, and whether a hyphen ties it to the word before."""

    text: str
    tied: bool


class Difference(NamedTuple):
    """Words of the quote and the words that stand for them in the text, either of which may be none.

    `before` and `after` are the words on either side that both have, "" at the quote's ends.
    """

    quote: tuple[Word, ...]
    text: tuple[Word, ...]
    before: str
    after: str


class Alignment(NamedTuple):
    """A passage that comes near to a quote: its place, its likeness (0 to 100), and every difference in words.

    `words` is how many words the quote has; `same_stops` says that the passage ends as many sentences inside as the
    quote does.
    """

    span: Span
    score: float
    words: int
    same_stops: bool
    differences: tuple[Difference, ...]


class Words:
    """The words of a folded text, with an index of where each stands; made once a text, safe to share."""

    def __init__(self, fold: Fold) -> None:
        """Index the words of `fold`."""
        self.fold = fold
        self.texts: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.places: dict[str, list[int]] = {}
        pattern = _ASCII_WORD if fold.folded.isascii() else _WORD
        for number, match in enumerate(pattern.finditer(fold.folded)):
            text = match.group().replace("'", "")
            self.texts.append(text)
            self.starts.append(match.start())
            self.ends.append(match.end())
            self.places.setdefault(text, []).append(number)

    def word(self, number: int) -> Word:
        """The word of that number."""
        at = self.starts[number]
        before = self.fold.folded[max(at - 2, 0) : at]
        return Word(self.texts[number], len(before) == 2 and before[0].isalnum() and before[1] == "-")

    @property
    def whole(self) -> str:
        """The folded text from its first word to its last."""
        return self.fold.folded[self.starts[0] : self.ends[-1]]

    def passage(self, first: int, last: int) -> str:
        """The folded text of the words `[first, last)`, at least one."""
        return self.fold.folded[self.starts[first] : self.ends[last - 1]]

    def between(self, first: int, last: int, text: str) -> list[int]:
        """The numbers in `[first, last)` of the places of one word."""
        places = self.places.get(text, [])
        return places[bisect_left(places, first) : bisect_left(places, last)]


def align(words: Words, quote: str, start: int, end: int) -> tuple[Alignment, ...]:
    """The passages of `[start, end)` that come near to `quote`, best first, none overlapping another.

    Args:
        words: the words of the folded text.
        quote: what to look for; folded here.
        start: where in the original text to begin, in code points.
        end: where in the original text to stop.
    """
    sought = Words(Fold(quote))
    count = len(sought.texts)
    first = bisect_left(words.starts, words.fold.at(start))
    last = bisect_left(words.starts, words.fold.at(end))
    if count == 0 or first == last:
        return ()
    found: list[Alignment] = []
    for begin in _likely(words, sought, first, last):
        a, b = _bounds(words, sought, begin, first, last)
        span = words.fold.span(words.starts[a], words.ends[b - 1])
        if span is None or span.start < start or span.end > end:
            continue
        passage = words.passage(a, b)
        score = fuzz.ratio(sought.whole, passage, score_cutoff=_FAR)
        if score > 0:
            same_stops = len(_STOP.findall(sought.whole)) == len(_STOP.findall(passage))
            found.append(Alignment(span, score, count, same_stops, tuple(_differences(sought, words, a, b))))
    found.sort(key=lambda one: (-one.score, len(one.differences), one.span))
    apart: list[Alignment] = []
    for one in found:
        if all(one.span.end <= other.span.start or other.span.end <= one.span.start for other in apart):
            apart.append(one)
    return tuple(apart)


def _likely(words: Words, sought: Words, first: int, last: int) -> list[int]:
    """Where the quote would begin if its rarest words stood at their places in it; likeliest first."""
    anchors: list[tuple[int, list[int]]] = []
    for text, numbers in sought.places.items():
        places = words.between(first, last, text)
        if places:
            anchors.append((numbers[0], places))
    anchors.sort(key=lambda anchor: len(anchor[1]))
    del anchors[_ANCHORS:]
    if len(anchors) < 2:
        anchors += _misspelt(words, sought, first, last)
    votes: Counter[int] = Counter()
    for number, places in anchors:
        votes.update(place - number for place in places[:_MOST_VOTES])
    sought_texts = set(sought.texts)
    taken: set[int] = set()
    likely: list[tuple[int, int, int]] = []
    for begin, vote in votes.most_common(_MOST_PLACES * 4):
        if begin not in taken:
            taken.update(range(begin - _LOOSE, begin + _LOOSE + 1))
            window = words.texts[max(begin - _LOOSE, first) : begin + len(sought.texts) + _LOOSE]
            likely.append((-len(sought_texts.intersection(window)), -vote, begin))
    likely.sort()
    enough = -likely[0][0] * _SHARED if likely else 0
    return [begin for shared, _, begin in likely[:_MOST_PLACES] if -shared >= enough]


def _misspelt(words: Words, sought: Words, first: int, last: int) -> Iterator[tuple[int, list[int]]]:
    """Long words of the quote that the text does not have, with the places of words spelt nearly the same."""
    for text, numbers in sought.places.items():
        if len(text) >= _LONG and text not in words.places:
            near = process.extract(text, words.places.keys(), scorer=OSA.distance, score_cutoff=2, limit=5)
            places = sorted(place for other, _, _ in near for place in words.between(first, last, other))
            if places:
                yield numbers[0], places


def _bounds(words: Words, sought: Words, begin: int, first: int, last: int) -> tuple[int, int]:
    """The words `[a, b)` near `begin` that are most like the quote; they begin and end as it does where any do."""
    texts, end = sought.texts, begin + len(sought.texts)
    near = range(max(first, begin - _LOOSE), min(last, begin + _LOOSE + 1))
    starts = [k for k in near if words.texts[k] == texts[0]] or [k for k in near if abs(k - begin) <= 1]
    near = range(max(first, end - _LOOSE - 1), min(last, end + _LOOSE))
    ends = [k + 1 for k in near if words.texts[k] == texts[-1]] or [k + 1 for k in near if abs(k + 1 - end) <= 1]
    best, bounds = -1.0, (max(begin, first), min(max(end, first + 1), last))
    for a in starts or [bounds[0]]:
        for b in ends or [bounds[1]]:
            if a < b:
                score = fuzz.ratio(sought.whole, words.passage(a, b))
                if score > best:
                    best, bounds = score, (a, b)
    return bounds


def _differences(sought: Words, words: Words, a: int, b: int) -> Iterator[Difference]:
    codes = Levenshtein.opcodes(sought.texts, words.texts[a:b])
    quote: list[Word] = []
    text: list[Word] = []
    before = ""
    for code in codes:
        if code.tag == "equal":
            if quote or text:
                yield Difference(tuple(quote), tuple(text), before, sought.texts[code.src_start])
                quote, text = [], []
            before = sought.texts[code.src_end - 1]
        else:
            quote += [sought.word(k) for k in range(code.src_start, code.src_end)]
            text += [words.word(a + k) for k in range(code.dest_start, code.dest_end)]
    if quote or text:
        yield Difference(tuple(quote), tuple(text), before, "")
