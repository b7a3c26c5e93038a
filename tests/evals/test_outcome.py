"""The codes after each step are read from the draft that the critique was shown."""

from __future__ import annotations

from agent.codebook import CodeBook
from agent.records import Alternative, Assertion, Reason, Relation
from evals.outcome import Outcome, Steps, read_steps
from tests.drafts import candidate, draft
from tests.evals.judging import assigned, coding, excluded, outcome


def other(code: str, relation: Relation) -> Alternative:
    return Alternative(code=code, title=code, relation=relation)


def test_steps_of_a_draft(codebook: CodeBook) -> None:
    shown = draft(
        candidate(0, "M10.9", alternatives=(other("M10.00", Relation.PROPOSED), other("M10.072", Relation.CHILD))),
        candidate(1, "E11", alternatives=(other("E11.9", Relation.CHILD),)),
        candidate(2, "J18.9", assertion=Assertion.NEGATED),
        candidate(3, "M10.9"),
        candidate(4, "R05.9"),
    )
    made = coding(assigned("M10.9"), left_out=[excluded("J18.9", Reason.NEGATED), excluded("E11", Reason.NOT_BILLABLE)])
    assert read_steps(shown, made, codebook) == Steps(
        proposed=("M10.9", "M10.00", "E11", "J18.9", "R05.9"),
        offered=("M10.9", "M10.00", "M10.072", "E11", "E11.9", "J18.9", "R05.9"),
        affirmed=("M10.9", "R05.9"),  # E11 is a header, J18.9 is denied
        candidates=5,
        lost=1,
    )


def test_an_outcome_survives_its_json() -> None:
    before = outcome(coding(assigned("I10", "Hypertension")), Steps(proposed=("I10",), candidates=1))
    assert Outcome.model_validate_json(before.model_dump_json()) == before
