"""Variants: what a title says when the words that only the classification uses are left out.

Notes say "kidney tumor" and "acid reflux", titles "neoplasm of unspecified behavior of kidney" and "reflux disease
without esophagitis". A variant is never more specific than its title, and gives way to every term that people wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ASIDE = re.compile(r"\s*(?:\([^)]*\)|\[[^\]]*\])")
_BEHAVIOR = re.compile(r"\bneoplasms? of unspecified behavior\b", re.I)
_EXCEPT = re.compile(r",?\s+(?:except|excluding|other than)\b.*$", re.I)
_NOT_SPECIFIED = re.compile(r",?\s+(?:not specified as|not intractable|without mention of)\b[^,]*", re.I)
_WITHOUT = re.compile(r",?\s+without\b.*$", re.I)
_AND = re.compile(r"^(?P<head>.*\bneoplasm of\s+)(?P<first>[^,]+?)(?:, (?P<more>[^,]+))?,? and (?P<last>[^,]+)$", re.I)


def plain(text: str) -> str:
    """A title or term without its nonessential words in parentheses and brackets."""
    return _ASIDE.sub("", text).strip()


def variants(title: str) -> Iterator[str]:
    """Shorter ways to say what `title` says, each once, the title itself not among them."""
    seen = {plain(title).lower()}
    short = _NOT_SPECIFIED.sub("", _EXCEPT.sub("", _BEHAVIOR.sub("neoplasm", plain(title))))
    for text in (short, _WITHOUT.sub("", short)):
        for said in (text, *_parts(text)):
            if said and said.lower() not in seen:
                seen.add(said.lower())
                yield said


def _parts(text: str) -> Iterator[str]:
    """The sites of a neoplasm one by one: in a title "and" means and/or (I.A.14).

    Elsewhere the sides of an "and" share words in ways that no pattern tells ("care and supervision of child").
    """
    match = _AND.match(text)
    if match is None:
        return
    for part in (match["first"], match["more"], match["last"]):
        if part:
            yield f"{match['head']}{part}"
