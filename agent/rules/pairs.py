"""Rules about which codes stand together on a claim and in which order, read from `agent/rules/claims.tsv`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from agent.codebook import Code, CodeBook
from agent.errors import CodeTableError
from agent.records import Family, Finding, Setting, Severity
from agent.rules.codeset import CodeSet, read_codes
from agent.rules.relation import excludes1
from agent.rules.rule import ClaimRule, Kind, ReadsClaim, Rule
from agent.rules.sheet import Entry, Sheet
from agent.tables import read_rows

FILE = "claims.tsv"

_FORM = re.compile(r"[A-Z][0-9A][0-9A-Z](?:\.?[0-9A-Z]{1,4})?")
"""What has the form of a code; anything may be written on a claim, and most words lie between two codes."""


class Cell(NamedTuple):
    """The codes of a cell, and the letters that they begin with, which rule out most others."""

    codes: CodeSet
    letters: frozenset[str]

    def holds(self, code: str) -> bool:
        """Whether it names a code; of a header, all that may stand below it."""
        return code[:1] in self.letters and self.codes.holds(code)

    def reaches(self, node: Code, book: CodeBook) -> bool:
        """Whether it names a code, or of a header one that stands below it."""
        if self.holds(node.code):
            return True
        if node.billable or node.kind in ("block", "chapter") or node.code[:1] not in self.letters:
            return False
        return any(self.reaches(below, book) for below in book.children(node.code))


class Row(NamedTuple):
    """A row of the table: where its relation between `codes` and `others` does not hold, the rule speaks."""

    id: str
    family: Family
    says: str
    example: str
    relation: str
    setting: Setting | None
    severity: Severity
    codes: Cell
    others: Cell | None
    unless: Cell | None
    citation: str
    message: str

    def finding(self, codes: Sequence[Entry], others: Sequence[Entry]) -> Finding:
        """What the rule says of codes, and of others where it is about both: all are its codes, the first are named."""
        about = dict.fromkeys(entry.code for entry in (*codes, *others))
        return Finding(
            rule=self.id,
            citation=self.citation,
            severity=self.severity,
            codes=tuple(about),
            message=self.message.format(
                code=codes[0].named, other=others[0].named if others else "", category=codes[0].code[:3]
            ),
        )

    def applies(self, sheet: Sheet) -> bool:
        """Whether a claim is of its setting, and has none of the codes with which it says nothing."""
        return self.setting in (None, sheet.claim.setting) and not _may_have(self.unless, sheet)

    def of_codes(self, sheet: Sheet) -> list[Entry]:
        """The whole codes of a claim that `codes` names, in claim order."""
        codes, letters = self.codes
        return [entry for entry in sheet.whole if entry.code[0] in letters and codes.holds(entry.code)]

    def of_others(self, sheet: Sheet) -> list[Entry]:
        """The codes of a claim that `others` names, each once: headers and what is no code any more, too."""
        once: dict[str, Entry] = {}
        for entry in sheet.entries:
            if self.others is not None and self.others.holds(entry.code) and _FORM.fullmatch(entry.code):
                once.setdefault(entry.code, entry)
        return list(once.values())


Fault = tuple[Sequence[Entry], Sequence[Entry]]
"""The codes that a finding is about: of `codes`, then of `others` or whatever stands in its place."""
Relate = Callable[[Row, Sheet], Iterator[Fault]]


def _not_with(row: Row, sheet: Sheet) -> Iterator[Fault]:
    return _by_fewest(_pairs(row, sheet))


def _same(row: Row, sheet: Sheet) -> Iterator[Fault]:
    return _by_fewest([(code, other) for code, other in _pairs(row, sheet) if code.code[:3] == other.code[:3]])


def _alone(row: Row, sheet: Sheet) -> Iterator[Fault]:
    for code in row.of_codes(sheet):
        others = [other for other in sheet.whole if other.code != code.code]
        if others:
            yield [code], others


def _max_one(row: Row, sheet: Sheet) -> Iterator[Fault]:
    codes = row.of_codes(sheet)
    if len(codes) > 1:
        yield codes[:1], codes[1:]


def _needs(row: Row, sheet: Sheet) -> Iterator[Fault]:
    codes = row.of_codes(sheet)
    if codes and not _may_have(row.others, sheet):
        yield codes[:1], ()


def _before(row: Row, sheet: Sheet) -> Iterator[Fault]:
    codes = row.of_codes(sheet)
    early = [other for other in row.of_others(sheet) if other.place < codes[0].place] if codes else []
    if early:
        yield codes[:1], early


def _not_first(row: Row, sheet: Sheet) -> Iterator[Fault]:
    if sheet.first is not None and row.codes.holds(sheet.first.code):
        yield [sheet.first], ()


def _only_first(row: Row, sheet: Sheet) -> Iterator[Fault]:
    if sheet.first is not None and not row.codes.holds(sheet.first.code):
        yield from (([code], [sheet.first]) for code in row.of_codes(sheet))


_RELATIONS: dict[str, Relate] = {
    "not_with": _not_with,
    "same": _same,
    "alone": _alone,
    "max_one": _max_one,
    "needs": _needs,
    "before": _before,
    "not_first": _not_first,
    "only_first": _only_first,
}
_ALONE = frozenset(("alone", "max_one", "not_first", "only_first"))
"""Relations that are about one set of codes."""


def _pairs(row: Row, sheet: Sheet) -> list[tuple[Entry, Entry]]:
    """The pairs of a claim that do not go together, without those of which `excludes1_conflict` speaks."""
    codes = row.of_codes(sheet)
    others = row.of_others(sheet) if codes else []
    return [
        (code, other) for code in codes for other in others if other.code != code.code and not _told(sheet, code, other)
    ]


def _told(sheet: Sheet, code: Entry, other: Entry) -> bool:
    return other.billable and excludes1(sheet.book, code.code, other.code) is not None


def _by_fewest(pairs: Sequence[tuple[Entry, Entry]]) -> Iterator[Fault]:
    """Pairs put together, so that one code too many is told once: by the codes of the side that has fewer of them."""
    by_code: dict[Entry, list[Entry]] = {}
    by_other: dict[Entry, list[Entry]] = {}
    for code, other in pairs:
        by_code.setdefault(code, []).append(other)
        by_other.setdefault(other, []).append(code)
    if len(by_code) <= len(by_other):
        yield from (([code], others) for code, others in by_code.items())
    else:
        yield from ((codes, [other]) for other, codes in by_other.items())


def _may_have(cell: Cell | None, sheet: Sheet) -> bool:
    """Whether a claim has a code of a cell, or a header below which one stands, since it may mean that."""
    return cell is not None and any(
        cell.reaches(entry.node, sheet.book) if entry.node else cell.holds(entry.code) and _FORM.fullmatch(entry.code)
        for entry in sheet.entries
    )


def _check(row: Row, relate: Relate) -> ReadsClaim:
    def check(sheet: Sheet) -> Iterator[Finding]:
        for codes, others in relate(row, sheet):
            if row.applies(sheet):
                yield row.finding(codes, others)

    return check


@cache
def rows() -> tuple[Row, ...]:
    """The rows of the table.

    Raises:
        CodeTableError: a row that can't be read; the message names it and what mends it.
    """
    return tuple(_row(given) for given in read_rows("agent.rules", FILE))


def pair_rules() -> tuple[ClaimRule, ...]:
    """The rules of the table, in its order."""
    return tuple(
        Rule(
            row.id, row.family, row.citation, row.says, row.example, Kind.REPORT, _check(row, _RELATIONS[row.relation])
        )
        for row in rows()
    )


def pairs_before(sheet: Sheet) -> Iterator[tuple[Entry, Entry, str]]:
    """The pairs of whole codes that the table puts in order: the first, the other, and the citation."""
    for row in _of("before"):
        firsts = row.of_codes(sheet)
        if firsts and row.applies(sheet):
            others = [other for other in row.of_others(sheet) if other.billable]
            yield from ((first, then, row.citation) for first in firsts for then in others if then.code != first.code)


def never_first(code: str, sheet: Sheet) -> bool:
    """Whether the table says that a code is not first in the setting of a claim."""
    return any(row.codes.holds(code) and row.applies(sheet) for row in _of("not_first"))


def only_first(code: str) -> bool:
    """Whether the table says that a code can only be first."""
    return any(row.codes.holds(code) for row in _of("only_first"))


@cache
def _of(relation: str) -> tuple[Row, ...]:
    """The rows of one relation."""
    return tuple(row for row in rows() if row.relation == relation)


def _row(given: dict[str, str]) -> Row:
    relation, others = given["relation"], given["others"]
    try:
        if relation not in _RELATIONS:
            raise ValueError(f"{relation!r} is no relation; there are {', '.join(_RELATIONS)}")
        if bool(others) is (relation in _ALONE):
            raise ValueError(f"{relation} takes {'no' if others else 'the'} column others")
        given["message"].format(code="", other="", category="")
        return Row(
            id=given["id"],
            family=Family(given["family"]),
            says=given["says"],
            example=given["example"],
            relation=relation,
            setting=None if given["setting"] == "any" else Setting(given["setting"]),
            severity=Severity(given["severity"]),
            codes=_cell(given["codes"]),
            others=_cell(others) if others else None,
            unless=_cell(given["unless"]) if given["unless"] else None,
            citation=given["citation"],
            message=given["message"],
        )
    except (KeyError, ValueError, IndexError) as error:
        raise CodeTableError(f"agent/rules/{FILE}, rule {given.get('id')!r} can't be read: {error}") from error


def _cell(text: str) -> Cell:
    """The codes of a cell: parts between semicolons, each as a note of the tabular list would give it."""
    parts = [read_codes(f"({part.strip()})") for part in text.split(";")]
    unread = [left for _, left in parts if left]
    if unread or any(found is None for found, _ in parts):
        raise ValueError(f"{unread or text!r} are no codes as a note would give them, such as I50 or A40-A41")
    codes = CodeSet(tuple(span for found, _ in parts if found is not None for span in found.spans))
    return Cell(codes, codes.letters())
