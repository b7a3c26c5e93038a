"""Prompt check: what is wrong with a prompt before it is sent, and how one version differs from another.

An example inside a prompt stands between `<example>` and `</example>`, as the text of a note in `<note>` and the answer
to it in `<answer>`; its quotes must stand in its own note, letter for letter, and the answer must follow the schema. A
model learns from an example that breaks either to break it too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from agent.critique import Judgement
from agent.errors import PromptError
from agent.llm import estimate_tokens
from agent.llm.schemas import strict_schema
from agent.prompts import Prompt
from agent.propose import Reading

_EXAMPLE = re.compile(
    r"<example>\s*<note>\n?(?P<note>.*?)</note>\s*<answer>(?P<answer>.*?)</answer>\s*</example>", re.S
)
_QUOTES = ("quote", "managed")


class Use(NamedTuple):
    """What a prompt is for: the names that are filled in, and the answer that it asks for; None for a plain prompt."""

    names: frozenset[str]
    answer: type[BaseModel] | None


USES: Mapping[str, Use] = {
    "propose": Use(frozenset(("setting",)), Reading),
    "critique": Use(frozenset(("setting", "guidelines")), Judgement),
    "propose_mentions": Use(frozenset(("setting",)), Reading),
    "critique_mentions": Use(frozenset(("setting",)), Judgement),
    "baseline": Use(frozenset(("setting",)), None),
    "baseline_mentions": Use(frozenset(("setting",)), None),
}
"""The prompts that there are, by name."""


class Checked(NamedTuple):
    """A prompt that was looked over: its size with and without its schema, its examples, and what is wrong with it."""

    name: str
    fingerprint: str
    tokens: int
    schema_tokens: int
    examples: int
    problems: tuple[str, ...]


def check_prompt(prompt: Prompt) -> Checked:
    """What is to be said of a prompt; tokens are estimated, four characters to one."""
    use = USES[prompt.name]
    problems = list(_names(prompt, use))
    examples = list(_EXAMPLE.finditer(prompt.text))
    if prompt.text.count("<example>") != len(examples):
        problems.append("an <example> is not closed, or lacks its <note> or <answer>")
    for number, example in enumerate(examples, start=1):
        problems += [f"example {number}: {said}" for said in _example(example["note"], example["answer"], use)]
    schema = json.dumps(use.answer.model_json_schema(), ensure_ascii=False) if use.answer else ""
    if use.answer is not None and strict_schema(use.answer) is None:
        problems.append("its schema can't be enforced to the letter by hosted endpoints")
    return Checked(
        name=prompt.name,
        fingerprint=prompt.fingerprint(use.answer) if use.answer else "",
        tokens=estimate_tokens(prompt.text),
        schema_tokens=estimate_tokens(schema),
        examples=len(examples),
        problems=tuple(problems),
    )


def _names(prompt: Prompt, use: Use) -> Iterator[str]:
    try:
        prompt.fill(**dict.fromkeys(use.names, "x"))
    except PromptError as error:
        yield str(error)


def _example(note: str, answer: str, use: Use) -> Iterator[str]:
    """What is wrong with an example: an answer that is none, or a quote that its note does not hold."""
    if use.answer is None:
        return
    try:
        value = use.answer.model_validate_json(answer)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its top"
        yield f"its answer does not follow the schema at {place}: {first['msg']}"
        return
    for quote in _quoted(value.model_dump()):
        if quote not in note:
            yield f"“{quote}” does not stand in its note letter for letter"


def _quoted(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key in _QUOTES and isinstance(part, str):
                yield part
            else:
                yield from _quoted(part)
    elif isinstance(value, list):
        for part in value:
            yield from _quoted(part)


def diff_prompts(name: str, before: str, after: str) -> Iterator[str]:
    """The lines in which two texts of a prompt differ, as a unified diff, and what that does to its size."""
    if before == after:
        return
    names = (f"{name}.md before", f"{name}.md")
    yield from unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="", n=1)
    old, new = estimate_tokens(before), estimate_tokens(after)
    yield f"{name}: {old} to {new} tokens, estimated ({new - old:+d})"
