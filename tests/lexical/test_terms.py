"""Terms: the words that name a condition, found in any order, the best where several compete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.codebook import CodeBook, Term
from agent.lexical.terms import TermIndex
from agent.words import Vocabulary

VOCABULARY = Vocabulary.load()


class Book:
    """A book of a few terms."""

    def __init__(self, *terms: tuple[str, str, str]) -> None:
        self._terms = [
            Term(text=text, bag=" ".join(VOCABULARY.bag(text)), code=code, source=source, kind="")
            for text, code, source in terms
        ]

    def terms(self) -> Sequence[Term]:
        return self._terms


def index(*terms: tuple[str, str, str]) -> TermIndex:
    return TermIndex(cast(CodeBook, Book(*terms)))


def find(found: TermIndex, text: str) -> list[tuple[str, str]]:
    """Code and words of each hit, in order of place."""
    words = VOCABULARY.words(text)
    return [(hit.term.code, " ".join(words[i].raw for i in hit.words)) for hit in found.find(text, words)]


SMALL = index(
    ("knee pain", "M25.56", "lexicon"),
    ("ankle pain", "M25.57", "lexicon"),
    ("pain", "R52", "lexicon"),
    ("heart failure", "I50.9", "lexicon"),
    ("acute kidney failure", "N17.9", "lexicon"),
    ("asthma", "J45.909", "lexicon"),
    ("fracture of lower end of radius", "S52.50", "title"),
    ("fall from tree", "W14", "title"),
)


def test_the_words_of_a_term_may_stand_in_any_order() -> None:
    assert find(SMALL, "Knee pain.") == [("M25.56", "Knee pain")]
    assert find(SMALL, "pain in the knee") == [("M25.56", "pain knee")]


def test_the_term_that_explains_more_wins() -> None:
    assert find(SMALL, "knee pain") == [("M25.56", "knee pain")]
    assert find(SMALL, "pain") == [("R52", "pain")]


def test_words_too_far_apart_are_no_term() -> None:
    text = "heart rate is regular and strong today without any murmur or gallop, kidney function in failure"
    assert ("I50.9", "heart failure") not in find(SMALL, text)


def test_a_term_is_not_pieced_together_across_a_conjunction_or_comma() -> None:
    assert find(SMALL, "acute asthma, heart and kidney failure") != [("N17.9", "acute kidney failure")]
    assert ("I50.9", "heart failure") not in find(SMALL, "heart murmur, renal failure")


@pytest.mark.xfail
def test_a_shared_word_counts_for_both_sides_of_a_conjunction() -> None:
    assert {code for code, _ in find(SMALL, "pain in the knee and ankle")} == {"M25.56", "M25.57"}


def test_hits_come_in_order_of_place() -> None:
    assert [code for code, _ in find(SMALL, "asthma and heart failure and knee pain")] == ["J45.909", "I50.9", "M25.56"]


def test_titles_of_external_causes_name_nothing_in_a_note() -> None:
    assert find(SMALL, "fall from tree") == []
    assert find(index(("fell off a ladder", "W11", "lexicon")), "fell off a ladder") == [("W11", "fell off ladder")]


@pytest.mark.parametrize("text", ["chronic", "acute", "left", "right", "initial encounter", "type 2", "stage 3", "a 2"])
def test_words_that_are_empty_alone_are_no_term(text: str) -> None:
    assert find(index((text, "A00", "title"), (text, "A01", "lexicon")), text) == []


def test_the_more_trusted_source_is_kept_where_the_words_are_the_same() -> None:
    both = index(("nephric colic", "N23", "index"), ("colic, nephric", "N99", "lexicon"))
    assert [code for code, _ in find(both, "nephric colic")] == ["N99"]
    both = index(("nephric colic", "N99", "lexicon"), ("colic, nephric", "N23", "index"))
    assert [code for code, _ in find(both, "nephric colic")] == ["N99"]


def test_a_title_that_says_other_does_not_stand_for_the_bare_word() -> None:
    assert find(index(("Other hypertension", "I15", "title")), "hypertension") == []


def test_acronyms_of_titles_are_left_to_the_abbreviations() -> None:
    assert find(index(("AIDS", "B20", "inclusion")), "hearing aids") == []


def test_a_sentence_without_terms_has_no_hits() -> None:
    assert find(SMALL, "") == []
    assert find(SMALL, "The weather is fine.") == []


def test_the_index_of_the_whole_table_finds_everyday_conditions(terms: TermIndex) -> None:
    for text, code in [
        ("Type 2 diabetes", "E11"),
        ("high blood pressure", "I10"),
        ("asthma", "J45"),
        ("kidney stones", "N20"),
        ("pneumonia", "J18"),
        ("gout", "M10"),
    ]:
        found = find(terms, text)
        assert found and all(one[0].startswith(code) for one in found), (text, found)


@pytest.fixture(scope="module")
def terms(codebook: CodeBook) -> TermIndex:
    return TermIndex(codebook)


@given(
    st.lists(
        st.sampled_from("knee ankle pain heart failure acute kidney asthma and , in the of - 2 left . \n".split(" ")),
        max_size=25,
    ).map(" ".join)
)
def test_hits_of_any_sentence_are_well_formed(text: str) -> None:
    words = VOCABULARY.words(text)
    hits = SMALL.find(text, words)
    for hit in hits:
        assert list(hit.words) == sorted(set(hit.words))
        assert (hit.first, hit.last) == (hit.words[0], hit.words[-1])
        said = {form for i in hit.words for form in words[i].forms}
        assert hit.term.forms <= said
    assert hits == sorted(hits, key=lambda hit: (hit.first, hit.last))
    assert hits == SMALL.find(text, words)
