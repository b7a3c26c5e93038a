"""Dry run: what a model would be sent for an encounter, letter for letter, and what it would cost; nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel

from agent.codebook import CodeBook
from agent.config import Settings
from agent.critique import Judgement, critique_messages
from agent.engine import LANGUAGES, PROMPTS
from agent.lexical import LexicalEngine
from agent.llm import Message, estimate_tokens, render_request
from agent.prompts import load
from agent.propose import Reading, propose_messages
from agent.records import Chunk, Document, Draft, Encounter, Finding, Proposal, Scope, Usage, Verdict

ANSWER_SHARE = 0.5
"""Tokens of an answer for each token of its request: what the recorded runs took, for the estimate of a cost."""


class Request(NamedTuple):
    """One request that would be sent: its step, its body as JSON, and its estimated tokens."""

    step: str
    body: str
    tokens: int


class DryEngine:
    """An engine that asks nobody: it notes what a model would be sent, and answers with the lexical engine.

    The first requests are exact. Those of the critique are built from what was read, so here they hold what the lexical
    engine reads in a model's place.
    """

    name = "dry"
    languages = LANGUAGES

    def __init__(self, lexical: LexicalEngine, book: CodeBook, settings: Settings) -> None:
        """Note requests for the model of `settings`."""
        self._lexical = lexical
        self._book = book
        self._settings = settings
        self.model: str | None = settings.model
        self.requests: list[Request] = []

    def prompts(self, scope: Scope) -> Mapping[str, str]:
        """None: nothing is sent."""
        return {}

    async def propose(
        self, encounter: Encounter, document: Document, chunk: Chunk, scope: Scope
    ) -> tuple[Sequence[Proposal], Usage]:
        """What the lexical engine reads; the request is noted."""
        prompt = load(PROMPTS[scope].propose, self._settings.prompts)
        self._note("propose", propose_messages(prompt, document, chunk, encounter.setting), Reading)
        return await self._lexical.propose(encounter, document, chunk, scope)

    async def critique(self, draft: Draft, findings: Sequence[Finding]) -> tuple[Sequence[Verdict], Usage]:
        """What the lexical engine decides; the request is noted."""
        self._note(
            "critique",
            critique_messages(
                load(PROMPTS[draft.scope].critique, self._settings.prompts),
                draft,
                findings,
                self._book,
                self._settings.option_form,
            ),
            Judgement,
        )
        return await self._lexical.critique(draft, findings)

    def _note(self, step: str, messages: Sequence[Message], answer: type[BaseModel]) -> None:
        body = render_request(messages, answer, self._settings)
        self.requests.append(Request(step, body, estimate_tokens(body)))

    def usage(self) -> Usage:
        """What the requests would cost, estimated."""
        tokens = sum(request.tokens for request in self.requests)
        return Usage(calls=len(self.requests), prompt_tokens=tokens, completion_tokens=round(ANSWER_SHARE * tokens))
