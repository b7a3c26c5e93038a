"""The files of codesets/lexicon as an editor leaves them: well formed, of the edition, and never of two minds."""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files

import pytest

from agent.codebook import CodeBook
from agent.notes import headings
from agent.words import Vocabulary, read_lexicon
from codesets.lexicon import lexicon_terms

FOLDER = files("codesets") / "lexicon"
COLUMNS = {
    "abbreviations.tsv": ["abbreviation", "expansion", "when", "note"],
    "drugs.tsv": ["drug", "codes", "note"],
    "history.tsv": ["condition", "history", "note"],
    "words.tsv": ["word", "canonical", "kind"],
}
TERMS = ["term", "code", "kind"]
NAMES = sorted(item.name for item in FOLDER.iterdir() if item.name.endswith(".tsv"))
KINDS = {"clinical", "default", "eponym", "lay", "procedure_history", "status"}
DEAD = {"I64"}
"""In history.tsv, but a code of ICD-10 that ICD-10-CM does not have; to be taken out of both."""

NOTES = {"ambiguous", "anycase", "exactcase"}


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").split("\n")


@pytest.fixture(scope="module")
def starts(codebook: CodeBook) -> frozenset[str]:
    """The beginnings of all codes."""
    codes = [code.code for code in codebook.codes() if code.kind not in ("chapter", "block")]
    return frozenset(code[:length] for code in codes for length in range(1, len(code) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_a_file_has_its_columns_and_no_stray_space(name: str) -> None:
    header, *rest = [line for line in lines(name) if not line.startswith("#")]
    columns = COLUMNS.get(name, TERMS)
    assert header.split("\t") == columns
    assert rest[-1] == "", "a file ends with a line's end"
    for line in rest[:-1]:
        assert line.strip(), "no blank lines: a remark says what follows"
        cells = line.split("\t")
        assert len(cells) <= len(columns), line
        assert all(cell == cell.strip() for cell in cells), repr(line)
        assert cells[0] and "\r" not in line and "\u00a0" not in line, repr(line)


def test_every_term_has_a_code_of_the_edition_and_a_known_kind(codebook: CodeBook) -> None:
    terms = lexicon_terms()
    for term in terms:
        code = codebook.get(term.code)
        assert code is not None and code.kind not in ("chapter", "block"), term
        assert term.code == code.code, f"{term} is not written as the table writes it"
        assert term.kind in KINDS, term
    assert len(terms) >= 1500


def test_no_term_stands_twice() -> None:
    count: dict[str, int] = defaultdict(int)
    for term in lexicon_terms():
        count[term.text] += 1
    assert sorted(text for text, number in count.items() if number > 1) == []


def test_no_phrase_leads_to_two_codes() -> None:
    """Compared as the engine compares them: without order, plurals and spelling."""
    vocabulary = Vocabulary.load()
    codes: dict[frozenset[str], set[tuple[str, str]]] = defaultdict(set)
    for term in lexicon_terms():
        codes[frozenset(vocabulary.bag(term.text))].add((term.code, term.text))
    torn = [sorted(found) for found in codes.values() if len({code for code, _ in found}) > 1]
    assert torn == []


def test_every_term_has_words() -> None:
    vocabulary = Vocabulary.load()
    assert [term for term in lexicon_terms() if not vocabulary.bag(term.text)] == []


def test_a_past_condition_becomes_a_billable_code_of_history(codebook: CodeBook, starts: frozenset[str]) -> None:
    rows = list(read_lexicon("history.tsv"))
    assert rows
    assert len({row["condition"] for row in rows}) == len(rows)
    for row in rows:
        assert row["condition"] in starts | DEAD, row
        history = codebook.get(row["history"])
        assert history is not None and history.billable, row
        assert history.code.startswith(("Z8", "Z9", "I25.2", "O")), row


def test_every_drug_treats_something(starts: frozenset[str]) -> None:
    rows = list(read_lexicon("drugs.tsv"))
    assert rows
    names = [row["drug"] for row in rows]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    for row in rows:
        assert row["drug"] == row["drug"].lower(), row
        codes = row["codes"].split("|")
        assert codes and len(set(codes)) == len(codes), row
        for code in codes:
            assert code in starts, f"{row['drug']}: no code begins with {code!r}"


def test_abbreviations_say_when_they_hold() -> None:
    sections = set(headings().values()) | {"text"}
    seen: set[tuple[str, str, str]] = set()
    for row in read_lexicon("abbreviations.tsv"):
        assert row["expansion"], row
        assert set(row["note"].split()) <= NOTES, row
        assert not {"anycase", "exactcase"} <= set(row["note"].split()), row
        key = (row["abbreviation"], row["expansion"], row["when"])
        assert key not in seen, row
        seen.add(key)
        for part in row["when"].split("|"):
            assert part == part.strip() and (part or not row["when"]), row
            if part.startswith("section:"):
                assert part.removeprefix("section:") in sections, f"{row['abbreviation']}: no section is called {part}"


def test_an_abbreviation_with_two_meanings_is_marked_as_ambiguous() -> None:
    meanings: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read_lexicon("abbreviations.tsv"):
        meanings[row["abbreviation"]].append(row)
    unmarked = {
        short
        for short, rows in meanings.items()
        if len({row["expansion"] for row in rows}) > 1 and not all("ambiguous" in row["note"] for row in rows)
    }
    assert sorted(unmarked) == []


def test_an_abbreviation_has_one_meaning_at_most_without_a_condition() -> None:
    safe: dict[str, set[str]] = defaultdict(set)
    for row in read_lexicon("abbreviations.tsv"):
        if not [part for part in row["when"].split("|") if part and not part.startswith("!")]:
            safe[row["abbreviation"]].add(row["expansion"])
    assert {short: said for short, said in safe.items() if len(said) > 1} == {}


def test_words_have_one_normal_form_each() -> None:
    forms: dict[str, set[str]] = defaultdict(set)
    for row in read_lexicon("words.tsv"):
        assert row["canonical"] and row["kind"], row
        assert row["word"] == row["word"].lower(), row
        forms[row["word"]].add(row["canonical"])
    assert {word: found for word, found in forms.items() if len(found) > 1} == {}


def test_a_normal_form_is_not_itself_made_into_another() -> None:
    """Else "a" would become "b" in a note and "c" in a title, and the two would never meet."""
    vocabulary = Vocabulary.load()
    torn = [
        (row["word"], row["canonical"])
        for row in read_lexicon("words.tsv")
        if " " not in row["word"] and set(vocabulary.bag(row["canonical"])) != set(vocabulary.bag(row["word"]))
    ]
    assert torn == []
