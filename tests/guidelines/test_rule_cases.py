"""Every rule of the catalogue on its cases: where it must speak, and look-alikes where it must not."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from agent.api import code_encounter
from agent.claim import read_claim
from agent.codebook import CodeBook
from agent.config import Settings
from agent.records import Document, Draft, Encounter, Setting, Severity
from agent.rules.catalogue import AS_GIVEN, CLAIMS, ONE_BY_ONE, RULES, TOGETHER, cited_sections
from agent.rules.run import check_claim, run_rules
from tests.guidelines.cases import DAY, FOLDER, RuleCase, draft_of, read_cases, read_claim_case, read_encounter_case

CLAIM_CASES = [case for name in ("claims_pairs.txt", "claims_other.txt") for case in read_cases(name)]
DOCUMENT_CASES = list(read_cases("documents.txt"))
SECTIONS = frozenset((FOLDER / "sections.txt").read_text(encoding="utf-8").split())
OTHER_CITATIONS = (
    "45 CFR 162.1002",
    "Appendix I",
    "Medicare Code Editor",
    "form of the claim",
    "assertion by cue words",
    "language of the documents",
)


@pytest.mark.parametrize("case", CLAIM_CASES, ids=str)
def test_a_rule_of_claims_speaks_where_it_must(case: RuleCase, codebook: CodeBook) -> None:
    found = check_claim(read_claim_case(case), codebook)
    spoke = [finding for finding in found if finding.rule == case.rule]
    assert bool(spoke) is case.fires, f"{case.where}: {[f.message for f in found]}"


@pytest.mark.parametrize("case", DOCUMENT_CASES, ids=str)
def test_a_rule_of_documents_speaks_where_it_must(case: RuleCase, codebook: CodeBook, settings: Settings) -> None:
    encounter, scope, code, readings = read_encounter_case(case)
    drafts: list[Draft] = [draft_of(encounter, scope, readings)] if readings else []
    if not drafts:
        code_encounter(
            encounter, scope=scope, engine="lexical", settings=settings, watch=lambda draft, _: drafts.append(draft)
        )
    found = run_rules(drafts[0], codebook)
    spoke = [finding for finding in found if finding.rule == case.rule and (code in ("*", *finding.codes))]
    read = [(c.code, c.evidence[0].text, c.assertion.value) for c in drafts[0].candidates]
    assert bool(spoke) is case.fires, f"{case.where}: read {read}; found {[(f.rule, f.codes) for f in found]}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_cases_of_both_kinds(rule: object) -> None:
    counts = Counter((case.rule, case.fires) for case in (*CLAIM_CASES, *DOCUMENT_CASES))
    name = rule.id  # type: ignore[attr-defined]
    assert counts[name, True] >= 2, f"{name} needs two cases in which it speaks"
    assert counts[name, False] >= 2, f"{name} needs two look-alikes in which it does not"


def test_cases_name_rules_that_are() -> None:
    claims = {rule.id for rule in (*AS_GIVEN, *CLAIMS)}
    documents = {rule.id for rule in (*ONE_BY_ONE, *TOGETHER)}
    assert {case.rule for case in CLAIM_CASES} <= claims
    assert {case.rule for case in DOCUMENT_CASES} <= documents


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_cited_from_the_guidelines(rule: object) -> None:
    cited = list(cited_sections(rule.citation))  # type: ignore[attr-defined]
    assert cited or rule.citation in OTHER_CITATIONS  # type: ignore[attr-defined]
    assert set(cited) <= SECTIONS, f"{set(cited) - SECTIONS} are no sections of the guidelines"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_can_be_read(rule: object) -> None:
    assert rule.says.endswith(".") and len(rule.says) > 20  # type: ignore[attr-defined]
    assert rule.example  # type: ignore[attr-defined]


def test_rule_names_are_distinct() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES) >= 60


@pytest.mark.parametrize("case", [case for case in CLAIM_CASES if case.fires], ids=str)
def test_what_a_rule_says_can_be_acted_on(case: RuleCase, codebook: CodeBook) -> None:
    for finding in check_claim(read_claim_case(case), codebook):
        if finding.rule == case.rule:
            assert finding.citation and finding.message.endswith(".") and finding.severity in Severity
            assert "{" not in finding.message
            assert set(cited_sections(finding.citation)) <= SECTIONS


CLAIM_EXAMPLE = re.compile(r"(outpatient|inpatient): ((?:[A-Z][0-9A-Z.]+ ?)+)")
DOCUMENT_EXAMPLE = re.compile(r"(outpatient|inpatient) \| (.+)", re.S)
CLAIM_RULES = {rule.id for rule in (*AS_GIVEN, *CLAIMS)}


def runnable() -> list[tuple[str, str, str, str]]:
    """The examples that are claims or texts as they stand; the others tell a case that needs more, in words."""
    found = []
    for rule in RULES:
        if rule.id in CLAIM_RULES and (one := CLAIM_EXAMPLE.fullmatch(rule.example)):
            found.append((rule.id, "claim", one[1], one[2]))
        elif rule.id not in CLAIM_RULES and (one := DOCUMENT_EXAMPLE.fullmatch(rule.example)):
            found.append((rule.id, "text", one[1], one[2].replace("\\n", "\n")))
    return found


EXAMPLES = runnable()


@pytest.mark.parametrize(("name", "kind", "setting", "given"), EXAMPLES, ids=[one[0] for one in EXAMPLES])
def test_the_example_of_a_rule_is_one(
    name: str, kind: str, setting: str, given: str, codebook: CodeBook, settings: Settings
) -> None:
    if kind == "claim":
        found = check_claim(read_claim({"setting": setting, "codes": given.split()}), codebook)
    else:
        seen: list[Draft] = []
        encounter = Encounter(
            id="example", setting=Setting(setting), documents=(Document(id="note", text=given),), date_of_service=DAY
        )
        code_encounter(encounter, engine="lexical", settings=settings, watch=lambda draft, _: seen.append(draft))
        found = run_rules(seen[0], codebook)
    assert name in {finding.rule for finding in found}


def test_most_examples_can_be_run() -> None:
    assert len(EXAMPLES) > 0.8 * len(RULES)
