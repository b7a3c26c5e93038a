"""Layout: sentences of a section, and in an assessment the problem that each belongs to."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.lexical.layout import PROBLEM_SECTIONS, Sentence, read_layout
from agent.records import Section


def section(text: str, kind: str = "assessment_plan", body: int = 0) -> Section:
    return Section(document="note", kind=kind, heading="", start=0, body=body, end=len(text))


def layout(text: str, kind: str = "assessment_plan") -> list[Sentence]:
    return read_layout(text, section(text, kind), 0, len(text))


def names(text: str, kind: str = "assessment_plan") -> list[str]:
    return [text[s.start : s.end].strip() for s in layout(text, kind) if s.names]


def problems(text: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for s in layout(text):
        found.setdefault(s.problem, []).append(text[s.start : s.end].strip())
    return found


@pytest.mark.parametrize("lead", ["{}. ", "{}) ", "# ", "#{} ", "- ", "* ", "\u2022 ", "{}: ", "({}) ", ""])
def test_each_item_of_a_list_is_a_problem(lead: str) -> None:
    first, second = lead.format(1), lead.format(2)
    text = f"{first}Gout\n{second}Asthma\n"
    said = names(text)
    assert len(said) == 2
    assert said[0].endswith("Gout") and said[1].endswith("Asthma")


def test_what_follows_a_name_belongs_to_its_problem() -> None:
    text = "1. Gout. Continue allopurinol.\nWe check uric acid.\n2. Asthma\nRefill albuterol."
    found = problems(text)
    assert len(found) == 2
    assert found[0][0].endswith("Gout.") and any("allopurinol" in line for line in found[0])
    assert any("albuterol" in line for line in found[1])
    assert not any("albuterol" in line for line in found[0])


def test_the_part_before_a_colon_names_the_problem() -> None:
    text = "Gout: continue allopurinol.\nAsthma: refill albuterol.\n"
    assert [name.rstrip(":") for name in names(text)] == ["Gout", "Asthma"]


@pytest.mark.parametrize(
    "label", ["Medical treatment", "Patient education and counseling", "Plan", "Imaging", "Follow-up"]
)
def test_a_label_inside_a_problem_names_none(label: str) -> None:
    text = f"1. Gout\n{label}: stay off red meat.\n"
    assert names(text) == ["1. Gout"] or names(text) == ["Gout"]
    assert {s.problem for s in layout(text)} == {0}


@pytest.mark.parametrize(
    "text",
    [
        "She is doing well on current doses.",
        "The patient was told to rest.",
        "We discussed the risks and she agreed.",
        "Return in two weeks.",
        "He has been taking his medicine as he was told to by us at the last visit in the spring of the year before.",
    ],
)
def test_a_sentence_that_tells_names_no_problem(text: str) -> None:
    assert names(text) == []


def test_a_number_alone_belongs_to_the_line_below_it() -> None:
    text = "1.\nGout\n2.\nAsthma\n"
    said = names(text)
    assert [name.split()[-1] for name in said] == ["Gout", "Asthma"]


@pytest.mark.parametrize("kind", ["hpi", "ros", "pmh", "text", "physical_exam"])
def test_other_sections_have_no_problems(kind: str) -> None:
    text = "Gout\nAsthma: refill albuterol.\n"
    assert names(text, kind) == []
    assert {s.problem for s in layout(text, kind)} == {-1}


@pytest.mark.parametrize("kind", sorted(PROBLEM_SECTIONS))
def test_sections_of_problems_have_them(kind: str) -> None:
    assert len(names("1. Gout\n2. Asthma\n", kind)) == 2


def test_only_the_body_within_the_chunk_is_read() -> None:
    text = "Assessment:\n1. Gout\n2. Asthma\n"
    body = len("Assessment:\n")
    whole = read_layout(text, section(text, body=body), 0, len(text))
    assert whole[0].start >= body
    second = text.index("2.")
    assert [text[s.start : s.end] for s in read_layout(text, section(text, body=body), second, len(text))] == [
        "Asthma\n"
    ]


def test_white_space_is_no_sentence() -> None:
    assert layout("\n \n\t\r\n") == []
    assert layout("") == []


PIECES = st.lists(
    st.sampled_from(
        [
            "1. ",
            "2) ",
            "- ",
            "\u2022",
            "Gout",
            "Asthma: ",
            "\n",
            "\r\n",
            ". ",
            "Plan: ",
            "She is well. ",
            "\ufeff",
            "\U0001f600",
            "  ",
        ]
    ),
    max_size=30,
).map("".join)


@given(PIECES, st.sampled_from(["assessment_plan", "hpi"]))
def test_sentences_stand_in_order_without_overlap_and_lose_no_word(text: str, kind: str) -> None:
    found = layout(text, kind)
    for sentence in found:
        assert text[sentence.start : sentence.end].strip()
    for before, after in pairwise(found):
        assert before.end <= after.start
        assert before.problem <= after.problem
    covered = {place for s in found for place in range(s.start, s.end)}
    lost = "".join(char for place, char in enumerate(text) if place not in covered)
    assert not any(char.isalpha() for char in lost)


@given(PIECES)
def test_each_problem_has_one_name_that_comes_first(text: str) -> None:
    by_problem: dict[int, list[Sentence]] = {}
    for sentence in layout(text):
        by_problem.setdefault(sentence.problem, []).append(sentence)
    for number, sentences in by_problem.items():
        if number >= 0:
            assert [s.names for s in sentences] == [True] + [False] * (len(sentences) - 1)
