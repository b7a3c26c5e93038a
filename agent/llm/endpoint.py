"""A model behind an address: asked, tried again where that helps, asked once more, and left alone while it is down."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from pydantic import BaseModel

from agent.config import PREFIX, Settings
from agent.errors import AnswerError, EndpointUnreachable, ModelError, RequestRefused
from agent.llm import faults
from agent.llm.breaker import Breaker
from agent.llm.call import Call, Message
from agent.llm.faults import Fault, address
from agent.llm.forms import build_request, read_answer
from agent.llm.replies import fault_of, reask, text_of
from agent.llm.sdk import asking, load_openai
from agent.records import Usage

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion
    from tenacity import RetryCallState

T = TypeVar("T", bound=BaseModel)

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A validated answer and what it cost, every try and the re-ask included."""

    value: T
    usage: Usage


@dataclass(frozen=True)
class _Seat:
    """What belongs to one event loop: the SDK's client, and the turns."""

    client: openai.AsyncOpenAI
    turns: asyncio.Semaphore


class _Passing(Exception):
    """A failure that another try may mend; it never leaves this file."""

    def __init__(self, error: ModelError, after: float | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


class Endpoint:
    """A model behind an address; make one and share it among tasks, event loops and threads.

    No connection stays open between requests, so nothing is left over when an event loop ends without `aclose`.
    """

    def __init__(self, settings: Settings, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Check the settings; nothing is sent.

        Raises:
            SettingsError: no model is named, or hosted OpenAI or Azure without a key.
        """
        self.model = settings.named_model()
        self._key = settings.key_to_send()
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
        """As `aclose`."""
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
            messages: `{"role": ..., "content": ...}` in order; contents are sent as they are. (In mode `json` alone the
                schema is put at the end of the first message if that is the system's, else in one before all others.)
            answer: the pydantic model that the reply must validate as; its names and docstrings are sent too.
            step: what is asked for, for errors.
            encounter: the encounter's id, for errors.
            check: what is wrong with an answer that validates, in words for the model, or None. A reply that does not
                validate and one that `check` objects to are asked again once, between them.

        Raises:
            ModelError: `agent/errors.py` lists its kinds; each holds what was spent until then.
        """
        call = Call(encounter=encounter, step=step, messages=list(messages))
        if not call.sendable():
            lost = "the text holds half of a surrogate pair, which no request can carry; decode the document anew"
            raise call.error(Fault(RequestRefused, lost))
        request = build_request(call.messages, answer, self._settings)
        seat = self._seat()
        async with seat.turns:
            # Both as its turn comes, not on arrival: a queue whose endpoint goes down is let go at once, and the time
            # spent in the queue is not taken from that for tries.
            call.began = time.monotonic()
            wait = self._breaker.enter()
            if wait is not None:
                raise call.error(faults.down(self._settings, wait))
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
        self, seat: _Seat, call: Call, request: dict[str, Any], answer: type[T], check: Callable[[T], str | None] | None
    ) -> T:
        """The answer to the request; where the first reply can't be used, to it and what is wrong with that reply."""
        sent = request["messages"]
        for _ in ("ask", "re-ask"):
            reply = await self._send(seat, call, request | {"messages": sent})
            text = text_of(reply)
            call.count(sent, text, getattr(reply, "usage", None))
            fault = fault_of(reply, self._settings)
            if fault is not None:
                raise call.error(fault, reply=text)
            value, wrong = read_answer(reply, answer, self._settings.mode)
            if value is not None:
                wrong = (check(value) if check else None) or ""
                if not wrong:
                    return value
            sent = [*request["messages"], *reask(text, wrong)]
        told = "; ".join(wrong.splitlines())
        mend = f"If this happens often, try another {PREFIX}MODE or {PREFIX}MODEL"
        raise call.error(
            Fault(AnswerError, f"the model {self.model} answered wrongly twice: {told}. {mend}"), reply=text
        )

    async def _send(self, seat: _Seat, call: Call, request: dict[str, Any]) -> ChatCompletion:
        """The reply to a request, which is tried again while that can help; nothing else tries anything again."""
        from tenacity import AsyncRetrying, retry_if_exception_type

        def spent(state: RetryCallState) -> bool:
            next_try = time.monotonic() - call.began + state.upcoming_sleep
            return state.attempt_number >= self._settings.tries or next_try > self._settings.retry_seconds

        tries = AsyncRetrying(
            sleep=self._sleep, retry=retry_if_exception_type(_Passing), wait=_wait, stop=spent, reraise=True
        )
        try:
            return await tries(self._once, seat, call, request)
        except _Passing as passing:
            raise passing.error from passing.__cause__

    async def _once(self, seat: _Seat, call: Call, request: dict[str, Any]) -> ChatCompletion:
        """The reply to a request that is sent once; `_Passing` for a failure that another try may mend."""
        import httpx2
        import openai

        call.requests += 1
        began, ours = time.perf_counter(), asking.set(True)
        try:
            async with asyncio.timeout(self._settings.timeout):
                reply: ChatCompletion = await seat.client.chat.completions.create(**request)
                return reply
        except (TimeoutError, openai.APITimeoutError) as error:
            cause: Exception | None = error
            fault = faults.late(self._settings)
        except openai.APIStatusError as error:
            # The SDK's own error repeats the body, which may quote the note: it is read here and goes no further.
            cause = None
            fault = faults.of_status(
                error.status_code, error.body, dict(error.response.headers), self._settings, call.messages
            )
        except openai.APIConnectionError as error:
            # What is no transport error (a cassette that lacks this request) fails the same way each time, and so does
            # a certificate that is not trusted.
            cause = error
            transport = isinstance(error.__cause__, httpx2.TransportError)
            why = type(error.__cause__).__name__ + (f": {error.__cause__}" if transport else "")
            again = transport and "CERTIFICATE" not in why
            fault = faults.unreachable(self._settings, why, again=again)
        except json.JSONDecodeError as error:
            cause = error
            fault = faults.unreachable(self._settings, "its reply is not whole JSON", again=True)
        finally:
            asking.reset(ours)
            call.seconds += time.perf_counter() - began
        failure = call.error(fault)
        raise (_Passing(failure, fault.after) if fault.again else failure) from cause

    def _seat(self) -> _Seat:
        """The client and the turns of the running event loop."""
        openai = load_openai()
        import httpx2

        loop = asyncio.get_running_loop()
        with self._lock:
            seat = self._seats.get(loop)
            if seat is None:
                self._tls = self._tls or _tls(address(self._settings))
                client = openai.AsyncOpenAI(
                    api_key=self._key,
                    base_url=address(self._settings),
                    timeout=self._settings.timeout,
                    max_retries=0,
                    http_client=openai.DefaultAsyncHttpxClient(
                        verify=self._tls, limits=httpx2.Limits(max_keepalive_connections=0)
                    ),
                )
                # The SDK loads its resources when they are first touched; a second, that is not the endpoint's.
                _ = client.chat.completions
                seat = self._seats[loop] = _Seat(client, asyncio.Semaphore(self._settings.concurrency))
            return seat


def _tls(address: str) -> ssl.SSLContext:
    """Whom to trust, made once for all event loops: reading the certificates takes 30 ms.

    An http address needs none of it; should it redirect to https, nobody is trusted and the request fails.
    """
    if not address.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    import httpx2

    return httpx2.create_ssl_context()


def _wait(state: RetryCallState) -> float:
    """Seconds before the next try: what the endpoint asked for, else doubling; with jitter, so that asks spread out."""
    failure = state.outcome.exception() if state.outcome else None
    if isinstance(failure, _Passing) and failure.after is not None:
        return failure.after + random.uniform(0, _FIRST_WAIT)
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2**state.attempt_number)
    return random.uniform(longest / 2, longest)
