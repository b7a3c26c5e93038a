"""The check of prompts finds what would fail, or mislead a model, before it is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.promptcheck import USES, check_prompt, diff_prompts
from agent.prompts import Prompt, load

NOTE = "Assessment: gout of the right foot. Colchicine."


def prompt(text: str, name: str = "propose") -> Prompt:
    return Prompt(name=name, text=text)


def example(quote: str, *, note: str = NOTE, **more: object) -> str:
    seen = {"quote": quote, "condition": "gout", "codes": ["M10.071"], "assertion": "affirmed", "managed": None} | more
    answer = json.dumps({"conditions": [seen]})
    return f"In $setting.\n<example>\n<note>\n{note}\n</note>\n<answer>{answer}</answer>\n</example>\n"


@pytest.mark.parametrize("name", USES)
def test_the_prompts_of_the_project_are_sound(name: str) -> None:
    checked = check_prompt(load(name))
    assert checked.problems == ()
    assert checked.tokens > 10


def test_every_prompt_of_the_project_is_known() -> None:
    folder = Path(__file__).parents[1] / "prompts"
    assert {path.stem for path in folder.glob("*.md")} - {"README"} == set(USES)


def test_a_sound_example_counts() -> None:
    checked = check_prompt(prompt(example("gout of the right foot", managed="Colchicine.")))
    assert (checked.examples, checked.problems) == (1, ())


BAD = [
    (example("gout of the left foot"), "“gout of the left foot” does not stand in its note"),
    (example("gout of the right foot", managed="allopurinol"), "“allopurinol” does not stand"),
    (example("gout of the right foot", assertion="sure"), "conditions.0.assertion"),
    (example("gout of the right foot", codes=[]), "conditions.0.codes"),
    ("In $setting.\n<example><note>x</note></example>", "not closed"),
    ("In $setting.\n<example>\n", "not closed"),
    ("No name.", r"must hold $setting"),
    ("In $setting for $whom.", "$whom"),
]


@pytest.mark.parametrize(("text", "said"), BAD, ids=[said for _, said in BAD])
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    (problem,) = check_prompt(prompt(text)).problems
    assert said in problem


def test_a_difference_is_shown_with_its_size() -> None:
    lines = list(diff_prompts("propose", "one\ntwo\n", "one\nthree and more\n"))
    assert "-two" in lines and "+three and more" in lines
    assert "tokens" in lines[-1] and "+" in lines[-1]
    assert list(diff_prompts("propose", "same", "same")) == []


def test_a_folder_takes_the_place_of_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "propose.md").write_text("Read this $setting note.", encoding="utf-8")
    assert load("propose", tmp_path).text == "Read this $setting note."
    assert load("critique", tmp_path).text == load("critique").text
