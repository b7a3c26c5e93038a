"""The order of the steps, from an encounter to its coding; no other file knows it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Protocol

from agent.codebook import CodeBook
from agent.config import Settings
from agent.ground import Grounder
from agent.intake import check_document
from agent.lookup import look_up
from agent.notes import cut_chunks, read_sections
from agent.records import (
    Audit,
    Candidate,
    Chunk,
    Coding,
    Document,
    Draft,
    Encounter,
    Evidence,
    Finding,
    Proposal,
    Rejection,
    Scope,
    Usage,
    Verdict,
)
from agent.linkage import link
from agent.rules.run import run_rules
from agent.settle import settle


class Engine(Protocol):
    """What reads and judges: the lexical engine or a model behind an endpoint."""

    name: str
    model: str | None

    async def propose(self, document: Document, chunk: Chunk) -> list[Proposal]:
        """The conditions that stand in a chunk, each with its quote."""

    async def critique(self, draft: Draft, findings: Sequence[Finding]) -> list[Verdict]:
        """One verdict for every candidate of the draft."""


async def code(encounter: Encounter, *, scope: Scope, engine: Engine, book: CodeBook, settings: Settings) -> Coding:
    """The coding of one encounter.

    Raises:
        NoteError: a document that can't be coded.
        CodingError: a step that failed; nothing of the encounter is then returned.
    """
    began, started = time.perf_counter(), datetime.now(UTC)
    grounded: list[tuple[Proposal, tuple[Evidence, ...], tuple[Evidence, ...]]] = []
    rejected: list[Rejection] = []
    for document in encounter.documents:
        check_document(document, settings)
        grounder = Grounder(document)
        sections = read_sections(document)
        for chunk in cut_chunks(
            document, sections, max_tokens=settings.chunk_tokens, context_tokens=settings.context_tokens
        ):
            for proposal in await engine.propose(document, chunk):
                found = grounder.ground(proposal, chunk)
                if isinstance(found, Rejection):
                    rejected.append(found)
                else:
                    grounded.append((proposal, found, grounder.managed(proposal, chunk)))
    candidates: list[Candidate] = [
        look_up(number, proposal, evidence, managed, book)
        for number, (proposal, evidence, managed) in enumerate(grounded)
    ]
    draft = link(Draft(encounter=encounter, scope=scope, candidates=tuple(candidates)), book)
    findings = run_rules(draft, book)
    verdicts = await engine.critique(draft, findings)
    outcome = settle(draft, findings, verdicts, book)
    return Coding(
        encounter_id=encounter.id,
        setting=encounter.setting,
        scope=scope,
        date_of_service=encounter.date_of_service,
        codes=outcome.codes,
        excluded=outcome.excluded,
        findings=outcome.findings,
        rejected=tuple(rejected),
        audit=Audit(
            version=version("chartproof"),
            engine=engine.name,
            model=engine.model,
            prompts={},
            codeset=book.edition,
            documents={d.id: hashlib.sha256(d.text.encode("utf-8", "surrogatepass")).hexdigest() for d in encounter.documents},
            settings={"scope": scope.value, "chunk_tokens": str(settings.chunk_tokens)},
            usage=Usage(seconds=round(time.perf_counter() - began, 6)),
            started=started.isoformat(timespec="seconds"),
        ),
    )
