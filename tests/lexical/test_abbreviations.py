"""Abbreviations: what a sentence and its section say that they stand for, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.lexical.abbreviations import Abbreviations
from agent.words import Vocabulary

VOCABULARY = Vocabulary.load()


def expand(text: str, section: str = "text") -> dict[str, tuple[str, ...]]:
    """The forms of each word that the abbreviations changed."""
    plain = VOCABULARY.words(text)
    expanded = Abbreviations.load().expand(plain, section)
    assert [word[:3] for word in expanded] == [word[:3] for word in plain], "places must stay"
    return {new.raw: new.forms for old, new in zip(plain, expanded, strict=True) if new.forms != old.forms}


@pytest.mark.parametrize(
    ("text", "short", "says"),
    [
        ("COPD is stable", "COPD", "chronic obstructive pulmonary disease"),
        ("GERD", "GERD", "gastroesophageal reflux disease"),
        ("She has HTN.", "HTN", "hypertension"),
        ("T2DM", "T2DM", "type 2 diabetes mellitus"),
        ("CKD stage 4", "CKD", "chronic kidney disease"),
        ("New DVT", "DVT", "deep vein thrombosis"),
        ("OSA on CPAP", "OSA", "obstructive sleep apnea"),
        ("UTI", "UTI", "urinary tract infection"),
        ("BPH", "BPH", "benign prostatic hyperplasia"),
    ],
)
def test_a_plain_abbreviation_has_the_words_of_what_it_stands_for(text: str, short: str, says: str) -> None:
    assert set(VOCABULARY.bag(says)) <= set(expand(text)[short])


@pytest.mark.parametrize("text", ["copd", "gerd"])
def test_long_ones_are_read_in_any_case(text: str) -> None:
    assert text in expand(text)


@pytest.mark.parametrize("text", ["He is as well as all of us can be", "it or he", "pt was up and at it", "so to bed"])
def test_words_in_small_letters_are_no_abbreviations(text: str) -> None:
    assert not {"is", "as", "all", "can", "it", "or", "he", "up", "at", "so", "to", "us"} & expand(text).keys()


@pytest.mark.parametrize(
    ("text", "section", "says", "not_says"),
    [
        ("MS with optic neuritis, on interferon", "pmh", "sclerosis", "mitral"),
        ("RA on methotrexate", "pmh", "arthritis", "atrial"),
        ("PE on anticoagulation", "pmh", "embolism", "examination"),
    ],
)
def test_an_ambiguous_one_takes_the_meaning_whose_cue_stands_beside_it(
    text: str, section: str, says: str, not_says: str
) -> None:
    forms = {form for found in expand(text, section).values() for form in found}
    assert says in forms
    assert not_says not in forms


def test_a_phrase_of_letters_is_read_as_one() -> None:
    found = expand("s/p surgery with w/o pain")
    assert "status" in found["s"] and found["s"] == found["p"]


def test_letters_with_space_between_them_are_no_phrase() -> None:
    assert "s" not in expand("grade s and p waves")


def test_a_text_without_abbreviations_is_as_it_was() -> None:
    assert expand("The patient sleeps well.") == {}


def test_an_expansion_keeps_the_single_letters_that_tell_kinds_apart() -> None:
    assert Abbreviations.load() is Abbreviations.load()
    vitamins = expand("HCV and HBV")
    assert vitamins["HCV"] != vitamins["HBV"]


@given(
    st.text(alphabet=st.sampled_from("CKDMSPERAT/ .wosphx2\n\u00e9\U0001f600"), max_size=40),
    st.sampled_from(["text", "pmh"]),
)
def test_any_text_can_be_expanded_and_keeps_its_places(text: str, section: str) -> None:
    expand(text, section)
