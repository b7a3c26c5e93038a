"""`chartproof rules`: list the rules, show one, and check claims that were made anywhere."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.console import Output, json_line, say
from agent.commands.sources import read_stdin
from agent.errors import InputError
from agent.report.page import Page, clean, pad

if TYPE_CHECKING:
    from agent.claim import Claim
    from agent.codebook import CodeBook
    from agent.records import Finding

SOME_FAILED = 4
UNNAMED = "claim"
"""What a claim without an id of its own is called; it is not written back."""
_STYLES = {"error": "error", "warning": "warning", "info": "dim"}


def listing(options: argparse.Namespace) -> int:
    """Print every rule by family: its name, its citation and what it says."""
    from agent.records import Family
    from agent.rules.catalogue import RULES

    wanted = options.family
    if wanted is not None and wanted not in tuple(Family):
        raise InputError(f"there is no family {wanted!r}; there are {', '.join(Family)}")
    shown = [rule for rule in RULES if wanted in (None, rule.family)]
    wide = max(len(rule.id) for rule in shown) + 2
    with Output() as out:
        page = Page(width=out.width, colour=out.colour)
        for family in Family:
            some = [rule for rule in shown if rule.family is family]
            if some:
                heading = page.mark("head", f"{family.value} ({len(some)})")
                out.write("".join(f"{line}\n" for line in page.lines(heading)))
            for rule in some:
                never = " Never overruled." if rule.kind == "never" else ""
                cited = page.mark("dim", f"({rule.citation})")
                text = f"{page.mark('code', pad(rule.id, wide))}{rule.says}{never} {cited}"
                out.write("".join(f"{line}\n" for line in page.lines(text, "  ", " " * (wide + 2))))
    return 0


def show(options: argparse.Namespace) -> int:
    """Print one rule: what it says, where that stands, how much it weighs, and an example."""
    from agent.rules.catalogue import AS_GIVEN, CLAIMS, find_rule

    rule = find_rule(options.name)
    reads = "a claim's codes" if rule in (*AS_GIVEN, *CLAIMS) else "the documents"
    weighs = "is followed whatever a critic says" if rule.kind == "never" else "reports, and the critic decides"
    with Output() as out:
        page = Page(width=out.width, colour=out.colour)
        for label, text in (
            ("", f"{page.mark('code', rule.id)}  {page.mark('dim', rule.family.value)}"),
            ("says", rule.says),
            ("citation", rule.citation),
            ("reads", reads),
            ("weighs", weighs),
            ("example", rule.example),
        ):
            begin = f"  {pad(label, 10)}" if label else ""
            out.write("".join(f"{line}\n" for line in page.lines(text, begin, " " * 12)))
    return 0


def check(options: argparse.Namespace) -> int:
    """Check one claim (a JSON object) or many (an array, or JSON Lines); 0, or 4 if some could not be read."""
    from agent.codebook import CodeBook
    from agent.config import Settings
    from agent.rules.run import check_claim

    settings = Settings.from_environment()
    claims = list(_claims(_text(options.claims, settings.max_note_bytes)))
    book = CodeBook.open(settings, progress=say)
    totals: Counter[str] = Counter()
    with Output(options.out) as out:
        page = Page(width=out.width, colour=out.colour)
        for claim in claims:
            findings = check_claim(claim, book)
            totals.update(finding.severity.value for finding in findings)
            if options.format == "json":
                out.write(json_line(_as_json(claim, findings), ascii_only=out.ascii_only))
            else:
                out.write("".join(f"{line}\n" for line in _sheet(claim, findings, book, page)))
    unread = sum(any(flaw.field == "claim" for flaw in claim.flaws) for claim in claims)
    if len(claims) > 1:
        said = ", ".join(f"{totals[name]} {name}s" for name in ("error", "warning"))
        say(f"chartproof: {len(claims)} claims, {said}; {unread} could not be read")
    return SOME_FAILED if unread else 0


def _text(path: str, most: int) -> str:
    """What a file of claims holds, `-` for standard input; claims may be longer than a note."""
    if path == "-":
        return read_stdin(most).decode("utf-8-sig", "replace")
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror}); name a file of claims, or - for standard input"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from error


def _claims(text: str) -> Iterator[Claim]:
    """The claims of a text: an object, an array of them, or one a line; a line that is no JSON is a claim with a flaw.

    Raises:
        InputError: one object over several lines that is no JSON, or nothing at all.
    """
    from agent.claim import Claim, Flaw, read_claim

    try:
        given = json.loads(text)
        if isinstance(given, list) and len(given) > 0:
            yield from (read_claim(one, name=f"claim {place}") for place, one in enumerate(given, start=1))
        else:
            yield read_claim(given, name=UNNAMED)
        return
    except ValueError as error:
        # Only a line feed ends a line of JSON Lines: other line ends of Unicode may stand inside a value.
        lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        if not any(line.lstrip().startswith("{") for _, line in lines[1:]):
            raise InputError(
                f"the claim is no JSON: {error}; see chartproof rules check --help for its form"
            ) from error
    for number, line in lines:
        name = f"line {number}"
        try:
            given = json.loads(line)
        except ValueError as error:
            yield Claim(id=name, flaws=(Flaw(field="claim", message=f"line {number} is no JSON ({error})"),))
        else:
            yield read_claim(given, name=name)


def _as_json(claim: Claim, findings: tuple[Finding, ...]) -> str:
    """The findings, with the claim's id where it has one of its own or of its line."""
    fields = {"rule", "citation", "severity", "codes", "message"}
    told = [finding.model_dump(mode="json", include=fields) for finding in findings]
    named = {} if claim.id == UNNAMED else {"id": claim.id}
    return json.dumps(named | {"findings": told}, ensure_ascii=False)


def _sheet(claim: Claim, findings: tuple[Finding, ...], book: CodeBook, page: Page) -> Iterator[str]:
    """A claim's codes with their titles, then what the rules say, the heaviest first."""
    setting = claim.setting.value if claim.setting else "no setting"
    day = claim.date_of_service.isoformat() if claim.date_of_service else "no date of service"
    yield from page.lines(f"{page.mark('head', clean(claim.id))}  {page.mark('dim', f'{setting}, {day}')}")
    for place, one in enumerate(claim.codes, start=1):
        node = book.get(one.code)
        title = clean(node.title) if node else "no code of the edition"
        poa = page.mark("dim", f"  POA {clean(one.poa)}") if one.poa else ""
        yield from page.lines(f"{place:3}. {page.mark('code', pad(clean(one.code), 9))}{title}{poa}", "", " " * 14)
    for severity in ("error", "warning", "info"):
        for finding in findings:
            if finding.severity.value == severity:
                label = page.mark(_STYLES[severity], pad(severity, 8))
                cited = page.mark("dim", f"({clean(finding.citation)})")
                yield from page.lines(f"{label}{clean(finding.message)} {cited}", "", " " * 8)
    if not findings:
        yield "no rule objects"
    yield ""
