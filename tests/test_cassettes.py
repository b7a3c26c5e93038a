"""The synthetic notes, coded by a recorded model: each request replays, none is left over, and the contracts hold."""

from __future__ import annotations

import pytest

from agent.api import open_all
from agent.config import Settings
from evals.cases import Case
from evals.clear import load_clear
from evals.recorded import CASSETTES, RECORDED_AS, code_on_tape

CASES = {case.encounter.id: case for case in load_clear().cases}


def test_no_cassette_is_an_orphan() -> None:
    recorded = {path.stem for path in CASSETTES.glob("*.json")}
    assert len(recorded) >= 25
    assert recorded <= CASES.keys()


@pytest.mark.parametrize("name", sorted(path.stem for path in CASSETTES.glob("*.json")))
def test_a_note_replays(name: str, settings: Settings) -> None:
    case: Case = CASES[name]
    as_recorded = RECORDED_AS.model_copy(update={"cache": settings.cache})
    replay = code_on_tape(case.encounter, CASSETTES / f"{name}.json", as_recorded)
    assert replay.all_played, "requests were recorded that nobody makes any more; make record"
    book = open_all(as_recorded).book
    for code in replay.coding.codes:
        assert book.is_billable(code.code)
        for evidence in code.evidence:
            assert case.encounter.document(evidence.document).text[evidence.start : evidence.end] == evidence.text
    for left_out in replay.coding.excluded:
        assert left_out.citation and left_out.explanation
    ended = {code.code for code in replay.coding.codes} | {left_out.code for left_out in replay.coding.excluded}
    assert all(candidate.code in ended for candidate in replay.draft.candidates)
