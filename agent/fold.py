"""Folding: a text made comparable, with the map from every folded character back to where it came from.

Folding takes out what copying changes and meaning does not: runs of white space and bullets, line wraps, case,
typographic quotes and dashes, ligatures, accents and how they are composed, soft hyphens, NUL and other characters
without width. Digits, signs, superscripts and ticked boxes are left as they are: they carry meaning.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
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
_UNPLAIN = re.compile(r"[^\n -_a-~]+")
_LONGER = {"\u0153": "oe", "\u00e6": "ae", "\u2026": "..."}
_RUN = r"[- \n\xad](?:[- \n\xad]+|(?<=\xad))"
_ODD_ASCII, _ODD = re.compile(_RUN), re.compile(_RUN + r"|[^\x00-\x7f\xad]+")
_HYPHEN_AT_END = re.compile(r"[-\xad][ \xad]*\n[ \xad]*")
_BLANK_OR_DASHES = re.compile(r"[ \n\xad]+|-+")


class _Piece(NamedTuple):
    """Folded characters and the place that they come from; an odd piece does not map one character to one."""

    folded: str
    start: int
    end: int
    odd: bool


class Fold:
    """A text in folded form, with the map from places in the folded form to places in the text.

    The map is kept in pieces: within a plain piece characters stand for one another one by one, an odd piece (a run of
    white space, a ligature) is taken whole or not at all. A word that was hyphenated at a line's end is folded with its
    hyphen, or as one word if `join`; `wrapped` says whether there is one.
    """

    __slots__ = ("_odd", "_size", "_there", "_where", "folded", "wrapped")

    def __init__(self, text: str, *, join: bool = False) -> None:
        """Fold `text`."""
        self.wrapped = False
        self._where: list[int] = []
        self._there: list[int] = []
        self._size: list[int] = []
        self._odd: list[bool] = []
        parts: list[str] = []
        at = 0
        for folded, start, end, odd in self._pieces(text, join):
            parts.append(folded)
            self._where.append(at)
            self._there.append(start)
            self._size.append(end - start)
            self._odd.append(odd)
            at += len(folded)
        self.folded = "".join(parts)

    def _pieces(self, text: str, join: bool) -> Iterator[_Piece]:
        """The folded pieces of `text` in order; none is empty."""
        text = _UNPLAIN.sub(lambda match: match.group().translate(_ONE_TO_ONE), text)
        done = 0
        for match in (_ODD_ASCII if text.isascii() else _ODD).finditer(text):
            start, end = match.span()
            if start > done and unicodedata.combining(text[start]):
                start -= 1
            if done < start:
                yield _Piece(text[done:start].lower().replace("\n", " "), done, start, False)
            done = end
            if text[end - 1] not in "- \n\xad":
                yield from _letters(text, start, end)
            elif _ends_line_inside_word(text, start, end):
                self.wrapped = True
                if not join or not (text[start - 1].isalpha() and text[end].isalpha()):
                    yield _Piece("-", start, end, True)
            else:
                yield from _gap(text, start, end)
        if done < len(text):
            yield _Piece(text[done:].lower().replace("\n", " "), done, len(text), False)

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
        return Span(begin, self._there[last] + self._size[last]) if end == self._after(last) else None

    def at(self, offset: int) -> int:
        """The folded place of the first folded character that comes from `offset` of the text or from after it."""
        piece = bisect_right(self._there, offset) - 1
        if piece < 0:
            return 0
        over = offset - self._there[piece]
        if over == 0:
            return self._where[piece]
        return self._after(piece) if self._odd[piece] else min(self._where[piece] + over, self._after(piece))

    def _after(self, piece: int) -> int:
        return self._where[piece + 1] if piece + 1 < len(self._where) else len(self.folded)


def _ends_line_inside_word(text: str, start: int, end: int) -> bool:
    hyphen = _HYPHEN_AT_END.fullmatch(text, start, end) is not None
    return hyphen and text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()


def _gap(text: str, start: int, end: int) -> Iterator[_Piece]:
    """White space as one space, dashes as one dash, what has no width as nothing."""
    for run in _BLANK_OR_DASHES.finditer(text, start, end):
        if run.group()[0] == "-":
            yield _Piece("-", *run.span(), True)
        elif run.group().strip("\xad"):
            yield _Piece(" ", *run.span(), True)


def _letters(text: str, start: int, end: int) -> Iterator[_Piece]:
    """The folded form of each letter of `[start, end)` together with the marks upon it."""
    plain, begin = "", start
    while start < end:
        after = start + 1
        while after < end and unicodedata.combining(text[after]):
            after += 1
        in_word = text[start - 1 : start].isalpha() or text[after : after + 1].isalpha()
        letter = _letter(text[start:after], in_word)
        if len(letter) == 1 == after - start:
            plain += letter
        else:
            if plain:
                yield _Piece(plain, begin, start, False)
            yield _Piece(letter, start, after, True)
            plain, begin = "", after
        start = after
    if plain:
        yield _Piece(plain, begin, end, False)


@lru_cache(maxsize=4096)
def _letter(letter: str, in_word: bool) -> str:
    """One letter folded, with its marks; an accent inside a word is spelling and goes.

    The mark on a letter that stands alone stays: a bar over it is shorthand for "with", "without" or "after".
    """
    letter = unicodedata.normalize("NFD", unicodedata.normalize("NFD", letter).casefold())
    if in_word and letter[0].isascii() and letter[0].isalpha():
        letter = "".join(c for c in letter if not unicodedata.combining(c))
    return _LONGER.get(letter, letter)


def has_no_width(char: str) -> bool:
    """True if folding leaves this character out: a soft hyphen, NUL, byte order mark, zero-width or direction mark."""
    return _ONE_TO_ONE.get(ord(char)) == _UNSEEN
