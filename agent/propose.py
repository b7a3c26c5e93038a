"""Propose: a model reads a chunk and lists what stands in it, each with its quote."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.prompts import Prompt
from agent.records import Assertion, Chunk, Document, Proposal, Setting

Message = dict[str, str]


class Seen(BaseModel):
    """One condition as the text documents it."""

    model_config = ConfigDict(extra="forbid")

    quote: Annotated[str, Field(min_length=1, description="words of the text, copied letter for letter, in one piece")]
    condition: Annotated[str, Field(min_length=1, description="the condition in coding terms, as specific as the text")]
    codes: Annotated[
        list[str], Field(min_length=1, max_length=4, description="ICD-10-CM codes, the best first, with their dots")
    ]
    assertion: Literal["affirmed", "negated", "uncertain", "historical", "family", "hypothetical", "planned"]
    managed: Annotated[str | None, Field(description="words that show management, copied letter for letter, or null")]


class Reading(BaseModel):
    """Everything that the text documents."""

    model_config = ConfigDict(extra="forbid")

    conditions: list[Seen]


def propose_messages(prompt: Prompt, document: Document, chunk: Chunk, setting: Setting) -> list[Message]:
    """The messages of one propose call; the text of the chunk stands byte for byte in a message of its own."""
    messages = [{"role": "system", "content": prompt.fill(setting=setting.value)}]
    if chunk.context < chunk.start:
        before = document.text[chunk.context : chunk.start]
        messages.append({"role": "user", "content": "For understanding only, not to be quoted, the text before it:"})
        messages.append({"role": "user", "content": before})
        messages.append({"role": "user", "content": "The text:"})
    messages.append({"role": "user", "content": document.text[chunk.start : chunk.end]})
    return messages


def read_proposals(reading: Reading, document: Document, chunk: Chunk) -> list[Proposal]:
    """What a model answered, as proposals; further codes of a condition are kept with its first."""
    return [
        Proposal(
            condition=seen.condition,
            code=seen.codes[0].strip().upper(),
            others=tuple(dict.fromkeys(code.strip().upper() for code in seen.codes[1:])),
            quote=seen.quote,
            assertion=Assertion(seen.assertion),
            chunk=chunk.index,
            document=document.id,
            managed=seen.managed or None,
        )
        for seen in reading.conditions
    ]
