"""The model engine: propose and critique asked of a model, with the lexical engine's finds as a second look."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.codebook import CodeBook
from agent.config import SecondLook, Settings
from agent.critique import Judgement, critique_messages, fault, open_candidates, read_verdicts
from agent.errors import ContextTooSmall, TruncatedAnswer
from agent.intake import ENGLISH, is_english
from agent.lexical import LexicalEngine
from agent.llm import Endpoint, Message
from agent.notes import halve_chunk
from agent.prompts import load
from agent.propose import Reading, propose_messages, read_proposals
from agent.records import (
    Assertion,
    Chunk,
    Document,
    Draft,
    Encounter,
    Finding,
    Proposal,
    Scope,
    Usage,
    Verdict,
)

LANGUAGES = frozenset((ENGLISH, "Spanish"))
"""What a model's reading was measured in; outside English a quote is found letter for letter or not at all."""


class Prompts(NamedTuple):
    """The names of the two prompts of a scope."""

    propose: str
    critique: str


PROMPTS: Mapping[Scope, Prompts] = {
    Scope.CLAIM: Prompts("propose", "critique"),
    Scope.MENTIONS: Prompts("propose_mentions", "critique_mentions"),
}
"""A claim reports what was managed, a list of mentions what is named: they are read and judged by other prompts."""

_WORTH_A_SECOND_LOOK = frozenset((Assertion.AFFIRMED, Assertion.HISTORICAL))


class ModelEngine:
    """The two calls of an engine, answered by a model; make one and share it."""

    name = "llm"
    languages = LANGUAGES

    def __init__(self, endpoint: Endpoint, book: CodeBook, lexical: LexicalEngine, settings: Settings) -> None:
        """Ask `endpoint`; `lexical` is read along where the settings want a second look."""
        self._endpoint = endpoint
        self._book = book
        self._lexical = lexical
        self._settings = settings
        self._propose = {scope: load(pair.propose, settings.prompts) for scope, pair in PROMPTS.items()}
        self._critique = {scope: load(pair.critique, settings.prompts) for scope, pair in PROMPTS.items()}
        self.model: str | None = endpoint.model

    def prompts(self, scope: Scope) -> Mapping[str, str]:
        """The fingerprints of the two prompts of a scope, by name."""
        propose, critique = self._propose[scope], self._critique[scope]
        return {
            propose.name: propose.fingerprint(Reading),
            critique.name: critique.fingerprint(Judgement),
        }

    async def propose(
        self, encounter: Encounter, document: Document, chunk: Chunk, scope: Scope
    ) -> tuple[Sequence[Proposal], Usage]:
        """What a model reads in `chunk`, and what only the lexical engine found there, if that is wanted.

        A chunk whose answer was cut off, or that the model can't hold, is read in halves.

        Raises:
            ModelError: the model could not be asked or kept answering wrongly.
        """
        proposals, usage = await self._read(encounter, document, chunk, scope)
        if self._settings.second_look is SecondLook.LEXICAL and scope is Scope.CLAIM and is_english(document.text):
            proposals += _unseen(self._lexical.read(document, chunk), proposals)
        return proposals, usage

    async def critique(self, draft: Draft, findings: Sequence[Finding]) -> tuple[Sequence[Verdict], Usage]:
        """A model's verdict on every candidate.

        Raises:
            ModelError: the model could not be asked or kept answering wrongly.
        """
        open_to_judge = open_candidates(draft, findings)
        if not open_to_judge:
            return read_verdicts(Judgement(items=[]), draft, findings, self._book), Usage()
        answer = await self._endpoint.ask(
            self.critique_messages(draft, findings),
            Judgement,
            step="critique",
            encounter=draft.encounter.id,
            check=lambda judgement: fault(judgement, open_to_judge, self._book),
        )
        return read_verdicts(answer.value, draft, findings, self._book), answer.usage

    def propose_messages(self, encounter: Encounter, document: Document, chunk: Chunk, scope: Scope) -> list[Message]:
        """The messages that reading `chunk` sends first."""
        return propose_messages(self._propose[scope], document, chunk, encounter.setting)

    def critique_messages(self, draft: Draft, findings: Sequence[Finding]) -> list[Message]:
        """The messages that judging `draft` sends first."""
        return critique_messages(self._critique[draft.scope], draft, findings, self._book, self._settings.option_form)

    async def _read(
        self, encounter: Encounter, document: Document, chunk: Chunk, scope: Scope
    ) -> tuple[list[Proposal], Usage]:
        try:
            answer = await self._endpoint.ask(
                self.propose_messages(encounter, document, chunk, scope),
                Reading,
                step="propose",
                encounter=encounter.id,
            )
        except (TruncatedAnswer, ContextTooSmall) as error:
            halves = halve_chunk(document, chunk)
            if len(halves) < 2:
                raise
            read = await asyncio.gather(*(self._read(encounter, document, half, scope) for half in halves))
            whole = [proposal.model_copy(update={"chunk": chunk.index}) for part, _ in read for proposal in part]
            return whole, sum((usage for _, usage in read), start=error.usage)
        return read_proposals(answer.value, document, chunk), answer.usage


def _unseen(found: Sequence[Proposal], proposals: Sequence[Proposal]) -> list[Proposal]:
    """What the lexical engine found and the model did not: managed, or the cause of an injury; each code once."""
    known = {code for proposal in proposals for code in (proposal.code, *proposal.others)}
    injured = any(code.startswith(("S", "T")) for code in known)
    unseen: dict[str, Proposal] = {}
    for proposal in found:
        wanted = proposal.managed is not None or (injured and proposal.code[0] in "VWXY")
        if proposal.code not in known and wanted and proposal.assertion in _WORTH_A_SECOND_LOOK:
            unseen.setdefault(proposal.code, proposal)
    return list(unseen.values())
