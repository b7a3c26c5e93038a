"""CodeSet: the codes that a note of the tabular list names, read from its text.

A note names codes in parentheses as a rule, `gestational diabetes (O24.4-)`, and in running words elsewhere,
`conditions classified to Q67.0-Q67.4`; it gives single codes, lists and ranges, and narrows them by characters further
back in the code: `E08-E13 with .52`, `T36-T50 with fifth or sixth character 5`. What looks like codes and can't be read
is given back, never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache, lru_cache
from itertools import groupby
from string import ascii_uppercase, digits
from typing import NamedTuple

from agent.tables import read_rows


class Place(StrEnum):
    """Where in a code a filter looks."""

    AFTER_DOT = "after_dot"
    FIFTH = "fifth"
    SIXTH = "sixth"
    SEVENTH = "seventh"
    FIFTH_OR_SIXTH = "fifth_or_sixth"
    """The character that tells the intent of a poisoning: the sixth, or the fifth where the sixth is the filler X."""
    FINAL = "final"
    """The last characters of a code, without its 7th and the filler X before it."""


_STARTS = {Place.AFTER_DOT: 3, Place.FIFTH: 4, Place.SIXTH: 5, Place.SEVENTH: 6}


class Filter(NamedTuple):
    """What later characters of a code must be: at `place` stands one of `values`."""

    place: Place
    values: tuple[str, ...]

    def holds(self, code: str) -> bool:
        """Whether a code, in capitals and without its dot, has the characters; a header that lacks them has not."""
        if self.place in _STARTS:
            return code[_STARTS[self.place] :].startswith(self.values)
        if len(code) < 6:
            return False
        if self.place is Place.FINAL:
            return code[:6].rstrip("X").endswith(self.values)
        return (code[4] if code[5] == "X" else code[5]) in self.values

    def __str__(self) -> str:
        """As a note writes it."""
        if self.place is Place.AFTER_DOT:
            return "with " + ", ".join(f".{value}" for value in self.values)
        return f"with {self.place.replace('_', ' ')} character {', '.join(self.values)}"


class Span(NamedTuple):
    """All codes from `first` to `last` in tabular order, both with what stands below them, as far as `only` lets them.

    Both ends are in capitals and without a dot; of a single code they are the same.
    """

    first: str
    last: str
    only: Filter | None = None

    def holds(self, first: str, last: str) -> bool:
        """Whether it holds two codes, in capitals and without dot, and all that stands between and below them."""
        low, high = _key(self.first), _key(self.last)
        # What stands below a header may begin with 0 and end beyond every letter.
        if _key(first).ljust(len(low), "0")[: len(low)] < low or _key(last).ljust(len(high), "~")[: len(high)] > high:
            return False
        return self.only is None or (first == last and self.only.holds(first))


class CodeSet(NamedTuple):
    """Codes, as spans of the tabular order; `str` gives them as a note does, and `read_codes` reads that again."""

    spans: tuple[Span, ...]

    def holds(self, code: str) -> bool:
        """Whether it names a code or a header above it; of a header, block or chapter, all that may stand below it.

        The code is read in any case, with or without its dot.
        """
        first, last = _ends(code)
        return any(span.holds(first, last) for span in self.spans)

    def letters(self) -> frozenset[str]:
        """The letters that the codes begin with."""
        return frozenset(
            chr(letter) for span in self.spans for letter in range(ord(span.first[0]), ord(span.last[0]) + 1)
        )

    @property
    def wide(self) -> bool:
        """Whether a span reaches over more than one chapter, so that it names hardly more than "whatever else"."""
        return any(_chapter(span.first) != _chapter(span.last) for span in self.spans)

    def __str__(self) -> str:
        """The codes in parentheses, a pair for those that share a filter: `(E08-E13 with .52)`."""
        groups = []
        for only, spans in groupby(self.spans, key=lambda span: span.only):
            named = ", ".join(
                _dotted(span.first) + ("" if span.first == span.last else f"-{_dotted(span.last)}") for span in spans
            )
            groups.append(f"({named})" if only is None else f"({named} {only})")
        return " ".join(groups)


# -- the order of codes ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def _key(code: str) -> str:
    """What sorts codes, in capitals and without dot, as the tabular list has them; two letters for each character.

    Digits stand before letters, but for the codes of order.tsv: C4A comes between C43 and C44.
    """
    after = _out_of_order()
    return "".join(
        after[code[: place + 1]] + one if code[: place + 1] in after else f"{one} " for place, one in enumerate(code)
    )


@cache
def _out_of_order() -> dict[str, str]:
    """Codes out of order, without dot, and the last character of the sibling that they stand behind."""
    return {
        row["code"].replace(".", ""): row["after"][-1].replace("-", " ")
        for row in read_rows("agent.rules", "order.tsv")
    }


@lru_cache(maxsize=65536)
def _ends(code: str) -> tuple[str, str]:
    """The first and the last category of a block or chapter; of anything else, the code itself twice."""
    plain = code.strip().upper().replace(".", "").rstrip("-")
    first, dash, last = plain.partition("-")
    if dash:
        return first, last
    return _chapters().get(plain, (plain, plain))


@cache
def _chapters() -> dict[str, tuple[str, str]]:
    return {row["chapter"]: (row["first"], row["last"]) for row in read_rows("agent.rules", "chapters.tsv")}


def _chapter(code: str) -> str:
    """The number of the chapter that a code, in capitals and without dot, stands in; "" for none."""
    inside = (number for number, ends in _chapters().items() if Span(*ends).holds(code[:3], code[:3]))
    return next(inside, "")


def _dotted(code: str) -> str:
    return code if len(code) <= 3 else f"{code[:3]}.{code[3:]}"


# -- reading -----------------------------------------------------------------------------------------------------------

_CODE = r"(?<![A-Za-z0-9])[A-Z](?:\d[0-9A-Z]|A\d)(?:\.[0-9A-Z]{1,4})?(?![A-Za-z0-9])"
_ITEM = re.compile(rf"(?P<first>{_CODE})(?:\.?-?(?:\s*-\s*|\s+to\s+)(?P<last>{_CODE}))?\.?-?")
_BETWEEN = re.compile(r"\s*(?:[,;.]\s*(?:(?:and|or)\s+)?|\s(?:and|or)\s+)")
_GROUP = re.compile(r"[(\[](?P<inside>[^()\[\]{}]*)(?:[)\]}]|$)")
_CHAPTER = re.compile(r"(?:\(|classified (?:in|to) )Chapter (?P<number>\d+)\b")

_ORDINALS = {
    **dict.fromkeys(("5th", "fifth"), Place.FIFTH),
    **dict.fromkeys(("6th", "sixth", "six"), Place.SIXTH),
    **dict.fromkeys(("7th", "seventh"), Place.SEVENTH),
    "final": Place.FINAL,
}
_ORDINAL = "|".join(_ORDINALS)
_OR = r"(?:\s*,\s*|\.\s+|\s+or\s+|\s+and\s+)"
_SHORT = r"(?:[0-9A-Z]-[0-9A-Z]|[-.]?[0-9A-Z]{1,2})(?![0-9A-Za-z])"
_LONG = r"(?:\.\d+-\.\d+|\.[0-9A-Z]{1,4}-?)(?![0-9A-Za-z])"
_DOTS = re.compile(rf",?\s*with (?:final characters? )?(?P<values>{_LONG}(?:{_OR}{_LONG})*)")
_CHARACTERS = re.compile(
    rf",?\s*with (?P<place>{_ORDINAL})(?P<joint>[ -](?:or|to) (?:{_ORDINAL}))?[ -]characters? "
    rf"(?P<values>{_SHORT}(?:{_OR}{_SHORT})*)"
)
_NARROWED = re.compile(r",?\s*(?:with|without|except|excluding|other than|not|unless)\b[^)\]}]*")
_UNKNOWN = re.compile(r",?\s*with\b[^()\[\]]*\bcharacters?\b[^()\[\]]*")
_EXCEPTED = re.compile(r"\b(?:except|excluding|other than|not|without)(?: (?:for|in|those in))? $")
_SUBJECT = "for codes "
"""Before codes that a note is about, and does not name as others: `use additional code for codes G31.0-G31.83, ...`."""
_NO_CODE = re.compile(r"vitamin B12\b")


@lru_cache(maxsize=16384)
def read_codes(text: str) -> tuple[CodeSet | None, str]:
    """The codes that a note names, None where it names none; and what looks like codes but can't be read, or "".

    Codes in parentheses or brackets are what a note names; where there are any, codes among its words only describe.
    What is narrowed in a way that can't be read is left out whole, since without it the set would be too wide.
    """
    text = _NO_CODE.sub("", mended(text))
    spans: list[Span] = []
    unread: list[str] = []
    for chapter in _CHAPTER.finditer(text):
        spans.append(Span(*_chapters()[chapter["number"]]))
    groups = [group for group in _GROUP.finditer(text) if re.search(_CODE, group["inside"])]
    for group in groups:
        found, left = _lists(group["inside"], closed=True)
        if (behind := _qualifier(text, group.end())) is not None:
            found = [span._replace(only=behind[0]) for span in found]
        elif unknown := _UNKNOWN.match(text, group.end()):
            found, left = [], [group["inside"] + unknown.group()]
        spans += found
        unread += left
    if not groups:
        found, left = _lists(text, closed=False)
        spans += found
        unread += left
    return (CodeSet(tuple(spans)) if spans else None), "; ".join(unread)


def mended(text: str) -> str:
    """A note's text with the codes that are misprinted in it as they are meant (errata.tsv)."""
    for printed, meant in _errata():
        text = text.replace(printed, meant)
    return text


def _lists(text: str, *, closed: bool) -> tuple[list[Span], list[str]]:
    """The spans of all lists of codes in a text, and what of it can't be read.

    In a `closed` text, the inside of parentheses, nothing but codes may follow the first of them.
    """
    spans: list[Span] = []
    unread: list[str] = []
    start = 0
    while (item := _ITEM.search(text, start)) is not None:
        before = text[start : item.start()]
        items, end = _list(text, item)
        qualifier = _qualifier(text, end)
        if qualifier is not None:
            items = [span._replace(only=qualifier[0]) for span in items]
            end = qualifier[1]
        if closed:
            strange = bool(before.strip(" ,;.") and not (start and _BETWEEN.fullmatch(before)))
            rest = "" if _follows(text, end) else text[end:].strip(" ,;.")
        else:
            strange = _EXCEPTED.search(before) is not None
            narrowed = _NARROWED.match(text, end)
            rest = narrowed.group() if narrowed else ""
        if strange or rest or any(_key(span.first) > _key(span.last) for span in items):
            whole = text[start:] if closed else text[item.start() : end] + rest
            unread.append(whole.strip(" ,;."))
            end = len(text) if closed else end + len(rest)
        elif not before.endswith(_SUBJECT):
            spans += items
        start = end
    return spans, unread


def _list(text: str, item: re.Match[str]) -> tuple[list[Span], int]:
    """The codes and ranges from an item on, joined by commas and the like, and where they end."""
    spans = []
    following: re.Match[str] | None = item
    while following is not None:
        item = following
        first = item["first"].replace(".", "")
        spans.append(Span(first, (item["last"] or first).replace(".", "")))
        following = _follows(text, item.end())
    return spans, item.end()


def _follows(text: str, start: int) -> re.Match[str] | None:
    """The item that is joined to what ends at a place of a text."""
    between = _BETWEEN.match(text, start)
    return between and _ITEM.match(text, between.end())


def _qualifier(text: str, start: int) -> tuple[Filter, int] | None:
    """The filter that stands at a place of a text, and where it ends."""
    for words, only in _qualifiers():
        if found := words.match(text, start):
            return only, found.end()
    if found := _DOTS.match(text, start):
        place = Place.AFTER_DOT
    elif found := _CHARACTERS.match(text, start):
        place = _ORDINALS[found["place"]]
        if found["joint"]:
            joint, second = found["joint"][1:].split()
            if (place, _ORDINALS[second]) != (Place.FIFTH, Place.SIXTH):
                return None
            place = Place.FIFTH_OR_SIXTH if joint == "or" else place
    else:
        return None
    values = tuple(_values(found["values"]))
    return (Filter(place, values), found.end()) if values else None


def _values(text: str) -> Iterator[str]:
    """The values of a filter: `.51-.52`, `1-4 or 6`, `-23`; none of a range that runs backward."""
    for value in re.split(_OR, text):
        first, dash, last = value.strip("-").replace(".", "").partition("-")
        if not dash:
            yield first
        elif len(first) == len(last) == 1:
            yield from (one for one in digits + ascii_uppercase if first <= one <= last)
        else:
            yield from (str(number).zfill(len(first)) for number in range(int(first), int(last) + 1))


@cache
def _qualifiers() -> tuple[tuple[re.Pattern[str], Filter], ...]:
    return tuple(
        (
            re.compile(rf",?\s*with {re.escape(row['words'])}\b"),
            Filter(Place(row["place"]), tuple(row["values"].split())),
        )
        for row in read_rows("agent.rules", "qualifiers.tsv")
    )


@cache
def _errata() -> tuple[tuple[str, str], ...]:
    return tuple((row["printed"], row["meant"]) for row in read_rows("agent.rules", "errata.tsv"))
