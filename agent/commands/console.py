"""The console: where results and messages go, so that every message is one clean line and no output is half written."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from agent.errors import InputError

_WIDEST, _NARROWEST, _PIPED = 120, 60, 100
_NOT_ASCII = re.compile(r"[^\x00-\x7e]")


def say(line: str) -> None:
    """Print a message on standard error, on one line and without control characters; never fails."""
    if sys.stderr is None:
        return  # closed by the caller; print would take standard output in its place
    text = " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in line).split())
    with contextlib.suppress(OSError, ValueError):
        print(text.encode("utf-8", "replace").decode(), file=sys.stderr, flush=True)


def defect(error: BaseException) -> str:
    """One line for an error that nobody foresaw: its kind and place, not its words, which may quote a note."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if f"{os.sep}agent{os.sep}" in frame.filename or "codesets" in frame.filename]
    at = f" at {Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
    return (
        f"a defect in chartproof, {type(error).__name__}{at}; please report this line "
        "(python -X dev -m agent with the same arguments shows the traceback)"
    )


def json_line(text: str, *, ascii_only: bool = False) -> str:
    """JSON of one line that every reader takes as one line, and that can't steer a terminal.

    Controls beyond ASCII, among them those that some readers take as line ends, are escaped; `ascii_only` escapes all
    that is not ASCII. The values are the same.
    """

    def escaped(found: re.Match[str]) -> str:
        keep = found.group().isprintable() and not ascii_only
        return found.group() if keep else json.dumps(found.group())[1:-1]

    return _NOT_ASCII.sub(escaped, text) + "\n"


class Output:
    """Standard output, or a file that appears whole or not at all. Use it as a context manager."""

    def __init__(self, path: Path | None = None) -> None:
        """Write to `path`; to standard output if it is None or `-`."""
        self._path = None if path is None or str(path) == "-" else path
        self._part: Path | None = None
        self._name = "standard output" if self._path is None else f"--out {self._path}"
        self._stream: TextIO

    def __enter__(self) -> Output:
        """Open it.

        Raises:
            InputError: it can't be written.
        """
        if self._path is None:
            if sys.stdout is None:
                raise InputError("standard output is closed; open it, or write to a file with --out FILE")
            self._stream = _able(sys.stdout)
            return self
        try:
            if self._path.is_dir():
                raise InputError(f"{self._name} is a folder; name a file in it")
            if self._path.exists() and not self._path.is_file():
                self._stream = self._path.open("w", encoding="utf-8", newline="\n")  # a device or a named pipe
            else:
                self._path = self._path.resolve()  # of a link, the file that it leads to is replaced
                self._part = self._path.with_name(f".{self._path.name[:200]}.{uuid4().hex[:8]}.part")
                self._stream = self._part.open("x", encoding="utf-8", newline="\n")
        except (OSError, RuntimeError) as error:  # RuntimeError: links that go round in a circle
            raise self._unwritable(error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close it; the file takes its name if nothing was raised, and is removed if something was."""
        if self._path is None:
            return
        try:
            self._stream.close()
            if self._part is not None and kind is None:
                os.replace(self._part, self._path)
        except OSError as failure:
            if kind is None:
                raise self._unwritable(failure) from failure
        finally:
            if self._part is not None:
                with contextlib.suppress(OSError):
                    self._part.unlink(missing_ok=True)

    def write(self, text: str) -> None:
        """Write and flush.

        Raises:
            BrokenPipeError: the reader is gone.
            InputError: it can't be written; the disk may be full.
        """
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            if self._path is None:
                abandon_output()
            raise self._unwritable(error) from error

    @property
    def colour(self) -> bool:
        """Whether what reads this shows colours, and wants them (https://no-color.org)."""
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return self._path is None
        return self._stream.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def ascii_only(self) -> bool:
        """Whether what reads this may not know letters beyond ASCII."""
        return not _is_utf8(self._stream)

    @property
    def width(self) -> int:
        """The columns of a line: the terminal's, within reason; a fixed number where there is none."""
        if not self._stream.isatty():
            return _PIPED
        return min(max(shutil.get_terminal_size((_PIPED, 24)).columns, _NARROWEST), _WIDEST)

    def _unwritable(self, error: Exception) -> InputError:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        mend = "write to a file with --out FILE" if self._path is None else "name another file"
        return InputError(f"{self._name} can't be written: {why}; make room or give access there, or {mend}")


def abandon_output() -> None:
    """Let what standard output still holds go nowhere, so that the interpreter does not fail on it at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _able(stream: TextIO) -> TextIO:
    """The stream, made to write what its encoding has no letter for as a question mark instead of failing."""
    if isinstance(stream, io.TextIOWrapper) and not _is_utf8(stream):
        stream.reconfigure(errors="replace")
    return stream


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "utf-8").lower().replace("-", "") == "utf8"
