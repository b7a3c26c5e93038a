"""The lexicon as the table takes it in."""

from __future__ import annotations

from agent.codebook import CodeBook
from codesets.lexicon import abbreviations, lexicon_terms


def test_every_term_leads_to_a_code_of_the_edition(codebook: CodeBook) -> None:
    terms = lexicon_terms()
    codes = {code.code for code in codebook.codes()}
    assert [term for term in terms if term.code not in codes] == []
    assert len(terms) >= 1500


def test_the_table_has_all_of_it(codebook: CodeBook) -> None:
    in_table = [(term.text, term.code, term.kind) for term in codebook.terms() if term.source == "lexicon"]
    assert in_table == [tuple(term) for term in lexicon_terms()]


def test_abbreviations_have_readings() -> None:
    readings = {(reading.short, reading.expansion) for reading in abbreviations()}
    assert ("CHF", "congestive heart failure") in readings
