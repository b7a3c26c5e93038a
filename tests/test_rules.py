"""The rules end to end: the cases of tests/rules/*.txt, each with its answer inline, through the public `code_note`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from tagged import cases, untag

from agent import CodeBook, Coding, Settings, code_note
from agent.records import (
    Assertion,
    Candidate,
    DecidedBy,
    Document,
    Draft,
    Encounter,
    Evidence,
    Match,
    Reason,
    Scope,
    Setting,
    Severity,
)
from agent.rules import reportability, specificity
from agent.rules.run import run_rules

FOLDER = Path(__file__).parent / "rules"
NOT_RULES = ("assertion", "assertion_wanted", "wanted")
FILES = sorted(path.stem for path in FOLDER.glob("*.txt") if path.stem not in NOT_RULES)
CASES = [case for name in FILES for case in cases(f"{name}.txt")]


@cache
def code_case(case: str, settings: Settings) -> tuple[str, Coding]:
    """The text of a case and its coding; the words before the bar are the setting, the scope and the date."""
    head, _, body = case.partition(" | ")
    setting, *more = head.split()
    days = [word.removeprefix("dos=") for word in more if word.startswith("dos=")]
    text = untag(body)[0]
    coding = code_note(
        text,
        setting=setting,
        scope="mentions" if "mentions" in more else "claim",
        date_of_service=days[0] if days else "2026-05-04",
        settings=settings,
    )
    return text, coding


def touches(evidence: tuple[Evidence, ...], start: int, end: int) -> bool:
    return any(one.start < end and start < one.end for one in evidence)


def check_case(case: str, settings: Settings) -> None:
    text, coding = code_case(case, settings)
    tagged = untag(case.partition(" | ")[2])[1]
    assert tagged, "a case has a tag"
    reported = {one.code: one for one in coding.codes}
    excluded = {(one.code, one.reason.value): one for one in coding.excluded}
    wanted: set[str] = set()
    for one in tagged:
        assert one.name == "dx"
        assert one.attributes.keys() <= {"code", "reason", "out", "cite", "rule"}, one
        words = f"{text[one.start : one.end]!r}: {sorted(reported)}, not {sorted(excluded)}"
        codes = one.attributes.get("code", "").split(",") if "code" in one.attributes else []
        out = [pair.split(":") for pair in one.attributes.get("out", "").split(",") if pair]
        if "reason" in one.attributes:
            out += [[code, one.attributes["reason"]] for code in codes]
            codes = []
        wanted.update(codes)
        for code in codes:
            assert code in reported, words
            assert touches(reported[code].evidence, one.start, one.end), words
        for code, reason in out:
            assert reason in {known.value for known in Reason}, reason
            assert (code, reason) in excluded, words
            found = excluded[code, reason]
            if reason != "replaced":
                assert touches(found.evidence, one.start, one.end), words
            assert one.attributes.get("cite", "") in found.citation, found.citation
        if "rule" in one.attributes:
            assert any(f.rule == one.attributes["rule"] and set(codes) & set(f.codes) for f in coding.findings)
    assert set(reported) == wanted, f"{sorted(reported)} are reported, {sorted(wanted)} are tagged"


@pytest.mark.parametrize("case", CASES)
def test_case_is_coded_as_it_is_tagged(case: str, settings: Settings) -> None:
    check_case(case, settings)


@pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.xfail) for case in cases("wanted.txt")])
def test_case_is_not_coded_right_yet(case: str, settings: Settings) -> None:
    check_case(case, settings)


@pytest.mark.parametrize("case", CASES + cases("wanted.txt"))
def test_whatever_is_coded_can_be_defended(case: str, settings: Settings, codebook: CodeBook) -> None:
    text, coding = code_case(case, settings)
    assert [one.sequence for one in coding.codes] == list(range(1, len(coding.codes) + 1))
    for one in coding.codes:
        assert codebook.is_billable(one.code)
        assert one.rationale
        assert one.evidence
        assert one.code not in {other.code for other in one.alternatives}
        assert all(other.why_not for other in one.alternatives)
    for out in coding.excluded:
        assert out.citation and out.explanation
        assert out.evidence
    for evidence in [e for one in (*coding.codes, *coding.excluded) for e in one.evidence]:
        assert text[evidence.start : evidence.end] == evidence.text
    first = "principal" if coding.setting is Setting.INPATIENT else "first_listed"
    assert [one.role.value for one in coding.codes] == [first, *["secondary"] * (len(coding.codes) - 1)][
        : len(coding.codes)
    ]


def test_a_case_that_is_wrong_is_found_out(settings: Settings) -> None:
    for wrong in (
        "outpatient | Assessment: <dx code=J18.1>Pneumonia</dx>.",
        "outpatient | Assessment: Pneumonia. <dx code=J18.9>Today.</dx>",
        "outpatient | Assessment: <dx code=J18.9 reason=negated>Pneumonia</dx>.",
        "outpatient | Assessment: <dx code=J18.9 rule=uncertain>Pneumonia</dx>.",
        "outpatient | Assessment: Pneumonia and <dx code=M10.9>gout</dx>.",
        "outpatient | Assessment: Pneumonia.",
    ):
        with pytest.raises(AssertionError):
            check_case(wrong, settings)


# -- the order of a combination and what it asks for -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Assessment:\n- CKD stage 4\n- Hypertension", ["I12.9", "N18.4"]),
        ("Assessment:\n- Heart failure\n- Hypertension", ["I11.0", "I50.9"]),
        ("Assessment:\n- Ulcer of the right foot\n- Type 2 diabetes", ["E11.621", "L97.519"]),
        ("Assessment:\n- Gout\n- CKD stage 4\n- Hypertension", ["M10.9", "I12.9", "N18.4"]),
    ],
)
def test_a_combination_code_goes_before_what_it_asks_for(text: str, order: list[str], settings: Settings) -> None:
    assert [one.code for one in code_note(text, setting="outpatient", settings=settings).codes] == order


def test_the_sequence_follows_the_assessment_not_the_history(settings: Settings) -> None:
    text = "PMH: Asthma, gout\nAssessment:\n1. Gout\n2. Asthma"
    assert [one.code for one in code_note(text, setting="outpatient", settings=settings).codes] == ["M10.9", "J45.909"]


def test_a_code_in_several_places_is_reported_once_with_all_of_them(settings: Settings) -> None:
    text = "HPI: Gout for years.\nAssessment:\n1. Gout\nPlan: Continue allopurinol for gout."
    coding = code_note(text, setting="outpatient", settings=settings)
    (only,) = coding.codes
    assert [e.section for e in only.evidence][0] == "assessment_plan"
    assert sorted(e.start for e in only.evidence) == [text.index("Gout"), text.index("Gout\n"), text.index("gout.")]
    (once,) = [f for f in coding.findings if f.rule == "reported_once"]
    assert (once.citation, once.codes) == ("I.B.12", ("M10.9",))
    assert "3 places" in once.message


def test_one_place_is_not_said_to_be_several(settings: Settings) -> None:
    coding = code_note("Assessment:\n1. Kidney stone", setting="outpatient", settings=settings)
    assert [one.code for one in coding.codes] == ["N20.0"]
    assert not [f for f in coding.findings if f.rule == "reported_once"]


# -- the edition and its dates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2026-04-01", "2026-09-30", "2026-06-15"])
def test_a_date_inside_the_edition_needs_no_word(day: str, settings: Settings) -> None:
    coding = code_note("Assessment: Gout", setting="outpatient", date_of_service=day, settings=settings)
    assert [one.code for one in coding.codes] == ["M10.9"]
    assert not [f for f in coding.findings if f.rule == "edition_dates"]


@pytest.mark.parametrize("day", ["2026-03-31", "2026-10-01", "1999-12-31"])
def test_a_date_outside_the_edition_is_a_warning(day: str, settings: Settings) -> None:
    coding = code_note("Assessment: Gout", setting="outpatient", date_of_service=day, settings=settings)
    (finding,) = [f for f in coding.findings if f.rule == "edition_dates"]
    assert finding.severity is Severity.WARNING
    assert finding.citation == "45 CFR 162.1002"
    assert day in finding.message and "2026-04-01" in finding.message and "2026-09-30" in finding.message


@pytest.mark.parametrize("text", ["Assessment: Gout", "Nothing is said here."])
def test_no_date_is_a_warning_too(text: str, settings: Settings) -> None:
    coding = code_note(text, setting="outpatient", settings=settings)
    (finding,) = [f for f in coding.findings if f.rule == "edition_dates"]
    assert finding.severity is Severity.WARNING
    assert "No date of service" in finding.message


# -- drafts made by hand -----------------------------------------------------------------------------------------------


def evidence(text: str = "gout", start: int = 0, section: str = "assessment_plan") -> Evidence:
    return Evidence(
        document="note", start=start, end=start + len(text), text=text, section=section, match=Match.EXACT, score=100
    )


def candidate(number: int, code: str, **more: object) -> Candidate:
    given = {"condition": code, "assertion": Assertion.AFFIRMED, "evidence": (evidence(start=10 * number),)}
    given["managed"] = given["evidence"]
    return Candidate(id=number, code=code, **(given | more))


def draft(
    *candidates: Candidate,
    setting: Setting = Setting.OUTPATIENT,
    scope: Scope = Scope.CLAIM,
    day: date | None = date(2026, 5, 4),
) -> Draft:
    encounter = Encounter(
        id="case", setting=setting, documents=(Document(id="note", text="gout " * 40),), date_of_service=day
    )
    return Draft(encounter=encounter, scope=scope, candidates=candidates)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("code", ["J18.99", "Q99.Z", "XXX", "", "E11.220", "J-18"])
def test_a_code_that_is_none_is_spoken_against(code: str, scope: Scope, codebook: CodeBook) -> None:
    (finding,) = run_rules(draft(candidate(0, code), scope=scope), codebook)
    assert (finding.rule, finding.reason, finding.candidate) == ("valid", Reason.INVALID_CODE, 0)
    assert codebook.edition.edition in finding.citation


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("code", ["E11", "E11.2", "S52.50", "S52.501", "J18"])
def test_a_header_is_spoken_against(code: str, scope: Scope, codebook: CodeBook) -> None:
    (finding,) = run_rules(draft(candidate(0, code), scope=scope), codebook)
    assert (finding.rule, finding.reason, finding.citation) == ("valid", Reason.NOT_BILLABLE, "I.B.2")


@pytest.mark.parametrize("code", ["J18.9", "S52.501A", "T36.0X1A", "C4A.9", "U07.1", "Z3A.20"])
def test_a_billable_code_is_not(code: str, codebook: CodeBook) -> None:
    assert run_rules(draft(candidate(0, code)), codebook) == ()


BY_ASSERTION = [
    (Assertion.NEGATED, Setting.OUTPATIENT, Scope.CLAIM, Reason.NEGATED, "I.A.19"),
    (Assertion.NEGATED, Setting.INPATIENT, Scope.MENTIONS, Reason.NEGATED, "I.A.19"),
    (Assertion.HYPOTHETICAL, Setting.OUTPATIENT, Scope.CLAIM, Reason.HYPOTHETICAL, "I.A.19"),
    (Assertion.HYPOTHETICAL, Setting.INPATIENT, Scope.MENTIONS, Reason.HYPOTHETICAL, "I.A.19"),
    (Assertion.FAMILY, Setting.OUTPATIENT, Scope.CLAIM, Reason.FAMILY, "I.C.21.c.4"),
    (Assertion.FAMILY, Setting.INPATIENT, Scope.MENTIONS, Reason.FAMILY, "I.C.21.c.4"),
    (Assertion.UNCERTAIN, Setting.OUTPATIENT, Scope.CLAIM, Reason.UNCERTAIN_OUTPATIENT, "IV.H"),
    (Assertion.UNCERTAIN, Setting.OUTPATIENT, Scope.MENTIONS, None, None),
    (Assertion.UNCERTAIN, Setting.INPATIENT, Scope.CLAIM, None, "II.H, III.C"),
    (Assertion.AFFIRMED, Setting.OUTPATIENT, Scope.CLAIM, None, None),
    (Assertion.PLANNED, Setting.OUTPATIENT, Scope.CLAIM, None, None),
]


@pytest.mark.parametrize(("said", "setting", "scope", "reason", "citation"), BY_ASSERTION)
def test_what_is_said_decides_by_setting_and_scope(
    said: Assertion, setting: Setting, scope: Scope, reason: Reason | None, citation: str | None, codebook: CodeBook
) -> None:
    findings = run_rules(draft(candidate(0, "M10.9", assertion=said), setting=setting, scope=scope), codebook)
    assert [(f.reason, f.citation) for f in findings] == ([(reason, citation)] if citation else [])


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        ("Z85.3", Assertion.HISTORICAL, None),
        ("Z80.3", Assertion.FAMILY, None),
        ("Z94.0", Assertion.PLANNED, Reason.HYPOTHETICAL),
        ("Z95.0", Assertion.PLANNED, Reason.HYPOTHETICAL),
    ],
)
def test_codes_of_history_and_status(code: str, said: Assertion, reason: Reason | None, codebook: CodeBook) -> None:
    findings = run_rules(draft(candidate(0, code, assertion=said)), codebook)
    assert [f.reason for f in findings] == ([reason] if reason else [])


def test_what_is_past_is_reported_only_if_it_was_managed(codebook: CodeBook) -> None:
    managed = candidate(0, "J45.909", assertion=Assertion.HISTORICAL)
    assert run_rules(draft(managed), codebook) == ()
    not_managed = candidate(0, "J45.909", assertion=Assertion.HISTORICAL, managed=())
    assert [f.reason for f in run_rules(draft(not_managed), codebook)][0] is Reason.HISTORICAL
    assert run_rules(draft(not_managed, scope=Scope.MENTIONS), codebook) == ()


@pytest.mark.parametrize(("setting", "citation"), [(Setting.OUTPATIENT, "IV.J"), (Setting.INPATIENT, "III")])
def test_what_was_not_managed_is_no_claim(setting: Setting, citation: str, codebook: CodeBook) -> None:
    alone = candidate(0, "M10.9", managed=())
    (finding,) = run_rules(draft(alone, setting=setting), codebook)
    assert (finding.reason, finding.citation) == (Reason.NOT_REPORTABLE, citation)
    assert run_rules(draft(alone, setting=setting, scope=Scope.MENTIONS), codebook) == ()


def test_a_reader_that_the_cue_words_contradict_is_shown(codebook: CodeBook) -> None:
    (finding,) = run_rules(draft(candidate(0, "M10.9", cued=Assertion.NEGATED, note="no")), codebook)
    assert (finding.rule, finding.severity, finding.reason) == ("disagreement", Severity.WARNING, None)
    assert "affirmed" in finding.message and "negated" in finding.message


def test_the_message_quotes_the_words_and_the_cue(codebook: CodeBook) -> None:
    (finding,) = run_rules(draft(candidate(0, "M10.9", assertion=Assertion.NEGATED, note="denies")), codebook)
    assert "\u201cgout\u201d" in finding.message and "\u201cdenies\u201d" in finding.message


def test_what_is_out_takes_no_other_code_out(codebook: CodeBook) -> None:
    denied = candidate(0, "J18.9", assertion=Assertion.NEGATED)
    cough = candidate(1, "R05.9")
    assert [f.candidate for f in run_rules(draft(denied, cough), codebook)] == [0]
    assert [f.reason for f in run_rules(draft(candidate(0, "J18.9"), cough), codebook)] == [Reason.INTEGRAL_SYMPTOM]


def test_a_symptom_does_not_take_itself_out(codebook: CodeBook) -> None:
    assert run_rules(draft(candidate(0, "K59.00"), candidate(1, "K59.00")), codebook) == ()


def test_no_rule_changes_or_holds_on_to_its_draft(codebook: CodeBook) -> None:
    one = draft(candidate(0, "J18.9"), candidate(1, "R05.9"), candidate(2, "E11"))
    before = one.model_dump_json()
    assert run_rules(one, codebook) == run_rules(one, codebook)
    assert one.model_dump_json() == before


def test_an_empty_draft_has_no_findings(codebook: CodeBook) -> None:
    assert run_rules(draft(), codebook) == ()


def table_rows() -> Iterator[tuple[str, tuple[str, ...]]]:
    for pair in reportability.integral_pairs():
        yield "integral", pair.diagnoses
        yield "integral", pair.symptoms
    for row in specificity.vague_codes():
        yield "vague", row.vague
        yield "vague", row.specific


def test_the_tables_of_rules_name_beginnings_of_codes(codebook: CodeBook) -> None:
    known = [code.code for code in codebook.codes() if code.billable]
    starts = {code[:length] for code in known for length in range(1, len(code) + 1)}
    for table, beginnings in table_rows():
        assert beginnings, table
        for beginning in beginnings:
            assert beginning in starts, f"{table}: no code begins with {beginning}"


def test_a_grounded_exclusion_says_who_decided(settings: Settings) -> None:
    coding = code_note("Assessment: No gout", setting="outpatient", settings=settings)
    assert [one.decided_by for one in coding.excluded] == [DecidedBy.RULE]
