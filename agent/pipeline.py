"""The order of the steps, from an encounter to its coding; no other file knows it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import NamedTuple, Protocol

from agent.assertion import read_at
from agent.codebook import CodeBook
from agent.config import Settings
from agent.ground import Grounder
from agent.intake import ENGLISH, check_document, check_language
from agent.linkage import link
from agent.lookup import Lookup
from agent.notes import cut_chunks, read_sections
from agent.records import (
    Audit,
    Candidate,
    Chunk,
    Coding,
    Document,
    Draft,
    Encounter,
    Finding,
    Proposal,
    Rejection,
    Scope,
    Usage,
    Verdict,
)
from agent.rules.run import run_rules
from agent.settle import settle


class Engine(Protocol):
    """What reads and judges: the lexical engine, or a model behind an endpoint.

    `prompts` gives the fingerprints of a scope by name, `languages` what it reads; a document in another is refused.
    """

    name: str
    model: str | None
    languages: frozenset[str]

    def prompts(self, scope: Scope) -> Mapping[str, str]:
        """The fingerprints of the prompts that a scope is coded with, by name; empty where there are none."""

    async def propose(
        self, encounter: Encounter, document: Document, chunk: Chunk, scope: Scope
    ) -> tuple[Sequence[Proposal], Usage]:
        """The conditions that stand in a chunk, each with its quote, and what it cost to read it."""

    async def critique(self, draft: Draft, findings: Sequence[Finding]) -> tuple[Sequence[Verdict], Usage]:
        """One verdict for every candidate of the draft, and what it cost to judge."""


Watch = Callable[[Draft, Sequence[Finding]], None]


async def code(
    encounter: Encounter,
    *,
    scope: Scope,
    engine: Engine,
    book: CodeBook,
    lookup: Lookup,
    settings: Settings,
    watch: Watch | None = None,
) -> Coding:
    """The coding of one encounter; `watch` is shown the draft that goes to the critique, and its findings.

    Raises:
        NoteError: a document that can't be coded.
        CodingError: a step that failed; nothing of the encounter is then returned.
    """
    began, started = time.perf_counter(), datetime.now(UTC)
    pages = [page for document in encounter.documents for page in _pages(document, settings, engine.languages)]
    read = await asyncio.gather(*(engine.propose(encounter, page.document, page.chunk, scope) for page in pages))
    usage = sum((cost for _, cost in read), start=Usage())

    candidates: list[Candidate] = []
    rejected: list[Rejection] = []
    for page, (proposals, _) in zip(pages, read, strict=True):
        for proposal in proposals:
            found = page.grounder.ground(proposal, page.chunk)
            if isinstance(found, Rejection):
                rejected.append(found)
                continue
            cued = proposal.assertion
            if proposal.reader != "lexical" and page.language == ENGLISH:
                cued = read_at(page.document.text, found[0].start, found[0].end, found[0].section).assertion
            managed = page.grounder.managed(proposal, page.chunk)
            candidates.append(lookup.candidate(len(candidates), proposal, found, managed, cued=cued))

    draft = link(Draft(encounter=encounter, scope=scope, candidates=tuple(candidates)), book)
    findings = run_rules(draft, book, off=settings.rules_off)
    verdicts: Sequence[Verdict] = ()
    if watch is not None:
        watch(draft, findings)
    if draft.candidates:
        verdicts, cost = await engine.critique(draft, findings)
        usage += cost
    outcome = settle(draft, findings, verdicts, book, off=settings.rules_off)
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
            prompts=dict(engine.prompts(scope)),
            codeset=book.edition,
            documents={d.id: _sha256(d.text) for d in encounter.documents},
            settings={"scope": scope.value, **settings.shown()},
            usage=usage.model_copy(
                update={"seconds": round(time.perf_counter() - began, 6), "model_seconds": usage.seconds}
            ),
            started=started.isoformat(timespec="seconds"),
        ),
    )


class _Page(NamedTuple):
    document: Document
    grounder: Grounder
    chunk: Chunk
    language: str


def _pages(document: Document, settings: Settings, languages: frozenset[str]) -> list[_Page]:
    check_document(document, settings)
    language = check_language(document, languages)
    grounder = Grounder(document, fuzzy=language == ENGLISH)
    sections = read_sections(document)
    chunks = cut_chunks(document, sections, max_tokens=settings.chunk_tokens, context_tokens=settings.context_tokens)
    return [_Page(document, grounder, chunk, language) for chunk in chunks]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
