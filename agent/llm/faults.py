"""What an endpoint's refusal means: which error it is, what mends it, and whether asking again can help."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from agent.config import KEY, PREFIX, Settings
from agent.errors import (
    ContextTooSmall,
    EndpointDown,
    EndpointUnreachable,
    FilteredAnswer,
    KeyRefused,
    ModelError,
    ModelNotFound,
    RateLimited,
    RequestRefused,
)

HOSTED = "https://api.openai.com/v1"

_TOO_LONG = re.compile(
    r"context[ _](length|size|window)|context_length_exceeded|exceed_context_size|maximum context|max_model_len"
    r"|prompt is too long|too many tokens|input is too large|longer than the maximum",
    re.IGNORECASE,
)
_NO_MODEL = {"model_not_found", "DeploymentNotFound"}
_SHOWN = 200


@dataclass(frozen=True)
class Fault:
    """One refusal: its error, the message, whether another try can succeed, and the seconds it asks to wait."""

    kind: type[ModelError]
    message: str
    again: bool = False
    after: float | None = None


def address(settings: Settings) -> str:
    """The endpoint's address as it is used."""
    return settings.base_url or HOSTED


def of_status(
    status: int, body: object, headers: Mapping[str, str], settings: Settings, messages: list[dict[str, str]]
) -> Fault:
    """The fault that an HTTP status and its body stand for; what the body quotes of the messages is left out."""
    codes, text = _read(body)
    said = _quotable(text, settings, messages)
    place = f"the endpoint {address(settings)}"
    if status in (400, 413, 422, 500) and _TOO_LONG.search(" ".join([*codes, text])):
        return Fault(
            ContextTooSmall,
            f"the request is longer than the context of the model {settings.model}: {said}. Lower "
            "CHARTPROOF_CHUNK_TOKENS or CHARTPROOF_ANSWER_TOKENS, or serve the model with a larger context",
        )
    if status == 404 or codes & _NO_MODEL:
        return Fault(
            ModelNotFound,
            f"{place} has no model {settings.model!r}, or serves nothing at that address ({status}: {said}). Correct "
            "CHARTPROOF_MODEL or CHARTPROOF_BASE_URL, which usually ends in /v1",
        )
    if status in (401, 403):
        return Fault(
            KeyRefused,
            f"{place} refused the key ({status}: {said}). Set {KEY} to a key that is valid there and may use the model "
            f"{settings.model!r}",
        )
    if "content_filter" in codes:
        return Fault(FilteredAnswer, f"the content filter of {place} stopped the request: {said}")
    if status == 429:
        spent = "insufficient_quota" in codes
        mend = "Its quota is used up: raise it with the provider" if spent else "Lower CHARTPROOF_CONCURRENCY, or wait"
        return Fault(
            RateLimited, f"{place} refuses more requests ({said}). {mend}", again=not spent, after=_after(headers)
        )
    if status in (408, 409, 425) or (status >= 500 and status not in (501, 505)):
        return Fault(
            EndpointUnreachable,
            f"{place} failed with status {status}: {said}. See that it is well, or correct CHARTPROOF_BASE_URL",
            again=True,
            after=_after(headers),
        )
    return Fault(
        RequestRefused,
        f"{place} refused the request ({status}: {said}). If it names a parameter, see CHARTPROOF_MODE, "
        "CHARTPROOF_TEMPERATURE, CHARTPROOF_SEED and CHARTPROOF_ANSWER_TOKENS",
    )


def late(settings: Settings) -> Fault:
    """No reply in time."""
    return Fault(
        EndpointUnreachable,
        f"the endpoint {address(settings)} did not reply within {settings.timeout:g} s; raise {PREFIX}TIMEOUT, or see "
        "that it runs",
        again=True,
    )


def unreachable(settings: Settings, why: str, *, again: bool) -> Fault:
    """No connection, or one that broke."""
    return Fault(
        EndpointUnreachable,
        f"the endpoint {address(settings)} could not be reached ({why}). See that it runs, or correct {PREFIX}BASE_URL",
        again=again,
    )


def down(settings: Settings, seconds: float) -> Fault:
    """An endpoint that is not asked for now."""
    return Fault(
        EndpointDown,
        f"not asked: the endpoint {address(settings)} could not be reached {settings.breaker_failures} times in a row; "
        f"it is tried again in {seconds:.0f} s. See that it runs, or correct {PREFIX}BASE_URL",
    )


def _read(body: object) -> tuple[set[str], str]:
    """The codes and the message of an error body: OpenAI's form, FastAPI's (`detail`), or plain text."""
    if not isinstance(body, Mapping):
        return set(), body if isinstance(body, str) else ""
    message: Any = body.get("message") or body.get("detail") or body.get("error") or ""
    if isinstance(message, list):
        # FastAPI repeats the whole request under `input`.
        message = "; ".join(str(part.get("msg", "")) for part in message if isinstance(part, Mapping))
    # llama.cpp has the status as its code, and says under `type` what others say under `code`.
    return {str(body[name]) for name in ("code", "type") if body.get(name)}, str(message)


def _quotable(text: str, settings: Settings, messages: list[dict[str, str]]) -> str:
    """The server's words on one line without the key, and nothing where they repeat what was sent."""
    if settings.api_key is not None:
        text = text.replace(settings.api_key.get_secret_value(), "[key]")
    words = text.split()
    sent = " ".join(" ".join(message["content"].split()) for message in messages)
    if any(" ".join(words[at : at + 4]) in sent for at in range(len(words) - 3)):
        return "its message quotes the request and is not repeated here"
    line = " ".join(words)
    return (line if len(line) <= _SHOWN else line[:_SHOWN] + "...").rstrip(".") or "it gives no reason"


def _after(headers: Mapping[str, str]) -> float | None:
    """The seconds that the headers ask to wait: `retry-after-ms`, or `retry-after` in seconds or as an HTTP date."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        return max(0.0, float(headers["retry-after"]))
    except KeyError:
        return None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError):
        return None
