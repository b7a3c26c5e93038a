"""Linkage: the combination codes of I.A.15 "with", as candidates of their own."""

from __future__ import annotations

import time

import pytest
from drafts import candidate, draft, evidence

from agent.codebook import CodeBook
from agent.linkage import combined, link, links
from agent.records import Assertion, Draft, Reason, Relation, Scope, Setting


def added(one: Draft, book: CodeBook) -> list[str]:
    """The codes that linking adds."""
    linked = link(one, book)
    assert linked.candidates[: len(one.candidates)] == one.candidates, "what was there stays as it was"
    return [new.code for new in linked.candidates[len(one.candidates) :]]


def replaced(one: Draft, book: CodeBook) -> dict[str, set[str]]:
    """Which codes the linked draft speaks against, and for which others."""
    found: dict[str, set[str]] = {}
    linked = link(one, book)
    for objection in combined.check(linked, book):
        assert objection.reason is Reason.REPLACED
        assert objection.candidate is not None and objection.instead is not None
        assert linked.candidates[objection.candidate].code == objection.codes[0]
        found.setdefault(objection.codes[0], set()).add(objection.instead)
    return found


PAIRS = [
    ("E11.9", "N18.4", "E11.22", {"E11.9"}),
    ("E10.9", "N18.32", "E10.22", {"E10.9"}),
    ("E13.9", "N08", "E13.21", {"E13.9", "N08"}),
    ("E11.9", "G62.9", "E11.40", {"E11.9", "G62.9"}),
    ("E11.9", "K31.84", "E11.43", {"E11.9"}),
    ("E11.9", "H35.00", "E11.319", {"E11.9", "H35.00"}),
    ("E11.9", "I73.9", "E11.51", {"E11.9", "I73.9"}),
    ("E11.9", "L97.519", "E11.621", {"E11.9"}),
    ("E11.9", "L97.209", "E11.622", {"E11.9"}),
    ("E11.9", "R73.9", "E11.65", {"E11.9", "R73.9"}),
    ("E08.9", "E16.2", "E08.649", {"E08.9", "E16.2"}),
    ("I10", "I50.23", "I11.0", {"I10"}),
    ("I10", "I51.7", "I11.9", {"I10", "I51.7"}),
    ("I10", "N18.6", "I12.0", {"I10"}),
    ("I10", "N18.30", "I12.9", {"I10"}),
]


@pytest.mark.parametrize(("base", "other", "whole", "gone"), PAIRS)
@pytest.mark.parametrize("turned", [False, True])
def test_a_pair_is_one_code_in_either_order(
    base: str, other: str, whole: str, gone: set[str], turned: bool, codebook: CodeBook
) -> None:
    codes = [other, base] if turned else [base, other]
    one = draft(*(candidate(number, code) for number, code in enumerate(codes)))
    assert added(one, codebook) == [whole]
    assert replaced(one, codebook).keys() == gone


@pytest.mark.parametrize("words", ["peripheral neuropathy", "Peripheral neuropathy", "polyneuropathy"])
def test_words_choose_the_narrower_code(words: str, codebook: CodeBook) -> None:
    one = draft(candidate(0, "E11.9"), candidate(1, "G62.9", evidence=(evidence(5, text=words),)))
    assert added(one, codebook) == ["E11.42"]
    assert replaced(one, codebook) == {"E11.9": {"E11.42"}, "G62.9": {"E11.42"}}


def test_heart_and_kidney_disease_meet_in_one_code(codebook: CodeBook) -> None:
    one = draft(candidate(0, "I10"), candidate(1, "I50.9"), candidate(2, "N18.4"))
    assert added(one, codebook)[-1] == "I13.0"
    gone = replaced(one, codebook)
    assert "I13.0" in gone["I11.0"] and "I13.0" in gone["I12.9"]
    assert {"I50.9", "N18.4", "I13.0"}.isdisjoint(gone)
    one = draft(candidate(0, "I50.9"), candidate(1, "N18.6"), candidate(2, "I10"))
    assert added(one, codebook)[-1] == "I13.2"


def test_one_condition_may_be_linked_twice(codebook: CodeBook) -> None:
    one = draft(candidate(0, "I10"), candidate(1, "N18.4"), candidate(2, "E11.9"))
    assert sorted(added(one, codebook)) == ["E11.22", "I12.9"]


def test_a_combination_holds_the_evidence_of_both(codebook: CodeBook) -> None:
    one = draft(candidate(0, "E11.9"), candidate(1, "N18.4"))
    new = link(one, codebook).candidates[-1]
    assert new.id == 2
    assert new.evidence == one.candidates[0].evidence + one.candidates[1].evidence
    assert new.managed == one.candidates[0].managed + one.candidates[1].managed
    assert new.assertion is Assertion.AFFIRMED
    assert {other.code for other in new.alternatives} == {"E11.9", "N18.4"}
    assert {other.relation for other in new.alternatives} == {Relation.PROPOSED}


def test_a_combination_is_made_once(codebook: CodeBook) -> None:
    one = draft(
        *(candidate(number, code) for number, code in enumerate(["E11.9", "N18.4", "E11.9", "N18.4", "N18.32"]))
    )
    assert added(one, codebook) == ["E11.22"]


@pytest.mark.parametrize(
    "said",
    [Assertion.NEGATED, Assertion.FAMILY, Assertion.HISTORICAL, Assertion.HYPOTHETICAL, Assertion.PLANNED],
)
@pytest.mark.parametrize("which", [0, 1])
def test_only_what_is_affirmed_is_linked(said: Assertion, which: int, codebook: CodeBook) -> None:
    parts = [candidate(0, "E11.9"), candidate(1, "N18.4")]
    parts[which] = candidate(which, parts[which].code, assertion=said)
    assert added(draft(*parts), codebook) == []
    assert added(draft(*parts, setting=Setting.INPATIENT), codebook) == []


def test_outpatient_what_is_uncertain_is_not_linked(codebook: CodeBook) -> None:
    one = draft(candidate(0, "I10"), candidate(1, "I50.9", assertion=Assertion.UNCERTAIN))
    assert added(one, codebook) == []


@pytest.mark.xfail
def test_inpatient_what_is_uncertain_is_linked_as_if_it_existed(codebook: CodeBook) -> None:
    """II.H, III.C: it is coded as if established, and so it is presumed linked."""
    parts = (candidate(0, "I10"), candidate(1, "I50.9", assertion=Assertion.UNCERTAIN))
    assert added(draft(*parts, setting=Setting.INPATIENT), codebook) == ["I11.0"]


def test_what_was_not_managed_is_not_linked(codebook: CodeBook) -> None:
    assert added(draft(candidate(0, "E11.9", managed=()), candidate(1, "N18.4")), codebook) == []


def test_mentions_stay_as_they_are_documented(codebook: CodeBook) -> None:
    one = draft(candidate(0, "E11.9"), candidate(1, "N18.4"), scope=Scope.MENTIONS)
    assert link(one, codebook) is one
    assert list(combined.check(one, codebook)) == []


@pytest.mark.parametrize(
    ("one", "other"), [("R73.03", "N18.4"), ("E11.22", "G62.9"), ("I10", "J18.9"), ("I27.20", "I50.9")]
)
def test_what_is_no_pair_is_not_linked(one: str, other: str, codebook: CodeBook) -> None:
    assert added(draft(candidate(0, one), candidate(1, other)), codebook) == []


def test_a_combination_that_the_documents_name_takes_the_parts_out(codebook: CodeBook) -> None:
    one = draft(candidate(0, "E11.9"), candidate(1, "N18.4"), candidate(2, "E11.22"))
    found = [(objection.candidate, objection.instead) for objection in combined.check(one, codebook)]
    assert found == [(0, "E11.22")]


def test_each_part_is_spoken_against_once_for_each_combination(codebook: CodeBook) -> None:
    linked = link(draft(candidate(0, "E11.9"), candidate(1, "G62.9"), candidate(2, "G62.9")), codebook)
    found = [(objection.candidate, objection.instead) for objection in combined.check(linked, codebook)]
    assert sorted(found) == [(0, "E11.40"), (1, "E11.40"), (2, "E11.40")]


def test_the_findings_cite_the_chapter(codebook: CodeBook) -> None:
    linked = link(draft(candidate(0, "I10"), candidate(1, "I50.9")), codebook)
    (only,) = combined.check(linked, codebook)
    assert only.citation == "I.B.9, I.A.15, I.C.9.a.1"
    assert "I11.0" in only.message and "heart failure" in only.message


def test_many_mentions_are_linked_in_reasonable_time(codebook: CodeBook) -> None:
    codes = ["I10", "N18.4", "E11.9", "I50.9"] * 150
    began = time.perf_counter()
    many = (candidate(number, code, evidence=(evidence(),)) for number, code in enumerate(codes))
    linked = link(draft(*many), codebook)
    assert list(combined.check(linked, codebook))
    assert time.perf_counter() - began < 4


def test_the_pairs_name_codes_of_the_edition(codebook: CodeBook) -> None:
    known = [code.code for code in codebook.codes() if code.kind not in ("chapter", "block")]
    for pair in links():
        assert pair.citation.startswith("I.A.15")
        for beginning in pair.base + pair.other:
            assert any(code.startswith(beginning) for code in known), (pair, beginning)
        for base in pair.base:
            assert codebook.is_billable(pair.combined.format(base=base[:3])), (pair, base)


def test_a_narrower_pair_stands_before_the_wider_one() -> None:
    seen: dict[tuple[tuple[str, ...], tuple[str, ...]], bool] = {}
    for pair in links():
        key = (pair.base, pair.other)
        assert not seen.get(key, False), f"{pair} is never reached"
        seen[key] = not pair.words
