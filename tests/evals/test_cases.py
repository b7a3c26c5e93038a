"""Cases and suites can't be built with what does not fit together."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from agent.records import Reason, Scope
from evals.cases import Case, GoldCode, GoldExclusion, Span, dotted, make_suite
from evals.problems import GoldError, Problem
from tests.evals.judging import NOTE, case


def built(*codes: GoldCode, exclusions: tuple[GoldExclusion, ...] = ()) -> Case:
    return Case(encounter=case().encounter, codes=codes, exclusions=exclusions)


def test_a_span_holds_something() -> None:
    with pytest.raises(ValidationError, match="from 4 to 4 holds nothing"):
        Span(document="note", start=4, end=4)


def test_evidence_lies_in_a_document_of_the_encounter() -> None:
    whole = Span(document="note", start=0, end=len(NOTE))
    assert built(GoldCode(code="I10", evidence=(whole,))).gold == {"I10"}
    with pytest.raises(ValidationError, match=f"from 0 to {len(NOTE) + 1} in 'note', which ends at {len(NOTE)}"):
        built(GoldCode(code="I10", evidence=(Span(document="note", start=0, end=len(NOTE) + 1),)))
    with pytest.raises(ValidationError, match="'other', and the encounter has no such document"):
        built(
            exclusions=(
                GoldExclusion(code="I10", reason=Reason.NEGATED, evidence=(Span(document="other", start=0, end=1),)),
            )
        )


def test_a_code_stands_once() -> None:
    with pytest.raises(ValidationError, match="I10 stands among the codes twice"):
        built(GoldCode(code="I10"), GoldCode(code="I10"))
    with pytest.raises(ValidationError, match="I10 is both a right code and an exclusion"):
        built(GoldCode(code="I10"), exclusions=(GoldExclusion(code="I10", reason=Reason.NEGATED),))


def test_a_suite_has_encounters_each_once() -> None:
    with pytest.raises(GoldError, match="folder: there are no encounters in it"):
        make_suite("s", Scope.CLAIM, [], "folder")
    with pytest.raises(GoldError, match="two encounters are called 'a'"):
        make_suite("s", Scope.CLAIM, [case("I10"), case("E11.9")], "folder")


def test_the_fingerprint_is_of_all_that_a_suite_holds() -> None:
    def sha256(scope: Scope, *cases: Case) -> str:
        return make_suite("s", scope, cases, "x").sha256

    one, other = case("I10", "E11.9"), case("I10", name="b")
    first = sha256(Scope.CLAIM, one, other)
    assert first == sha256(Scope.CLAIM, one, other)
    assert make_suite("t", Scope.CLAIM, (one, other), "y").sha256 == first
    changed = [
        sha256(Scope.MENTIONS, one, other),
        sha256(Scope.CLAIM, other, one),
        sha256(Scope.CLAIM, case("E11.9", "I10"), other),
        sha256(Scope.CLAIM, case("I10", "E11.9", evidence={"I10": ["Hypertension"]}), other),
        sha256(Scope.CLAIM, case("I10", "E11.9", text=NOTE + "."), other),
    ]
    assert len({first, *changed}) == 6


def test_codes_are_written_as_the_edition_does() -> None:
    assert [dotted(code) for code in ("i10", " e1165 ", "S82.001a", "E11.65")] == [
        "I10",
        "E11.65",
        "S82.001A",
        "E11.65",
    ]


def test_a_long_list_of_problems_is_cut_and_kept_whole() -> None:
    error = GoldError([Problem("f", n, "wrong") for n in range(25)])
    assert str(error).splitlines()[1] == "f:1: wrong" and str(error).endswith("and 5 more")
    assert len(error.problems) == 25
