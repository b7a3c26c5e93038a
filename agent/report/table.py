"""Table: a coding as text that a coder takes in at a glance, each quote marked in its own line of the document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.records import Alternative, AssignedCode, Coding, Encounter, Finding, Severity
from agent.report.left_out import left_out
from agent.report.lines import Lines, Place
from agent.report.page import Page, clean, clip, columns, pad
from agent.rules.catalogue import CLAIMS

_MOST_PLACES = 3
_MOST_ALTERNATIVES = 3
_MOST_LINES = 3
"""Lines that one quote takes at the most."""

_INDENT = " " * 6
_LABEL = 5


_SECOND_LOOKS = frozenset((*(rule.id for rule in CLAIMS), "reported_once"))
"""Rules whose notes ask for a second look at the record or tell what is seen from the quotes; a coder who acts on a
claim first needs what stands in its way."""


def render(coding: Coding, encounter: Encounter, *, colour: bool = False, every: bool = False, width: int = 100) -> str:
    """The coding as text: warnings, codes with quotes, reason and alternatives, what was left out and why.

    Args:
        coding: the result.
        encounter: what it is the result of.
        colour: with ANSI colours; without, quotes stand between guillemets.
        every: all quotes, alternatives, exclusions and findings; else the first few of each, and how many more.
        width: columns of a line.
    """
    page = Page(width=width, colour=colour)
    return "\n".join(_sheet(coding, Lines(encounter), page, every, several=len(encounter.documents) > 1)) + "\n"


def _sheet(coding: Coding, lines: Lines, page: Page, every: bool, *, several: bool) -> Iterator[str]:
    yield from _header(coding, page)
    under_codes = {_key(finding) for code in coding.codes for finding in code.findings}
    others = [finding for finding in _distinct(coding.findings) if _key(finding) not in under_codes]
    for finding in others:
        if finding.severity is not Severity.INFO:
            yield from _finding(finding, page, "")
    yield ""
    if not coding.codes:
        considered = "what was considered stands below" if coding.excluded or coding.rejected else "none was considered"
        yield from page.lines(f"No code is supported by these documents; {considered}.")
        yield ""
    for code in coding.codes:
        yield from _code(code, lines, page, every, several)
        yield ""
    yield from left_out(coding.excluded, lines, page, every=every, several=several)
    yield from _rejected(coding, lines, page, every)
    notes = [finding for finding in others if finding.severity is Severity.INFO]
    if notes and every:
        for finding in notes:
            yield from _finding(finding, page, "")
        yield ""
    elif notes:
        yield from page.lines(page.mark("dim", f"{_count(len(notes), 'note')} on the rules; --all shows them."))
        yield ""
    yield from page.lines(page.mark("dim", _made_with(coding)))


def _header(coding: Coding, page: Page) -> Iterator[str]:
    day = coding.date_of_service.isoformat() if coding.date_of_service else "no date of service"
    counts = f"{_count(len(coding.codes), 'code')}, {len(coding.excluded)} left out"
    said = f"{coding.setting.value}, {day}, scope {coding.scope.value}: {counts}"
    yield from page.lines(f"{page.mark('head', clean(coding.encounter_id))}  {page.mark('dim', said)}", "", "  ")


def _code(code: AssignedCode, lines: Lines, page: Page, every: bool, several: bool) -> Iterator[str]:
    role = code.role.value.replace("_", "-") + (f", POA {clean(code.poa)}" if code.poa else "")
    title = f"{page.mark('head', clean(code.title))}  {page.mark('dim', role)}"
    yield from page.lines(f"{page.mark('code', pad(clean(code.code), 8))} {title}", f"{code.sequence:3}. ", " " * 14)
    places = lines.places(code.evidence)
    if every:
        for place in places:
            yield from lines.whole(place, page, _INDENT, several=several)
    else:
        yield from _quotes(places, lines, page, several)
    yield from _labelled("why", clean(code.rationale), page)
    yield from _alternatives(code.alternatives, page, every)
    findings = _distinct(code.findings)
    notes = [] if every else [f for f in findings if f.severity is Severity.INFO and f.rule in _SECOND_LOOKS]
    for finding in findings:
        if finding not in notes:
            yield from _finding(finding, page, _INDENT)
    if notes:
        yield from page.lines(page.mark("dim", f"{_count(len(notes), 'note')}; --all shows them"), _INDENT)


def _quotes(places: Sequence[Place], lines: Lines, page: Page, several: bool) -> Iterator[str]:
    """The first few lines that support a code, each with its quotes marked, and the numbers of the others."""
    shown, rest = places[:_MOST_PLACES], places[_MOST_PLACES:]
    label = "" if several else "line "
    gutter = max(columns(place.where(several)) for place in shown)
    for place in shown:
        where = label + place.where(several).rjust(gutter) + "  "
        room = page.width - columns(_INDENT + where)
        said = lines.shown(place, page, room, longest=room * _MOST_LINES)
        yield from page.lines(page.mark("dim", where) + said, _INDENT, _INDENT + " " * columns(where))
    if rest:
        more = f"and {_count(len(rest), 'more line')}: {', '.join(place.where(several) for place in rest)}"
        yield from page.lines(page.mark("dim", clip(more, page.width - columns(_INDENT))), _INDENT)


def _labelled(label: str, text: str, page: Page) -> Iterator[str]:
    yield from page.lines(text, f"{_INDENT}{label:{_LABEL}}", _INDENT + " " * _LABEL)


def _alternatives(alternatives: Sequence[Alternative], page: Page, every: bool) -> Iterator[str]:
    """The alternatives by why they were not taken: those that were weighed with a reason come first."""
    weighed = sorted(alternatives, key=lambda other: not other.why_not)
    shown = weighed if every else weighed[:_MOST_ALTERNATIVES]
    reasons: dict[str, list[Alternative]] = {}
    for other in shown:
        reasons.setdefault(other.why_not, []).append(other)
    label = "not"
    for reason, others in reasons.items():
        for other in others:
            title = f"{page.mark('code', pad(clean(other.code), 8))} {clean(other.title)}"
            relation = page.mark("dim", f"  ({other.relation.value})") if every else ""
            yield from page.lines(title + relation, f"{_INDENT}{label:{_LABEL}}", _INDENT + " " * (_LABEL + 9))
            label = ""
        if reason:
            yield from page.lines(page.mark("dim", clean(reason)), _INDENT + " " * _LABEL)
    if len(weighed) > len(shown):
        number = len(weighed) - len(shown)
        more = f"and {number} more that {'was' if number == 1 else 'were'} weighed"
        yield from page.lines(page.mark("dim", more), _INDENT + " " * _LABEL)


def _finding(finding: Finding, page: Page, indent: str) -> Iterator[str]:
    style = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "dim"}[finding.severity]
    label = "note" if finding.severity is Severity.INFO else finding.severity.value
    said = f"{page.mark(style, label)} {clean(finding.message)} {page.mark('dim', f'({clean(finding.citation)})')}"
    yield from page.lines(said, indent, indent + " " * _LABEL)


def _rejected(coding: Coding, lines: Lines, page: Page, every: bool) -> Iterator[str]:
    if not coding.rejected:
        return
    once = list({(one.code, one.quote): one for one in coding.rejected}.values())
    yield from page.lines(page.mark("head", f"Quotes that are not in the document ({len(once)})"))
    for one in once:
        quote = clean(one.quote) if every else clip(clean(one.quote), page.width)
        said = f"{page.mark('code', pad(clean(one.code), 8))} {clean(one.condition)}: \u201c{quote}\u201d"
        yield from page.lines(said, "  ", _INDENT)
        yield from page.lines(page.mark("dim", clean(one.reason)), _INDENT)
        if one.nearest is not None and one.nearest.text.strip():
            nearest = clean(one.nearest.text) if every else clip(clean(one.nearest.text), page.width)
            yield from page.lines(page.mark("dim", f"nearest: \u201c{nearest}\u201d"), _INDENT)
    yield ""


def _key(finding: Finding) -> tuple[str, str]:
    return finding.rule, finding.message


def _distinct(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, each message once, the heaviest first."""
    weight = list(Severity)
    once = {_key(finding): finding for finding in findings}
    return sorted(once.values(), key=lambda finding: -weight.index(finding.severity))


def _made_with(coding: Coding) -> str:
    audit = coding.audit
    first, last = audit.codeset.effective
    model = f" {clean(audit.model)}" if audit.model else ""
    return (
        f"{audit.codeset.system} {audit.codeset.edition} ({first} to {last}), engine {audit.engine}{model}, "
        f"{1000 * audit.usage.seconds:.0f} ms, chartproof {audit.version}. A qualified coder decides."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
