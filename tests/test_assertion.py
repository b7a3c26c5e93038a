"""The sentences of tests/rules/assertion.txt, each with its answer inline."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tagged import cases, untag

from agent.assertion import Scopes, read_at
from agent.records import Assertion
from agent.words import Vocabulary


def check(case: str) -> None:
    text, tagged = untag(case)
    assert tagged
    for one in tagged:
        reading = read_at(text, one.start, one.end, "text")
        assert reading.assertion is Assertion(one.name), f"{text[one.start : one.end]}: {reading}"


@pytest.mark.parametrize("case", cases("assertion.txt"))
def test_sentence_says_what_its_tags_say(case: str) -> None:
    check(case)


@pytest.mark.parametrize("case", [pytest.param(c, marks=pytest.mark.xfail) for c in cases("assertion_wanted.txt")])
def test_sentence_is_not_read_yet(case: str) -> None:
    check(case)


def test_there_are_many_sentences() -> None:
    assert len(cases("assertion.txt")) >= 120


SECTIONS = [
    ("family_history", Assertion.FAMILY),
    ("instructions", Assertion.HYPOTHETICAL),
    ("differential", Assertion.UNCERTAIN),
    ("assessment_plan", Assertion.AFFIRMED),
    ("pmh", Assertion.AFFIRMED),
    ("ros", Assertion.AFFIRMED),
    ("text", Assertion.AFFIRMED),
]


@pytest.mark.parametrize(("section", "said"), SECTIONS)
def test_sections_speak_where_no_cue_does(section: str, said: Assertion) -> None:
    assert read_at("Breast cancer", 0, 13, section) == (said, "")


def test_a_cue_is_stronger_than_its_section() -> None:
    text = "No breast cancer."
    assert read_at(text, 3, 16, "family_history") == (Assertion.NEGATED, "no")
    assert read_at("Possible gout.", 9, 13, "assessment_plan") == (Assertion.UNCERTAIN, "possible")


@pytest.mark.parametrize(
    ("text", "said", "cue"),
    [
        ("No family history of asthma.", Assertion.NEGATED, "no family history of"),
        ("Family history of possible asthma.", Assertion.FAMILY, "family history of"),
        ("Return if possible asthma.", Assertion.HYPOTHETICAL, "return if"),
        ("No history of asthma.", Assertion.NEGATED, "no history of"),
        ("History of possible asthma.", Assertion.UNCERTAIN, "possible"),
        ("History of asthma, no longer has asthma.", Assertion.HISTORICAL, "history of"),
    ],
)
def test_of_several_cues_the_weightiest_speaks(text: str, said: Assertion, cue: str) -> None:
    start = text.index("asthma")
    assert read_at(text, start, start + 6, "text") == (said, cue)


def test_the_reading_names_its_cue_in_the_notes_own_order() -> None:
    assert read_at("Pneumonia cannot be ruled out.", 0, 9, "text").cue == "cannot be ruled out"
    assert read_at("? pneumonia"[2:], 0, 9, "text").cue == ""


def test_a_cue_inside_the_condition_is_not_its_own_cue() -> None:
    text = "Non-Hodgkin lymphoma and non-ST elevation myocardial infarction."
    assert read_at(text, 0, 20, "text").assertion is Assertion.AFFIRMED
    assert read_at(text, 25, 63, "text").assertion is Assertion.AFFIRMED


def test_the_reach_of_a_limited_cue_ends_after_its_words() -> None:
    text = "Possible gout one two three four five six seven asthma"
    assert read_at(text, 9, 13, "text").assertion is Assertion.UNCERTAIN
    assert read_at(text, 48, 54, "text").assertion is Assertion.AFFIRMED


def test_a_bullet_ends_the_reach_of_a_cue() -> None:
    text = "No fever \u2022 cough"
    assert read_at(text, 3, 8, "text").assertion is Assertion.NEGATED
    assert read_at(text, 11, 16, "text").assertion is Assertion.AFFIRMED


@pytest.mark.parametrize("apostrophe", ["'", "\u2019"])
def test_either_apostrophe_is_read(apostrophe: str) -> None:
    text = f"We can{apostrophe}t rule out gout."
    assert read_at(text, text.index("gout"), len(text) - 1, "text").assertion is Assertion.UNCERTAIN


def test_a_passage_without_a_word_is_what_its_section_says() -> None:
    assert read_at("--- ---", 0, 3, "text") == (Assertion.AFFIRMED, "")
    assert read_at("--- ---", 0, 3, "family_history") == (Assertion.FAMILY, "")
    assert read_at("", 0, 0, "text") == (Assertion.AFFIRMED, "")


def test_scopes_of_a_sentence_are_those_read_at_a_place() -> None:
    text = "She denies chest pain but has possible gout"
    words = Vocabulary.load().words(text)
    scopes = Scopes(text, words)
    for i, word in enumerate(words):
        assert scopes.read(i, i, "text") == read_at(text, word.start, word.end, "text")


@given(
    st.text(
        alphabet=st.sampled_from("no denies if ?;\n\u2022.,'possible has mother \u2019\ufeff\U0001f600"), max_size=120
    )
)
def test_any_text_can_be_read_anywhere(text: str) -> None:
    for start in range(0, len(text), 7):
        reading = read_at(text, start, min(len(text), start + 5), "text")
        assert reading.assertion in Assertion


def rows() -> list[dict[str, str]]:
    text = (files("agent") / "cues.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_every_cue_is_well_formed() -> None:
    kinds = {kind.value for kind in Assertion} - {"affirmed"} | {"stop", "pseudo"}
    for row in rows():
        assert list(row) == ["cue", "kind", "direction", "reach"]
        assert row["kind"] in kinds, row
        assert row["direction"] in ("forward", "backward", "both"), row
        assert row["cue"] == row["cue"].strip().lower() != "", row
        assert row["reach"] == "" or int(row["reach"]) > 0, row


def test_no_cue_stands_twice_in_one_direction() -> None:
    keys = [(row["cue"], row["direction"]) for row in rows()]
    twice = {key for key in keys if keys.count(key) > 1}
    assert not twice


def test_a_cue_is_not_two_things_in_one_direction() -> None:
    """A pseudo-cue or a stop that is also a cue would be read by the order of the file alone."""
    kinds: dict[str, set[str]] = {}
    for row in rows():
        kinds.setdefault(row["cue"], set()).add(row["kind"])
    assert not {cue: said for cue, said in kinds.items() if len(said) > 1}
