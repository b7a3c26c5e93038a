"""Sentences with the answer tagged inline, `<tag name=value>words</tag>`; `\\n` is a line's end, `#` is a remark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_TAG = re.compile(r"<(?P<name>\w+)(?P<attributes>(?: \w+=[^\s>]+)*)>(?P<words>.*?)</(?P=name)>", re.S)


class Tagged(NamedTuple):
    """Words that are tagged: code points `[start, end)` of the text without its tags."""

    start: int
    end: int
    name: str
    attributes: dict[str, str]


def cases(name: str) -> list[str]:
    """The cases of `tests/rules/NAME`, a line each."""
    text = (Path(__file__).parent / "rules" / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def untag(case: str) -> tuple[str, list[Tagged]]:
    """The text of a case without its tags, and what they say of which words."""
    case = case.replace("\\r", "\r").replace("\\n", "\n")
    text, found, last = "", [], 0
    for match in _TAG.finditer(case):
        text += case[last : match.start()]
        attributes = dict(pair.split("=", 1) for pair in match["attributes"].split())
        found.append(Tagged(len(text), len(text) + len(match["words"]), match["name"], attributes))
        text += match["words"]
        last = match.end()
    text += case[last:]
    if "</" in text or re.search(r"<\w", text):
        raise ValueError(f"a tag is not closed as it was opened: {case}")
    return text, found
