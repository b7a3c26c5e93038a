"""The phrases of index files, in each form that is published."""

from __future__ import annotations

import pytest
from index_samples import DRUG_XML, EINDEX_XML, INDEX_CSV, INDEX_XML, NEOPLASM_XML

from agent.errors import SourceError
from codesets.phrases import read_index


def read(text: str) -> tuple[str, list[tuple[str, str]]]:
    kind, terms = read_index(text.encode(), path="sample")
    return kind, [tuple(term) for term in terms]


def test_main_index_xml() -> None:
    kind, terms = read(INDEX_XML)
    assert kind == "index"
    assert terms == [
        ("Diabetes", "E11.9"),
        ("diabetic", "E11.9"),
        ("Diabetes, with, nephropathy", "E11.21"),
        ("diabetic, with, nephropathy", "E11.21"),
        # "see" is followed, whatever number the reference uses
        ("Diabetes, brittle", "E11.21"),
        ("diabetic, brittle", "E11.21"),
        # a reference to nothing (condition), to two entries (Twin) or to itself gives no phrase
        ("Sugar sickness", "E11.9"),
        ("Twin", "O30.00-"),
        ("Twin", "Z37.2"),
        ("Wound, open, duct", "S01.00X-"),
        ("duct", "T81.4XX-"),
        ("passage", "T81.4XX-"),
        ("Pair", "E08.36"),
    ]


def test_main_index_csv() -> None:
    kind, terms = read(INDEX_CSV)
    assert kind == "index"
    assert ("Diabetes, with, nephropathy", "E11.21") in terms
    assert ("Diabetes, brittle", "E11.21") in terms
    assert ("Sugar sickness", "E11.9") in terms


def test_table_of_neoplasms() -> None:
    kind, terms = read(NEOPLASM_XML)
    assert kind == "neoplasm"
    assert terms == [
        ("Neoplasm, malignant", "C80.1"),
        ("Neoplasm, thumbnail, malignant", "C44.6-"),
        ("Neoplasm, thumbnail, secondary malignant", "C79.2"),
        ("Neoplasm, thumbnail, benign", "D23.6-"),
        ("Neoplasm, thumbnail, uncertain behavior", "D48.5"),
        ("Neoplasm, thumbnail", "D49.2"),
    ]


def test_table_of_drugs() -> None:
    kind, terms = read(DRUG_XML)
    assert kind == "drug"
    assert terms[0] == ("Wonderdrug, poisoning, accidental", "T39.1X1")
    assert terms[-1] == ("Wonderdrug, adverse effect", "T39.1X5")
    assert len(terms) == 5


def test_external_cause_index() -> None:
    assert read(EINDEX_XML) == ("eindex", [("Struck by, snowglobe", "W20.8"), ("Struck by, thunderbolt", "T75.0")])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "neither XML nor a CSV file"),
        ("Term,Code\nx,A00\n", "neither XML nor a CSV file"),
        ("<ICD10CM.index><version>2026</version></ICD10CM.index>", "its root ICD10CM.index is no index"),
        ("<ICD10CM.tabular><chapter/></ICD10CM.tabular>", "its root ICD10CM.tabular is no index"),
        ("<ICD10CM.index><letter>", "not readable XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><ICD10CM.index/>', "declares a document type"),
        (INDEX_XML.replace("<title>brittle</title>", ""), "a term below Diabetes, diabetic has no title"),
        (INDEX_CSV.replace("3,D,2", "3,D,7"), "line 4 has no level that follows"),
        (INDEX_CSV.replace("3,D,2", "3,D,two"), "line 4 has no level that follows"),
        (INDEX_CSV.partition("\n")[0], "leads to no code at all"),
    ],
)
def test_other_files_are_refused_with_what_was_expected(text: str, what: str) -> None:
    with pytest.raises(SourceError, match=what) as caught:
        read(text)
    assert caught.value.path == "sample"


def test_text_in_another_encoding_is_refused_with_its_byte() -> None:
    with pytest.raises(SourceError, match=r"byte 3\b"):
        read_index(b"abc\xe9", path="sample")
