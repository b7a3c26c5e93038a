"""The score of one encounter, counted by hand."""

from __future__ import annotations

import pytest

from agent.codebook import CodeBook
from agent.errors import InputError
from agent.records import Alternative, Reason, Rejection, Relation, Scope, Setting
from evals.cases import GoldExclusion, make_suite
from evals.counts import Prf, with_ancestors
from evals.losses import Loss
from evals.outcome import Outcome, Steps
from evals.score import STEPS, UNMARKED, EvidenceScore, score, score_all
from tests.evals.judging import assigned, case, coding, evidence, excluded, outcome


def test_exact_category_and_sets(codebook: CodeBook) -> None:
    made = outcome(coding(assigned("E11.9"), assigned("I10"), assigned("J18.9")))
    s = score(case("E11.65", "I10", "R05.9"), made, codebook)
    assert (s.hit, s.extra, s.missed) == ({"I10"}, {"E11.9", "J18.9"}, {"E11.65", "R05.9"})
    assert s.counts == Prf(1, 2, 2) and s.f1 == pytest.approx(1 / 3)
    assert s.category == Prf(2, 1, 1)
    assert s.jaccard == pytest.approx(1 / 5) and not s.exact


def test_a_category_counts_once_however_many_codes_it_has(codebook: CodeBook) -> None:
    s = score(case("E11.65", "E11.22"), outcome(coding(assigned("E11.9"))), codebook)
    assert s.category == Prf(1, 0, 0)


def test_hierarchical_credit_is_for_what_codes_stand_under(codebook: CodeBook) -> None:
    assert with_ancestors(["E11.65"], codebook) == {"E11", "E11.6", "E11.65"}
    assert with_ancestors(["S82.001A"], codebook) == {"S82", "S82.0", "S82.00", "S82.001", "S82.001A"}
    # P = {E11, E11.6, E11.69}, G = {E11, E11.6, E11.65}: two of three in both.
    s = score(case("E11.65"), outcome(coding(assigned("E11.69"))), codebook)
    assert s.hierarchical == Prf(2, 1, 1)
    assert s.hierarchical.f1 == pytest.approx(2 / 3)


def test_a_code_that_is_not_in_the_edition_stands_under_the_nearest_node(codebook: CodeBook) -> None:
    assert codebook.get("E11.6X9") is None
    assert with_ancestors(["E11.6X9"], codebook) == {"E11", "E11.6", "E11.6X9"}
    assert with_ancestors(["BT41ZZZ"], codebook) == {"BT41ZZZ"}


def test_nothing_right_and_nothing_reported_is_an_exact_set(codebook: CodeBook) -> None:
    s = score(case(), outcome(coding()), codebook)
    assert s.exact and s.jaccard == 1.0 and s.f1 == 1.0


def test_a_failed_encounter_misses_all_and_is_never_exact(codebook: CodeBook) -> None:
    gold = case(
        "I10",
        "E11.9",
        ordered=True,
        exclusions=[GoldExclusion(code="J18.9", reason=Reason.UNCERTAIN_OUTPATIENT)],
    )
    s = score(gold, Outcome(encounter="a", failure="EndpointDown: no reply"), codebook)
    assert s.counts == s.category == Prf(0, 0, 2)
    assert s.hierarchical == Prf(0, 0, 3)
    assert s.steps == dict.fromkeys(STEPS, Prf(0, 0, 2))
    assert s.first_right is False and not s.exclusions[0].kept_out
    assert s.losses == (
        Loss("I10", "failed", "EndpointDown: no reply"),
        Loss("E11.9", "failed", "EndpointDown: no reply"),
    )
    empty = score(case(), Outcome(encounter="a", failure="x"), codebook)
    assert not empty.exact and empty.jaccard == 0.0 and empty.f1 == 0.0


def test_a_failed_encounter_misses_indicators_evidence_and_exclusions_that_gold_has(codebook: CodeBook) -> None:
    gold = case(
        "I10",
        "E11.9",
        "J18.9",
        setting=Setting.INPATIENT,
        poa={"I10": "Y", "E11.9": "N"},
        evidence={"I10": ["Hypertension"], "J18.9": ["Pneumonia", "likely viral"]},
        exclusions=[GoldExclusion(code="J12.9", reason=Reason.NEGATED)],
    )
    s = score(gold, Outcome(encounter="a", failure="x"), codebook)
    assert s.poa == Prf(0, 0, 2)
    assert s.evidence == (EvidenceScore("I10", 0, 12, 0), EvidenceScore("J18.9", 0, 21, 0))
    assert [e.f1 for e in s.evidence] == [0.0, 0.0]
    assert [(e.kept_out, e.excluded, e.right_reason) for e in s.exclusions] == [(False, False, False)]
    # What only a result can have, a failed one adds nothing to.
    assert (s.proposals, s.rejected, s.invalid, s.invented, s.confidence) == (0, 0, 0, 0, ())
    bare = score(case("I10"), Outcome(encounter="a", failure="x"), codebook)
    assert (bare.poa, bare.evidence, bare.exclusions) == (Prf(), (), ())


def test_each_step_is_counted_by_itself(codebook: CodeBook) -> None:
    rejection = Rejection(condition="cough", code="R05.9", quote="coughing", reason="not there")
    made = coding(assigned("I10"), assigned("J18.9"), rejected=[rejection])
    steps = Steps(
        proposed=("I10", "J18.9", "E11.9"),
        offered=("I10", "J18.9", "E11.9", "E11.65"),
        affirmed=("I10", "E11.9"),
        candidates=3,
        lost=1,
    )
    s = score(case("I10", "E11.65", "R05.9"), outcome(made, steps), codebook)
    assert s.steps == {
        "proposed": Prf(2, 2, 1),
        "grounded": Prf(1, 2, 2),
        "offered": Prf(2, 2, 1),
        "affirmed": Prf(1, 1, 2),
        "final": Prf(1, 1, 2),
    }
    assert (s.rejected, s.proposals, s.lost) == (1, 4, 1)


def test_a_baseline_is_counted_at_the_end_alone(codebook: CodeBook) -> None:
    s = score(case("I10", "R05.9"), Outcome(encounter="a", codes=("I10", "I10", "Q99.99")), codebook)
    assert s.steps == {"final": Prf(1, 1, 1)}
    assert s.losses == (Loss("R05.9", "final", "not reported"),)
    assert s.invalid == 1 and s.evidence == () and s.confidence == ()


def test_a_lost_code_says_where_and_how(codebook: CodeBook) -> None:
    reported = assigned("E11.9").model_copy(
        update={"alternatives": (Alternative(code="E11.65", title="t", relation=Relation.SIBLING),)}
    )
    made = coding(
        reported,
        left_out=[excluded("J18.9", Reason.UNCERTAIN_OUTPATIENT), excluded("I10", Reason.REPLACED, "I11.9")],
        rejected=[Rejection(condition="cough", code="R05.9", quote="coughing", reason="not there")],
    )
    steps = Steps(proposed=("E11.9", "J18.9", "I10", "M25.561"), offered=("E11.9", "E11.65", "J18.9", "I10", "M25.561"))
    gold = case("E11.65", "J18.9", "I10", "R05.9", "M25.551", "Z94.0")
    assert {loss.code: (loss.step, loss.how) for loss in score(gold, outcome(made, steps), codebook).losses} == {
        "E11.65": ("final", "E11.9 was reported in its place"),
        "J18.9": ("final", "excluded by the rule as uncertain_outpatient"),
        "I10": ("final", "excluded by the rule as replaced, replaced by I11.9"),
        "R05.9": ("grounded", "its quote was not found: 'coughing'"),
        "M25.551": ("offered", "of its category came up: M25.561"),
        "Z94.0": ("proposed", "nothing of its category came up"),
    }


def test_evidence_is_compared_by_its_characters(codebook: CodeBook) -> None:
    gold = case("J18.9", "I10", "E11.9", evidence={"J18.9": ["Pneumonia, likely viral"], "I10": ["Hypertension"]})
    made = coding(
        assigned("J18.9", "Pneumonia", "Pneumonia, likely", "Cough"), assigned("I10", "diabetes"), assigned("E11.9")
    )
    s = score(gold, outcome(made), codebook)
    # "Pneumonia, likely" (17) holds "Pneumonia"; with "Cough" 22 characters are given, 23 are marked, 17 in both.
    assert s.evidence == (EvidenceScore("J18.9", 22, 23, 17), EvidenceScore("I10", 8, 12, 0))
    assert [e.f1 for e in s.evidence] == [pytest.approx(34 / 45), 0.0]


def test_evidence_in_another_document_is_no_hit(codebook: CodeBook) -> None:
    gold = case("I10", evidence={"I10": ["Hypertension"]})
    elsewhere = evidence("Hypertension").model_copy(update={"document": "other"})
    made = coding(assigned("I10").model_copy(update={"evidence": (elsewhere,)}))
    s = score(gold, outcome(made), codebook)
    assert s.evidence == (EvidenceScore("I10", 12, 12, 0),)
    assert s.misplaced == 1


def test_exclusions(codebook: CodeBook) -> None:
    reason = Reason.UNCERTAIN_OUTPATIENT
    gold = case(
        "I10", exclusions=[GoldExclusion(code=code, reason=reason) for code in ("J18.9", "J12.9", "J15.9", "J13")]
    )
    made = coding(
        assigned("J18.9"),
        left_out=[excluded("J12.9", reason), excluded("J15.9", Reason.NEGATED), excluded("J18.9", reason)],
    )
    found = score(gold, outcome(made), codebook).exclusions
    assert [(e.code, e.kept_out, e.excluded, e.right_reason) for e in found] == [
        ("J18.9", False, False, False),  # reported, whatever was said of another mention
        ("J12.9", True, True, True),
        ("J15.9", True, True, False),
        ("J13", True, False, False),
    ]
    assert found[2].given == (Reason.NEGATED,)


def test_first_listed_is_judged_where_the_gold_has_an_order(codebook: CodeBook) -> None:
    made = outcome(coding(assigned("I10"), assigned("E11.9")))
    assert score(case("I10", "E11.9", ordered=True), made, codebook).first_right is True
    assert score(case("E11.9", "I10", ordered=True), made, codebook).first_right is False
    assert score(case("E11.9", "I10"), made, codebook).first_right is None
    assert score(case("I10", ordered=True), outcome(coding()), codebook).first_right is False


def test_poa_is_judged_on_right_codes(codebook: CodeBook) -> None:
    gold = case(
        "I10", "E11.9", "J18.9", "R05.9", setting=Setting.INPATIENT, poa={"I10": "Y", "E11.9": "Y", "J18.9": "N"}
    )
    made = coding(assigned("I10", poa="Y"), assigned("E11.9", poa="N"), assigned("J18.9"), assigned("Z94.0", poa="Y"))
    assert score(gold, outcome(made), codebook).poa == Prf(1, 1, 1)


def test_a_code_stands_in_the_section_of_its_gold_evidence_first(codebook: CodeBook) -> None:
    gold = case("R05.9", "J18.9", "Z94.0", evidence={"R05.9": ["Cough"]})
    made = coding(assigned("R05.9", "Pneumonia"), assigned("I10", "Hypertension"))
    assert score(gold, outcome(made), codebook).sections == {
        "R05.9": "hpi",
        "I10": "assessment_plan",
        "J18.9": UNMARKED,
        "Z94.0": UNMARKED,
    }


def test_contracts_that_hold_whatever_the_codes(codebook: CodeBook) -> None:
    wrong = evidence("Pneumonia").model_copy(update={"start": 0, "end": 9})
    made = coding(assigned("J18.9", confidence=0.75).model_copy(update={"evidence": (wrong,)}), assigned("E11"))
    s = score(case("J18.9"), outcome(made, Steps(proposed=("J18.9", "E11", "Q99.99"))), codebook)
    assert (s.misplaced, s.invalid, s.invented) == (1, 1, 1)
    assert s.confidence == ((0.75, True), (0.5, False))


def test_an_encounter_that_was_not_run_counts_as_failed(codebook: CodeBook) -> None:
    suite = make_suite("s", Scope.CLAIM, [case("I10", name="a"), case("I10", name="b")], "s")
    first, second = score_all(suite, [outcome(coding(assigned("I10"), name="b"))], codebook)
    assert (first.encounter, first.failure, first.missed) == ("a", "it was not run", {"I10"})
    assert second.hit == {"I10"}


def test_outcomes_that_belong_to_nothing_are_errors(codebook: CodeBook) -> None:
    suite = make_suite("s", Scope.CLAIM, [case("I10", name="a")], "s")
    with pytest.raises(InputError, match="'z' is no encounter of s"):
        score_all(suite, [Outcome(encounter="z")], codebook)
    with pytest.raises(InputError, match="'a' has two outcomes"):
        score_all(suite, [Outcome(encounter="a"), Outcome(encounter="a")], codebook)
    with pytest.raises(InputError, match="the outcome of 'z' was given for 'a'"):
        score(suite.cases[0], Outcome(encounter="z"), codebook)
