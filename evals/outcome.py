"""Outcome: what one encounter of a run came to, and the codes as they stood after each step."""

from __future__ import annotations

from agent.codebook import CodeBook
from agent.records import Assertion, Coding, Draft, Record, Relation, Usage


class Steps(Record):
    """The codes after each step, whether they are right or not, each once, in the order in which they were read.

    `proposed` are the first and further codes of candidates whose quote was found; `offered` are these and every
    alternative that the critique could choose; `affirmed` are the billable first codes of affirmed candidates, which is
    what would be reported without a critique. `lost` counts candidates that are neither reported nor left out with a
    reason.
    """

    proposed: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    affirmed: tuple[str, ...] = ()
    candidates: int = 0
    lost: int = 0


class Outcome(Record):
    """The result of one encounter: what was reported, in its sequence, or why there is none.

    A failed encounter has a `failure` and no codes. A baseline has codes and no coding. `usage` is what it cost, on
    failures too.
    """

    encounter: str
    codes: tuple[str, ...] = ()
    coding: Coding | None = None
    failure: str = ""
    steps: Steps | None = None
    usage: Usage = Usage()


def read_steps(draft: Draft, coding: Coding, book: CodeBook) -> Steps:
    """The steps of a coding, from the draft that its critique was shown (`watch` of `agent.api.code_encounter`)."""
    proposed: dict[str, None] = {}
    offered: dict[str, None] = {}
    affirmed: dict[str, None] = {}
    for candidate in draft.candidates:
        proposed[candidate.code] = offered[candidate.code] = None
        for alternative in candidate.alternatives:
            offered[alternative.code] = None
            if alternative.relation is Relation.PROPOSED:
                proposed[alternative.code] = None
        if candidate.assertion is Assertion.AFFIRMED and book.is_billable(candidate.code):
            affirmed[candidate.code] = None
    ended = {code.code for code in coding.codes} | {code.code for code in coding.excluded}
    return Steps(
        proposed=tuple(proposed),
        offered=tuple(offered),
        affirmed=tuple(affirmed),
        candidates=len(draft.candidates),
        lost=sum(candidate.code not in ended for candidate in draft.candidates),
    )
