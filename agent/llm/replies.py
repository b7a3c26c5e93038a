"""What came back: what the model wrote, why it is no answer, what is wrong with it, and how the model is told.

Replies are read by their attributes alone; nothing here loads the SDK.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from agent.config import PREFIX, AnswerMode, Settings
from agent.errors import EmptyAnswer, FilteredAnswer, ModelNotFound, RefusedAnswer, TruncatedAnswer
from agent.llm.call import Message
from agent.llm.faults import Fault, address

_MOST_COMPLAINTS = 20


def text_of(reply: Any) -> str:
    """What the model wrote: the arguments of its tool calls, else its content."""
    if isinstance(reply, str):
        return reply
    choices = getattr(reply, "choices", None) or [None]
    message = getattr(choices[0], "message", None)
    calls = getattr(message, "tool_calls", None) or []
    written = [getattr(getattr(call, "function", None), "arguments", None) or "" for call in calls]
    return "\n".join(written) or getattr(message, "refusal", None) or getattr(message, "content", None) or ""


def fault_of(reply: Any, settings: Settings) -> Fault | None:
    """Why a reply is no answer at all and asking again as before would not help; None for one to be read."""
    if isinstance(reply, str):
        return Fault(
            ModelNotFound,
            f"{address(settings)} replies, but not as an OpenAI-compatible endpoint; correct {PREFIX}BASE_URL, which "
            "usually ends in /v1",
        )
    choices = getattr(reply, "choices", None)
    message = getattr(choices[0], "message", None) if choices else None
    if not choices or message is None:
        return Fault(EmptyAnswer, f"the model {settings.model} replied without a choice; see its server's log")
    if choices[0].finish_reason == "content_filter":
        return Fault(FilteredAnswer, f"a content filter stopped the reply of the model {settings.model}")
    if getattr(message, "refusal", None):
        return Fault(
            RefusedAnswer, f"the model {settings.model} declined to answer; its words are in the error's reply"
        )
    if choices[0].finish_reason == "length":
        return Fault(
            TruncatedAnswer,
            f"the reply of the model {settings.model} was cut at its token limit; lower {PREFIX}CHUNK_TOKENS or raise "
            f"{PREFIX}ANSWER_TOKENS ({settings.answer_tokens})",
        )
    return None


def wrong_calls(reply: Any, name: str, mode: AnswerMode) -> str:
    """What is wrong with how often a reply calls the tool `name`; empty where nothing is. Others would go unread."""
    if mode is not AnswerMode.TOOLS:
        return ""
    calls = reply.choices[0].message.tool_calls or []
    if len(calls) == 1:
        return ""
    return f"the tool {name} must be called exactly once, with the whole answer; it was called {len(calls)} times"


def wrong_fields(error: ValidationError) -> str:
    """What is wrong with a reply, a line each: where, and what was expected.

    Not pydantic's own text: that changes with its version, so that a recorded re-ask would no longer be found, and it
    repeats the values, which may be the note's.
    """
    lines = []
    for one in error.errors(include_url=False, include_context=False, include_input=False)[:_MOST_COMPLAINTS]:
        place = ".".join(str(part) for part in one["loc"])
        what = "the reply is not valid JSON" if one["type"] == "json_invalid" else one["msg"]
        lines.append(f"{place}: {what}" if place else what)
    more = error.error_count() - len(lines)
    return "\n".join([*lines, f"and {more} more"] if more else lines)


def reask(reply: str, wrong: str) -> list[Message]:
    """The messages that follow a reply which can't be used.

    The reply stands as plain text in every mode: servers that parse the arguments of earlier tool calls fail on just
    those that are no JSON.
    """
    said: list[Message] = [{"role": "assistant", "content": reply}] if reply.strip() else []
    told = f"That answer can't be used:\n{wrong}\nGive the whole answer again in the form asked for, with this mended."
    return [*said, {"role": "user", "content": told}]
