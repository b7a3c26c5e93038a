"""Requests and how their answers are read: what the SDK is called with, and the value in its reply."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from agent.config import AnswerMode, Settings
from agent.llm.call import Message
from agent.llm.faults import address
from agent.llm.replies import wrong_calls, wrong_fields
from agent.llm.schemas import strict_schema
from agent.llm.sdk import asking, handlers, load_openai

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion

T = TypeVar("T", bound=BaseModel)


def build_request(messages: list[Message], answer: type[BaseModel], settings: Settings) -> dict[str, Any]:
    """What the SDK is called with; the messages go past instructor, untouched."""
    form = dict(_form(answer, settings.mode, settings.hosted))
    said = list(messages)
    instruction = form.pop("instruction", None)
    if instruction is not None and said and said[0]["role"] == "system":
        said[0] = {"role": "system", "content": f"{said[0]['content']}\n\n{instruction}"}
    elif instruction is not None:
        said.insert(0, {"role": "system", "content": instruction})
    # Reasoning models on hosted endpoints refuse the old name; Ollama and older servers know no other.
    limit = "max_completion_tokens" if settings.hosted else "max_tokens"
    request = {"model": settings.named_model(), "messages": said, limit: settings.answer_tokens, **form}
    given = {"temperature": settings.temperature, "seed": settings.seed}
    return request | {name: value for name, value in given.items() if value is not None}


@lru_cache(maxsize=64)
def _form(answer: type[BaseModel], mode: AnswerMode, hosted: bool) -> dict[str, Any]:
    """How instructor asks for an `answer` in a mode; `strict` where a hosted endpoint enforces it to the letter.

    Elsewhere the plain schema is sent: vLLM, Ollama and llama.cpp enforce it without the word.
    """
    _, form = handlers(mode).request_handler(response_model=answer, kwargs={"messages": []})
    instructions = form.pop("messages")
    if instructions:
        form["instruction"] = instructions[0]["content"].strip()
    strict = strict_schema(answer) if hosted else None
    if strict is not None and mode is AnswerMode.TOOLS:
        function = form["tools"][0]["function"] | {"parameters": strict, "strict": True}
        form["tools"] = [{"type": "function", "function": function}]
    if strict is not None and mode is AnswerMode.JSON_SCHEMA:
        schema = form["response_format"]["json_schema"] | {"schema": strict, "strict": True}
        form["response_format"] = {"type": "json_schema", "json_schema": schema}
    return dict(form)


def read_answer(reply: ChatCompletion, answer: type[T], mode: AnswerMode) -> tuple[T | None, str]:
    """The answer in a reply, or None and what is wrong with it."""
    wrong = wrong_calls(reply, answer.__name__, mode)
    if wrong:
        return None, wrong
    try:
        value: T = handlers(mode).response_parser(response=reply, response_model=answer, strict=None)
    except ValidationError as error:
        return None, wrong_fields(error)
    # instructor leaves the whole reply on the value, where it would be kept and pickled.
    vars(value).pop("_raw_response", None)
    return value, ""


def render_request(messages: Sequence[Message], answer: type[BaseModel], settings: Settings) -> str:
    """The JSON body that `Endpoint.ask` sends first, byte for byte; nothing is sent, and no key is needed.

    Raises:
        SettingsError: no model is named.
    """
    openai = load_openai()
    import httpx2

    bodies: list[bytes] = []

    def keep(request: httpx2.Request) -> httpx2.Response:
        bodies.append(request.content)
        return httpx2.Response(200, json={})

    request = build_request(list(messages), answer, settings)
    http = httpx2.Client(transport=httpx2.MockTransport(keep))
    ours = asking.set(True)
    try:
        with openai.OpenAI(api_key="none", base_url=address(settings), max_retries=0, http_client=http) as client:
            client.chat.completions.create(**request)
    finally:
        asking.reset(ours)
    return bodies[0].decode()
