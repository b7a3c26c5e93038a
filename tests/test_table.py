"""The table of a coding: quotes in their lines, counts of what is cut, and nothing that steers the terminal."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.records import (
    Alternative,
    AssignedCode,
    Audit,
    Codeset,
    Coding,
    DecidedBy,
    Document,
    Encounter,
    Evidence,
    ExcludedCode,
    Finding,
    Match,
    Passage,
    Reason,
    Rejection,
    Relation,
    Role,
    Scope,
    Setting,
    Severity,
    Usage,
)
from agent.report.left_out import _REASONS
from agent.report.lines import Lines
from agent.report.page import Page, clean, clip, clip_left, columns
from agent.report.table import render

TEXT = (
    "Chief complaint: cough.\nShe has asthma and eczema. Asthma is stable.\nFamily: asthma\nAsthma plan: albuterol.\n"
)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def evidence(quote: str, text: str = TEXT, nth: int = 0, document: str = "note") -> Evidence:
    start = [found.start() for found in re.finditer(re.escape(quote), text)][nth]
    return Evidence(
        document=document,
        start=start,
        end=start + len(quote),
        text=quote,
        section="assessment_plan",
        match=Match.EXACT,
        score=100,
    )


def code(*quotes: Evidence, **more: object) -> AssignedCode:
    fields: dict[str, object] = {
        "code": "J45.909",
        "title": "Unspecified asthma, uncomplicated",
        "sequence": 1,
        "role": Role.FIRST_LISTED,
        "rationale": "It is said.",
        "evidence": quotes or (evidence("asthma"),),
        "confidence": 0.7,
    }
    return AssignedCode.model_validate(fields | more)


def excluded(number: int = 0, reason: Reason = Reason.NOT_REPORTABLE, **more: object) -> ExcludedCode:
    fields: dict[str, object] = {
        "code": f"R{number:02}",
        "title": f"Symptom {number}",
        "reason": reason,
        "citation": "IV.J",
        "explanation": f"Explained {number}.",
        "evidence": (evidence("cough"),),
        "decided_by": DecidedBy.RULE,
    }
    return ExcludedCode.model_validate(fields | more)


def finding(message: str, severity: Severity = Severity.WARNING, rule: str = "rule") -> Finding:
    return Finding(rule=rule, citation="I.B.2", severity=severity, message=message)


def shown(
    *codes: AssignedCode, text: str = TEXT, texts: dict[str, str] | None = None, every: bool = False, **more: object
) -> str:
    """The plain table of a coding with these codes."""
    return drawn(*codes, text=text, texts=texts, more=more, every=every)


def drawn(
    *codes: AssignedCode,
    more: dict[str, object],
    text: str = TEXT,
    texts: dict[str, str] | None = None,
    every: bool = False,
    colour: bool = False,
    width: int = 100,
) -> str:
    documents = tuple(Document(id=name, text=one) for name, one in (texts or {"note": text}).items())
    encounter = Encounter(id="note", setting=Setting.OUTPATIENT, documents=documents)
    fields: dict[str, object] = {
        "encounter_id": "note",
        "setting": Setting.OUTPATIENT,
        "scope": Scope.CLAIM,
        "date_of_service": date(2026, 5, 4),
        "codes": codes,
        "excluded": (),
        "findings": (),
        "rejected": (),
        "audit": Audit(
            version="1.2.3",
            engine="lexical",
            model=None,
            prompts={},
            codeset=Codeset(
                system="ICD-10-CM", edition="Sample", effective=(date(2026, 4, 1), date(2026, 9, 30)), sha256="0"
            ),
            documents={},
            settings={},
            usage=Usage(seconds=0.0123),
            started="2026-05-04T00:00:00+00:00",
        ),
    }
    return render(Coding.model_validate(fields | more), encounter, every=every, colour=colour, width=width)


# -- a whole table -----------------------------------------------------------------------------------------------------


def test_a_table() -> None:
    assert shown(
        code(
            evidence("Asthma", nth=1),
            evidence("asthma"),
            alternatives=(
                Alternative(code="J45.901", title="With exacerbation", relation=Relation.SIBLING, why_not="Not said."),
                Alternative(code="J45.902", title="With status", relation=Relation.SIBLING, why_not="Not said."),
                Alternative(code="J44.9", title="COPD", relation=Relation.SEARCH, why_not="Another disease."),
            ),
            findings=(finding("Look at it."),),
        ),
        excluded=(excluded(1), excluded(2, Reason.UNCERTAIN_OUTPATIENT, citation="IV.H")),
        findings=(finding("Look at it."), finding("The date is odd."), finding("By the way.", Severity.INFO)),
        rejected=(
            Rejection(
                condition="gout",
                code="M10.9",
                quote="has gout",
                reason="nothing comes near",
                nearest=Passage(start=0, end=5, text="Chief", score=30),
            ),
        ),
    ).splitlines() == [
        "note  outpatient, 2026-05-04, scope claim: 1 code, 2 left out",
        "warning The date is odd. (I.B.2)",
        "",
        "  1. J45.909  Unspecified asthma, uncomplicated  first-listed",
        "      line 4  «Asthma» plan: albuterol.",
        "      line 2  She has «asthma» and eczema. Asthma is stable.",
        "      why  It is said.",
        "      not  J45.901  With exacerbation",
        "           J45.902  With status",
        "           Not said.",
        "           J44.9    COPD",
        "           Another disease.",
        "      warning Look at it. (I.B.2)",
        "",
        "Considered and left out (2)  by reason: code, title, line and quote",
        "  uncertain outpatient (IV.H): only suspected, and an outpatient claim reports what is certain",
        "    R02      Symptom 2                   1  Chief complaint: «cough».",
        "  not reportable (IV.J): mentioned, but not managed at this encounter",
        "    R01      Symptom 1                   1  Chief complaint: «cough».",
        "",
        "Quotes that are not in the document (1)",
        "  M10.9    gout: “has gout”",
        "      nothing comes near",
        "      nearest: “Chief”",
        "",
        "1 note on the rules; --all shows them.",
        "",
        "ICD-10-CM Sample (2026-04-01 to 2026-09-30), engine lexical, 12 ms, chartproof 1.2.3. A qualified",
        "coder decides.",
    ]


def test_no_code_is_said_not_left_blank() -> None:
    assert "No code is supported by these documents; none was considered." in shown()
    assert "No code is supported by these documents; what was considered stands below." in shown(excluded=(excluded(),))


def test_documents_are_named_where_there_are_several() -> None:
    texts = {"first": "No news.\n", "second": TEXT}
    table = shown(
        code(evidence("asthma", document="second")),
        texts=texts,
        excluded=(excluded(evidence=(evidence("cough", document="second"),)),),
    )
    assert "      second:2  She has «asthma» and" in table
    assert "  second:1  Chief complaint: «cough»." in table


# -- what is long ------------------------------------------------------------------------------------------------------


def test_quotes_of_one_line_are_shown_once() -> None:
    line = "      line 2  She has «asthma» and eczema. «Asthma» is stable."
    assert line in shown(code(evidence("asthma"), evidence("Asthma"))).splitlines()


def test_quotes_that_overlap_are_one() -> None:
    quotes = (evidence("asthma and"), evidence("asthma and eczema"), evidence("eczema"))
    assert "She has «asthma and eczema». Asthma" in shown(code(*quotes))


def test_many_lines_are_cut_with_their_numbers() -> None:
    text = "has asthma\n" * 9
    quotes = [evidence("asthma", text, nth) for nth in range(9)]
    table = shown(code(*quotes), text=text)
    assert table.count("«asthma»") == 3
    assert "and 6 more lines: 4, 5, 6, 7, 8, 9" in table
    assert shown(code(*quotes), text=text, every=True).count("«asthma»") == 9


def test_many_alternatives_are_cut_and_counted_those_with_a_reason_first() -> None:
    others = [Alternative(code=f"A{n:02}", title=f"T{n}", relation=Relation.CHILD) for n in range(8)]
    others.append(Alternative(code="Z99", title="Weighed", relation=Relation.CHILD, why_not="Because."))
    table = shown(code(alternatives=tuple(others)))
    assert re.findall(r"[AZ]\d\d(?=  )", table) == ["Z99", "A00", "A01"]
    assert "and 6 more that were weighed" in table
    assert len(re.findall(r"[AZ]\d\d(?=  )", shown(code(alternatives=tuple(others)), every=True))) == 9


def test_many_exclusions_of_one_reason_are_cut_but_named() -> None:
    many = tuple(excluded(number) for number in range(12))
    table = shown(code(), excluded=many)
    assert "Considered and left out (12)" in table
    assert table.count("«cough»") == 5
    assert "and 7 more: R05, R06, R07, R08, R09, R10, R11" in table
    whole = shown(code(), excluded=many, every=True)
    assert whole.count("«cough»") == 12
    assert all(f"Explained {number}." in whole and f"Symptom {number}" in whole for number in range(12))


def test_one_more_than_the_most_is_not_worth_a_cut() -> None:
    assert shown(code(), excluded=tuple(excluded(number) for number in range(6))).count("«cough»") == 6


def test_every_reason_has_its_meaning_and_place() -> None:
    assert set(_REASONS) == set(Reason)


def test_what_took_the_place_of_a_code_is_shown() -> None:
    table = shown(code(), excluded=(excluded(1, Reason.REPLACED, replaced_by="J45.909", evidence=()),))
    assert "    R01 → J45.909 Symptom 1\n" in table


def test_a_critic_s_own_words_are_shown_and_a_rule_s_only_on_demand() -> None:
    assert "Explained 1." not in shown(code(), excluded=(excluded(1),))
    assert "Explained 1." in shown(code(), excluded=(excluded(1, decided_by=DecidedBy.CRITIC),))


def test_more_lines_of_an_exclusion_are_counted() -> None:
    both = (evidence("cough"), evidence("eczema"))
    assert "Chief complaint: «cough». (+1)" in shown(code(), excluded=(excluded(evidence=both),))
    assert "«eczema»" in shown(code(), excluded=(excluded(evidence=both),), every=True)


def test_findings_and_rejections_are_shown_once() -> None:
    rejection = Rejection(condition="gout", code="M10.9", quote="gout", reason="not there")
    table = shown(code(), findings=(finding("Odd."),) * 3, rejected=(rejection,) * 3)
    assert table.count("Odd.") == 1
    assert table.count("not there") == 1


def test_that_a_code_is_reported_once_is_seen_from_its_quotes() -> None:
    once = finding("Reported once.", Severity.INFO, "reported_once")
    other = finding("Coded as if established.", Severity.INFO, "uncertain")
    table = shown(code(findings=(once, other)), findings=(once, other))
    assert "note Coded as if established." in table
    assert "Reported once." not in table and "1 note; --all shows them" in table
    assert "Reported once." in shown(code(findings=(once, other)), every=True)


def test_all_shows_the_code_points() -> None:
    assert "      line 2, assessment_plan, code points 32-38\n" in shown(code(), every=True)


# -- quotes in their lines ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\r\nhas asthma\r\nb", "line 2  has «asthma»\n"),
        ("a\rhas asthma\rb", "line 2  has «asthma»\n"),
        ("has asthma", "line 1  has «asthma»\n"),
        ("\ufeffhas  \t asthma", "line 1  has «asthma»\n"),
        ("has \x00\x1b[31masthma\x07 now", "line 1  has \ufffd\ufffd[31m«asthma»\ufffd now\n"),
        ("word " * 100 + "asthma" + " word" * 100, "line 1  …word word word word word word word «asthma» word"),
        ("名" * 100 + "asthma" + "名" * 100, "line 1  …" + "名" * 19),
    ],
)
def test_a_quote_is_shown_in_its_line(text: str, said: str) -> None:
    assert said in shown(code(evidence("asthma", text)), text=text)


def test_a_quote_over_several_lines_is_one() -> None:
    text = "Plan: persistent\n   asthma, mild.\nNext"
    assert "line 1  Plan: «persistent asthma», mild.\n" in shown(
        code(evidence("persistent\n   asthma", text)), text=text
    )


def test_a_quote_that_is_longer_than_its_room_is_cut_in_its_middle() -> None:
    quote = "begins " + "word " * 200 + "ends"
    table = shown(code(evidence(quote, quote)), text=quote)
    assert re.search(r"«begins word.* … .*word\s+ends»", table, re.S)
    assert len(table.partition("«")[2].partition("»")[0]) < 400
    assert shown(code(evidence(quote, quote)), text=quote, every=True).count("word") >= 200


@given(
    before=st.text(max_size=150),
    quote=st.text(min_size=1, max_size=60).filter(lambda text: clean(text).strip()),
    after=st.text(max_size=150),
    width=st.integers(60, 120),
    colour=st.booleans(),
    every=st.booleans(),
)
def test_no_text_leaves_its_lines_or_steers_the_terminal(
    before: str, quote: str, after: str, width: int, colour: bool, every: bool
) -> None:
    text = before + quote + after
    found = Evidence(
        document="note",
        start=len(before),
        end=len(before) + len(quote),
        text=quote,
        section=quote,
        match=Match.EXACT,
        score=100,
    )
    said = finding(text)
    table = drawn(
        code(found, title=quote, rationale=text, findings=(said,)),
        text=text,
        more={
            "excluded": (excluded(evidence=(found,), title=text, explanation=text, decided_by=DecidedBy.CRITIC),),
            "findings": (finding(before + "."),),
            "rejected": (Rejection(condition=text, code=quote, quote=text, reason=text),),
        },
        every=every,
        colour=colour,
        width=width,
    )
    assert (ANSI.search(table) is not None) is colour
    for line in ANSI.sub("", table).split("\n"):
        assert all(character.isprintable() for character in line)
        assert columns(line) <= width


# -- pages -------------------------------------------------------------------------------------------------------------


@given(st.text())
def test_clean_text_is_one_printable_line_and_stays_so(text: str) -> None:
    once = clean(text)
    assert once.isprintable() and "  " not in once
    assert clean(once) == once


@given(st.text(), st.integers(3, 40))
def test_what_is_clipped_goes_into_its_room(text: str, room: int) -> None:
    for cut in (clip(clean(text), room), clip_left(clean(text), room)):
        assert columns(cut) <= room
    if columns(clean(text)) <= room:
        assert clip(clean(text), room) == clip_left(clean(text), room) == clean(text)


@given(st.text("ab 名\u0301", max_size=200), st.integers(8, 40), st.booleans())
def test_lines_hold_every_word_in_order(text: str, width: int, colour: bool) -> None:
    page = Page(width=width, colour=colour)
    lines = list(page.lines(page.mark("dim", text), "> ", "  "))
    plain = [ANSI.sub("", line) for line in lines]
    assert all(columns(line) <= width for line in plain)
    assert "".join(line[2:] for line in plain).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        assert line.count("\x1b[2m") == line.count("\x1b[0m"), "a style runs over the end of its line"


@pytest.mark.parametrize(
    ("text", "wide"), [("abc", 3), ("名前", 4), ("e\u0301", 1), ("🙂", 2), ("Ａ", 2), ("", 0), ("\x01a\x0e", 1)]
)
def test_columns(text: str, wide: int) -> None:
    assert columns(text) == wide


def test_line_numbers_do_not_read_the_document_again() -> None:
    text = "x\n" * 100_000 + "asthma"
    lines = Lines(Encounter(id="note", setting=Setting.OUTPATIENT, documents=(Document(id="note", text=text),)))
    assert {lines.number("note", place) for place in (0, 1, 2, 3, len(text) - 1)} == {1, 2, 100_001}
