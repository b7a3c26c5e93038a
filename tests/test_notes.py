"""Notes: sections and chunks are intervals that cover the document exactly."""

from __future__ import annotations

import csv
import time
from importlib.resources import files
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.notes import CHARACTERS_A_TOKEN, cut_chunks, fold_heading, halve_chunk, headings, read_sections, section_at
from agent.records import Chunk, Document, Section


def document(text: str) -> Document:
    return Document(id="note", text=text)


def sections(text: str) -> list[tuple[str, str, str]]:
    """Kind, heading and body of each section."""
    return [(s.kind, s.heading, text[s.body : s.end].strip()) for s in read_sections(document(text))]


def kinds(text: str) -> list[str]:
    return [kind for kind, _, _ in sections(text)]


OFFICE = [
    ("Chief Complaint", "chief_complaint"),
    ("CC", "chief_complaint"),
    ("Reason for Visit", "chief_complaint"),
    ("History of Present Illness", "hpi"),
    ("HPI", "hpi"),
    ("Interval History", "hpi"),
    ("Past Medical History", "pmh"),
    ("PMH", "pmh"),
    ("Past Surgical History", "psh"),
    ("Family History", "family_history"),
    ("Social History", "social_history"),
    ("Current Medications", "medications"),
    ("Allergies", "allergies"),
    ("Review of Systems", "ros"),
    ("ROS", "ros"),
    ("Physical Exam", "physical_exam"),
    ("Vital Signs", "vitals"),
    ("Problem List", "problem_list"),
    ("Assessment", "assessment_plan"),
    ("Assessment and Plan", "assessment_plan"),
    ("Assessment & Plan", "assessment_plan"),
    ("Assessment/Plan", "assessment_plan"),
    ("A/P", "assessment_plan"),
    ("A&P", "assessment_plan"),
    ("Impression", "assessment_plan"),
    ("Plan", "plan"),
    ("Follow-up", "instructions"),
    ("Patient Instructions", "instructions"),
    ("Health Maintenance", "health_maintenance"),
]
DISCHARGE = [
    ("Admission Diagnosis", "admission_diagnosis"),
    ("Discharge Diagnosis", "diagnosis"),
    ("Discharge Diagnoses", "diagnosis"),
    ("Principal Diagnosis", "diagnosis"),
    ("Secondary Diagnoses", "diagnosis"),
    ("Hospital Course", "hospital_course"),
    ("Brief Hospital Course", "hospital_course"),
    ("Hospital Course by Problem", "hospital_course"),
    ("Discharge Medications", "medications"),
    ("Discharge Condition", "disposition"),
    ("Discharge Disposition", "disposition"),
    ("Discharge Instructions", "instructions"),
    ("Pertinent Results", "results"),
]
ADMISSION = [
    ("Reason for Admission", "chief_complaint"),
    ("Home Medications", "medications"),
    ("Medications Prior to Admission", "medications"),
    ("Laboratory Data", "results"),
    ("Imaging", "imaging"),
    ("EKG", "results"),
]
EMERGENCY = [
    ("ED Course", "hospital_course"),
    ("Emergency Department Course", "hospital_course"),
    ("Medical Decision Making", "assessment_plan"),
    ("MDM", "assessment_plan"),
    ("Differential Diagnosis", "differential"),
    ("DDx", "differential"),
    ("Clinical Impression", "assessment_plan"),
    ("ED Diagnosis", "diagnosis"),
    ("Disposition", "disposition"),
    ("Return Precautions", "instructions"),
]
OPERATIVE = [
    ("Preoperative Diagnosis", "preoperative_diagnosis"),
    ("Pre-operative Diagnosis", "preoperative_diagnosis"),
    ("Postoperative Diagnosis", "diagnosis"),
    ("Post-Operative Diagnosis", "diagnosis"),
    ("Procedure Performed", "procedure"),
    ("Indications for Procedure", "indication"),
    ("Description of Procedure", "procedure"),
    ("Anesthesia", "procedure"),
    ("Estimated Blood Loss", "procedure"),
    ("Operative Findings", "imaging"),
    ("Complications", "complications"),
    ("Specimens", "procedure"),
]
PROGRESS = [
    ("Subjective", "hpi"),
    ("Objective", "physical_exam"),
    ("Overnight Events", "hpi"),
    ("24 Hour Events", "hpi"),
    ("Recommendations", "plan"),
    ("Impression and Plan", "assessment_plan"),
]
ALL = OFFICE + DISCHARGE + ADMISSION + EMERGENCY + OPERATIVE + PROGRESS
FORMS = {
    "alone": "{}\nThe words below it.\n",
    "alone with a colon": "{}:\nThe words below it.\n",
    "alone with a colon and spaces": "  {} : \nThe words below it.\n",
    "inline": "{}: The words below it.\n",
    "markdown": "## {}\nThe words below it.\n",
    "bold": "**{}:** The words below it.\n",
    "bold alone": "**{}**\nThe words below it.\n",
    "numbered": "2. {}:\nThe words below it.\n",
    "underlined": "{}:\n==========\nThe words below it.\n",
    "framed": "=== {} ===\nThe words below it.\n",
    "windows": "{}:\r\nThe words below it.\r\n",
    "old mac": "{}:\rThe words below it.\r",
}


@pytest.mark.parametrize(("heading", "kind"), ALL)
def test_a_heading_is_read_in_any_case_and_form(heading: str, kind: str) -> None:
    for form, written in product(FORMS, (heading, heading.upper(), heading.lower())):
        if len(heading) < 3 and not written.isupper() and form in ("alone", "markdown", "bold alone", "framed"):
            continue  # "cc" and the like in small letters need their colon
        text = "He came in.\n" + FORMS[form].format(written)
        found = sections(text)
        assert [k for k, _, _ in found] == ["text", kind], (form, written, found)
        assert fold_heading(found[1][1]) == fold_heading(heading)
        assert found[1][2].lstrip("= \n").startswith("The words below it."), (form, found)


@pytest.mark.parametrize("letter", "SOAP")
def test_soap_letters_need_a_colon_or_a_line_of_their_own(letter: str) -> None:
    kind = {"S": "hpi", "O": "physical_exam", "A": "assessment_plan", "P": "plan"}[letter]
    assert kinds(f"{letter}: stable today\n") == [kind]
    assert kinds(f"{letter}\nstable today\n") == [kind]
    assert kinds(f"{letter.lower()}\nstable today\n") == ["text"]
    assert kinds(f"{letter} stable today\n") == ["text"]


@pytest.mark.parametrize(
    "text",
    [
        "Astrology: a strong month.\n",
        "Thoughts on the day\nHe is better.\n",
        "The plan: go home.\n",
        "My assessment is unchanged.\n",
        "Plan to see her in May.\n",
        "Allergies are worse in spring.\n",
        "History of stroke: two years ago.\n",
        "Assessment of gait was done by physical therapy, see their note for the details of it: stable.\n",
        "Time: 10:30\n",
        ":\n",
        "::::\n",
        "-\n",
    ],
)
def test_unknown_headings_and_sentences_stay_text(text: str) -> None:
    assert kinds(text) == ["text"]
    inside = kinds("Assessment:\nGout.\n" + text)
    assert inside == ["assessment_plan"]


def test_an_unknown_heading_stays_in_the_section_that_it_stands_in() -> None:
    text = "Assessment:\nGout.\nAstrology:\nLeo.\nPlan:\nColchicine.\n"
    assert sections(text) == [
        ("assessment_plan", "Assessment", "Gout.\nAstrology:\nLeo."),
        ("plan", "Plan", "Colchicine."),
    ]


def test_text_before_the_first_heading_is_a_section_of_its_own() -> None:
    assert sections("Seen today.\nHPI: cough") == [("text", "", "Seen today."), ("hpi", "HPI", "cough")]


def test_a_heading_without_a_body_is_still_a_section() -> None:
    assert sections("HPI:\nPlan:\nrest") == [("hpi", "HPI", ""), ("plan", "Plan", "rest")]
    assert sections("HPI:") == [("hpi", "HPI", "")]


def test_an_inline_impression_below_imaging_is_the_radiologists() -> None:
    text = "Imaging:\nCT abdomen. Findings as below.\nImpression: No appendicitis.\nAssessment: Gastroenteritis."
    assert kinds(text) == ["imaging", "imaging", "assessment_plan"]
    text = "Results\nChest film.\nIMPRESSION: Clear lungs.\nIMPRESSION\n1. Bronchitis"
    assert kinds(text) == ["results", "imaging", "assessment_plan"]
    text = "Findings: Opacity.\nImpression: Opacity at the base.\nImpression and Plan: Bronchitis"
    assert kinds(text)[:2] == ["imaging", "imaging"]


def test_an_impression_elsewhere_is_the_assessment() -> None:
    assert kinds("HPI: cough\nImpression: Bronchitis.") == ["hpi", "assessment_plan"]
    assert kinds("Imaging: clear\nPhysical Exam: well\nImpression: Bronchitis.")[-1] == "assessment_plan"


def test_a_bom_before_the_first_heading_is_no_text() -> None:
    text = "\ufeffHPI: cough"
    (only,) = read_sections(document(text))
    assert (only.kind, only.start, text[only.body : only.end]) == ("hpi", 0, " cough")


def test_the_body_begins_after_the_heading() -> None:
    text = "Plan: rest\nHPI\r\ncough"
    first, second = read_sections(document(text))
    assert text[first.body : first.end] == " rest\n"
    assert text[second.body : second.end] == "cough"


def test_a_text_without_characters_has_no_section_and_no_chunk() -> None:
    assert read_sections(document("")) == ()
    assert cut_chunks(document(""), (), max_tokens=50, context_tokens=10) == ()


def test_section_at_finds_the_section_of_a_place() -> None:
    found = read_sections(document("HPI: cough\nPlan: rest"))
    assert section_at(found, 0).kind == "hpi"
    assert section_at(found, 10).kind == "hpi"
    assert section_at(found, 11).kind == "plan"
    assert section_at(found, 21).kind == "plan"


def test_every_known_heading_is_read_alone_and_inline() -> None:
    for heading, kind in headings().items():
        assert kinds(f"x\n{heading.upper()}:\nwords") == ["text", kind], heading
        assert kinds(f"x\n{heading}: words") == ["text", kind], heading


def test_the_headings_file_is_well_formed() -> None:
    text = (files("agent") / "headings.tsv").read_text(encoding="utf-8")
    rows = list(csv.DictReader([line for line in text.splitlines() if not line.startswith("#")], delimiter="\t"))
    folded = [fold_heading(row["heading"]) for row in rows]
    assert len(folded) == len(set(folded)) >= 200
    for row in rows:
        assert row["heading"] and row["kind"] and row["kind"].replace("_", "").isalpha(), row


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Assessment & Plan", "assessment and plan"),
        ("ASSESSMENT/PLAN", "assessment plan"),
        ("Follow-Up", "follow up"),
        ("  A / P ", "a p"),
    ],
)
def test_headings_are_compared_folded(one: str, other: str) -> None:
    assert fold_heading(one) == fold_heading(other)


# -- chunks ------------------------------------------------------------------------------------------------------------


def chunks(text: str, *, room: int = 50, context: int = 10) -> tuple[Chunk, ...]:
    note = document(text)
    return cut_chunks(note, read_sections(note), max_tokens=room, context_tokens=context)


def test_a_note_that_fits_is_one_chunk_without_context() -> None:
    text = "HPI: cough\nPlan: rest"
    (only,) = chunks(text)
    assert (only.start, only.end, only.context, only.index) == (0, len(text), 0, 0)
    assert [section.kind for section in only.sections] == ["hpi", "plan"]


def test_a_chunk_breaks_at_the_end_of_a_section() -> None:
    text = "HPI: " + "Cough today. " * 10 + "\nPlan: " + "Rest at home. " * 10
    first, *_ = chunks(text)
    assert first.end == text.index("Plan:")


def test_a_chunk_breaks_at_the_end_of_a_sentence() -> None:
    text = "She has had a cough for some days now. " * 12
    for chunk in chunks(text)[:-1]:
        assert text[: chunk.end].endswith("now. ")


def test_a_long_sentence_breaks_after_a_space() -> None:
    text = "cough " * 100
    for chunk in chunks(text)[:-1]:
        assert text[chunk.end - 1] == " "


def test_a_word_longer_than_a_chunk_breaks_anywhere() -> None:
    text = "x" * 1000
    assert [chunk.end - chunk.start for chunk in chunks(text)] == [200] * 5


def test_a_chunk_carries_the_sections_that_it_touches() -> None:
    text = "HPI: " + "Cough today. " * 20 + "\nPlan: Rest."
    found = chunks(text)
    assert [s.kind for s in found[0].sections] == ["hpi"]
    assert [s.kind for s in found[-1].sections][-1] == "plan"
    for chunk in found:
        for section in chunk.sections:
            assert section.start < chunk.end and chunk.start < section.end


def test_context_begins_with_a_whole_word() -> None:
    text = "She has had a cough for some days now. " * 12
    for chunk in chunks(text)[1:]:
        assert chunk.context < chunk.start
        assert text[chunk.context - 1].isspace()
        assert chunk.start - chunk.context <= 10 * CHARACTERS_A_TOKEN


def test_no_context_is_no_context() -> None:
    for chunk in chunks("She has had a cough for some days now. " * 12, context=0):
        assert chunk.context == chunk.start


def test_a_long_note_is_cut_in_reasonable_time() -> None:
    text = "Plan: rest.\n" * 40_000
    began = time.perf_counter()
    note = document(text)
    found = cut_chunks(note, read_sections(note), max_tokens=3000, context_tokens=120)
    assert found[-1].end == len(text)
    assert time.perf_counter() - began < 5


def test_a_chunk_is_halved_at_the_end_of_a_sentence() -> None:
    text = "HPI: " + "Cough today. " * 12
    (chunk,) = chunks(text)
    first, second = halve_chunk(document(text), chunk)
    assert text[first.start : first.end].endswith("today. ")
    assert (first.index, second.index) == (chunk.index, chunk.index)


def test_a_single_word_is_not_halved() -> None:
    (chunk,) = chunks("pneumonia")
    assert halve_chunk(document("pneumonia"), chunk) == (chunk,)


# -- any text ----------------------------------------------------------------------------------------------------------

PIECES = st.one_of(
    st.sampled_from(
        [
            "HPI: ",
            "HPI\n",
            "Assessment:\n",
            "\r\nPLAN:\r\n",
            "\nImpression: ",
            "Imaging\n",
            "A:",
            "P\n",
            "\n\n",
            "\r\n",
            "\r",
            " ",
            ". ",
            "\ufeff",
            "\u0000",
            "e\u0301",
            "\U0001f469\u200d\u2695\ufe0f",
            "\U0001f600",
            "\u2028",
            "\u00a0",
            "1. ",
            "- ",
            "** ",
            "cough ",
            "She has a cough. ",
            "Dr. Ash ",
            "x" * 90,
        ]
    ),
    st.text(max_size=15),
)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


@given(TEXTS)
def test_sections_cover_any_text_exactly(text: str) -> None:
    found = read_sections(document(text))
    assert "".join(text[s.start : s.end] for s in found) == text
    for section in found:
        assert section.document == "note"
        assert section.start <= section.body <= section.end
        assert section.start < section.end
        assert section.heading in text[section.start : section.body]
    for before, after in pairwise(found):
        assert before.end == after.start
        assert text[after.start - 1] in "\r\n"


@given(TEXTS, st.integers(1, 80), st.integers(0, 40))
def test_chunks_cover_any_text_exactly(text: str, room: int, context: int) -> None:
    note = document(text)
    found = read_sections(note)
    cut = cut_chunks(note, found, max_tokens=room, context_tokens=context)
    assert "".join(text[c.start : c.end] for c in cut) == text
    assert [c.index for c in cut] == list(range(len(cut)))
    for before, after in pairwise(cut):
        assert before.end == after.start
    for chunk in cut:
        assert 0 < chunk.end - chunk.start <= room * CHARACTERS_A_TOKEN
        assert 0 <= chunk.context <= chunk.start
        assert chunk.start - chunk.context <= context * CHARACTERS_A_TOKEN
        touched = {s for s in found if s.start < chunk.end and s.end > chunk.start}
        assert set(chunk.sections) == touched
        assert list(chunk.sections) == sorted(chunk.sections, key=lambda s: s.start)


@given(TEXTS, st.integers(5, 80))
def test_halves_cover_their_chunk_exactly(text: str, room: int) -> None:
    note = document(text)
    for chunk in cut_chunks(note, read_sections(note), max_tokens=room, context_tokens=5):
        halves = halve_chunk(note, chunk)
        assert (halves[0].start, halves[-1].end) == (chunk.start, chunk.end)
        assert halves[0].context == chunk.context
        for before, after in pairwise(halves):
            assert before.end == after.start == after.context
        for half in halves:
            assert half.start < half.end
            assert set(half.sections) == {s for s in chunk.sections if s.start < half.end and s.end > half.start}


@given(TEXTS)
def test_reading_sections_twice_gives_the_same(text: str) -> None:
    assert read_sections(document(text)) == read_sections(document(text))


@given(TEXTS.filter(bool), st.data())
def test_any_place_has_its_section(text: str, data: st.DataObject) -> None:
    found = read_sections(document(text))
    place = data.draw(st.integers(0, len(text)))
    section: Section = section_at(found, place)
    assert section.start <= place < section.end or (place == len(text) and section is found[-1])
