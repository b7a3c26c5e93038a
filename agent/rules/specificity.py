"""When one code of an encounter says what another says already."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from agent.codebook import CodeBook
from agent.records import Candidate, Draft, Finding, Reason, Scope, Severity

_VAGUE = re.compile(r"\bunspecified\b|\bwithout complications\b|\bnot elsewhere classified\b", re.I)


def less_specific(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """An unspecified code gives way to a more specific one of its category that the documents support (I.B.2)."""
    if draft.scope is Scope.MENTIONS:
        return
    by_category: dict[str, list[Candidate]] = {}
    for candidate in draft.candidates:
        by_category.setdefault(candidate.code[:3], []).append(candidate)
    for candidates in by_category.values():
        for vague in candidates:
            code = book.get(vague.code)
            if code is None or not _VAGUE.search(code.title):
                continue
            for other in candidates:
                better = book.get(other.code)
                if better is None or not better.billable or other.code == vague.code:
                    continue
                if _unsaid(better.title) < _unsaid(code.title) or (
                    better.code.startswith(code.code.rstrip("09")) and not _VAGUE.search(better.title)
                ):
                    yield Finding(
                        rule="less_specific",
                        citation="I.B.2",
                        severity=Severity.INFO,
                        codes=(vague.code, other.code),
                        message=f"{vague.code} ({code.title}) says less than {other.code} ({better.title}), which the "
                        "documents support.",
                        reason=Reason.LESS_SPECIFIC,
                        instead=other.code,
                        candidate=vague.id,
                    )
                    break


def _unsaid(title: str) -> int:
    return len(_VAGUE.findall(title))


def vague(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A code that names no site or kind gives way to one that says more of the same thing (I.B.2), in both scopes."""
    for candidate in draft.candidates:
        for row in vague_codes():
            if not candidate.code.startswith(row.vague):
                continue
            other = next(
                (o for o in draft.candidates if o.code.startswith(row.specific) and not o.code.startswith(row.vague)),
                None,
            )
            if other is not None:
                yield Finding(
                    rule="vague",
                    citation="I.B.2",
                    severity=Severity.INFO,
                    codes=(candidate.code, other.code),
                    message=f"\u201c{candidate.evidence[0].text}\u201d says no more than {candidate.code}; the "
                    "documents name "
                    f"the condition more closely as {other.code} (\u201c{other.evidence[0].text}\u201d).",
                    reason=Reason.LESS_SPECIFIC,
                    instead=other.code,
                    candidate=candidate.id,
                )
                break


class Vague(NamedTuple):
    """Codes that name no site or kind, and those that say more of the same thing, by the beginnings of their codes."""

    vague: tuple[str, ...]
    specific: tuple[str, ...]


@cache
def vague_codes() -> tuple[Vague, ...]:
    """The codes that give way to closer ones, from `agent/rules/vague.tsv`."""
    text = (files("agent.rules") / "vague.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader((line for line in text.splitlines() if line and not line.startswith("#")), delimiter="\t")
    return tuple(Vague(tuple(row["vague"].split()), tuple(row["specific"].split())) for row in rows)


class Integral(NamedTuple):
    """Diagnoses, by the beginnings of their codes, and the symptoms that belong to each of them."""

    diagnoses: tuple[str, ...]
    symptoms: tuple[str, ...]


def integral_symptom(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A sign or symptom that belongs to a diagnosis that is reported is not coded beside it (I.B.5)."""
    if draft.scope is Scope.MENTIONS:
        return
    for symptom in draft.candidates:
        for pair in integral_pairs():
            if not symptom.code.startswith(pair.symptoms):
                continue
            cause = next(
                (
                    other
                    for other in draft.candidates
                    if other.code.startswith(pair.diagnoses) and other.id != symptom.id
                ),
                None,
            )
            if cause is not None and not cause.code.startswith(pair.symptoms):
                code = book.get(cause.code)
                title = code.title if code else cause.condition
                yield Finding(
                    rule="integral_symptom",
                    citation="I.B.5",
                    severity=Severity.INFO,
                    codes=(symptom.code, cause.code),
                    message=f"\u201c{symptom.evidence[0].text}\u201d is routinely part of {cause.code} "
                    f"({title}), which is "
                    "reported; a symptom that belongs to a diagnosis is not coded beside it.",
                    reason=Reason.INTEGRAL_SYMPTOM,
                    instead=cause.code,
                    candidate=symptom.id,
                )
                break


@cache
def integral_pairs() -> tuple[Integral, ...]:
    """The diagnoses and their symptoms, from `agent/rules/integral.tsv`."""
    text = (files("agent.rules") / "integral.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader((line for line in text.splitlines() if line and not line.startswith("#")), delimiter="\t")
    return tuple(Integral(tuple(row["diagnoses"].split()), tuple(row["symptoms"].split())) for row in rows)
