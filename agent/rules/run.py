"""The rules at work: over a draft before the critique, and over a claim once its codes are in order."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from agent.claim import Claim
from agent.codebook import CodeBook
from agent.records import Draft, Family, Finding, Reason
from agent.rules.catalogue import AS_GIVEN, CLAIMS, ONE_BY_ONE, TOGETHER
from agent.rules.rule import DraftRule, Kind
from agent.rules.sheet import Sheet

_OF_THE_CODE = frozenset((Reason.INVALID_CODE, Reason.NOT_BILLABLE))
"""Reasons that speak against a code alone: its condition may still be reported, under a code that was offered."""


def run_rules(draft: Draft, book: CodeBook, *, off: Collection[Family] = ()) -> tuple[Finding, ...]:
    """Every finding of every rule on `draft`, in the order of the rules; families that are `off` say nothing.

    What a rule that looks at candidates one by one speaks against does not take part in those that weigh them together.
    """
    findings = [finding for rule in ONE_BY_ONE if rule.family not in off for finding in _run(rule, draft, book)]
    out = {finding.candidate for finding in findings if finding.reason is not None}
    left = draft.model_copy(update={"candidates": tuple(c for c in draft.candidates if c.id not in out)})
    findings += [finding for rule in TOGETHER if rule.family not in off for finding in _run(rule, left, book)]
    return tuple(findings)


def _run(rule: DraftRule, draft: Draft, book: CodeBook) -> Iterator[Finding]:
    for finding in rule.check(draft, book):
        if rule.kind is Kind.NEVER and finding.reason is not None and finding.reason not in _OF_THE_CODE:
            yield finding.model_copy(update={"binding": True})
        else:
            yield finding


def check_claim(claim: Claim, book: CodeBook) -> tuple[Finding, ...]:
    """Every finding of every rule on a claim that was made anywhere, in the order of the rules, each once."""
    sheet = Sheet(claim, book)
    return tuple(dict.fromkeys(finding for rule in (*AS_GIVEN, *CLAIMS) for finding in rule.check(sheet)))


def check_codes(sheet: Sheet, *, off: Collection[Family] = ()) -> tuple[Finding, ...]:
    """Every finding on the codes of a coding, in the order of the rules, each once; none of families that are `off`."""
    found = (finding for rule in CLAIMS if rule.family not in off for finding in rule.check(sheet))
    return tuple(dict.fromkeys(found))
