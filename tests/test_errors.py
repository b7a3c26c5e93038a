from __future__ import annotations

import re

from agent import errors
from agent.errors import ChartproofError


def drawn() -> list[tuple[int, str]]:
    """The tree at the top of the file: depth and name of each class."""
    lines = (errors.__doc__ or "").splitlines()
    found = [re.match(r"^((?:[│├└─ ]{4})*)([A-Z]\w+)\s{2,}\S", line[4:]) for line in lines if line.startswith("    ")]
    return [(len(match.group(1)) // 4, match.group(2)) for match in found if match]


def built(kind: type, depth: int = 0) -> list[tuple[int, str]]:
    own = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [(depth, kind.__name__), *(line for child in own for line in built(child, depth + 1))]


def test_the_tree_at_the_top_of_the_file_is_the_tree() -> None:
    assert sorted(drawn()) == sorted(built(ChartproofError))
    parents = {child.__name__: kind.__name__ for kind in classes() for child in kind.__subclasses__()}
    path: list[str] = []
    for depth, name in drawn():
        path[depth:] = [name]
        assert depth == 0 or parents[name] == path[depth - 1]


def classes() -> list[type]:
    return [value for value in vars(errors).values() if isinstance(value, type)]
