"""Intake: what all loaders do alike: read a file, merge a code's mentions, make a case, and name what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.records import Encounter
from evals.cases import Case, GoldCode, Span
from evals.problems import GoldError, Problem, plain


class Intake:
    """The problems that a loader has met so far; `done` raises them all at once."""

    def __init__(self) -> None:
        """Begin with none."""
        self.problems: list[Problem] = []

    def say(self, path: Path, line: int, message: str) -> None:
        """Note a problem; line 0 stands for the file as a whole."""
        self.problems.append(Problem(str(path), line, message))

    def done(self) -> None:
        """Nothing, if nothing was wrong.

        Raises:
            GoldError: all that was.
        """
        if self.problems:
            raise GoldError(self.problems)

    def text(self, path: Path) -> str:
        """A file's text, code point by code point; empty, and a problem, if it can't be read."""
        try:
            return path.read_bytes().decode("utf-8")
        except OSError as error:
            self.say(path, 0, f"can't be read ({error.strerror}); put the file there or name another folder")
        except UnicodeDecodeError as error:
            self.say(path, error.object.count(b"\n", 0, error.start) + 1, "a byte that is not UTF-8; save it as UTF-8")
        return ""

    def rows(self, path: Path, columns: int) -> Iterator[tuple[int, list[str]]]:
        """The lines of a tab-separated file without header, with their numbers; blank ones are passed over."""
        for number, line in enumerate(self.text(path).splitlines(), start=1):
            cells = line.split("\t")
            if len(cells) == columns:
                yield number, [cell.strip() for cell in cells]
            elif line.strip():
                self.say(path, number, f"{len(cells)} columns where {columns} are expected, with tabs between them")

    def objects(self, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
        """The objects of a JSON-lines file, with the numbers of their lines; blank ones are passed over."""
        # Not splitlines: it would also cut at separators that may stand inside a JSON text.
        for number, line in enumerate(self.text(path).split("\n"), start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except json.JSONDecodeError as error:
                self.say(path, number, f"not JSON: {error.msg} at column {error.colno}; each line is one JSON object")
                continue
            if isinstance(value, dict):
                yield number, value
            else:
                self.say(path, number, f"a JSON {type(value).__name__}; each line is one JSON object")

    def case(self, path: Path, line: int, encounter: Encounter, codes: Iterable[GoldCode], **rest: Any) -> Case | None:
        """The case; None, and a problem, if its parts don't fit together."""
        try:
            return Case(encounter=encounter, codes=tuple(codes), **rest)
        except ValidationError as error:
            self.say(path, line, f"{encounter.id}: {plain(error)}")
            return None


class Mentions:
    """The codes of one encounter in the order in which they come, each once, with the evidence of all its mentions."""

    def __init__(self) -> None:
        """Begin with none."""
        self._spans: dict[str, dict[Span, None]] = {}

    def add(self, code: str, spans: Iterable[Span] = ()) -> None:
        """Add a mention of a code."""
        self._spans.setdefault(code, {}).update(dict.fromkeys(spans))

    def __contains__(self, code: str) -> bool:
        """Whether the code has been mentioned."""
        return code in self._spans

    def codes(self) -> tuple[GoldCode, ...]:
        """The gold codes."""
        return tuple(GoldCode(code=code, evidence=tuple(spans)) for code, spans in self._spans.items())


def found_in(data: Path, places: Iterable[Path], pattern: str, what: str) -> list[Path]:
    """The files of `pattern` in the first of `places` that has any; `data` itself where it is a file.

    Raises:
        GoldError: none has any.
    """
    if data.is_file():
        return [data]
    looked = list(places)
    for place in looked:
        files = sorted(place.glob(pattern))
        if files:
            return files
    where = " and ".join(str(place / pattern) for place in looked)
    raise GoldError([Problem(str(data), 0, f"no {what} here; looked for {where}. Name the folder that holds it")])
