"""The embedded engine: deterministic, no network, no key; it reads by the words of the code table and the lexicon."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from agent.codebook import CodeBook
from agent.lexical.judge import judge
from agent.lexical.reader import Reader
from agent.records import Chunk, Document, Draft, Finding, Proposal, Verdict


class LexicalEngine:
    """The two calls of an engine, answered by the code table's own words."""

    name = "lexical"
    model: str | None = None

    def __init__(self, book: CodeBook) -> None:
        """Read against `book`; the term index of a book is made once and shared."""
        self._reader = _reader(book)

    async def propose(self, document: Document, chunk: Chunk) -> list[Proposal]:
        """What stands in `chunk`; see `Reader.propose`."""
        return list(self._reader.propose(document, chunk))

    async def critique(self, draft: Draft, findings: Sequence[Finding]) -> list[Verdict]:
        """A verdict for every candidate; see `judge`."""
        return list(judge(draft, findings))


@lru_cache(maxsize=4)
def _reader(book: CodeBook) -> Reader:
    return Reader(book)
