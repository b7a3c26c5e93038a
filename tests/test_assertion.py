"""The sentences of tests/rules/assertion.txt, each with its answer inline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.assertion import Scopes
from agent.records import Assertion
from agent.words import Vocabulary

CASES = [
    line
    for line in (Path(__file__).parent / "rules" / "assertion.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
TAG = re.compile(r"<(\w+)>(.*?)</\1>")


def untag(line: str) -> tuple[str, list[tuple[int, int, Assertion]]]:
    text, spans, last = "", [], 0
    for match in TAG.finditer(line):
        text += line[last : match.start()]
        spans.append((len(text), len(text) + len(match.group(2)), Assertion(match.group(1))))
        text += match.group(2)
        last = match.end()
    return text + line[last:], spans


@pytest.mark.parametrize("line", CASES)
def test_sentence_says_what_its_tags_say(line: str) -> None:
    text, spans = untag(line)
    assert spans
    words = Vocabulary.load().words(text)
    scopes = Scopes(text, words)
    for start, end, said in spans:
        inside = [i for i, word in enumerate(words) if word.start >= start and word.end <= end]
        reading = scopes.read(inside[0], inside[-1], "text")
        assert reading.assertion is said, f"{text[start:end]}: {reading}"


def test_sections_speak_where_no_cue_does() -> None:
    words = Vocabulary.load().words("Breast cancer")
    scopes = Scopes("Breast cancer", words)
    assert scopes.read(0, 1, "family_history").assertion is Assertion.FAMILY
    assert scopes.read(0, 1, "instructions").assertion is Assertion.HYPOTHETICAL
    assert scopes.read(0, 1, "assessment_plan").assertion is Assertion.AFFIRMED
