"""The synthetic notes, coded by a recorded model: each request replays, none is left over, and the contracts hold."""

from __future__ import annotations

import pytest

from agent.api import open_all
from agent.config import Settings
from evals.recorded import CASSETTES, RECORDED_AS, Case, load_synthetic, replay

CASES = list(load_synthetic())


@pytest.fixture(scope="module")
def as_recorded(settings: Settings) -> Settings:
    return RECORDED_AS.model_copy(update={"cache": settings.cache})


def test_every_note_has_its_cassette_and_no_cassette_is_an_orphan() -> None:
    assert {path.stem for path in CASSETTES.glob("*.json")} == {case.encounter.id for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.encounter.id)
def test_a_note_replays(case: Case, as_recorded: Settings) -> None:
    coding, draft, tape = replay(case, as_recorded)
    assert tape.all_played, "requests were recorded that nobody makes any more; make record"
    book = open_all(as_recorded).book
    assert coding.codes
    for code in coding.codes:
        assert book.is_billable(code.code)
        for evidence in code.evidence:
            assert case.encounter.document(evidence.document).text[evidence.start : evidence.end] == evidence.text
    for left_out in coding.excluded:
        assert left_out.citation and left_out.explanation
    ended = {code.code for code in coding.codes} | {left_out.code for left_out in coding.excluded}
    assert all(candidate.code in ended for candidate in draft.candidates)
    assert coding.audit.usage.calls == 2
