"""Reader and judge: the two calls of the lexical engine."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import LexicalEngine
from agent.codebook import CodeBook
from agent.ground import Grounder
from agent.lexical.judge import judge
from agent.lexical.reader import past_code
from agent.notes import cut_chunks, read_sections
from agent.records import (
    Alternative,
    Assertion,
    Candidate,
    Document,
    Draft,
    Dropped,
    Encounter,
    Evidence,
    Finding,
    Kept,
    Match,
    Proposal,
    Reason,
    Rejection,
    Relation,
    Scope,
    Setting,
    Severity,
)

NOTE = (
    "\ufeffHPI: Here for gout \U0001f642. Denies fever. His father had a stroke.\r\n"
    "PMH: History of breast cancer.\r\n\r\n"
    "ASSESSMENT AND PLAN:\r\n"
    "1. Gout of the foot. Start allopurinol.\r\n"
    "2. Possible asthma\r\n"
    "3. HTN: continue lisinopril.\r\n"
)


@pytest.fixture(scope="module")
def engine(codebook: CodeBook) -> LexicalEngine:
    return LexicalEngine(codebook)


def propose(engine: LexicalEngine, text: str, *, room: int = 3000) -> list[Proposal]:
    document = Document(id="note", text=text)
    encounter = Encounter(id="case", setting=Setting.OUTPATIENT, documents=(document,))
    found: list[Proposal] = []
    for chunk in cut_chunks(document, read_sections(document), max_tokens=room, context_tokens=20):
        proposals, usage = asyncio.run(engine.propose(encounter, document, chunk, Scope.CLAIM))
        assert usage.calls == 0
        for proposal in proposals:
            assert chunk.start <= (proposal.at or 0) < chunk.end
            assert (proposal.chunk, proposal.document, proposal.reader) == (chunk.index, "note", "lexical")
            grounded = Grounder(document).ground(proposal, chunk)
            assert not isinstance(grounded, Rejection), proposal
            assert all(text[e.start : e.end] == e.text for e in grounded)
        found += proposals
    return found


def said(proposals: list[Proposal], code: str) -> list[Assertion]:
    return [proposal.assertion for proposal in proposals if proposal.code == code]


def test_every_quote_stands_where_the_engine_says(engine: LexicalEngine) -> None:
    for proposal in propose(engine, NOTE):
        assert proposal.at is not None
        assert NOTE.startswith(proposal.quote, proposal.at)


def test_each_condition_is_read_with_what_is_said_of_it(engine: LexicalEngine) -> None:
    found = propose(engine, NOTE)
    assert said(found, "M10.9")[0] is Assertion.AFFIRMED
    assert said(found, "R50.9") == [Assertion.NEGATED]
    assert said(found, "I63.9") == [Assertion.FAMILY]
    assert said(found, "J45.909") == [Assertion.UNCERTAIN]
    assert said(found, "I10") == [Assertion.AFFIRMED]


def test_the_cue_is_noted(engine: LexicalEngine) -> None:
    notes = {proposal.code: proposal.note for proposal in propose(engine, NOTE)}
    assert notes["R50.9"] == "denies"
    assert notes["J45.909"] == "possible"
    assert notes["I10"] == ""


def test_management_is_quoted_from_the_problem(engine: LexicalEngine) -> None:
    managed = {proposal.code: proposal.managed for proposal in propose(engine, NOTE)}
    assert "lisinopril" in (managed["I10"] or "")
    assert all(quote is None or quote in NOTE for quote in managed.values())
    assert managed["R50.9"] is None


def test_a_past_condition_is_the_code_of_its_history(engine: LexicalEngine) -> None:
    assert any(proposal.code == "Z85.3" for proposal in propose(engine, NOTE))
    assert past_code("C50.919") == "Z85.3"
    assert past_code("I63.9") == "Z86.73"
    assert past_code("J06.9") is None
    assert past_code("") is None


def test_the_longest_beginning_of_a_past_code_counts() -> None:
    assert past_code("C18.0") == "Z85.038"
    assert past_code("C20") == "Z85.048"


def test_small_chunks_read_what_one_large_one_reads(engine: LexicalEngine) -> None:
    text = "Assessment:\n" + "".join(f"- {name}\n" for name in ["Gout", "Asthma", "Hypertension", "Migraine"] * 8)
    whole = [(p.code, p.quote, p.at, p.assertion) for p in propose(engine, text)]
    parts = [(p.code, p.quote, p.at, p.assertion) for p in propose(engine, text, room=50)]
    assert whole == parts


def test_reading_twice_gives_the_same(engine: LexicalEngine) -> None:
    assert propose(engine, NOTE) == propose(engine, NOTE)


def test_threads_share_an_engine(engine: LexicalEngine) -> None:
    wanted = propose(engine, NOTE)
    found: list[list[Proposal]] = []
    threads = [threading.Thread(target=lambda: found.append(propose(engine, NOTE))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 4


@pytest.mark.parametrize("text", ["", " \n", "\ufeff", "\U0001f642", "The weather is fine.", "\x00\x00", "----"])
def test_a_text_without_conditions_has_no_proposals(text: str, engine: LexicalEngine) -> None:
    assert propose(engine, text) == []


@settings(max_examples=60)
@given(
    text=st.lists(
        st.sampled_from(
            [
                "Assessment: ",
                "\r\n",
                "1. ",
                "gout ",
                "no ",
                "left ",
                "knee pain ",
                "CKD stage ",
                "3 ",
                "\ufeff",
                "e\u0301",
                "\U0001f469\u200d\u2695\ufe0f",
            ]
            + ["possible ", ". ", "\n", "mother with ", "HTN ", "; ", "\x00", "\u00a0", "history of stroke "]
        ),
        max_size=25,
    ).map("".join)
)
def test_any_text_is_read_with_true_places(text: str, engine: LexicalEngine) -> None:
    for proposal in propose(engine, text, room=60):
        assert text.startswith(proposal.quote, proposal.at or 0)


def test_the_engine_says_that_it_is_no_model(engine: LexicalEngine) -> None:
    assert (engine.name, engine.model, dict(engine.prompts(Scope.CLAIM))) == ("lexical", None, {})


# -- the judge ---------------------------------------------------------------------------------------------------------


def candidate(number: int, code: str = "M10.9", **more: object) -> Candidate:
    evidence = Evidence(
        document="note", start=0, end=4, text="gout", section="assessment_plan", match=Match.EXACT, score=100
    )
    given = {"condition": "gout", "assertion": Assertion.AFFIRMED, "evidence": (evidence,), "managed": (evidence,)}
    return Candidate(id=number, code=code, **(given | more))


def draft(*candidates: Candidate) -> Draft:
    document = Document(id="note", text="gout")
    encounter = Encounter(id="case", setting=Setting.OUTPATIENT, documents=(document,))
    return Draft(encounter=encounter, scope=Scope.CLAIM, candidates=candidates)


def finding(number: int | None, reason: Reason | None, **more: object) -> Finding:
    given = {"rule": "r", "citation": "IV.H", "severity": Severity.INFO, "message": "why"}
    return Finding(candidate=number, reason=reason, **(given | more))


def test_every_candidate_gets_one_verdict_in_order() -> None:
    verdicts = list(judge(draft(candidate(0), candidate(1), candidate(2)), [finding(1, Reason.NEGATED)]))
    assert [verdict.candidate for verdict in verdicts] == [0, 1, 2]
    assert [type(verdict) for verdict in verdicts] == [Kept, Dropped, Kept]


def test_the_first_objection_decides() -> None:
    (verdict,) = judge(
        draft(candidate(0)),
        [finding(0, None), finding(0, Reason.FAMILY, citation="I.C.21.c.4"), finding(0, Reason.NEGATED)],
    )
    assert isinstance(verdict, Dropped)
    assert (verdict.reason, verdict.citation) == (Reason.FAMILY, "I.C.21.c.4")


def test_findings_without_a_reason_take_nothing_out() -> None:
    (verdict,) = judge(draft(candidate(0)), [finding(0, None), finding(None, Reason.NEGATED)])
    assert isinstance(verdict, Kept)


def test_a_drop_names_what_takes_its_place() -> None:
    (verdict,) = judge(draft(candidate(0)), [finding(0, Reason.REPLACED, instead="E11.22")])
    assert isinstance(verdict, Dropped)
    assert verdict.replaced_by == "E11.22"


def test_every_alternative_is_answered() -> None:
    others = tuple(
        Alternative(code=f"M10.{number}", title="t", relation=relation) for number, relation in enumerate(Relation)
    )
    (verdict,) = judge(draft(candidate(0, alternatives=others)), [])
    assert isinstance(verdict, Kept)
    assert set(verdict.why_not) == {other.code for other in others}
    assert all(verdict.why_not.values())


def test_trust_falls_with_doubt() -> None:
    plain, doubted, mentioned = judge(
        draft(candidate(0), candidate(1, assertion=Assertion.UNCERTAIN), candidate(2, managed=())), []
    )
    assert isinstance(plain, Kept) and isinstance(doubted, Kept) and isinstance(mentioned, Kept)
    assert plain.confidence > doubted.confidence
    assert plain.confidence > mentioned.confidence


def test_the_rationale_quotes_the_words() -> None:
    (verdict,) = judge(draft(candidate(0)), [])
    assert isinstance(verdict, Kept)
    assert "\u201cgout\u201d" in verdict.rationale
