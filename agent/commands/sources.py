"""Sources: the encounters that the arguments of a command name, each with an id of its own."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from agent.commands.console import say
from agent.errors import InputError


class Source(NamedTuple):
    """An encounter to be read: its id, and a file or None for standard input."""

    name: str
    path: Path | None


def find_sources(arguments: Sequence[str]) -> list[Source]:
    """The sources that files, folders and `-` name, in their order, each once.

    A source is called by its file's stem; files that share one get their folder, and where that is not enough their
    suffix, too.

    Raises:
        InputError: an argument names nothing that can be read.
    """
    found: dict[str, Path | None] = {}
    for argument in arguments:
        if argument == "-":
            found["-"] = None
            continue
        try:
            for path in _files(argument):
                found.setdefault(os.path.realpath(path), path)
        except OSError as error:
            raise InputError(
                f"{argument} can't be read: {error.strerror or error}; give access to it, or name another"
            ) from error
    return _named(list(found.values()))


def read_stdin(most: int) -> bytes:
    """The bytes of standard input, and no more than one over `most`.

    Raises:
        InputError: it is closed.
    """
    if sys.stdin is None:
        raise InputError("standard input is closed; pipe a note into chartproof, or name a file")
    if sys.stdin.isatty():
        say("reading the note from the terminal; end it with Ctrl-D on a line of its own")
    try:
        return sys.stdin.buffer.read(most + 1)
    except OSError as error:
        raise InputError(f"standard input can't be read: {error.strerror}; name a file instead") from error


def _files(argument: str) -> list[Path]:
    path = Path(argument)
    if path.is_dir():
        inside = [file for file in path.iterdir() if _is_note(file)]
        if not inside:
            raise InputError(
                f"the folder {argument} holds no .txt file; name a folder of notes, or the files themselves"
            )
        return sorted(inside)
    if not path.exists():
        raise InputError(
            f"{argument} does not exist; name a text file, a folder of .txt files, or - for standard input"
        )
    return [path]


def _is_note(path: Path) -> bool:
    """Whether a file of a folder is meant: macOS and editors leave hidden ones beside notes."""
    return path.suffix.lower() == ".txt" and not path.name.startswith(".") and path.is_file()


def _named(paths: Sequence[Path | None]) -> list[Source]:
    forms = [[path.stem, str(path.with_suffix("")), str(path)] if path else ["stdin"] * 3 for path in paths]
    counts = [Counter(form[depth] for form in forms) for depth in range(3)]
    return [
        Source(_printable(next((f for f, c in zip(form, counts, strict=True) if c[f] == 1), form[-1])), path)
        for form, path in zip(forms, paths, strict=True)
    ]


def _printable(name: str) -> str:
    """A file's name as valid text, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "replace")
