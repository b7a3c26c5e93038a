"""Settle: every candidate ends in codes or in exclusions, once; code has the last word."""

from __future__ import annotations

from typing import Any

import pytest
from drafts import candidate, draft, dropped, evidence, finding, kept
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.api import code_note
from agent.codebook import CodeBook
from agent.config import Settings
from agent.errors import StepError
from agent.records import (
    Alternative,
    Assertion,
    Chunk,
    DecidedBy,
    Document,
    Draft,
    Encounter,
    Family,
    Kept,
    Proposal,
    Reason,
    Relation,
    Role,
    Scope,
    Setting,
    Usage,
)
from agent.settle import Outcome, settle


def codes(outcome: Outcome) -> list[str]:
    return [one.code for one in outcome.codes]


def left_out(outcome: Outcome) -> list[tuple[str, Reason]]:
    return [(one.code, one.reason) for one in outcome.excluded]


# -- completeness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "verdicts",
    [
        [],
        [kept(0)],
        [kept(0), kept(0)],
        [kept(0), kept(1), kept(1)],
        [kept(0), dropped(0), kept(1)],
        [kept(0), kept(1), kept(2)],
        [kept(1), kept(2)],
    ],
)
def test_a_candidate_without_its_one_verdict_is_a_defect(verdicts: list[Any], codebook: CodeBook) -> None:
    with pytest.raises(StepError, match="case") as caught:
        settle(draft(candidate(0), candidate(1)), [], verdicts, codebook)
    assert (caught.value.encounter, caught.value.step) == ("case", "critique")


@pytest.mark.parametrize("code", ["E11", "J18.99", "", "S52.501"])
def test_a_kept_code_that_cannot_be_billed_is_a_defect(code: str, codebook: CodeBook) -> None:
    with pytest.raises(StepError, match="no billable code") as caught:
        settle(draft(candidate(0, code)), [], [kept(0, code)], codebook)
    assert (caught.value.encounter, caught.value.step) == ("case", "settle")


def test_no_candidates_are_no_codes(codebook: CodeBook) -> None:
    assert settle(draft(), [], [], codebook) == ((), (), ())


CODES = st.sampled_from(["M10.9", "J45.909", "I10", "R05.9", "N18.4", "E11", "J18.99"])
BILLABLE = ["M10.9", "J45.909", "I10", "R05.9"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_every_candidate_ends_somewhere(data: st.DataObject, codebook: CodeBook) -> None:
    size = data.draw(st.integers(0, 7))
    parts = [
        candidate(n, data.draw(CODES), managed=data.draw(st.sampled_from([(), (evidence(n * 5),)])))
        for n in range(size)
    ]
    verdicts = [
        dropped(n, data.draw(st.sampled_from(Reason)))
        if data.draw(st.booleans())
        else kept(n, data.draw(st.sampled_from(BILLABLE)))
        for n in range(size)
    ]
    objections = [finding(n, data.draw(st.sampled_from(Reason))) for n in range(size) if data.draw(st.booleans())]
    mixed = data.draw(st.permutations(verdicts))
    outcome = settle(draft(*parts), objections, mixed, codebook)

    shown = {(e.start, e.end) for one in (*outcome.codes, *outcome.excluded) for e in one.evidence}
    assert shown == {(e.start, e.end) for part in parts for e in part.evidence}, "all evidence is shown"
    said = set(codes(outcome)) | {one.code for one in outcome.excluded}
    assert {part.code for part in parts} <= said, "every code that was proposed is answered"
    assert len(set(codes(outcome))) == len(outcome.codes), "each code is reported once"
    assert [one.sequence for one in outcome.codes] == list(range(1, len(outcome.codes) + 1))
    assert all(codebook.is_billable(code) for code in codes(outcome))
    assert outcome == settle(draft(*parts), objections, verdicts, codebook), "the order of the verdicts does not matter"


class Scripted:
    """An engine that proposes what it was told and keeps all of it."""

    name = "scripted"
    model = None
    languages = frozenset(("English",))

    def __init__(self, *proposals: tuple[str, str, Assertion]) -> None:
        self._proposals = proposals

    def prompts(self, scope: Scope) -> dict[str, str]:
        return {}

    async def propose(
        self, encounter: Encounter, document: Document, chunk: Chunk, scope: Scope
    ) -> tuple[list[Proposal], Usage]:
        return [
            Proposal(
                condition=quote,
                code=code,
                quote=quote,
                assertion=said,
                chunk=chunk.index,
                document=document.id,
                managed=quote,
            )
            for code, quote, said in self._proposals
        ], Usage(calls=1)

    async def critique(self, one: Draft, findings: Any) -> tuple[list[Any], Usage]:
        verdicts = [
            kept(c.id, c.code) if c.code in ("M10.9", "J45.909", "R05.9") else dropped(c.id, Reason.INVALID_CODE)
            for c in one.candidates
        ]
        return verdicts, Usage(calls=1)


def test_every_proposal_ends_in_codes_exclusions_or_rejections(settings: Settings) -> None:
    text = "Assessment: gout, asthma. No cough. Fever."
    proposals = [
        ("M10.9", "gout", Assertion.AFFIRMED),
        ("J45.909", "asthma", Assertion.AFFIRMED),
        ("R05.9", "cough", Assertion.NEGATED),
        ("Q99.Z", "Fever", Assertion.AFFIRMED),
        ("I10", "hypertension", Assertion.AFFIRMED),
        ("M10.9", "severe gout", Assertion.AFFIRMED),
    ]
    coding = code_note(text, setting="outpatient", engine=Scripted(*proposals), settings=settings)
    assert [one.code for one in coding.codes] == ["M10.9", "J45.909"]
    assert left_out(Outcome((), coding.excluded, ())) == [
        ("R05.9", Reason.NEGATED),
        ("Q99.Z", Reason.INVALID_CODE),
    ]
    assert [(one.code, one.quote) for one in coding.rejected] == [("I10", "hypertension"), ("M10.9", "severe gout")]
    assert all(one.reason for one in coding.rejected)
    assert coding.audit.usage.calls == 2


# -- what no critic may overrule ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [Reason.NEGATED, Reason.FAMILY, Reason.HYPOTHETICAL, Reason.UNCERTAIN_OUTPATIENT])
def test_a_binding_rule_overrules_a_critic_that_keeps(reason: Reason, codebook: CodeBook) -> None:
    objection = finding(0, reason, citation="I.A.19", message="it is denied", binding=True)
    outcome = settle(draft(candidate(0)), [objection], [kept(0)], codebook)
    assert codes(outcome) == []
    (only,) = outcome.excluded
    assert (only.reason, only.citation, only.decided_by) == (reason, "I.A.19", DecidedBy.RULE)
    assert only.explanation == "it is denied"


@pytest.mark.parametrize("reason", [Reason.NOT_REPORTABLE, Reason.INTEGRAL_SYMPTOM, Reason.LESS_SPECIFIC])
def test_other_rules_advise(reason: Reason, codebook: CodeBook) -> None:
    outcome = settle(draft(candidate(0)), [finding(0, reason)], [kept(0)], codebook)
    assert codes(outcome) == ["M10.9"]


def test_a_critic_may_leave_out_what_no_rule_speaks_against(codebook: CodeBook) -> None:
    verdict = dropped(0, Reason.NOT_REPORTABLE, decided_by=DecidedBy.CRITIC, explanation="not treated")
    (only,) = settle(draft(candidate(0)), [], [verdict], codebook).excluded
    assert (only.decided_by, only.explanation) == (DecidedBy.CRITIC, "not treated")


# -- one code, several mentions ----------------------------------------------------------------------------------------


def test_mentions_of_one_code_become_its_evidence(codebook: CodeBook) -> None:
    verdicts = [kept(0), kept(1, confidence=0.9)]
    outcome = settle(draft(candidate(0), candidate(1)), [], verdicts, codebook, off=tuple(Family))
    (only,) = outcome.codes
    assert [e.start for e in only.evidence] == [0, 5]
    assert only.confidence == 0.9
    (once,) = outcome.findings
    assert (once.rule, once.codes) == ("reported_once", ("M10.9",))
    assert only.findings == (once,)


def test_two_readings_of_the_same_words_are_one_place(codebook: CodeBook) -> None:
    one = draft(candidate(0), candidate(1, evidence=(evidence(0),)))
    outcome = settle(one, [], [kept(0), kept(1)], codebook, off=tuple(Family))
    assert [len(one.evidence) for one in outcome.codes] == [1]
    assert outcome.findings == ()


@pytest.mark.parametrize("reason", [Reason.NOT_REPORTABLE, Reason.HISTORICAL, Reason.DUPLICATE])
def test_a_mere_mention_of_a_reported_code_is_not_left_out_too(reason: Reason, codebook: CodeBook) -> None:
    outcome = settle(draft(candidate(0), candidate(1)), [], [kept(0), dropped(1, reason)], codebook)
    assert codes(outcome) == ["M10.9"]
    assert outcome.excluded == ()
    assert [e.start for e in outcome.codes[0].evidence] == [0, 5]


@pytest.mark.parametrize("reason", [Reason.NEGATED, Reason.FAMILY, Reason.UNCERTAIN_OUTPATIENT])
def test_a_denial_stays_visible_beside_the_reported_code(reason: Reason, codebook: CodeBook) -> None:
    outcome = settle(draft(candidate(0), candidate(1)), [], [kept(0), dropped(1, reason)], codebook)
    assert codes(outcome) == ["M10.9"]
    assert left_out(outcome) == [("M10.9", reason)]


def test_exclusions_of_one_code_for_one_reason_are_one(codebook: CodeBook) -> None:
    verdicts = [dropped(0, Reason.NEGATED), dropped(1, Reason.NEGATED), dropped(2, Reason.FAMILY)]
    outcome = settle(draft(*map(candidate, range(3))), [], verdicts, codebook)
    assert left_out(outcome) == [("M10.9", Reason.NEGATED), ("M10.9", Reason.FAMILY)]
    assert [len(one.evidence) for one in outcome.excluded] == [2, 1]


# -- a changed code ----------------------------------------------------------------------------------------------------


def test_a_replaced_code_stays_visible_with_its_reason(codebook: CodeBook) -> None:
    verdict = kept(0, "J18.1", why_not={"J18.9": "the lobe is named"}, citation="I.B.2")
    outcome = settle(draft(candidate(0, "J18.9")), [], [verdict], codebook)
    assert codes(outcome) == ["J18.1"]
    (only,) = outcome.excluded
    assert (only.code, only.reason, only.replaced_by) == ("J18.9", Reason.REPLACED, "J18.1")
    assert "the lobe is named" in only.explanation
    assert only.evidence == outcome.codes[0].evidence


def test_a_code_that_is_none_and_was_mended_is_said_to_be_invalid(codebook: CodeBook) -> None:
    outcome = settle(draft(candidate(0, "J18.99")), [], [kept(0, "J18.9")], codebook)
    assert left_out(outcome) == [("J18.99", Reason.INVALID_CODE)]


def test_alternatives_are_shown_with_why_not_and_without_the_code_itself(codebook: CodeBook) -> None:
    others = tuple(Alternative(code=code, title="t", relation=Relation.SIBLING) for code in ("J18.1", "J18.9"))
    outcome = settle(
        draft(candidate(0, "J18.9", alternatives=others)),
        [],
        [kept(0, "J18.9", why_not={"J18.1": "no lobe"})],
        codebook,
    )
    assert [(other.code, other.why_not) for other in outcome.codes[0].alternatives] == [("J18.1", "no lobe")]


# -- sequence ----------------------------------------------------------------------------------------------------------


def place(number: int, code: str, start: int, section: str, **more: Any) -> Any:
    return candidate(number, code, evidence=(evidence(start, section=section),), **more)


def keep_all(*parts: Any, setting: Setting = Setting.OUTPATIENT, book: CodeBook) -> Outcome:
    return settle(draft(*parts, setting=setting), [], [kept(part.id, part.code) for part in parts], book)


def test_diagnoses_and_assessment_come_before_the_history(codebook: CodeBook) -> None:
    outcome = keep_all(
        place(0, "R05.9", 0, "hpi"),
        place(1, "I10", 50, "plan"),
        place(2, "J45.909", 100, "assessment_plan"),
        place(3, "M10.9", 150, "diagnosis"),
        book=codebook,
    )
    assert codes(outcome) == ["M10.9", "J45.909", "I10", "R05.9"]


def test_what_was_managed_comes_before_what_was_mentioned(codebook: CodeBook) -> None:
    outcome = keep_all(
        place(0, "R05.9", 0, "diagnosis", managed=()), place(1, "I10", 50, "assessment_plan"), book=codebook
    )
    assert codes(outcome) == ["I10", "R05.9"]


def test_within_a_section_the_order_of_the_words_counts(codebook: CodeBook) -> None:
    outcome = keep_all(place(0, "I10", 60, "assessment_plan"), place(1, "M10.9", 10, "assessment_plan"), book=codebook)
    assert codes(outcome) == ["M10.9", "I10"]


def test_on_the_same_words_the_code_that_holds_more_comes_first(codebook: CodeBook) -> None:
    parts = (candidate(0, "N18.4"), candidate(1, "I12.9", evidence=(evidence(0), evidence(5))))
    assert codes(keep_all(*parts, book=codebook)) == ["I12.9", "N18.4"]


@pytest.mark.parametrize(
    ("setting", "role"), [(Setting.OUTPATIENT, Role.FIRST_LISTED), (Setting.INPATIENT, Role.PRINCIPAL)]
)
def test_the_first_code_has_the_role_of_its_setting(setting: Setting, role: Role, codebook: CodeBook) -> None:
    outcome = keep_all(candidate(0), candidate(1, "I10"), setting=setting, book=codebook)
    assert [one.role for one in outcome.codes] == [role, Role.SECONDARY]


# -- findings ----------------------------------------------------------------------------------------------------------


def test_findings_that_are_no_exclusion_are_kept_and_stand_with_their_codes(codebook: CodeBook) -> None:
    about = finding(rule="uncertain", codes=("M10.9",))
    general = finding(rule="edition_dates")
    given = [about, finding(0, Reason.NOT_REPORTABLE), general]
    outcome = settle(draft(candidate(0)), given, [kept(0)], codebook, off=tuple(Family))
    assert outcome.findings == (about, general)
    assert outcome.codes[0].findings == (about,)


def test_rules_of_claims_speak_of_the_outcome(codebook: CodeBook) -> None:
    outcome = keep_all(candidate(0, "I10"), candidate(1, "N18.4"), book=codebook)
    (said,) = [one for one in outcome.findings if one.rule == "hypertension_kidney"]
    assert said in outcome.codes[0].findings and said in outcome.codes[1].findings
    assert codes(outcome) == ["I10", "N18.4"], "a rule reports; it edits nothing"


def test_a_family_that_is_off_says_nothing(codebook: CodeBook) -> None:
    one = draft(candidate(0, "I10"), candidate(1, "N18.4"))
    outcome = settle(one, [], [kept(0, "I10"), kept(1, "N18.4")], codebook, off=[Family.SPECIFICITY])
    assert "hypertension_kidney" not in {one.rule for one in outcome.findings}


def test_a_manifestation_is_never_first(codebook: CodeBook) -> None:
    outcome = keep_all(candidate(0, "F02.80"), candidate(1, "G30.9"), setting=Setting.INPATIENT, book=codebook)
    assert [(one.code, one.role, one.sequence) for one in outcome.codes] == [
        ("G30.9", Role.PRINCIPAL, 1),
        ("F02.80", Role.SECONDARY, 2),
    ]


def test_codes_of_a_stay_have_poa_indicators_and_of_a_visit_none(codebook: CodeBook) -> None:
    for setting, wanted in ((Setting.INPATIENT, ["Y", "U", "exempt"]), (Setting.OUTPATIENT, [None, None, None])):
        parts = (candidate(0, "M10.9"), candidate(1, "L03.115"), candidate(2, "Z79.4"))
        outcome = keep_all(*parts, setting=setting, book=codebook)
        assert [one.poa for one in outcome.codes] == wanted


def test_verdicts_are_values_that_stay(codebook: CodeBook) -> None:
    verdict = kept(0)
    settle(draft(candidate(0)), [finding(0, Reason.NEGATED)], [verdict], codebook)
    assert verdict == Kept(candidate=0, code="M10.9", rationale="said", confidence=0.5)


# -- what replaces a code is reported ----------------------------------------------------------------------------------


@pytest.mark.xfail
def test_what_takes_a_codes_place_is_reported_itself(settings: Settings) -> None:
    """I10 gives way to I11.0, which gives way to I13.0: the reader is sent to a code that is not there."""
    text = "Assessment:\n- Hypertension\n- Heart failure\n- CKD stage 4"
    coding = code_note(text, setting="outpatient", scope=Scope.CLAIM, settings=settings)
    reported = {one.code for one in coding.codes}
    assert {one.replaced_by for one in coding.excluded if one.replaced_by} <= reported
