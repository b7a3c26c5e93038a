"""Text and places in it: the only file that does offset arithmetic.

Places are half-open intervals of code points of the original text, which is never copied, cleaned or shortened. To
compare a quote with it both are folded, and a map leads every folded character back to where it came from. Folding
takes out what copying changes and meaning does not: runs of white space and bullets, line wraps, case, typographic
quotes and dashes, ligatures, composed or decomposed accents, soft hyphens, NUL and other characters without width.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple


class Span(NamedTuple):
    """A place: code points `[start, end)` of an original text."""

    start: int
    end: int


_UNSEEN = "\xad"
_BULLETS = "\u2022\u2023\u2043\u2219\u25aa\u25e6"
"""Only bullets that never tick a box: a filled circle beside hollow ones is an answer."""


def _one_to_one() -> dict[int, str]:
    """What is replaced by one character, so that places stay; everything without width becomes a soft hyphen."""
    table = {code: " " for code in range(0x3001) if chr(code).isspace() and code != 0x0A}
    table |= {ord(c): " " for c in _BULLETS}
    table |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    table |= {ord(c): "-" for c in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"}
    table |= {ord(c): "'" for c in "\u2018\u2019\u201a\u201b\u2032\u2035\u02bc`\u00b4\uff07"}
    table |= {ord(c): '"' for c in "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02"}
    unseen = [0, 0xAD, 0x34F, 0x180E, 0x2060, 0xFEFF, 0xFE0E, 0xFE0F]
    unseen += [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
    return table | dict.fromkeys(unseen, _UNSEEN)


_ONE_TO_ONE = _one_to_one()
_LONGER = {"\u0153": "oe", "\u00e6": "ae", "\u2026": "..."}
_WRAP = r"(?<=[^\W\d_])[-\xad][ \xad]*\n[ \xad]*(?=[^\W\d_])"
_ODD = re.compile(r"[ \n\xad]{2,}|\xad|--+|[!-~]?[^\x00-\x7f\xad]+")
_ODD_OR_WRAP = re.compile(f"{_WRAP}|{_ODD.pattern}")
_WRAPPED = re.compile(_WRAP)


class Fold:
    """A text in folded form, with the map from places in the folded form to places in the text.

    The map is kept in pieces: within a plain piece characters stand for one another one by one, an odd piece (a run of
    white space, a ligature) is taken whole or not at all.
    """

    __slots__ = ("_odd", "_size", "_there", "_where", "folded", "text")

    def __init__(self, text: str, *, wrap: str | None = None) -> None:
        """Fold `text`; a hyphen at a line wrap inside a word becomes `wrap`, or stays with its white space if None."""
        self.text = text
        self._where: list[int] = []
        self._there: list[int] = []
        self._size: list[int] = []
        self._odd: list[bool] = []
        parts: list[str] = []
        at = 0
        for piece, start, end, odd in _pieces(text.translate(_ONE_TO_ONE), wrap):
            if piece:
                parts.append(piece)
                self._where.append(at)
                self._there.append(start)
                self._size.append(end - start)
                self._odd.append(odd)
                at += len(piece)
        self.folded = "".join(parts)

    def span(self, start: int, end: int) -> Span | None:
        """The place in the text of the folded characters `[start, end)`; None if it would cut an odd piece in two."""
        if not 0 <= start < end <= len(self.folded):
            return None
        first, last = bisect_right(self._where, start) - 1, bisect_right(self._where, end - 1) - 1
        begin = self._there[first]
        if not self._odd[first]:
            begin += start - self._where[first]
        elif start != self._where[first]:
            return None
        if not self._odd[last]:
            return Span(begin, self._there[last] + end - self._where[last])
        after = self._where[last + 1] if last + 1 < len(self._where) else len(self.folded)
        return Span(begin, self._there[last] + self._size[last]) if end == after else None

    def at(self, offset: int) -> int:
        """The folded place of the first folded character that comes from `offset` of the text or from after it."""
        piece = bisect_right(self._there, offset) - 1
        if piece < 0:
            return 0
        over = offset - self._there[piece]
        after = self._where[piece + 1] if piece + 1 < len(self._where) else len(self.folded)
        if over == 0:
            return self._where[piece]
        return after if self._odd[piece] else min(self._where[piece] + over, after)


def _pieces(text: str, wrap: str | None) -> Iterator[tuple[str, int, int, bool]]:
    """The folded pieces of `text` with their places in it, in order, and whether each is odd."""
    done = 0
    for match in (_ODD if wrap is None else _ODD_OR_WRAP).finditer(text):
        start, end = match.span()
        if done < start:
            yield text[done:start].lower().replace("\n", " "), done, start, False
        done = end
        run = match.group()
        if wrap is not None and "\n" in run and run[0] in "-\xad" and _WRAPPED.match(text, start):
            yield wrap, start, end, True
        elif run[0] in " \n\xad":
            yield (" " if " " in run or "\n" in run else ""), start, end, True
        elif run[0] == "-" and run[-1] == "-":
            yield "-", start, end, True
        else:
            yield from _letters(text, start, end)
    if done < len(text):
        yield text[done:].lower().replace("\n", " "), done, len(text), False


def _letters(text: str, start: int, end: int) -> Iterator[tuple[str, int, int, bool]]:
    """The folded form of each letter of `[start, end)` together with the marks upon it."""
    while start < end:
        after = start + 1
        while after < end and unicodedata.combining(text[after]):
            after += 1
        letter = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text[start:after]).casefold())
        if letter[0].isascii() and letter[0].isalpha() and not letter.isascii():
            # An accent inside a word is spelling. A letter that stands alone with a bar on it is shorthand for
            # "with", "without", "after": there the mark is the meaning, and it stays.
            if text[start - 1 : start].isalpha() or text[after : after + 1].isalpha():
                letter = "".join(c for c in letter if not unicodedata.combining(c))
        yield _LONGER.get(letter, letter), start, after, True
        start = after


def _is_word(char: str) -> bool:
    return char.isalnum() or unicodedata.combining(char) != 0


def at_edge(text: str, place: int) -> bool:
    """True if no word runs across `place` of `text`; a decimal point or comma inside a number does not end it."""
    left, right = place - 1, place
    while left >= 0 and _ONE_TO_ONE.get(ord(text[left])) == _UNSEEN:
        left -= 1
    while right < len(text) and _ONE_TO_ONE.get(ord(text[right])) == _UNSEEN:
        right += 1
    if left < 0 or right == len(text):
        return True
    if _is_word(text[left]) and _is_word(text[right]):
        return False
    return _IN_NUMBER.search(text[max(left - 1, 0) : left + 1] + text[right : right + 2]) is None


_IN_NUMBER = re.compile(r"\d[.,]\d")


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
        """The folded forms: as it stands and, where a word is hyphenated at a line's end, joined up and hyphenated."""
        plain = Fold(self.text)
        if _WRAPPED.search(self.text.translate(_ONE_TO_ONE)) is None:
            return (plain,)
        return plain, Fold(self.text, wrap=""), Fold(self.text, wrap="-")

    def find(self, quote: str, start: int = 0, end: int | None = None) -> tuple[Span, ...]:
        """Every place in `[start, end)` of the text that is the same as `quote` after folding and cuts no word.

        Punctuation around the quote is left out of account where the quote is not found with it; question marks,
        signs and brackets' contents never are.
        """
        end = len(self.text) if end is None else end
        needles = tuple(dict.fromkeys(fold.folded.strip() for fold in Page(quote).folds))
        for trim in (" ", _TRIM):
            found: set[Span] = set()
            for needle in dict.fromkeys(needle.strip(trim) for needle in needles):
                if needle:
                    found.update(span for fold in self.folds for span in _folded(fold, needle, start, end))
            if found:
                return tuple(sorted(found))
        return ()


def _folded(fold: Fold, needle: str, start: int, end: int) -> Iterator[Span]:
    for place in _places(fold.folded, needle, fold.at(start), fold.at(end)):
        span = fold.span(*place)
        if span is not None and start <= span.start and span.end <= end:
            yield span


# The look-behinds let a run of stops or spaces be tried once, not once for each of its characters.
_STOP = re.compile(r"(?<![.!?])[.!?]++[\"'\u201d\u2019)\]]*+(?=\s)|(?<![ \t\r])[ \t\r]*+\n\s*+")
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
        after = stop.end()
        if after <= begin:
            continue
        broken = "\n" in stop.group()
        while not broken and after < end and text[after].isspace():
            after += 1
        if after >= end or text[begin:after].isspace():
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
    line = text[max(text.rfind("\n", start, stop.start()) + 1, start) : stop.start()]
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
