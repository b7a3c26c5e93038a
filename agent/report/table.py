"""Table: a coding as text for a terminal or a file, each quote shown in its line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from agent.records import AssignedCode, Coding, Encounter, Evidence, ExcludedCode, Severity

_WIDTH = 100
_MOST_ALTERNATIVES = 4
_MOST_QUOTES = 3
_CONTEXT = 60
"""Code points of the line that are shown on each side of a quote."""

_STYLES = {"code": "1;36", "quote": "1;33", "dim": "2", "head": "1", "warning": "33", "error": "31"}


class Paint:
    """Colours where they are wanted; plain text, with quotes between marks, elsewhere."""

    def __init__(self, colour: bool) -> None:
        """Colour with ANSI sequences if `colour`."""
        self._colour = colour

    def __call__(self, style: str, text: str) -> str:
        """`text` in a style by name."""
        if self._colour:
            return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"
        return f"[{text}]" if style == "quote" else text


def render(coding: Coding, encounter: Encounter, *, colour: bool = False, every: bool = False) -> str:
    """The coding as text: codes with their quotes, what was left out and why, findings, and what made it.

    `every` shows all quotes, alternatives and mere mentions that were left out; else the first few, and their number.
    """
    paint = Paint(colour)
    return "\n".join(_lines(coding, encounter, paint, every)) + "\n"


def _lines(coding: Coding, encounter: Encounter, paint: Paint, every: bool) -> Iterator[str]:
    day = coding.date_of_service.isoformat() if coding.date_of_service else "no date of service"
    yield paint("head", f"{coding.encounter_id}  {coding.setting.value}, {day}, scope {coding.scope.value}")
    yield ""
    if not coding.codes:
        yield "No code is supported by these documents; what was considered stands below."
        yield ""
    for code in coding.codes:
        yield from _code(code, encounter, paint, every)
    if coding.excluded:
        yield paint("head", f"Considered and left out ({len(coding.excluded)})")
        for excluded in coding.excluded:
            yield from _excluded(excluded, encounter, paint)
        yield ""
    for rejection in coding.rejected:
        yield f"Rejected: {rejection.condition} {rejection.code}: {rejection.reason} (\u201c{rejection.quote}\u201d)"
    for finding in coding.findings:
        if every or finding.severity is not Severity.INFO:
            style = "warning" if finding.severity is not Severity.ERROR else "error"
            yield from _wrap(f"{paint(style, finding.severity.value)}: {finding.message} ({finding.citation})", "", "  ")
    audit = coding.audit
    first, last = audit.codeset.effective
    yield paint(
        "dim",
        f"{audit.codeset.system} {audit.codeset.edition} ({first} to {last}), engine {audit.engine}"
        f"{' ' + audit.model if audit.model else ''}, {1000 * audit.usage.seconds:.0f} ms, chartproof {audit.version}. "
        "A qualified coder decides.",
    )


def _code(code: AssignedCode, encounter: Encounter, paint: Paint, every: bool) -> Iterator[str]:
    yield f"{code.sequence:2}. {paint('code', code.code):8}  {paint('head', code.title)}  ({code.role.value.replace('_', '-')})"
    shown = code.evidence if every else code.evidence[:_MOST_QUOTES]
    for evidence in shown:
        yield f"      {_in_its_line(evidence, encounter, paint)}"
    if len(code.evidence) > len(shown):
        yield paint("dim", f"      and in {len(code.evidence) - len(shown)} more places")
    yield from _wrap(f"why: {code.rationale}", "      ", "           ")
    others = code.alternatives if every else code.alternatives[:_MOST_ALTERNATIVES]
    for other in others:
        why = f": {other.why_not}" if every and other.why_not else ""
        yield paint("dim", f"      not {other.code} {_short(other.title, 60)} ({other.relation.value}){why}")
    if len(code.alternatives) > len(others):
        yield paint("dim", f"      and {len(code.alternatives) - len(others)} more alternatives, each with its reason in the JSON")
    for finding in code.findings:
        if finding.severity is not Severity.INFO:
            yield f"      {paint('warning', finding.severity.value)}: {finding.message} ({finding.citation})"
    yield ""


def _excluded(excluded: ExcludedCode, encounter: Encounter, paint: Paint) -> Iterator[str]:
    instead = f" -> {excluded.replaced_by}" if excluded.replaced_by else ""
    yield (
        f"  - {paint('code', excluded.code)} {_short(excluded.title, 60)}: "
        f"{excluded.reason.value.replace('_', ' ')} ({excluded.citation}){instead}"
    )
    if excluded.evidence:
        yield f"      {_in_its_line(excluded.evidence[0], encounter, paint)}"
    yield from _wrap(excluded.explanation, "      ", "      ")


def _in_its_line(evidence: Evidence, encounter: Encounter, paint: Paint) -> str:
    """The line of the document around a quote, cut to what can be read at a glance, with its place."""
    text = encounter.document(evidence.document).text
    start = max(text.rfind("\n", 0, evidence.start) + 1, evidence.start - _CONTEXT)
    end = text.find("\n", evidence.end)
    end = min(len(text) if end < 0 else end, evidence.end + _CONTEXT)
    before, after = _flat(text[start : evidence.start]).lstrip(), _flat(text[evidence.end : end]).rstrip()
    place = f"{evidence.document}:{evidence.start}-{evidence.end} {evidence.section}"
    return f"{before}{paint('quote', _flat(evidence.text))}{after}  {paint('dim', place)}"


def _flat(text: str) -> str:
    """Text on one line, without control characters that would move a terminal's cursor."""
    return "".join(c if c.isprintable() else " " for c in text)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def _wrap(text: str, first: str, rest: str) -> Iterator[str]:
    yield from textwrap.wrap(_flat(text), _WIDTH, initial_indent=first, subsequent_indent=rest)
