"""Prompts: texts in `prompts/`, filled in once and recorded by fingerprint.

A prompt is a file with `$names` in it. What is filled in is never read for names again, so a note that holds `$setting`
or `{{ 6*7 }}` stays as it is. Git keeps the versions; a result records the fingerprint of what the model was given.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from pydantic import BaseModel

from agent.errors import PromptError


@dataclass(frozen=True)
class Prompt:
    """A prompt as its file gives it; `text` still holds its `$names` (`$$` stands for a dollar sign)."""

    name: str
    text: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names to fill in, in the order in which they first stand in the text."""
        return tuple(Template(self.text).get_identifiers())

    def fill(self, **values: str) -> str:
        """The text with each of its names replaced by its value, once.

        Raises:
            PromptError: a name without a value, or a value whose name the text does not hold: what was meant to be
                said would then be missing.
        """
        missing = [name for name in self.names if name not in values]
        if missing:
            raise PromptError(
                f"prompts/{self.name}.md holds ${missing[0]}, which nothing fills in; it can hold "
                f"{_listed(values)}. A dollar sign itself is written $$.",
                prompt=self.name,
            )
        unused = [name for name in values if name not in self.names]
        if unused:
            raise PromptError(
                f"prompts/{self.name}.md must hold ${unused[0]}: without it the model is not told.", prompt=self.name
            )
        return Template(self.text).substitute(values)

    def fingerprint(self, answer: type[BaseModel]) -> str:
        """The SHA-256 (hex) of the text and of the JSON schema of `answer`, whose names and docstrings reach the model.

        Key order counts in the schema, since it is the order in which a model fills in its answer.
        """
        schema = json.dumps(answer.model_json_schema(), ensure_ascii=False)
        return hashlib.sha256(f"{self.text}\0{schema}".encode()).hexdigest()


def load(name: str, folder: Traversable | None = None) -> Prompt:
    """The prompt `name` of `prompts/`; of another folder, where that has one of the name.

    Raises:
        PromptError: no such file, not UTF-8, or a `$` that begins no name.
    """
    place: Traversable = files("prompts")
    path = f"prompts/{name}.md"
    if folder is not None:
        if not folder.is_dir():
            raise PromptError(f"there is no folder of prompts {folder}; correct CHARTPROOF_PROMPTS", prompt=name)
        if (folder / f"{name}.md").is_file():
            place, path = folder, str(folder / f"{name}.md")
    try:
        # A checkout with CRLF line ends gives the model the same text, and has the same fingerprint.
        text = (place / f"{name}.md").read_bytes().decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        raise PromptError(f"there is no prompt {name!r}: {place / f'{name}.md'} does not exist", prompt=name) from None
    except UnicodeDecodeError as error:
        raise PromptError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8", prompt=name) from None
    template = Template(text)
    if not template.is_valid():
        line = next(number for number, part in enumerate(text.splitlines(), 1) if not Template(part).is_valid())
        raise PromptError(
            f"{path} has a $ on line {line} that begins no name; a dollar sign itself is written $$",
            prompt=name,
        )
    return Prompt(name=name, text=text)


def _listed(values: dict[str, str]) -> str:
    return ", ".join(f"${name}" for name in values) or "no names"
