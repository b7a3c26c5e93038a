"""Rules about which codes stand together on a claim and in which order, read from `agent/rules/claims.tsv`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from agent.errors import CodeTableError
from agent.records import Family, Finding, Setting, Severity
from agent.rules.codeset import CodeSet, read_codes
from agent.rules.rule import ClaimRule, Kind, ReadsClaim, Rule
from agent.rules.sheet import Entry, Sheet
from agent.tables import read_rows

FILE = "claims.tsv"


class Row(NamedTuple):
    """A row of the table: where its relation between `codes` and `others` does not hold, the rule speaks."""

    id: str
    family: Family
    says: str
    example: str
    relation: str
    setting: Setting | None
    severity: Severity
    codes: CodeSet
    others: CodeSet | None
    citation: str
    message: str

    def finding(self, code: Entry, other: Entry | None) -> Finding:
        """What the rule says of a code, and of another where it is about two."""
        return Finding(
            rule=self.id,
            citation=self.citation,
            severity=self.severity,
            codes=(code.code,) if other is None else (code.code, other.code),
            message=self.message.format(code=code.named, other="" if other is None else other.named),
        )

    def of_codes(self, sheet: Sheet) -> list[Entry]:
        """The whole codes of a claim that `codes` names, in claim order."""
        return [entry for entry in sheet.whole if _holds(self.codes, entry.code)]

    def of_others(self, sheet: Sheet) -> list[Entry]:
        """The same for `others`."""
        return [entry for entry in sheet.whole if self.others is not None and _holds(self.others, entry.code)]


Relate = Callable[[Row, Sheet], Iterator[tuple[Entry, Entry | None]]]


def _not_with(row: Row, sheet: Sheet) -> Iterator[tuple[Entry, Entry | None]]:
    for code in row.of_codes(sheet):
        for other in row.of_others(sheet):
            if other.code != code.code:
                yield code, other


def _alone(row: Row, sheet: Sheet) -> Iterator[tuple[Entry, Entry | None]]:
    for code in row.of_codes(sheet):
        yield from ((code, other) for other in sheet.whole if other.code != code.code)


def _max_one(row: Row, sheet: Sheet) -> Iterator[tuple[Entry, Entry | None]]:
    codes = row.of_codes(sheet)
    yield from ((codes[0], other) for other in codes[1:])


def _needs(row: Row, sheet: Sheet) -> Iterator[tuple[Entry, Entry | None]]:
    codes = row.of_codes(sheet)
    if codes and not row.of_others(sheet):
        yield codes[0], None


def _before(row: Row, sheet: Sheet) -> Iterator[tuple[Entry, Entry | None]]:
    codes = row.of_codes(sheet)
    early = [other for other in row.of_others(sheet) if codes and other.place < codes[0].place]
    if early:
        yield codes[0], early[0]


def _not_first(row: Row, sheet: Sheet) -> Iterator[tuple[Entry, Entry | None]]:
    if sheet.first is not None and _holds(row.codes, sheet.first.code):
        yield sheet.first, None


def _only_first(row: Row, sheet: Sheet) -> Iterator[tuple[Entry, Entry | None]]:
    if sheet.first is not None and not _holds(row.codes, sheet.first.code):
        yield from ((code, sheet.first) for code in row.of_codes(sheet))


_RELATIONS: dict[str, Relate] = {
    "not_with": _not_with,
    "alone": _alone,
    "max_one": _max_one,
    "needs": _needs,
    "before": _before,
    "not_first": _not_first,
    "only_first": _only_first,
}
_ALONE = frozenset(("alone", "max_one", "not_first", "only_first"))
"""Relations that are about one set of codes."""


def _check(row: Row, relate: Relate) -> ReadsClaim:
    def check(sheet: Sheet) -> Iterator[Finding]:
        if row.setting is None or row.setting is sheet.claim.setting:
            for code, other in relate(row, sheet):
                yield row.finding(code, other)

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
    """The pairs of a claim that the table puts in order: the first, the other, and the citation."""
    for row in rows():
        if row.relation == "before":
            for first in row.of_codes(sheet):
                yield from ((first, then, row.citation) for then in row.of_others(sheet) if then != first)


def never_first(code: str, sheet: Sheet) -> bool:
    """Whether the table says that a code is not first in the setting of a claim."""
    return any(
        row.relation == "not_first" and row.setting in (None, sheet.claim.setting) and _holds(row.codes, code)
        for row in rows()
    )


def only_first(code: str) -> bool:
    """Whether the table says that a code can only be first."""
    return any(row.relation == "only_first" and _holds(row.codes, code) for row in rows())


def _row(given: dict[str, str]) -> Row:
    relation, others = given["relation"], given["others"]
    try:
        if relation not in _RELATIONS:
            raise ValueError(f"{relation!r} is no relation; there are {', '.join(_RELATIONS)}")
        if bool(others) is (relation in _ALONE):
            raise ValueError(f"{relation} takes {'no' if others else 'the'} column others")
        given["message"].format(code="", other="")
        return Row(
            id=given["id"],
            family=Family(given["family"]),
            says=given["says"],
            example=given["example"],
            relation=relation,
            setting=None if given["setting"] == "any" else Setting(given["setting"]),
            severity=Severity(given["severity"]),
            codes=_codes(given["codes"]),
            others=_codes(others) if others else None,
            citation=given["citation"],
            message=given["message"],
        )
    except (KeyError, ValueError, IndexError) as error:
        raise CodeTableError(f"agent/rules/{FILE}, rule {given.get('id')!r} can't be read: {error}") from error


def _codes(text: str) -> CodeSet:
    """The codes of a cell: parts between semicolons, each as a note of the tabular list would give it."""
    parts = [read_codes(f"({part.strip()})") for part in text.split(";")]
    unread = [left for _, left in parts if left]
    if unread or any(found is None for found, _ in parts):
        raise ValueError(f"{unread or text!r} are no codes as a note would give them, such as I50 or A40-A41")
    return CodeSet(tuple(span for found, _ in parts if found is not None for span in found.spans))


def _holds(codes: CodeSet, code: str) -> bool:
    """Whether a set names a code; most sets are ruled out by the code's letter."""
    return code[0] in _letters(codes) and codes.holds(code)


@cache
def _letters(codes: CodeSet) -> frozenset[str]:
    return codes.letters()
