"""Past or present: what is over, what is left of it, and what was only about to happen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from agent.codebook import CodeBook
from agent.records import Assertion, Candidate, Draft, Family, Finding, Reason, Scope
from agent.rules.documentation import cue, exempt
from agent.rules.objection import about, against, is_history, quoted
from agent.rules.passage import after, before, says, sentence
from agent.rules.rule import draft_rule
from agent.tables import read_words

_MALIGNANT = ("C",)
_BLOOD = ("C81", "C82", "C83", "C84", "C85", "C86", "C88", "C90", "C91", "C92", "C93", "C94", "C95", "C96")
"""Lymphomas, leukemias and plasma cell neoplasms: their remission has codes of its own (I.C.2.n)."""
_ACUTE_INFARCTION = ("I21", "I22")
_ACUTE_STROKE = ("I60", "I61", "I62", "I63")
_INJURIES = ("S", "T")
_CAUSES = ("V", "W", "X", "Y")
_ACUTE_WEEKS = 4
"""For how many weeks an infarction is coded as acute (I.C.9.e.1)."""

_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMBERS |= {"nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "several": 3, "few": 3}
_UNITS = {"day": 1 / 7, "week": 1.0, "wk": 1.0, "month": 4.35, "mo": 4.35, "year": 52.0, "yr": 52.0}
_SPAN = rf"(\d+|{'|'.join(_NUMBERS)})[ -]+({'|'.join(_UNITS)})s?"
_BESIDE = r"^(?:\W*(?!(?:with|and|s/p|status|post|cabg|pci|stent|des)\b)[\w/.-]+){0,3}?\W*"
_AGO = re.compile(rf"{_BESIDE}{_SPAN} (?:ago|prior|earlier|back)\b", re.I)
_SINCE = re.compile(rf"\b{_SPAN} (?:ago|after|post|since|out from|from|following|s/p)\b(?:\W*[\w-]+){{0,2}}\W*$", re.I)
_YEAR = re.compile(rf"(?:{_BESIDE}\b(?:in|since)\s+|^\W*)(?:[a-z]{{3,9}}\.? |\d\d?/)?((?:19|20)\d\d)\b", re.I)
_OF_TREATMENT = re.compile(r"[- ]?(?:\w+itis|induced|related|associated|\w+pathy|fibrosis|necrosis|oncolog\w+)\b", re.I)
"""What follows the name of a treatment that something else is of: "radiation proctitis"."""
_SOME_YEAR = re.compile(r"(?<!since )\b(?:19|20)\d\d\b")
_DENIED = re.compile(r"\b(?:no|without|denies|not)(?:\W+\w+){0,2}\W*$", re.I)


@draft_rule(
    Family.DOCUMENTATION,
    "I.C.21.c.4",
    example="outpatient | HPI: Had mononucleosis in childhood.\\nAssessment: 1. Asthma",
)
def historical(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A condition that no longer exists is not coded as current; a personal history code may be."""
    if draft.scope is Scope.MENTIONS:
        return
    for candidate in draft.candidates:
        if candidate.assertion is Assertion.HISTORICAL and not is_history(candidate.code) and not candidate.managed:
            yield against(
                candidate,
                "historical",
                "I.C.21.c.4",
                Reason.HISTORICAL,
                f"{quoted(candidate)} is documented as past{cue(candidate)} and nothing shows that it was managed now; "
                "a resolved condition is not reported as current.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "III.A, IV.J",
    example="outpatient | Assessment: Hypertension. Status post appendicitis.",
)
def status_post(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """What a patient is "status post" is over; what is left of it is a status, a history or aftercare."""
    for candidate in _past(draft):
        # An injury keeps its code while it heals, and "s/p fall" tells how today's injury came about.
        if is_history(candidate.code) or candidate.code.startswith((*_INJURIES, *_CAUSES, "Z")):
            continue
        if says(sentence(draft, candidate), _words("today")):
            continue
        if says(re.split(r"[,;]|\band\b", _near(draft, candidate, 3))[-1], _words("status_post")):
            yield about(
                candidate,
                "status_post",
                "III.A, IV.J",
                f"{quoted(candidate)} stands after “status post”. If it is over, it is not coded as current: a status "
                "(Z89-Z99), a personal history (Z85-Z87), aftercare or a sequela says what is left of it.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.C.2.m",
    example="a model gives C50.912 for “breast cancer, excised in 2015, no evidence of disease”",
)
def cancer_history(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A cancer that was removed and is no longer treated is a personal history (Z85), not a current one."""
    for candidate in draft.candidates:
        if not candidate.code.startswith(_MALIGNANT) or _ongoing(sentence(draft, candidate)):
            continue
        past = candidate.assertion is Assertion.HISTORICAL
        gone = says(sentence(draft, candidate), _words("gone"))
        of_blood = candidate.code.startswith(_BLOOD)
        if past or (gone and candidate.assertion is Assertion.AFFIRMED and not of_blood):
            why = f"documented as past{cue(candidate)}" if past else f"called “{gone}”"
            what = "; in remission it has a code of its own (I.C.2.n)" if of_blood else ""
            yield about(
                candidate,
                "cancer_history",
                "I.C.2.m",
                f"{quoted(candidate)} is {why}, and its sentence names no treatment that goes on. A cancer that was "
                f"removed and is no longer treated is a personal history (Z85.-){what}.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.C.2.m",
    example="outpatient | Assessment: History of breast cancer, on tamoxifen.",
)
def cancer_in_treatment(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A cancer whose treatment goes on is current, although it is called a history."""
    for candidate in draft.candidates:
        past = candidate.assertion is Assertion.HISTORICAL and candidate.code.startswith(_MALIGNANT)
        history = candidate.code.startswith("Z85") and candidate.assertion in (Assertion.AFFIRMED, Assertion.HISTORICAL)
        word = _ongoing(sentence(draft, candidate)) if past or history else ""
        if word:
            yield about(
                candidate,
                "cancer_in_treatment",
                "I.C.2.m",
                f"{quoted(candidate)} is called past, and the same sentence says “{word}”. While its treatment goes on "
                "or some of it is left, the cancer itself is coded, not its history; read which of the two holds.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.C.9.e.1",
    example="a model gives I21.4 for “NSTEMI three months ago”",
)
def old_infarction(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """An infarction of more than four weeks ago is coded as old (I25.2) or by its aftercare, not as acute."""
    for candidate in draft.candidates:
        if not candidate.code.startswith(_ACUTE_INFARCTION):
            continue
        if candidate.assertion not in (Assertion.AFFIRMED, Assertion.HISTORICAL):
            continue
        weeks = _weeks(draft, candidate)
        word = ""
        if weeks is None and candidate.assertion is Assertion.HISTORICAL:
            word = says(sentence(draft, candidate), _words("old"))
        elif weeks is None:
            word = says(re.sub(r"\byears?[ -]old\b", "", _near(draft, candidate, 1)), _words("old_beside"))
        if word or (weeks is not None and weeks > _ACUTE_WEEKS):
            when = f"“{word}”" if word else f"some {weeks:.0f} weeks ago"
            yield about(
                candidate,
                "old_infarction",
                "I.C.9.e.1",
                f"{quoted(candidate)} is of the past ({when}); an infarction is coded as acute for four weeks. After "
                "that it is old (I25.2) or, while it still needs care, aftercare.",
                beside="I25.2",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.B.10, I.C.9.d.1",
    example="a model gives I63.9 for “left hemiparesis, sequela of cerebral infarction”",
)
def sequela(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """What is left after the acute phase is coded as such or as a sequela, never with the acute code."""
    for candidate in draft.candidates:
        stroke = candidate.code.startswith(_ACUTE_STROKE)
        injury = candidate.code.startswith(_INJURIES) and candidate.code.endswith("A")
        if not (stroke or injury) or candidate.assertion not in (Assertion.AFFIRMED, Assertion.HISTORICAL):
            continue
        word = _left_from(draft, candidate)
        if word:
            how = "I69.- says both" if stroke else "the injury with the 7th character S"
            yield about(
                candidate,
                "sequela",
                "I.B.10, I.C.9.d.1" if stroke else "I.B.10, I.C.19.a",
                f"{quoted(candidate)} is named as what something is left from (“{word}”): what is left is coded, then "
                f"what it is a sequela of ({how}), not the acute code.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.B.11",
    example="outpatient | Assessment: Impending stroke.",
)
def threatened(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """What was threatened and did not come is coded as such where the Index has it, else as what was there."""
    for candidate in draft.candidates:
        if exempt("threatened", candidate) or candidate.assertion not in (Assertion.AFFIRMED, Assertion.HYPOTHETICAL):
            continue
        word = says(_near(draft, candidate, 3), _words("threatened"))
        if word:
            yield about(
                candidate,
                "threatened",
                "I.B.11",
                f"{quoted(candidate)} is called {word}. If it did not come, the Index is looked up under “threatened” "
                "and “impending”; without an entry there, the condition that was there is coded instead.",
            )


def _past(draft: Draft) -> Iterator[Candidate]:
    return (candidate for candidate in draft.candidates if candidate.assertion is Assertion.HISTORICAL)


def _near(draft: Draft, candidate: Candidate, words: int) -> str:
    """The last few words of its sentence before a candidate's first quote, and the quote itself."""
    return " ".join([*before(draft, candidate).split()[-words:], candidate.evidence[0].text])


def _ongoing(said: str) -> str:
    """The word of a sentence by which a cancer is still treated or there; "" if its treatment is over or not named.

    Of the words around a treatment the nearest before it decides, in its own clause first: "completed chemotherapy, now
    on letrozole". A treatment that nothing is said of goes on.
    """
    low = said.lower()
    if not says(low, _words("not_present")):
        there = says(low, _words("present"))
        if there:
            return there
    for word in _words("treatment"):
        for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", low):
            clause = re.split(r"[;.]|\bbut\b", low[: found.start()])[-1]
            rest = re.split(r"[;.,]|\band\b|\bbut\b", low[found.end() :])[0]
            if says(rest, _words("ended")) or _SOME_YEAR.search(rest) or _OF_TREATMENT.match(rest.strip()):
                continue
            over = _last(clause, _words("over"))
            if over == 0 or _last(clause, _words("goes_on")) > over:
                return word
    return ""


def _last(text: str, words: tuple[str, ...]) -> int:
    """Where the last of some words ends in a text; 0 if none stands there."""
    places = [found.end() for word in words for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text)]
    return max(places, default=0)


def _weeks(draft: Draft, candidate: Candidate) -> float | None:
    """How many weeks ago an infarction was, by the words beside its quote; None if they do not say."""
    rest, start = after(draft, candidate), before(draft, candidate)
    found = _AGO.search(rest) or _SINCE.search(start)
    if found is not None:
        number = found[1].lower()
        return (int(number) if number.isdigit() else _NUMBERS[number]) * _UNITS[found[2].lower()]
    year, day = _YEAR.search(rest), draft.encounter.date_of_service
    if year is None or day is None or int(year[1]) > day.year:
        return None
    return max(0, (day - date(int(year[1]), 12, 31)) // timedelta(weeks=1))


def _left_from(draft: Draft, candidate: Candidate) -> str:
    """The word that makes a candidate what something is left from; "" if none does."""
    quote = candidate.evidence[0].text.lower()
    near = " ".join([*re.split(r";", before(draft, candidate).lower())[-1].split()[-8:], quote])
    for word in (*_words("sequela"), *_words("aged")):
        for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", near):
            lead, rest = near[: found.start()].split(), near[found.end() :].split()
            if _DENIED.search(near[: found.start()]):
                continue
            if word not in _words("aged"):
                if says(" ".join(rest), _words("links")):
                    return word
            elif len(rest) <= 1 + len(quote.split()) and says(" ".join(lead[-2:]), _words("links")):
                return " ".join([*lead[-2:], word])
    past = candidate.assertion is Assertion.HISTORICAL or (_weeks(draft, candidate) or 0) > _ACUTE_WEEKS
    past = past or bool(says(_near(draft, candidate, 1), _words("aged")))
    rest_of = quote + " " + re.split(r"[;.]", after(draft, candidate).lower())[0]
    word = says(rest_of, (*_words("sequela"), "persistent")) if past else ""
    return "" if word and _DENIED.search(rest_of.partition(word)[0]) else word


def _words(kind: str) -> tuple[str, ...]:
    return read_words("agent.rules", "history.tsv")[kind]
