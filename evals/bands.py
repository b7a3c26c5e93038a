"""Bands: how often a code stands in a reference count that the user names, in four bands.

A score over all codes hides how rare ones do; the reference says what rare is, so every table by band names it.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from agent.records import Record
from evals.cases import dotted
from evals.loaders.codiesp import read_mentions
from evals.problems import GoldError, Problem

BANDS = ("unseen", "1-4", "5-19", "20+")
_FLOORS = (0, 1, 5, 20)
_CODE = re.compile(r"[A-Z]\d[\dA-Z](\.[\dA-Z]{1,4})?")
_CODIESP = re.compile(r"codiesp-(train|dev|test)@(.+)", re.DOTALL)


class Reference(Record):
    """How often each code stands in a body of coded notes; `source` says which."""

    source: str
    counts: dict[str, int]

    def band(self, code: str) -> str:
        """The band of a code: one of `BANDS`."""
        count = self.counts.get(code, 0)
        return next(band for band, floor in zip(reversed(BANDS), reversed(_FLOORS), strict=True) if count >= floor)

    def common(self, most: int) -> frozenset[str]:
        """The `most` codes that are used most, those of equal use in the order of their names."""
        ranked = sorted(self.counts, key=lambda code: (-self.counts[code], code))
        return frozenset(ranked[:most])


def read_reference(spec: str) -> Reference:
    """The reference count that `spec` names.

    Args:
        spec: a file with one mention of a code a line, or a code, a tab and its count a line (`#` begins a comment);
            or `codiesp-train@DATA`, the diagnoses of that split of CodiEsp in the folder DATA, once for each report.

    Raises:
        GoldError: there is no such file, or a line that is neither.
    """
    codiesp = _CODIESP.fullmatch(spec)
    if codiesp is not None:
        split, data = codiesp.groups()
        # The folder is the user's and says nothing about the counts; the data set's name does.
        return Reference(source=f"codiesp-{split}", counts=dict(Counter(read_mentions(Path(data), split))))  # type: ignore[arg-type]
    path = Path(spec)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise GoldError([Problem(spec, 0, f"can't be read as a reference count ({error}); name a text file")]) from None
    counts: Counter[str] = Counter()
    problems = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, count = line.partition("\t")
        code = dotted(name)
        if _CODE.fullmatch(code) and (not count.strip() or count.strip().isdecimal()):
            counts[code] += int(count) if count.strip() else 1
        else:
            problems.append(Problem(spec, number, f"{line[:40]!r} is no code, and no code, tab and count; correct it"))
    if not counts and not problems:
        problems.append(Problem(spec, 0, "there is no code in it; name another file"))
    if problems:
        raise GoldError(problems)
    return Reference(source=path.name, counts=dict(counts))
