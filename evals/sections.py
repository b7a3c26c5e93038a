"""Sections: the numbers of the sections of the Official Guidelines, read from their published text.

    python -m evals.sections GUIDELINES.txt            print the numbers, as tests/guidelines/sections.txt holds them
    python -m evals.sections GUIDELINES.txt --check    say which of the rules' citations are not among them

Numbers alone: what a section says is not copied.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_SECTION = re.compile(r"^Section (I{1,3}|IV)\. ")
_LEVELS = (
    re.compile(r"^([A-Z])\. "),
    re.compile(r"^(\d{1,2})\. "),
    re.compile(r"^([a-z])\. "),
    re.compile(r"^(\d{1,2})\) ?"),
    re.compile(r"^\(([a-z])\) "),
    re.compile(r"^\(([ivx]+)\) ?"),
)
"""How each level below a section is numbered, from the outside in."""


def read_sections(text: str) -> Iterator[str]:
    """The numbers of all sections in their order, such as `I.C.9.a.1`; a number counts where it is the next in turn.

    The first line of the body of section I ends the table of contents; a list item that happens to be numbered as the
    next section would be is taken for it, which only ever adds a number.
    """
    body = text[text.rindex("\nSection I. ") :]
    path: list[str] = []
    for line in body.splitlines():
        stripped = line.strip()
        section = _SECTION.match(stripped)
        if section:
            path = [section.group(1)]
            yield path[0]
            continue
        for depth, numbered in enumerate(_LEVELS, start=1):
            found = numbered.match(stripped)
            if found and path and depth <= len(path) and _follows(path, depth, found.group(1)):
                path = [*path[:depth], found.group(1)]
                yield ".".join(path)
                break


def _follows(path: list[str], depth: int, number: str) -> bool:
    """Whether a number is the first of a level that begins, or the one after that of the section before it."""
    if depth == len(path):
        return number in ("A", "1", "a", "i")
    return _order(number, depth) == _order(path[depth], depth) + 1


def _order(number: str, depth: int) -> int:
    if depth in (2, 4):
        return int(number)
    if depth == 6:
        return ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x").index(number) + 1
    return ord(number.lower()) - ord("a")


def main() -> int:
    """Print the numbers, or check the rules' citations against them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("guidelines", type=Path)
    parser.add_argument("--check", action="store_true", help="check the citations of the rules")
    arguments = parser.parse_args()
    known = list(read_sections(arguments.guidelines.read_text(encoding="utf-8")))
    if not arguments.check:
        print("\n".join(known))
        return 0
    from agent.rules.catalogue import RULES, cited_sections

    wrong = [(rule.id, part) for rule in RULES for part in cited_sections(rule.citation) if part not in known]
    for name, part in wrong:
        print(f"{name} cites {part}, which the guidelines do not have")
    print(f"{len(RULES)} rules, {len(wrong)} citations that are not in the guidelines")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
