"""Page: lines of text for a terminal or a file; styles, widths, and no control character from outside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_STYLES = {"code": "1;36", "quote": "1;33", "dim": "2", "head": "1", "warning": "33", "error": "1;31"}
_SIGNS = {style: chr(number) for number, style in enumerate(_STYLES, start=1)}
_END = "\x0e"
"""Signs stand for styles until a line is done. They have no width, and `clean` lets none in from outside."""

ELLIPSIS = "\u2026"
_SPACES = re.compile(" {2,}")
_WORD = 12
"""Characters that are given up at the most for a cut between words; no more than a quarter of the room."""

_SIGN = re.compile(f"[{''.join(_SIGNS.values())}{_END}]")
_SEQUENCES = {_SIGNS[style]: f"\x1b[{sequence}m" for style, sequence in _STYLES.items()} | {_END: "\x1b[0m"}


def clean(text: str) -> str:
    """Text on one line that can't move a cursor, change a colour or turn the direction of what follows.

    White space becomes single spaces, invisible format characters go, and every other control becomes U+FFFD.
    """
    return _SPACES.sub(" ", text if text.isprintable() else "".join(map(_shown, text)))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) == "Cf" else "\ufffd"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes; signs and combining characters take none, wide ones two."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if character < " " or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clip(text: str, room: int) -> str:
    """As much of the text as goes into `room` columns; an ellipsis where its end is cut, at a word if one ends near."""
    if columns(text) <= room:
        return text
    kept = _upto(text, room - 1)
    space = kept.rfind(" ")
    word = min(_WORD, room // 4)
    return (kept[:space] if space > 0 and len(kept) - space <= word else kept).rstrip(" ,;:") + ELLIPSIS


def clip_left(text: str, room: int) -> str:
    """As `clip`, with the beginning cut, at a word if one begins near."""
    if columns(text) <= room:
        return text
    kept = _upto(text[::-1], room - 1)[::-1]
    space = kept.find(" ")
    return ELLIPSIS + (kept[space + 1 :] if 0 <= space < min(len(kept) - 1, _WORD, room // 4 + 1) else kept)


def pad(text: str, width: int) -> str:
    """The text with spaces up to `width` columns."""
    return text + " " * (width - columns(text))


def _upto(text: str, room: int) -> str:
    taken = 0
    for place, character in enumerate(text):
        taken += _columns(character)
        if taken > room:
            return text[:place]
    return text


class Page:
    """Makes lines of at most `width` columns, in colour (ANSI) or plain, where quotes stand between guillemets."""

    def __init__(self, *, width: int = 100, colour: bool = False) -> None:
        """Lines of `width` columns; `colour` for a terminal that shows it."""
        self.width = width
        self._colour = colour

    def mark(self, style: str, text: str) -> str:
        """The text in a style by name; what comes from outside must have been cleaned before."""
        if self._colour:
            return f"{_SIGNS[style]}{text}{_END}"
        return f"\u00ab{text}\u00bb" if style == "quote" else text

    def lines(self, text: str, first: str = "", rest: str | None = None) -> Iterator[str]:
        """The text as finished lines, broken at spaces; `first` stands before the first, `rest` before all others."""
        rest = first if rest is None else rest
        begin, open_style = first, ""
        for line in _broken(text, self.width - columns(first), self.width - columns(rest)):
            whole = open_style + line
            for sign in _SIGN.findall(line):
                open_style = "" if sign == _END else sign
            yield self._finished(begin + whole + (_END if open_style else ""))
            begin = rest

    def _finished(self, line: str) -> str:
        return _SIGN.sub(lambda sign: _SEQUENCES[sign.group()] if self._colour else "", line.rstrip(" "))


def _broken(text: str, first: int, rest: int) -> Iterator[str]:
    """The text in lines of at most `first`, then `rest` columns; a word that is longer than a line is cut."""
    room = first
    line: str | None = None
    for word in text.split(" "):
        if line is not None and columns(line) + 1 + columns(word) <= room:
            line = f"{line} {word}"
            continue
        if line is not None:
            yield line
            room = rest
        while columns(word) > max(room, 2):
            head = _upto(word, max(room, 2))
            yield head
            word, room = word[len(head) :], rest
        line = word
    if line:
        yield line
