"""Text and places in it: finding a quote, and reading what stands around a place.

Places are half-open intervals of code points of the original text, which is never copied, cleaned or shortened. With
`agent.fold`, which maps folded text back to the original, and `agent.align` this is all the offset arithmetic there is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property

from agent.fold import Fold, Span, has_no_width

__all__ = ["Fold", "Page", "Span", "at_edge", "clause_left", "find", "sentences"]


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.combining(char) != 0


def at_edge(text: str, place: int) -> bool:
    """True if no word, number or slashed abbreviation runs across `place` of `text`: not inside 7.5, 140/90 or w/o."""
    left, right = place - 1, place
    while left >= 0 and has_no_width(text[left]):
        left -= 1
    while right < len(text) and has_no_width(text[right]):
        right += 1
    if left < 0 or right == len(text):
        return True
    if _is_word(text[left]) and _is_word(text[right]):
        return False
    return _INSIDE.search(f"{text[max(left - 2, 0) : left + 1]}\n{text[right : right + 2]}") is None


# The place is the line break; up to three characters stand before it and two after it.
_INSIDE = re.compile(
    r"\d[.,/:]\n\d|\d\n[.,/:]\d|(?:^|[^\w.])\.\n\d|(?:^|[\W_])[a-z](?:/\n|\n/)[a-z]", re.IGNORECASE | re.ASCII
)


def _places(text: str, needle: str, start: int, end: int) -> Iterator[Span]:
    """Where `needle` stands in `[start, end)` of `text` and cuts no word, without overlap, in order."""
    at = text.find(needle, start, end)
    while at >= 0:
        after = at + len(needle)
        whole = at_edge(text, at) and at_edge(text, after)
        if whole:
            yield Span(at, after)
        at = text.find(needle, after if whole else at + 1, end)


def find(text: str, quote: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
    """Every place in `[start, end)` of `text` where `quote` stands letter for letter and cuts no word, in order.

    White space around the quote is left out of account; a quote of nothing else is found nowhere.
    """
    needle = quote.strip()
    return tuple(_places(text, needle, start, len(text) if end is None else end)) if needle else ()


_TRIM = " .,;:!\"'()[]*"


class Page:
    """A text with its folded forms, each made once when first asked for; safe to share between threads."""

    def __init__(self, text: str) -> None:
        """Keep `text`; nothing is folded yet."""
        self.text = text

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The folded text; where words are hyphenated at lines' ends also the one with these words joined up."""
        plain = Fold(self.text)
        return (plain, Fold(self.text, join=True)) if plain.wrapped else (plain,)

    def find(self, quote: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
        """Every place in `[start, end)` of the text that is the same as `quote` after folding and cuts no word.

        Punctuation around the quote is left out of account where the quote is not found with it; question marks,
        signs and brackets' contents never are.
        """
        end = len(self.text) if end is None else end
        forms = [fold.folded for fold in Page(quote).folds]
        if _FLAT_HYPHEN.search(forms[0]):
            # A quote that copies a hyphenated line's end with the break made a space.
            forms += [_FLAT_HYPHEN.sub("-", forms[0]), _FLAT_JOINT.sub("", forms[0])]
        for trim in (" ", _TRIM):
            if trim == _TRIM:
                forms = [_BULLET.sub("", form) for form in forms]
            found: set[Span] = set()
            for needle in dict.fromkeys(form.strip(trim) for form in forms):
                if needle:
                    found.update(span for fold in self.folds for span in _folded(fold, needle, start, end))
            if found:
                return tuple(sorted(found))
        return ()


_BULLET = re.compile(r"^\s*- (?!\d)")
_FLAT_HYPHEN = re.compile(r"(?<=[^\W_])- (?=[^\W_])")
_FLAT_JOINT = re.compile(r"(?<=[^\W\d_])- (?=[^\W\d_])")


def _folded(fold: Fold, needle: str, start: int, end: int) -> Iterator[Span]:
    for place in _places(fold.folded, needle, fold.at(start), fold.at(end)):
        span = fold.span(*place)
        if span is not None and start <= span.start and span.end <= end:
            yield span


_STOP = re.compile(r"[.!?\n](?:(?<=\n)\s*+|(?<![.!?][.!?])[.!?]*+[\"'\u201d\u2019)\]]*+(?=\s))")
_NEVER_LAST = re.compile(r"\b(?:dr|mr|mrs|ms|prof|st|vs|approx|e\.?g|i\.?e|cf|dr\. [a-z])$", re.I)
_RARELY_LAST = re.compile(
    r"\b(?:pts?|nos?|fig|inc|jr|dept|[hdrtsf]x|wt|ht|temp|resp|tabs?|caps?|est|etc|al|[a-z](?:\.[a-z])+)$", re.I
)
_ITEM = re.compile(
    r"(?:[-*+\u2022\u2023\u2043\u2219\u25aa\u25e6\u2013\u2014]|\(?\d{1,2}[.):]|\(?[a-zA-Z][.)])(?=\s)|[A-Z][^.\n]{0,60}:"
)
_RUNS_ON = re.compile(
    r"(?:,|\b(?:and|or|of|the|a|an|with|without|no|in|on|to|for|by|from|at|as|is|was|are|were|his|her))$", re.I
)
_NARROW = 50
"""A line shorter than this was ended by its writer, not by the width of a page."""
_WIDEST = 130
"""Longer lines than this were not wrapped at all."""
_LOOK_BACK = 2000
_TURN = re.compile(r";|\b(?:but|however|although|though|except|yet|whereas|nevertheless)\b", re.I)


def sentences(text: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
    """The sentences of `[start, end)` of `text`, in order; they cover it without gap or overlap.

    White space after a sentence belongs to it. A line's end ends a sentence where the writer ended the line (a list, a
    heading, a blank line), and not where the page was full. Full stops of abbreviations and initials end nothing.
    """
    end = len(text) if end is None else end
    found: list[Span] = []
    begin = start
    for stop in _STOP.finditer(text, start, end):
        after, broken = stop.end(), "\n" in stop.group()
        while not broken and after < end and text[after].isspace():
            after += 1
        if after <= begin or after >= end or (broken and stop.start() == begin):
            continue
        if _wraps(text, stop, start, end) if broken else _goes_on(text, stop, after):
            continue
        found.append(Span(begin, after))
        begin = after
    if begin < end:
        found.append(Span(begin, end))
    return tuple(found)


def _goes_on(text: str, stop: re.Match[str], after: int) -> bool:
    """True if the sentence runs on after this full stop, question or exclamation mark."""
    if stop.group() != ".":
        return text[after].islower() and text.startswith(("vs", "or ", "versus"), after)
    if "\n" in text[stop.end() : after]:
        return False
    before = text[max(stop.start() - 12, 0) : stop.start()]
    if _NEVER_LAST.search(before):
        return True
    return not text[after].isupper() and _RARELY_LAST.search(before) is not None


def _wraps(text: str, stop: re.Match[str], start: int, end: int) -> bool:
    """True if the line ends here only because the page was full."""
    if stop.group().count("\n") > 1:
        return False
    line = text[max(text.rfind("\n", start, stop.start()) + 1, start) : stop.start()].rstrip(" \t\r")
    after = stop.end()
    if not line or line[-1] in ".!?:;" or _ITEM.match(text, after, end):
        return False
    if _RUNS_ON.search(line[-20:]):
        return True
    if len(line) < _NARROW:
        return text[after].islower() and len(line) >= _NARROW * 4 // 5
    if text[after].islower():
        return True
    word = text[after : after + 40].split(None, 1)
    width = max(len(other) for other in text[max(start, stop.start() - 1500) : after + 500].split("\n"))
    return bool(word) and len(line) + 1 + len(word[0]) > min(width, _WIDEST)


def clause_left(text: str, place: int, start: int = 0) -> Span:
    """What stands to the left of `place` in its own clause: from the last sentence's end or turn ("but", ";") to it.

    Looks back no further than `start` and 2,000 code points. Read it to see what a quote left out: "no evidence of".
    """
    floor = max(start, place - _LOOK_BACK)
    after = min(place + 200, len(text))
    begin = next((s.start for s in reversed(sentences(text, floor, after)) if s.start <= place), floor)
    for turn in _TURN.finditer(text, begin, place):
        begin = turn.end()
    return Span(begin, place)
