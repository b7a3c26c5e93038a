"""Specify: from a header to the most specific code that the words beside it support."""

from __future__ import annotations

import pytest

from agent.codebook import Code, CodeBook
from agent.lexical.specify import Specifier
from agent.words import Vocabulary


@pytest.fixture(scope="module")
def specifier(codebook: CodeBook) -> Specifier:
    return Specifier(codebook)


def specify(specifier: Specifier, code: str, words: str) -> tuple[str, ...]:
    """The codes below `code` where `words` are what stands around the condition."""
    return specifier.codes(code, {form: place for place, form in enumerate(Vocabulary.load().bag(words))})


CASES = [
    # nothing more is said
    ("J45", "asthma", "J45.909"),
    ("G43", "migraine", "G43.909"),
    ("K50", "crohn disease", "K50.90"),
    ("N18", "chronic kidney disease", "N18.9"),
    ("L89.62", "pressure ulcer of left heel", "L89.629"),
    ("M25.56", "knee pain", "M25.569"),
    # sides
    ("M25.56", "right knee pain", "M25.561"),
    ("M25.56", "pain of the left knee", "M25.562"),
    ("M17", "bilateral osteoarthritis of knee", "M17.0"),
    ("H66.9", "otitis media right ear", "H66.91"),
    ("G56.0", "bilateral carpal tunnel syndrome", "G56.03"),
    # stages, kinds, acuity
    ("N18", "chronic kidney disease stage 4", "N18.4"),
    ("N18.3", "ckd stage 3b", "N18.32"),
    ("L89.15", "stage 2 pressure ulcer sacrum", "L89.152"),
    ("I50", "acute on chronic systolic heart failure", "I50.23"),
    ("I48", "paroxysmal atrial fibrillation", "I48.0"),
    ("J45", "mild persistent asthma", "J45.30"),
    # the kind of encounter
    ("S52.50", "fracture of the lower end of left radius", "S52.502A"),
    ("S52.50", "healing fracture of the lower end of left radius", "S52.502D"),
    ("S93.40", "right ankle sprain", "S93.401A"),
    ("S92.35", "nondisplaced fracture of fifth metatarsal right foot", "S92.354A"),
    ("S92.35", "fracture of fifth metatarsal right foot", "S92.351A"),
    # what is not said is not made up; the 7th character of an eye, a stage, an open fracture
    ("J18", "pneumonia", "J18.9"),
    ("E11.321", "mild nonproliferative diabetic retinopathy with macular edema left eye", "E11.3212"),
    ("E11.321", "mild nonproliferative diabetic retinopathy with macular edema", "E11.3219"),
    ("S82.20", "open fracture of shaft of right tibia", "S82.201B"),
    ("H40.11", "primary open angle glaucoma right eye moderate stage", "H40.1112"),
    ("J44", "chronic obstructive pulmonary disease copd", "J44.9"),
    ("K25", "gastric ulcer", "K25.9"),
    ("K26", "duodenal ulcer", "K26.9"),
    ("S06.0X", "concussion", "S06.0XAA"),
    ("Q05", "myelomeningocele", "Q05.9"),
]


@pytest.mark.parametrize(("code", "words", "specific"), CASES)
def test_the_words_decide(code: str, words: str, specific: str, specifier: Specifier) -> None:
    assert specify(specifier, code, words) == (specific,)


WANTED = [
    ("K27", "peptic ulcer disease", "K27.9"),
    ("J10", "influenza a", "J10.1"),
]


@pytest.mark.xfail
@pytest.mark.parametrize(("code", "words", "specific"), WANTED)
def test_the_words_do_not_decide_yet(code: str, words: str, specific: str, specifier: Specifier) -> None:
    assert specify(specifier, code, words) == (specific,)


def test_both_sides_are_two_codes_where_none_is_bilateral(specifier: Specifier) -> None:
    assert specify(specifier, "M25.56", "bilateral knee pain") == ("M25.561", "M25.562")
    assert specify(specifier, "M79.64", "bilateral hand pain")[:2] == ("M79.641", "M79.642")


def test_the_nearest_side_counts(specifier: Specifier) -> None:
    near = {"left": 1, "right": 6, "knee": 0, "pain": 0}
    assert specifier.codes("M25.56", near) == ("M25.562",)


def test_a_billable_code_is_its_own_answer(specifier: Specifier) -> None:
    assert specifier.codes("I10", {"stage": 0, "4": 1}) == ("I10",)


@pytest.mark.parametrize("code", ["", "XYZ", "J18.99"])
def test_a_code_that_is_none_leads_nowhere(code: str, specifier: Specifier) -> None:
    assert specifier.codes(code, {}) == ()


def test_what_is_given_is_always_billable_and_below(codebook: CodeBook, specifier: Specifier) -> None:
    for number, node in enumerate(codebook.codes()):
        if node.billable or node.kind in ("chapter", "block") or number % 11:
            continue
        for code in specifier.codes(node.code, {"left": 2, "acute": 3}):
            assert codebook.is_billable(code)
            assert node.code in {parent.code for parent in codebook.parents(code)}, (node.code, code)


def _eye_by_seventh(node: Code) -> bool:
    """Codes whose 7th character is an eye; see WANTED."""
    return node.code.startswith(("E08.3", "E09.3", "E10.3", "E11.3", "E13.3", "H34.8", "H35.3"))


def test_a_side_that_is_not_said_is_never_given(codebook: CodeBook, specifier: Specifier) -> None:
    for number, node in enumerate(codebook.codes()):
        if node.billable or node.kind in ("chapter", "block") or number % 7 or _eye_by_seventh(node):
            continue
        for code in specifier.codes(node.code, {"left": 1}):
            found = codebook.get(code)
            assert found is not None
            said = set(found.title.lower().split()) - set(node.title.lower().split())
            assert "right" not in said and "bilateral" not in said, (node.code, found)
