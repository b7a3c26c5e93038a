"""Present on admission: the indicator that documents support for a code of a stay (Appendix I)."""

from __future__ import annotations

import pytest

from agent.claim import Poa
from agent.codebook import Code, CodeBook
from agent.records import Document, Encounter, Evidence, Match, Setting
from agent.rules.poa import is_exempt, poa_of

Y, N, U, W, EXEMPT = Poa.YES, Poa.NO, Poa.UNKNOWN, Poa.UNDETERMINED, Poa.EXEMPT


def found(codebook: CodeBook, code: str, *places: tuple[str, str, str, str]) -> Poa:
    """The indicator of a code whose quotes stand in `(document, section, text, quote)`."""
    texts: dict[str, str] = {}
    evidence = []
    for document, section, text, quote in places:
        start = len(texts.get(document, "")) + text.index(quote)
        texts[document] = texts.get(document, "") + text + "\n"
        evidence.append(
            Evidence(
                document=document,
                start=start,
                end=start + len(quote),
                text=quote,
                section=section,
                match=Match.EXACT,
                score=100,
            )
        )
    documents = tuple(Document(id=name, text=text) for name, text in texts.items())
    encounter = Encounter(id="stay", setting=Setting.INPATIENT, documents=documents)
    return poa_of(node(codebook, code), tuple(evidence), encounter)


def node(codebook: CodeBook, code: str) -> Code:
    """A code that is in the edition."""
    one = codebook.get(code)
    assert one is not None and one.billable, code
    return one


@pytest.mark.parametrize(
    ("code", "text", "quote", "wanted"),
    [
        ("N17.9", "Acute kidney injury developed on hospital day 3.", "Acute kidney injury", N),
        (
            "L89.153",
            "Stage 3 pressure ulcer of the sacrum, not present on admission.",
            "pressure ulcer of the sacrum",
            N,
        ),
        ("L89.153", "Not present on admission: stage 3 pressure ulcer.", "stage 3 pressure ulcer", N),
        ("J18.9", "Hospital-acquired pneumonia was treated with cefepime.", "pneumonia", N),
        ("I26.99", "Pulmonary embolism on postoperative day 2, heparin started.", "Pulmonary embolism", N),
        ("R33.9", "Her course was complicated by urinary retention.", "urinary retention", N),
        ("J18.9", "Pneumonia, present on admission, treated with ceftriaxone.", "Pneumonia", Y),
        ("L89.152", "Pressure ulcer of sacrum, stage 2, present on admission.", "Pressure ulcer of sacrum", Y),
        ("L89.152", "Pressure ulcer of sacrum, stage 2, developed on hospital day 4.", "Pressure ulcer of sacrum", N),
        ("N17.9", "AKI, pneumonia, developed on hospital day 3.", "AKI", U),
        ("L89.153", "The sacral pressure ulcer was there on arrival.", "pressure ulcer", Y),
        ("O70.22", "A 3b perineal laceration was repaired.", "3b perineal laceration", N),
        ("O70.22", "3b perineal laceration, present on admission.", "3b perineal laceration", Y),
        ("O72.2", "Secondary postpartum hemorrhage, transfused.", "Secondary postpartum hemorrhage", U),
        ("S12.490A", "Displaced fracture of C5, halo.", "Displaced fracture of C5", Y),
        ("S72.001A", "Hip fracture on hospital day 3.", "Hip fracture", N),
        ("T79.A21A", "Compartment syndrome of the right leg.", "Compartment syndrome of the right leg", U),
        ("E54", "Vitamin C undetectable, so scurvy.", "scurvy", Y),
        ("F15.20", "Amphetamine-type use disorder, severe.", "Amphetamine-type use disorder, severe", Y),
        ("F15.23", "Stimulant withdrawal.", "Stimulant withdrawal", U),
        ("K35.80", "He was admitted with acute appendicitis.", "acute appendicitis", Y),
        ("I26.99", "Pulmonary embolism was found in the emergency department.", "Pulmonary embolism", Y),
        ("J18.9", "Pneumonia improves on ceftriaxone.", "Pneumonia", U),
        ("I48.91", "New onset atrial fibrillation, rate controlled.", "atrial fibrillation", U),
        ("D62", "Acute blood loss anemia was transfused.", "Acute blood loss anemia", U),
        ("I26.99", "Pulmonary embolism was diagnosed on hospital day 2.", "Pulmonary embolism", U),
        ("F05", "He developed delirium.", "delirium", N),
        ("H40.9", "Known glaucoma, drops continued.", "glaucoma", Y),
        (
            "N39.0",
            "It cannot be determined whether the urinary infection was there on admission.",
            "urinary infection",
            W,
        ),
    ],
)
def test_words_of_the_sentence_tell(code: str, text: str, quote: str, wanted: Poa, codebook: CodeBook) -> None:
    assert found(codebook, code, ("discharge_summary", "hospital_course", text, quote)) is wanted


@pytest.mark.parametrize(
    ("code", "quote", "wanted"),
    [
        ("J18.9", "pneumonia", Y),
        ("N17.9", "kidney injury", N),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "Admitted with pneumonia, developed kidney injury on hospital day 3.",
        "The pneumonia was present on admission and the kidney injury developed on hospital day 3.",
        "On admission there was pneumonia; during the stay there was kidney injury.",
        "The kidney injury began after admission, while the pneumonia was there on arrival.",
    ],
)
def test_of_words_of_both_kinds_those_of_the_clause_tell(
    text: str, code: str, quote: str, wanted: Poa, codebook: CodeBook
) -> None:
    assert found(codebook, code, ("discharge_summary", "hospital_course", text, quote)) is wanted


@pytest.mark.parametrize(
    ("code", "text", "quote"),
    [
        ("I48.91", "Atrial fibrillation seen on admission or during the stay.", "Atrial fibrillation"),
        ("J45.901", "Known asthma that developed an exacerbation.", "asthma that developed an exacerbation"),
    ],
)
def test_words_of_both_kinds_about_one_condition_are_a_question(
    code: str, text: str, quote: str, codebook: CodeBook
) -> None:
    assert found(codebook, code, ("discharge_summary", "hospital_course", text, quote)) is U


@pytest.mark.parametrize(
    ("document", "section"),
    [
        ("h_and_p", "assessment_plan"),
        ("H&P_0504", "assessment_plan"),
        ("ed_note", "unknown"),
        ("emergency_department", "assessment_plan"),
        ("admission", "assessment_plan"),
        ("discharge_summary", "hpi"),
        ("discharge_summary", "chief_complaint"),
        ("discharge_summary", "pmh"),
        ("discharge_summary", "admission_diagnosis"),
        ("consult", "problem_list"),
    ],
)
def test_what_the_admission_records_was_there(document: str, section: str, codebook: CodeBook) -> None:
    assert found(codebook, "J18.9", (document, section, "Pneumonia of the left lower lobe.", "Pneumonia")) is Y


@pytest.mark.parametrize(
    ("document", "section"),
    [
        ("progress_note_3", "hpi"),
        ("discharge_summary", "diagnosis"),
        ("discharge_summary", "hospital_course"),
        ("edema_consult", "assessment_plan"),
        ("erratum", "assessment_plan"),
        ("consult", "results"),
    ],
)
def test_other_places_tell_nothing(document: str, section: str, codebook: CodeBook) -> None:
    assert found(codebook, "J18.9", (document, section, "Pneumonia of the left lower lobe.", "Pneumonia")) is U


def test_a_note_of_the_admission_is_not_unsaid_by_a_later_one(codebook: CodeBook) -> None:
    early = ("h_and_p", "assessment_plan", "Pressure ulcer of the sacrum, stage 3.", "Pressure ulcer")
    late = ("nursing", "unknown", "Hospital-acquired pressure ulcer.", "pressure ulcer")
    assert found(codebook, "L89.153", early, late) is Y
    assert found(codebook, "L89.153", late) is N


def test_one_telling_quote_is_enough(codebook: CodeBook) -> None:
    silent = ("discharge_summary", "diagnosis", "Acute kidney injury.", "Acute kidney injury")
    telling = ("progress_note_4", "assessment_plan", "Kidney injury that came on hospital day 4.", "Kidney injury")
    assert found(codebook, "N17.9", silent) is U
    assert found(codebook, "N17.9", silent, telling) is N


def test_of_a_code_for_two_conditions_one_may_come_later(codebook: CodeBook) -> None:
    early = ("h_and_p", "pmh", "COPD.", "COPD")
    late = ("progress_note_4", "assessment_plan", "Exacerbation of COPD on hospital day 4.", "Exacerbation of COPD")
    assert found(codebook, "J44.1", early) is Y
    assert found(codebook, "J44.1", early, late) is N
    assert found(codebook, "J44.1", ("discharge_summary", "diagnosis", "COPD exacerbation.", "COPD")) is U


@pytest.mark.parametrize(
    "code",
    ["N18.4", "E11.9", "I10", "J44.9", "I25.10", "G20.A1", "C34.11", "C92.00", "D12.6", "B20", "F20.9", "I50.22"],
)
def test_a_chronic_disease_was_there_whenever_it_is_found(code: str, codebook: CodeBook) -> None:
    text = "The disease was found on hospital day 2."
    assert found(codebook, code, ("discharge_summary", "diagnosis", "The disease.", "disease")) is Y
    assert found(codebook, code, ("progress_note_2", "assessment_plan", text, "disease")) is Y


@pytest.mark.parametrize(
    "code", ["I50.23", "J44.1", "J45.902", "E11.10", "E11.649", "K25.4", "G40.901", "I82.401", "K70.41", "D57.00"]
)
def test_what_may_come_on_suddenly_is_not_chronic_by_its_title(code: str, codebook: CodeBook) -> None:
    assert found(codebook, code, ("discharge_summary", "diagnosis", "The disease.", "disease")) is U


@pytest.mark.parametrize(
    "code", ["Z79.4", "I25.2", "Q21.0", "Z38.00", "S72.001D", "M80.08XD", "V43.52XA", "Y92.010", "I69.351", "O80"]
)
def test_exempt_codes_take_no_indicator(code: str, codebook: CodeBook) -> None:
    place = ("discharge_summary", "hospital_course", "It developed on hospital day 3.", "It")
    assert is_exempt(node(codebook, code))
    assert found(codebook, code, place) is EXEMPT


@pytest.mark.parametrize("code", ["S72.001A", "M80.08XA", "W19.XXXA", "W19.XXXD", "I63.9", "Z33.1", "Y92.530", "A41.9"])
def test_what_may_happen_in_hospital_is_not_exempt(code: str, codebook: CodeBook) -> None:
    assert not is_exempt(node(codebook, code))


def test_a_sentence_goes_on_where_the_line_was_full(codebook: CodeBook) -> None:
    text = "After two doses of contrast the patient had an acute kidney\ninjury that began on hospital day 3."
    assert found(codebook, "N17.9", ("discharge_summary", "hospital_course", text, "kidney\ninjury")) is N


def test_a_list_is_read_line_by_line(codebook: CodeBook) -> None:
    text = "1. Pneumonia\n2. Hospital-acquired delirium"
    assert found(codebook, "J18.9", ("discharge_summary", "diagnosis", text, "Pneumonia")) is U
    assert found(codebook, "F05", ("discharge_summary", "diagnosis", text, "delirium")) is N


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Complete heart block 5/17, temporary wire.", N),
        ("Complete heart block 5/10, temporary wire.", Y),
        ("Complete heart block, temporary wire 5/17.", U),
        ("Complete heart block found 5/17.", U),
        ("Complete heart block with BP 20/40.", U),
    ],
)
def test_a_day_beside_a_condition_tells(text: str, wanted: Poa, codebook: CodeBook) -> None:
    documents = (
        Document(id="discharge_summary", text=f"Admitted 5/10/2026.\n{text}"),
        Document(id="progress_note", text="stable"),
    )
    encounter = Encounter(id="stay", setting=Setting.INPATIENT, documents=documents)
    start = documents[0].text.index("Complete heart block")
    evidence = Evidence(
        document="discharge_summary",
        start=start,
        end=start + len("Complete heart block"),
        text="Complete heart block",
        section="hospital_course",
        match=Match.EXACT,
        score=100,
    )
    assert poa_of(node(codebook, "I44.2"), (evidence,), encounter) is wanted


def test_what_is_new_in_a_later_note_arose_where_an_admission_note_has_it_not(codebook: CodeBook) -> None:
    later = ("progress_note", "text", "SIADH new today, fluid restriction.", "SIADH")
    admission = ("h_and_p", "text", "Weakness of both legs.", "Weakness")
    assert found(codebook, "E22.2", later) is U
    documents = [admission, later]
    texts = tuple(Document(id=name, text=text) for name, _, text, _ in documents)
    encounter = Encounter(id="stay", setting=Setting.INPATIENT, documents=texts)
    evidence = Evidence(
        document="progress_note", start=0, end=5, text="SIADH", section="text", match=Match.EXACT, score=100
    )
    assert poa_of(node(codebook, "E22.2"), (evidence,), encounter) is N
