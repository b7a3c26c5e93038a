"""The rules, in the order in which they speak: of each candidate by itself, then of those that are left together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agent import linkage
from agent.codebook import CodeBook
from agent.records import Draft, Finding
from agent.rules import specificity, status, validity

Rule = Callable[[Draft, CodeBook], Iterator[Finding]]

ONE_BY_ONE: tuple[Rule, ...] = (
    validity.edition_dates,
    validity.valid,
    status.not_present,
    status.family,
    status.uncertain,
    status.historical,
    status.planned,
    status.not_managed,
    status.disagreement,
)
"""Rules that look at each candidate alone."""

TOGETHER: tuple[Rule, ...] = (
    linkage.combined,
    specificity.less_specific,
    specificity.vague,
    specificity.integral_symptom,
)
"""Rules that weigh a candidate against others; what a rule above speaks against does not take part."""


def run_rules(draft: Draft, book: CodeBook) -> tuple[Finding, ...]:
    """Every finding of every rule on `draft`, in the order of the rules."""
    findings = [finding for rule in ONE_BY_ONE for finding in rule(draft, book)]
    out = {finding.candidate for finding in findings if finding.reason is not None}
    left = draft.model_copy(update={"candidates": tuple(c for c in draft.candidates if c.id not in out)})
    findings += [finding for rule in TOGETHER for finding in rule(left, book)]
    return tuple(findings)
