"""Reconcile: gold of another edition becomes that of this one where a published table says how, else is listed."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from agent.codebook import CodeBook
from evals.cases import Case, GoldCode, Suite, dotted, make_suite
from evals.problems import GoldError, Problem

_CODE = re.compile(r"[A-Z]\d[\dA-Z](?:\.[\dA-Z]{1,4})?")
_RANGE = re.compile(rf"({_CODE.pattern})\s*-\s*({_CODE.pattern})")
_HEADER = ("current code assignment", "effective", "previous code(s) assignment")


class Renamed(NamedTuple):
    """A gold code of another edition, what it is in this one, and how many encounters have it."""

    old: str
    new: str
    encounters: int


class Left(NamedTuple):
    """A gold code that can't be reported in this edition, why, and how many encounters have it."""

    code: str
    why: str
    encounters: int


class Unmapped(NamedTuple):
    """What reconciling did: the codes that were renamed, those that were left, and how many gold codes there are.

    What was left stays in the gold, so that recall can't reach 1: `ceiling` is what it can reach.
    """

    renamed: tuple[Renamed, ...]
    left: tuple[Left, ...]
    gold: int

    @property
    def ceiling(self) -> float:
        """The recall of a perfect coding in this edition; 1 where there is no gold."""
        return 1 - sum(code.encounters for code in self.left) / self.gold if self.gold else 1.0


class Conversion:
    """A table of what became of codes: for each old code, every new code that names it as its previous assignment."""

    def __init__(self, rows: Mapping[str, str]) -> None:
        """Take the previous assignment of each new code, as it is published."""
        self._alone: dict[str, set[str]] = defaultdict(set)
        self._named: dict[str, set[str]] = defaultdict(set)
        self._ranges: list[tuple[str, str, str]] = []
        for new, previous in rows.items():
            codes = _CODE.findall(previous)
            if codes == [previous]:
                self._alone[previous].add(new)
            for code in codes:
                self._named[code].add(new)
            self._ranges += [(first, last, new) for first, last in _RANGE.findall(previous)]

    def successor(self, old: str) -> str | None:
        """The one new code that an old code became; None where there is none, or more than one may be meant.

        A code that is named with others ("C56.1 and C56.2") or in a range is not said to have become the new one, and
        it is not unique either.
        """
        named = self._named.get(old, set()) | {
            new for first, last, new in self._ranges if first <= old <= last and len(old) == len(first)
        }
        alone = self._alone.get(old, set())
        return next(iter(alone)) if len(alone) == 1 and named == alone else None


def read_conversion(path: Path) -> Conversion:
    """The conversion table of CMS: a CSV with the columns Current code assignment, Effective, Previous Code(s).

    Raises:
        GoldError: the file is not there or not in that form.
    """
    rows: dict[str, str] = {}
    begun = False
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                cells = [cell.strip() for cell in row]
                if tuple(cell.lower() for cell in cells[:3]) == _HEADER:
                    begun = True
                elif begun and len(cells) >= 3 and cells[0]:
                    rows[dotted(cells[0])] = cells[2]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GoldError([Problem(str(path), 0, f"can't be read ({error}); name the conversion table as CSV")]) from None
    if not rows:
        raise GoldError([Problem(str(path), 0, f"no rows below a header {', '.join(_HEADER)}; name that table")])
    return Conversion(rows)


def reconcile(suite: Suite, book: CodeBook, conversion: Path | Conversion | None = None) -> tuple[Suite, Unmapped]:
    """The suite with the gold that the edition has other codes for brought to it, and what was done and was not.

    A code that is billable in the edition is never touched. One that is not becomes what the table says if that is one
    code, step by step where that was replaced in turn. All others stay in the gold, where they count as missed.

    Args:
        suite: the suite.
        book: the edition.
        conversion: a conversion table of CMS or where it is; nothing is renamed if None.

    Raises:
        GoldError: the table can't be read.
    """
    table = read_conversion(conversion) if isinstance(conversion, Path) else conversion
    renamed: Counter[tuple[str, str]] = Counter()
    left: Counter[str] = Counter()
    cases = []
    for case in suite.cases:
        merged: dict[str, GoldCode] = {}
        for entry in case.codes:
            code = entry.code
            if not book.is_billable(code):
                new = _billable_successor(code, book, table) if table else None
                if new is None:
                    left[code] += 1
                else:
                    renamed[code, new] += 1
                    entry = entry.model_copy(update={"code": new})
            same = merged.get(entry.code)
            if same is not None:
                entry = same.model_copy(update={"evidence": tuple(dict.fromkeys(same.evidence + entry.evidence))})
            merged[entry.code] = entry
        cases.append(_with_codes(case, tuple(merged.values())))
    unmapped = Unmapped(
        renamed=tuple(Renamed(old, new, n) for (old, new), n in sorted(renamed.items())),
        left=tuple(Left(code, _why(code, book), n) for code, n in sorted(left.items())),
        gold=sum(len(case.codes) for case in cases),
    )
    return (make_suite(suite.name, suite.scope, cases, suite.source) if renamed else suite), unmapped


def _billable_successor(code: str, book: CodeBook, table: Conversion) -> str | None:
    seen = {code}
    new = table.successor(code)
    while new is not None and not book.is_billable(new):
        if new in seen:
            return None
        seen.add(new)
        new = table.successor(new)
    return new


def _with_codes(case: Case, codes: tuple[GoldCode, ...]) -> Case:
    if codes == case.codes:
        return case
    kept = {code.code for code in codes}
    exclusions = tuple(e for e in case.exclusions if e.code not in kept)
    return case.model_copy(update={"codes": codes, "exclusions": exclusions})


def _why(code: str, book: CodeBook) -> str:
    entry = book.get(code)
    return "not in the edition" if entry is None else f"a header: {entry.title}"
