"""Left out: the codes that were considered and not reported, by reason, one line each, the ones to look at first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.records import DecidedBy, ExcludedCode, Reason
from agent.report.lines import Lines
from agent.report.page import Page, clean, clip, columns, pad

_INDENT = " " * 4
_MOST = 5
"""Codes of one reason that are shown with their quote; of the others the codes are named."""

_REASONS = {
    Reason.UNCERTAIN_OUTPATIENT: "only suspected, and an outpatient claim reports what is certain",
    Reason.UNSUPPORTED_QUOTE: "the words quoted for it are not in the document",
    Reason.INVALID_CODE: "no code of this edition",
    Reason.NOT_BILLABLE: "a header: the document does not say which code below it holds",
    Reason.NOT_VALID_ON_DATE: "not valid on the date of service",
    Reason.AGE_SEX: "in conflict with the patient's age or sex",
    Reason.EXCLUDES1: "not reported together with a code that is reported",
    Reason.SEQUENCING: "out of place in this sequence",
    Reason.REPLACED: "another code is reported in its place",
    Reason.LESS_SPECIFIC: "a code that says more is reported",
    Reason.INTEGRAL_SYMPTOM: "part of a diagnosis that is reported",
    Reason.DUPLICATE: "reported already",
    Reason.NOT_REPORTABLE: "mentioned, but not managed at this encounter",
    Reason.HISTORICAL: "past, and not managed at this encounter",
    Reason.HYPOTHETICAL: "a risk, a plan or an instruction, not a condition of the patient",
    Reason.NEGATED: "denied by the document",
    Reason.FAMILY: "a relative's, not the patient's",
}
"""What each reason means, in the order in which a coder would look at them."""


def left_out(
    excluded: Sequence[ExcludedCode], lines: Lines, page: Page, *, every: bool, several: bool
) -> Iterator[str]:
    """The exclusions by reason and citation; nothing is hidden, though of a long group only the codes are named.

    `every` shows all of them, with every line that they stand in and the full explanation of each; `several` says
    that there are several documents, whose names are then given.
    """
    if not excluded:
        return
    heading = page.mark("head", f"Considered and left out ({len(excluded)})")
    yield from page.lines(f"{heading}  {page.mark('dim', 'by reason: code, title, line and quote')}")
    order = list(_REASONS)
    groups: dict[tuple[Reason, str], list[ExcludedCode]] = {}
    for one in sorted(excluded, key=lambda one: order.index(one.reason)):
        groups.setdefault((one.reason, one.citation), []).append(one)
    for (reason, citation), group in groups.items():
        name = page.mark("head", reason.value.replace("_", " "))
        yield from page.lines(f"{name} ({clean(citation)}): {page.mark('dim', _REASONS[reason])}", "  ", _INDENT)
        if every:
            for one in group:
                yield from _in_full(one, lines, page, several)
            continue
        shown = group if len(group) <= _MOST + 1 else group[:_MOST]
        yield from _rows(shown, lines, page, several)
        rest = list(dict.fromkeys(clean(one.code) for one in group[len(shown) :]))
        if rest:
            named = f"and {len(group) - len(shown)} more: {', '.join(rest)}"
            yield from page.lines(page.mark("dim", named), _INDENT)
    yield ""


def _rows(group: Sequence[ExcludedCode], lines: Lines, page: Page, several: bool) -> Iterator[str]:
    """One line for each code, with the first line of the document that it stands in; a critic's words below it."""
    code_wide = max(8, *(columns(_code(one)) for one in group)) + 1
    title_wide = max(18, (page.width - code_wide) * 3 // 10)
    places = [lines.places(one.evidence) for one in group]
    wheres = [found[0].where(several) if found else "" for found in places]
    where_wide = max(columns(where) for where in wheres)
    taken = len(_INDENT) + code_wide + title_wide + 1 + where_wide + 2
    for one, found, where in zip(group, places, wheres, strict=True):
        start = page.mark("code", pad(_code(one), code_wide)) + pad(clip(clean(one.title), title_wide), title_wide)
        if found:
            more = f" (+{len(found) - 1})" if len(found) > 1 else ""
            room = page.width - taken - len(more)
            start += f" {page.mark('dim', where.rjust(where_wide))}  {lines.shown(found[0], page, room, longest=room)}"
            start += page.mark("dim", more)
        yield from page.lines(start, _INDENT, " " * taken)
        if one.decided_by is not DecidedBy.RULE:
            yield from page.lines(clean(one.explanation), _INDENT + " " * code_wide)


def _in_full(one: ExcludedCode, lines: Lines, page: Page, several: bool) -> Iterator[str]:
    """A code with its whole title, every line that it stands in, and why it is left out."""
    below = _INDENT + " " * 9
    yield from page.lines(f"{page.mark('code', pad(_code(one), 8))} {clean(one.title)}", _INDENT, below)
    for place in lines.places(one.evidence):
        yield from lines.whole(place, page, below, several=several)
    yield from page.lines(clean(one.explanation), below)


def _code(one: ExcludedCode) -> str:
    return clean(one.code) + (f" \u2192 {clean(one.replaced_by)}" if one.replaced_by else "")
