"""The one seam to a language model: any endpoint that speaks OpenAI's chat completions.

`openai` sends, `instructor` says how each mode asks for an answer and reads it back, `tenacity` tries again. They are
imported here and nowhere else, and only when a model is asked, since they take more than a second to load.

instructor is used through its registry of modes, not through the client that it wraps around the SDK. That client logs
validation errors with the reply's text at level ERROR, sends a model's refusal back as if it were bad JSON, merges
neighbouring messages, can't ask for `strict`, and hides what failed attempts cost behind one exception.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ValidationError

from agent.breaker import Breaker
from agent.config import KEY, PREFIX, AnswerMode, Settings
from agent.errors import (
    AnswerError,
    EmptyAnswer,
    EndpointDown,
    EndpointUnreachable,
    FilteredAnswer,
    ModelError,
    ModelNotFound,
    RefusedAnswer,
    RequestRefused,
    SettingsError,
    TruncatedAnswer,
)
from agent.faults import Fault, address, of_status
from agent.records import Usage
from agent.schemas import strict_schema

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion
    from tenacity import RetryCallState

T = TypeVar("T", bound=BaseModel)
Message = dict[str, str]

CHARACTERS_A_TOKEN = 4
_LONGEST_WAIT = 30.0
_MOST_COMPLAINTS = 20


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A validated answer and what it cost, all tries and the re-ask included."""

    value: T
    usage: Usage


@dataclass
class _Call:
    """One ask on its way: where it comes from and what it has cost so far."""

    encounter: str
    step: str
    messages: list[Message]
    began: float = field(default_factory=time.monotonic)
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def usage(self) -> Usage:
        return Usage(
            calls=self.calls,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            seconds=round(self.seconds, 6),
        )

    def error(self, kind: type[ModelError], message: str, *, reply: str = "") -> ModelError:
        where = {"encounter": self.encounter, "step": self.step}
        if issubclass(kind, AnswerError):
            return kind(message, usage=self.usage(), reply=reply, **where)
        return kind(message, usage=self.usage(), **where)


class _Passing(Exception):
    """A failure that another try may mend; it never leaves this file."""

    def __init__(self, error: ModelError, after: float | None = None) -> None:
        self.error = error
        self.after = after


@dataclass(frozen=True)
class _Seat:
    """What belongs to one event loop: the SDK's client and the turns."""

    client: openai.AsyncOpenAI
    turns: asyncio.Semaphore


class Endpoint:
    """A model behind an address; make one and share it among tasks, event loops and threads.

    No connection is kept open between requests, so nothing breaks when an event loop ends without `aclose`.
    """

    def __init__(self, settings: Settings, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Check the settings; nothing is sent.

        Raises:
            SettingsError: no model is named, or hosted OpenAI or Azure without a key.
        """
        self._key = _key(settings)
        self.model = _model(settings)
        self._settings = settings
        self._sleep = sleep
        self._breaker = Breaker(settings.breaker_failures, settings.breaker_seconds)
        self._lock = threading.Lock()
        self._seats: WeakKeyDictionary[asyncio.AbstractEventLoop, _Seat] = WeakKeyDictionary()
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Endpoint:
        """The endpoint itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close what belongs to this event loop."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close what belongs to the running event loop; asking again opens it anew."""
        with self._lock:
            seat = self._seats.pop(asyncio.get_running_loop(), None)
        if seat is not None:
            await seat.client.close()

    async def ask(
        self,
        messages: Sequence[Message],
        answer: type[T],
        *,
        step: str,
        encounter: str,
        check: Callable[[T], str | None] | None = None,
    ) -> Answer[T]:
        """The model's answer to the messages, as an `answer`.

        Args:
            messages: `{"role": ..., "content": ...}` in order; contents are sent as they are. (In mode `json` alone, the
                schema is put at the end of the first system message, or before all others.)
            answer: the pydantic model that the reply must validate as; its docstrings and names are sent too.
            step: what is asked for, for errors.
            encounter: the encounter's id, for errors.
            check: what is wrong with an answer that validates, in words for the model, or None. A reply that does not
                validate and one that `check` objects to are asked again once between them.

        Raises:
            ModelError: its subclasses in `agent/errors.py` say what went wrong; each holds the usage so far.
        """
        call = _Call(encounter=encounter, step=step, messages=list(messages))
        request = _request(call.messages, answer, self._settings)
        if not _is_utf8(call.messages):
            raise call.error(
                RequestRefused,
                "the text holds half of a surrogate pair, which no request can carry; decode the document again from its bytes",
            )
        seat = self._seat()
        async with seat.turns:
            # Asked in turn, not on arrival: a queue that waits while the endpoint goes down is let go at once.
            wait = self._breaker.enter()
            if wait is not None:
                raise call.error(
                    EndpointDown,
                    f"not asked: the endpoint {address(self._settings)} could not be reached "
                    f"{self._settings.breaker_failures} times in a row; it is tried again in {wait:.0f} s. See that it "
                    f"runs, or correct {PREFIX}BASE_URL",
                )
            try:
                value = await self._converse(seat, call, request, answer, check)
            except EndpointUnreachable:
                self._breaker.missed()
                raise
            except ModelError:
                self._breaker.reached()
                raise
            except BaseException:
                self._breaker.left()
                raise
            self._breaker.reached()
        return Answer(value, call.usage())

    async def _converse(
        self, seat: _Seat, call: _Call, request: dict[str, Any], answer: type[T], check: Callable[[T], str | None] | None
    ) -> T:
        """The answer to the request, or to it with what was wrong with the first reply."""
        for attempt in ("ask", "re-ask"):
            reply = await self._send(seat, call, request)
            text = self._text(call, request, reply)
            value, wrong = _read(reply, answer, self._settings.mode)
            if value is not None and check is not None:
                wrong = check(value) or ""
            if value is not None and not wrong:
                return value
            if attempt == "ask":
                request = request | {"messages": [*request["messages"], *_reask(text, wrong)]}
        raise call.error(
            AnswerError,
            f"the model {self.model} answered wrongly twice: {'; '.join(wrong.splitlines())}. If this happens often, try "
            f"another {PREFIX}MODE or {PREFIX}MODEL",
            reply=text,
        )

    async def _send(self, seat: _Seat, call: _Call, request: dict[str, Any]) -> ChatCompletion:
        """The reply to one request, tried again while that can help: the only place where anything is."""
        from tenacity import AsyncRetrying, retry_if_exception_type

        def spent(state: RetryCallState) -> bool:
            late = time.monotonic() - call.began + state.upcoming_sleep > self._settings.retry_seconds
            return state.attempt_number >= self._settings.tries or late

        tries = AsyncRetrying(
            sleep=self._sleep, retry=retry_if_exception_type(_Passing), wait=_wait, stop=spent, reraise=True
        )
        try:
            return await tries(self._once, seat, call, request)
        except _Passing as passing:
            raise passing.error from passing.__cause__

    async def _once(self, seat: _Seat, call: _Call, request: dict[str, Any]) -> ChatCompletion:
        """The reply to one request that is sent once; `_Passing` for a failure that another try may mend."""
        import httpx2
        import openai

        place = f"the endpoint {address(self._settings)}"
        call.calls += 1
        began = time.perf_counter()
        ours = _ours.set(True)
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await seat.client.chat.completions.create(**request)
        except (TimeoutError, openai.APITimeoutError) as error:
            message = f"{place} did not reply within {self._settings.timeout:g} s; raise {PREFIX}TIMEOUT or see that it runs"
            raise _Passing(call.error(EndpointUnreachable, message)) from error
        except openai.APIStatusError as error:
            headers = dict(error.response.headers)
            fault = of_status(error.status_code, error.body, headers, self._settings, call.messages)
            raise _failure(call, fault) from error
        except openai.APIConnectionError as error:
            # What is no transport error (a cassette without this request) fails the same way every time, and so does
            # a certificate that is not trusted.
            again = isinstance(error.__cause__, httpx2.TransportError) and "CERTIFICATE" not in str(error.__cause__)
            why = type(error.__cause__).__name__ + (f": {error.__cause__}" if again else "")
            message = f"{place} could not be reached ({why}). See that it runs, or correct {PREFIX}BASE_URL"
            raise _failure(call, Fault(EndpointUnreachable, message, again=again)) from error
        except json.JSONDecodeError as error:
            message = f"{place} sent a body that is not whole JSON. See that it is well, or correct {PREFIX}BASE_URL"
            raise _Passing(call.error(EndpointUnreachable, message)) from error
        finally:
            _ours.reset(ours)
            call.seconds += time.perf_counter() - began

    def _text(self, call: _Call, request: dict[str, Any], reply: ChatCompletion) -> str:
        """The text of a reply, after its cost is counted; an error for a reply that is no answer at all."""
        choices = getattr(reply, "choices", None)
        message = choices[0].message if choices else None
        calls = getattr(message, "tool_calls", None) or []
        text = "\n".join(c.function.arguments or "" for c in calls) or getattr(message, "content", None) or ""
        used = getattr(reply, "usage", None)
        # A server that counts nothing still costs something: the estimate is nearer than zero.
        call.prompt_tokens += getattr(used, "prompt_tokens", None) or estimate_tokens(json.dumps(request["messages"]))
        call.completion_tokens += getattr(used, "completion_tokens", None) or estimate_tokens(text)
        if isinstance(reply, str):
            raise call.error(
                ModelNotFound,
                f"{address(self._settings)} replies, but not as an OpenAI-compatible endpoint; correct {PREFIX}BASE_URL, "
                "which usually ends in /v1",
            )
        if message is None:
            raise call.error(EmptyAnswer, f"the model {self.model} replied without a choice; ask again later or use another")
        if choices[0].finish_reason == "content_filter":
            raise call.error(FilteredAnswer, f"a content filter stopped the reply of the model {self.model}", reply=text)
        if message.refusal:
            raise call.error(RefusedAnswer, f"the model {self.model} declined to answer", reply=message.refusal)
        if choices[0].finish_reason == "length":
            raise call.error(
                TruncatedAnswer,
                f"the reply of the model {self.model} was cut at its token limit; lower {PREFIX}CHUNK_TOKENS or raise "
                f"{PREFIX}ANSWER_TOKENS ({self._settings.answer_tokens})",
                reply=text,
            )
        return text

    def _seat(self) -> _Seat:
        """The client and the turns of the running event loop."""
        openai = _sdk()
        import httpx2

        loop = asyncio.get_running_loop()
        with self._lock:
            seat = self._seats.get(loop)
            if seat is None:
                # One for all event loops: reading the certificates takes 30 ms.
                self._tls = self._tls or httpx2.create_ssl_context()
                client = openai.AsyncOpenAI(
                    api_key=self._key,
                    base_url=address(self._settings),
                    timeout=self._settings.timeout,
                    max_retries=0,
                    http_client=openai.DefaultAsyncHttpxClient(
                        verify=self._tls, limits=httpx2.Limits(max_keepalive_connections=0)
                    ),
                )
                seat = self._seats[loop] = _Seat(client, asyncio.Semaphore(self._settings.concurrency))
            return seat


def render_request(messages: Sequence[Message], answer: type[BaseModel], settings: Settings) -> str:
    """The JSON body that `Endpoint.ask` would send first, byte for byte; nothing is sent and no key is needed.

    Raises:
        SettingsError: no model is named.
    """
    openai = _sdk()
    import httpx2

    bodies: list[bytes] = []

    def keep(request: httpx2.Request) -> httpx2.Response:
        bodies.append(request.content)
        return httpx2.Response(200, json={})

    _model(settings)
    request = _request(list(messages), answer, settings)
    with openai.OpenAI(
        api_key="none",
        base_url=address(settings),
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(keep)),
    ) as client:
        client.chat.completions.create(**request)
    return bodies[0].decode()


def estimate_tokens(text: str) -> int:
    """About how many tokens a text takes: its UTF-8 bytes by four, rounded up; tokenizers differ by a fifth."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // CHARACTERS_A_TOKEN)


def cost(usage: Usage, settings: Settings) -> float | None:
    """What a usage costs in USD, by the prices for a million tokens in the settings; None where they are not given."""
    if settings.price_prompt is None or settings.price_completion is None:
        return None
    return (usage.prompt_tokens * settings.price_prompt + usage.completion_tokens * settings.price_completion) / 1_000_000
