"""Replies that are no answer, asked again or said at once; and how an answer is asked for."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from pydantic import BaseModel, Field

from agent.config import AnswerMode, Settings
from agent.errors import (
    AnswerError,
    EmptyAnswer,
    EndpointUnreachable,
    FilteredAnswer,
    RefusedAnswer,
    TruncatedAnswer,
)
from agent.llm import cost, estimate_tokens, render_request
from agent.llm.schemas import strict_schema
from agent.records import Record, Usage
from tests.asking import BAD, GOOD, MODES, Asker, Items, said, settings_for
from tests.servers import Reply, Server, completion, refusal

# --- replies that are no answer


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", ['{"items": [{"na', "I am sorry, I found these: pneumonia", ""])
def test_invalid_json_is_asked_again_once(mode: AnswerMode, text: str) -> None:
    with Server(said(text, mode), said(GOOD, mode)) as server:
        answer = Asker(settings_for(server, mode=mode)).run()
        first, second = server.requests
    assert answer.value == Items.model_validate(GOOD)
    assert (answer.usage.calls, answer.usage.prompt_tokens, answer.usage.completion_tokens) == (2, 20, 10)
    assert second.json["messages"][: len(first.json["messages"])] == first.json["messages"]
    added = second.json["messages"][len(first.json["messages"]) :]
    assert [m["content"] for m in added if m["role"] == "assistant"] == ([text] if text else [])
    assert "not valid JSON" in added[-1]["content"] and added[-1]["role"] == "user"


@pytest.mark.parametrize("mode", MODES)
def test_schema_invalid_twice(mode: AnswerMode) -> None:
    with Server(said(BAD, mode), said(BAD, mode, usage=(40, 4))) as server:
        error = Asker(settings_for(server, mode=mode)).fail(AnswerError, calls=2)
        told = server.requests[1].contents[-1]
    assert isinstance(error, AnswerError) and json.loads(error.reply) == BAD
    assert (error.usage.prompt_tokens, error.usage.completion_tokens) == (50, 9)
    assert "items.0.kind: " in told and "items.1.name: Field required" in told
    assert "pydantic" not in told and "input_value" not in told
    assert "items.1.name: Field required" in str(error) and error.__cause__ is None


def test_a_re_ask_lists_no_more_than_helps() -> None:
    many: dict[str, Any] = {"items": [{}] * 50}
    with Server(completion(many), completion(GOOD)) as server:
        Asker(settings_for(server)).run()
        told = server.requests[1].contents[-1]
    assert told.count("Field required") == 20 and "and 30 more" in told


def test_a_passing_failure_does_not_lose_the_first_reply() -> None:
    with Server(completion(BAD), refusal(503), completion(GOOD)) as server:
        answer = Asker(settings_for(server)).run()
        lengths = [len(request.contents) for request in server.requests]
    assert lengths == [2, 4, 4] and answer.usage.calls == 3


def one_only(value: Items) -> str | None:
    return "list one item only" if len(value.items) != 1 else None


def test_an_objection_is_asked_again_once() -> None:
    with Server(completion({"items": []}), completion(GOOD)) as server:
        Asker(settings_for(server)).run(check=one_only)
        assert "list one item only" in server.requests[1].contents[-1]


def test_objections_end() -> None:
    with Server(completion({"items": []}), completion({"items": []})) as server:
        error = Asker(settings_for(server)).fail(AnswerError, calls=2, check=one_only)
    assert "list one item only" in str(error)


def test_schema_and_objection_share_one_re_ask() -> None:
    with Server(completion(BAD), completion({"items": []})) as server:
        Asker(settings_for(server)).fail(AnswerError, calls=2, check=one_only)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": json.dumps(GOOD)},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": str(n), "type": "function", "function": {"name": "Items", "arguments": json.dumps(GOOD)}}
                for n in range(2)
            ],
        },
    ],
)
def test_a_tool_is_called_once_or_asked_for_again(message: dict[str, Any]) -> None:
    with Server(completion(message=message), completion(GOOD, tool="Items")) as server:
        Asker(settings_for(server, mode="tools")).run()
        assert "exactly once" in server.requests[1].contents[-1]


@pytest.mark.parametrize("mode", MODES)
def test_a_truncated_reply_is_said_at_once(mode: AnswerMode) -> None:
    with Server(said('{"items": [{"name": "pn', mode, finish="length", usage=(7, 9))) as server:
        error = Asker(settings_for(server, mode=mode)).fail(TruncatedAnswer, calls=1)
        assert len(server.requests) == 1
    assert isinstance(error, TruncatedAnswer) and error.reply.startswith('{"items"')
    assert error.usage.completion_tokens == 9
    assert "CHARTPROOF_CHUNK_TOKENS" in str(error) and "CHARTPROOF_ANSWER_TOKENS" in str(error)


@pytest.mark.parametrize("mode", MODES)
def test_a_refusal_is_not_taken_for_bad_json(mode: AnswerMode) -> None:
    message = {"role": "assistant", "content": None, "refusal": "I can't help with that."}
    with Server(completion(message=message)) as server:
        error = Asker(settings_for(server, mode=mode)).fail(RefusedAnswer, calls=1)
    assert isinstance(error, RefusedAnswer) and error.reply == "I can't help with that."
    assert error.usage.prompt_tokens == 10


def test_a_filtered_reply() -> None:
    with Server(completion(GOOD, finish="content_filter")) as server:
        Asker(settings_for(server)).fail(FilteredAnswer, calls=1)


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}},
        {"choices": None},
        {"error": {"message": "upstream is ill"}},
        {"choices": [{"index": 0, "finish_reason": "stop"}]},
        {},
    ],
)
def test_a_reply_without_a_choice(body: dict[str, Any]) -> None:
    with Server(Reply(body)) as server:
        Asker(settings_for(server)).fail(EmptyAnswer, calls=1)


# --- strict, tokens, cost


class Free(BaseModel):
    """Holds a free dictionary, which `strict` can't say."""

    notes: dict[str, str] = {}


@pytest.mark.parametrize("mode", MODES)
def test_hosted_endpoints_are_held_to_the_schema(mode: AnswerMode) -> None:
    hosted = json.loads(render_request([{"role": "user", "content": "x"}], Items, Settings(model="m", mode=mode)))
    local = render_request([{"role": "user", "content": "x"}], Items, settings_for("http://127.0.0.1:1/v1", mode=mode))
    free = render_request([{"role": "user", "content": "x"}], Free, Settings(model="m", mode=mode))
    assert '"strict"' not in local and '"strict"' not in free
    assert "max_completion_tokens" in hosted and "max_tokens" not in hosted
    if mode is AnswerMode.TOOLS:
        function = hosted["tools"][0]["function"]
        assert function["strict"] is True and function["parameters"] == strict_schema(Items)
        assert hosted["tool_choice"]["function"]["name"] == function["name"] == "Items"
    if mode is AnswerMode.JSON_SCHEMA:
        schema = hosted["response_format"]["json_schema"]
        assert schema["strict"] is True and schema["schema"] == strict_schema(Items)
    if mode is AnswerMode.JSON:
        assert hosted["response_format"] == {"type": "json_object"} and "strict" not in str(hosted)


class Kept(Record):
    """Kept."""

    kind: str = "kept"
    default: int | None = None


class Dropped(Record):
    """Dropped."""

    why: str = Field(min_length=1, description="why")


class Verdicts(Record):
    """Verdicts."""

    verdicts: list[Kept | Dropped]
    last: Dropped = Field(description="the last one")


def test_a_strict_schema_requires_all_and_allows_no_more() -> None:
    schema = strict_schema(Verdicts)
    assert schema is not None
    assert schema["required"] == ["verdicts", "last"] and schema["additionalProperties"] is False
    assert schema["$defs"]["Kept"]["required"] == ["kind", "default"]
    assert schema["$defs"]["Dropped"]["properties"]["why"] == {"description": "why", "title": "Why", "type": "string"}
    assert schema["properties"]["last"] == schema["$defs"]["Dropped"] | {"description": "the last one"}
    assert schema["properties"]["verdicts"]["items"] == {
        "anyOf": [{"$ref": "#/$defs/Kept"}, {"$ref": "#/$defs/Dropped"}]
    }


@pytest.mark.parametrize("answer", [Items, Verdicts])
def test_the_openai_sdk_agrees_that_a_schema_is_strict(answer: type[BaseModel]) -> None:
    import openai

    def bare(schema: Any) -> Any:
        """Without the keywords that the SDK leaves in and its service refuses."""
        if isinstance(schema, list):
            return [bare(part) for part in schema]
        if not isinstance(schema, dict) or "properties" in schema.get("properties", {}):
            return schema
        return {
            k: bare(v) for k, v in schema.items() if isinstance(v, dict | list) or k not in ("minLength", "default")
        }

    theirs: Any = openai.pydantic_function_tool(answer)["function"]["parameters"]
    assert strict_schema(answer) == bare(theirs)


class Chain(Record):
    """Refers to itself beside a description."""

    after: list[Chain] = Field(description="more")
    first: Chain | None = Field(description="one")


class Loop(Record):
    """Refers to itself, described."""

    again: Loop = Field(description="again")


def test_what_strict_can_not_say() -> None:
    class Anything(BaseModel):
        value: Any

    class Pair(BaseModel):
        value: tuple[int, str]

    assert strict_schema(Chain) is not None
    assert [strict_schema(answer) for answer in (Free, Anything, Pair, Loop)] == [None] * 4


def test_cost_and_tokens() -> None:
    usage = Usage(calls=1, prompt_tokens=2_000_000, completion_tokens=500_000)
    assert cost(usage, Settings(price_prompt=0.5, price_completion=2.0)) == 2.0
    assert cost(usage, Settings()) is None and cost(usage, Settings(price_prompt=1.0)) is None
    assert [estimate_tokens(text) for text in ("", "a", "abcd", "abcde", "\u00e9\u00e9", "\ud800")] == [
        0,
        1,
        1,
        2,
        1,
        1,
    ]


def test_waits_spread_out() -> None:
    random.seed(1)
    with Server(*[refusal(500)] * 8) as server:
        askers = [Asker(settings_for(server, tries=2)) for _ in range(4)]
        for asker in askers:
            asker.fail(EndpointUnreachable, calls=2)
    assert len({asker.waits[0] for asker in askers}) == 4
