"""Problems: what is wrong with a file of gold, named with its file and line and with what mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import ValidationError

from agent.errors import InputError


class Problem(NamedTuple):
    """What is wrong with a file of gold, where, and what mends it; line 0 stands for the file as a whole."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        """As editors and compilers write it, so that a click opens the place."""
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


_SHOWN = 20


class GoldError(InputError):
    """Gold or notes that can't be used; `problems` are all that was found, each with its file and line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems; the message shows the first of them, a line each."""
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        super().__init__("\n".join([*map(str, problems[:_SHOWN]), *more]))
        self.problems = tuple(problems)


def plain(error: ValidationError) -> str:
    """What a model's validation found first, in plain words: the field and what is wrong with it."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message
