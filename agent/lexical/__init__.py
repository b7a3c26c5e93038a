"""The embedded engine: deterministic, no network, no key; it reads by the words of the code table and the lexicon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.codebook import CodeBook
from agent.intake import ENGLISH
from agent.lexical.judge import judge
from agent.lexical.reader import Reader
from agent.records import Chunk, Document, Draft, Encounter, Finding, Proposal, Scope, Usage, Verdict


class LexicalEngine:
    """The two calls of an engine, answered by the code table's own words."""

    name = "lexical"
    model: str | None = None
    languages = frozenset((ENGLISH,))

    def __init__(self, book: CodeBook) -> None:
        """Make the term index of `book`, a few hundred milliseconds; make one engine and share it."""
        self._reader = Reader(book)

    def prompts(self, scope: Scope) -> Mapping[str, str]:
        """None: this engine is given no prompt."""
        return {}

    async def propose(
        self, encounter: Encounter, document: Document, chunk: Chunk, scope: Scope
    ) -> tuple[Sequence[Proposal], Usage]:
        """As `read`, whatever the scope; it costs nothing."""
        return self.read(document, chunk), Usage()

    def read(self, document: Document, chunk: Chunk) -> list[Proposal]:
        """What stands in `chunk`, without waiting for anything."""
        return list(self._reader.propose(document, chunk))

    async def critique(self, draft: Draft, findings: Sequence[Finding]) -> tuple[Sequence[Verdict], Usage]:
        """A verdict for every candidate; see `judge`."""
        return list(judge(draft, findings)), Usage()
