"""Lines: a file of JSON lines that is only ever added to, and that a kill at any point leaves readable."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from agent.commands.console import json_line
from agent.errors import InputError


class Lines:
    """The lines of one file, held open to add to it. A line counts once it has its line end; use as a context manager.

    A last line without one was cut by a kill; it is dropped when the file is opened.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        """Open `path`, made if it is missing; `durable` makes each line safe on the disk before `add` returns.

        Raises:
            InputError: another process is adding to it, or it can't be written.
        """
        self._path = path
        self._durable = durable
        try:
            self._file: BinaryIO = path.open("a+b")
        except OSError as error:
            raise InputError(f"{path} can't be written: {error.strerror}; make room or give access there") from error
        try:
            _hold(self._file, path)
        except InputError:
            self._file.close()
            raise
        self._drop_half()

    def __enter__(self) -> Lines:
        """The lines themselves."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; what was added is kept."""
        self._file.close()

    def add(self, text: str) -> None:
        """Add one JSON text as a line, whole or (after a kill) not at all."""
        self._file.write(json_line(text).encode("utf-8"))
        self._file.flush()
        if self._durable:
            os.fsync(self._file.fileno())

    def cut(self, count: int) -> None:
        """Keep the first `count` lines and drop the others."""
        self._file.seek(0)
        kept = sum(len(line) for line, _ in zip(self._file, range(count), strict=False))
        self._file.truncate(kept)
        self._file.seek(0, os.SEEK_END)

    def _drop_half(self) -> None:
        self._file.seek(0)
        data = self._file.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """The number and the value of each whole line of a file; nothing where there is no file.

    Raises:
        InputError: a line that is no JSON; the message names it.
    """
    if not path.exists():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield number, json.loads(line)
            except ValueError:
                raise damaged(path, number) from None


def damaged(path: Path, number: int) -> InputError:
    """The error for a line that is not what it should be."""
    return InputError(
        f"{path}:{number}: the line is damaged; delete the run's folder and run again, or give it another --name"
    )


def _hold(file: BinaryIO, path: Path) -> None:
    """Take the file for this process until it is closed; the system lets go of it after a kill too."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock; two runs of one name are then the user's own care
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise InputError(
            f"{path} is being written by another process; wait for it, or give this run another --name"
        ) from None
