"""A small HTTP server that replies as a script says, also wrongly; it records what it was sent.

::

    with Server(Reply(status=503), completion({"items": []})) as server:
        ...  # two requests to server.url are replied to; a third is an error, and so is one too few
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One reply: a body (JSON unless it is bytes), sent after `delay` seconds.

    `drop` closes the connection "before" the status line or in the middle of the "body".
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: str = ""
    content_type: str = "application/json"

    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def contents(self) -> list[str]:
        return [message["content"] for message in self.json["messages"]]


def completion(
    answer: Any = None,
    *,
    tool: str | None = None,
    finish: str | None = None,
    usage: tuple[int, int] | None = (10, 5),
    message: dict[str, Any] | None = None,
    delay: float = 0.0,
) -> Reply:
    """A chat completion that carries an answer: JSON, or text as it is, or the arguments of a call of `tool`."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    said: dict[str, Any] = {"role": "assistant", "content": text}
    if tool is not None:
        call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": text}}
        said = {"role": "assistant", "content": None, "tool_calls": [call]}
    reason = finish or ("tool_calls" if tool else "stop")
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message or said, "finish_reason": reason, "logprobs": None}],
    }
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return Reply(body, delay=delay)


def refusal(status: int, message: str = "no", code: str | None = None, **headers: str) -> Reply:
    """An error in OpenAI's form; headers by their names with underscores."""
    body = {"error": {"message": message, "type": "error", "code": code}}
    return Reply(body, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


class Server:
    """Serves its script on 127.0.0.1, one reply a request, from threads that all have ended when it is left."""

    def __init__(self, *script: Reply) -> None:
        self.requests: list[Request] = []
        self.unplanned = 0
        self.busiest = 0
        self._script = list(script)
        self._lock = threading.Lock()
        self._busy = 0
        self._over = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._over.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        if kind is None:
            assert not self.unplanned, f"{self.unplanned} requests more than the script has replies"
            assert not self._script, f"{len(self._script)} replies of the script were not asked for"

    def next(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            if self._script:
                return self._script.pop(0)
            self.unplanned += 1
            return Reply({"error": {"message": "unplanned request"}}, status=418)

    def done(self) -> None:
        with self._lock:
            self._busy -= 1

    def wait(self, seconds: float) -> None:
        self._over.wait(seconds)


class _Http(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.next(Request(self.path, headers, body))
            self.close_connection = True
            try:
                if reply.delay:
                    server.wait(reply.delay)
                if reply.drop == "before":
                    # A reset, not an orderly end.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                data = reply.data()
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Connection", "close")
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data[: len(data) // 2] if reply.drop == "body" else data)
            except ConnectionError:
                # The client gave up on us, as it should.
                pass
            finally:
                server.done()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
