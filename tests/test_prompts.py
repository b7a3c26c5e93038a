from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from agent.errors import PromptError
from agent.prompts import Prompt, load


class Found(BaseModel):
    """What was found."""

    words: str
    number: int


def written(folder: Path, text: str | bytes, name: str = "p") -> Prompt:
    (folder / f"{name}.md").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(name, folder)


def test_the_prompts_of_the_package_load() -> None:
    assert "setting" in load("propose").names
    assert "setting" in load("critique").names


def test_filling_happens_once(tmp_path: Path) -> None:
    prompt = written(tmp_path, "In $setting, for $$5, say ${what}: {{ 6*7 }} {0} %s")
    assert prompt.names == ("setting", "what")
    filled = prompt.fill(setting="$what {{ x }} ${setting} $", what="$setting")
    assert filled == "In $what {{ x }} ${setting} $, for $5, say $setting: {{ 6*7 }} {0} %s"


def test_a_name_without_a_value(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"p\.md holds \$what.*\$setting") as caught:
        written(tmp_path, "$setting $what").fill(setting="x")
    assert caught.value.prompt == "p"


def test_a_value_without_a_name(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"p\.md must hold \$setting"):
        written(tmp_path, "nothing").fill(setting="x")


@pytest.mark.parametrize("text", ["one\ntwo $5 three", "one\n$"])
def test_a_dollar_sign_that_begins_no_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(PromptError, match="line 2"):
        written(tmp_path, text)


def test_a_prompt_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="nosuch"):
        load("nosuch")
    with pytest.raises(PromptError, match="byte 1"):
        written(tmp_path, b"a\xff")


def test_a_fingerprint_is_of_text_and_schema(tmp_path: Path) -> None:
    class Renamed(BaseModel):
        """What was found."""

        words: str
        number: int

    class Described(BaseModel):
        """What was found."""

        words: str = Field(description="verbatim")
        number: int

    class Turned(BaseModel):
        """What was found."""

        number: int
        words: str

    Described.__name__ = Turned.__name__ = "Found"
    prompt = written(tmp_path, "a $b\n")
    prints = [prompt.fingerprint(answer) for answer in (Found, Renamed, Described, Turned)]
    prints.append(written(tmp_path, "a  $b\n").fingerprint(Found))
    assert len(set(prints)) == 5 and all(len(one) == 64 for one in prints)
    assert written(tmp_path, "a $b\r\n").fingerprint(Found) == prints[0]
    assert prompt.fill(b="x") == "a x\n"
