"""Losses: gold codes that are not reported, and the step at which each was lost."""

from __future__ import annotations

from typing import NamedTuple

from agent.records import Coding
from evals.outcome import Outcome


class Loss(NamedTuple):
    """A gold code that is not reported: the step that it did not survive, and what is known of how.

    `proposed`: nothing of its category was read. `grounded`: it was proposed with a quote that is not in the document.
    `offered`: its category was read, and the code itself never came up. `final`: it could be chosen and was not.
    `failed`: the encounter failed.
    """

    code: str
    step: str
    how: str


def lost_at(code: str, outcome: Outcome) -> Loss:
    """Where a gold code that is not reported was lost."""
    if outcome.failure:
        return Loss(code, "failed", outcome.failure)
    steps, coding = outcome.steps, outcome.coding
    if steps is None or coding is None:
        return Loss(code, "final", "not reported")
    if code in steps.offered or code in steps.proposed:
        return Loss(code, "final", _not_chosen(code, coding))
    quotes = [one.quote for one in coding.rejected if one.code == code]
    if quotes:
        return Loss(code, "grounded", f"its quote was not found: {quotes[0]!r}")
    near = [one for one in dict.fromkeys((*steps.proposed, *steps.offered)) if one[:3] == code[:3]]
    if near:
        return Loss(code, "offered", f"of its category came up: {', '.join(near[:5])}")
    return Loss(code, "proposed", "nothing of its category came up")


def _not_chosen(code: str, coding: Coding) -> str:
    for left_out in coding.excluded:
        if left_out.code == code:
            instead = f", replaced by {left_out.replaced_by}" if left_out.replaced_by else ""
            return f"excluded by the {left_out.decided_by.value} as {left_out.reason.value}{instead}"
    for reported in coding.codes:
        if any(alternative.code == code for alternative in reported.alternatives):
            return f"{reported.code} was reported in its place"
    return "offered in place of a code that was excluded"
