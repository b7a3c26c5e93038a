"""Infections that have to be confirmed in every setting, the exception to the rule for uncertain diagnoses."""

from __future__ import annotations

from collections.abc import Iterator

from agent.codebook import CodeBook
from agent.records import Assertion, Draft, Family, Finding, Reason, Scope, Setting
from agent.rules.documentation import cue, read_as, to_confirm
from agent.rules.objection import against, quoted
from agent.rules.rule import DraftRule, Kind, ReadsDraft, Rule


def confirmed_rules() -> tuple[DraftRule, ...]:
    """One rule for each row of `agent/rules/confirmed.tsv`."""
    return tuple(
        Rule(
            row["id"],
            Family.DOCUMENTATION,
            row["citation"],
            f"{row['name'][0].upper()}{row['name'][1:]} is coded only where it is confirmed, in any setting.",
            row["example"],
            Kind.NEVER,
            _check(row),
        )
        for row in to_confirm()
    )


def _check(row: dict[str, str]) -> ReadsDraft:
    beginnings = tuple(row["codes"].split())

    def check(draft: Draft, book: CodeBook) -> Iterator[Finding]:
        if draft.scope is Scope.MENTIONS:
            return
        inpatient = draft.encounter.setting is Setting.INPATIENT
        for candidate in read_as(draft, Assertion.UNCERTAIN):
            if candidate.code.startswith(beginnings):
                yield against(
                    candidate,
                    row["id"],
                    row["citation"],
                    Reason.NOT_REPORTABLE if inpatient else Reason.UNCERTAIN_OUTPATIENT,
                    f"{quoted(candidate)} is documented as uncertain{cue(candidate)}; {row['name']} is coded only "
                    f"where {row['by']}, at inpatient discharge too. Report {row['instead']}.",
                )

    return check
