"""Both settings side by side: what an encounter is coded to as outpatient and as inpatient, and why they differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from agent.records import AssignedCode, Coding, ExcludedCode, Setting
from agent.report.page import Page, clean, pad


class Difference(NamedTuple):
    """A code that one setting reports and the other does not, and what the other says of it."""

    code: AssignedCode
    reported_in: Setting
    left_out: ExcludedCode | None

    @property
    def why(self) -> str:
        """Why the other setting does not report it, with the section that says so."""
        other = Setting.INPATIENT if self.reported_in is Setting.OUTPATIENT else Setting.OUTPATIENT
        if self.left_out is not None:
            return f"{other.value}: {self.left_out.explanation} ({self.left_out.citation})"
        return f"{other.value}: it was not considered; the reader listed it in one setting alone."


def differences(outpatient: Coding, inpatient: Coding) -> tuple[Difference, ...]:
    """The codes that the two codings of one encounter do not share, in the order of their claims."""
    found = []
    for here, there in ((outpatient, inpatient), (inpatient, outpatient)):
        reported = {code.code for code in there.codes}
        found += [
            Difference(code, here.setting, _left_out(code, there)) for code in here.codes if code.code not in reported
        ]
    return tuple(found)


def _left_out(code: AssignedCode, there: Coding) -> ExcludedCode | None:
    """Where the other setting leaves a code out: on the words that report it here, else for any other mention."""
    first = code.evidence[0]
    out = [one for one in there.excluded if one.code == code.code]
    same = (one for one in out if any(e.document == first.document and e.start == first.start for e in one.evidence))
    return next(same, next(iter(out), None))


def render_differences(outpatient: Coding, inpatient: Coding, page: Page) -> str:
    """What the settings differ in, as text: the codes of each, then every difference with its reason."""
    return "\n".join(_lines(outpatient, inpatient, page)) + "\n"


def _lines(outpatient: Coding, inpatient: Coding, page: Page) -> Iterator[str]:
    found = differences(outpatient, inpatient)
    yield from page.lines(page.mark("head", f"{clean(outpatient.encounter_id)}: outpatient against inpatient"))
    for coding in (outpatient, inpatient):
        shown = (f"{code.code} (POA {code.poa})" if code.poa else code.code for code in coding.codes)
        codes = ", ".join(shown) or "no code"
        yield from page.lines(f"{pad(coding.setting.value, 11)}{codes}", "  ", " " * 13)
    yield ""
    if not found:
        yield from page.lines("The two settings report the same codes.")
    for one in found:
        title = f"{page.mark('code', pad(one.code.code, 8))} {clean(one.code.title)}"
        yield from page.lines(f"{title}  {page.mark('dim', f'{one.reported_in.value} alone')}", "  ", " " * 11)
        quote = clean(one.code.evidence[0].text)
        yield from page.lines(f"{page.mark('quote', quote)}", " " * 11)
        yield from page.lines(clean(one.why), " " * 11)
    first = [coding.codes[0].code if coding.codes else "" for coding in (outpatient, inpatient)]
    if first[0] != first[1] and all(first):
        yield from page.lines(
            f"First-listed is {first[0]} (IV.A, IV.G); principal is {first[1]} (II): the principal diagnosis is what, "
            "after study, occasioned the admission.",
            "  ",
        )
    yield ""
