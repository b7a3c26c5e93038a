"""The code book of the current edition."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from agent.codebook import CodeBook
from agent.config import Settings
from agent.errors import UnknownCode
from agent.words import Vocabulary


def codes(found: object) -> list[str]:
    return [item.code for item in found]  # type: ignore[attr-defined]


def test_edition(codebook: CodeBook) -> None:
    assert codebook.edition.system == "ICD-10-CM"
    assert codebook.edition.edition == "April 2026"
    assert codebook.edition.effective == (date(2026, 4, 1), date(2026, 9, 30))
    assert len(codebook.edition.sha256) == 64


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        (date(2026, 3, 31), False),
        (date(2026, 4, 1), True),
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),
    ],
)
def test_valid_on(codebook: CodeBook, day: date, valid: bool) -> None:
    assert codebook.valid_on(day) is valid


def test_counts(codebook: CodeBook) -> None:
    everything = list(codebook.codes())
    kinds = Counter(code.kind for code in everything)
    assert kinds["chapter"] == 22
    assert kinds["block"] == 297
    assert sum(code.billable for code in everything) == kinds["code"] == 74_719
    assert sum(1 for code in everything if code.kind not in ("chapter", "block") and not code.seventh) == 46_881
    assert len({code.code for code in everything}) == len(everything)
    parents = {code.parent for code in everything}
    assert [code.code for code in everything if code.billable and code.code in parents] == []
    assert [code.code for code in everything if not code.billable and code.code not in parents] == [
        code.code for code in everything if code.kind == "block" and code.code not in parents
    ]


def test_codes_that_begin_with_two_letters(codebook: CodeBook) -> None:
    two = [code.code for code in codebook.codes() if code.billable and code.code[:2].isalpha()]
    assert len(two) == 13
    assert two[0] == "QA0.0101"
    assert codebook.is_billable("QA00101")
    assert codes(codebook.parents("QA0.8")) == ["QA0", "QA0-QA0", "17"]


@pytest.mark.parametrize("asked", ["E11.9", "e119", " E119 ", "e11.9", "E11.9-"])
def test_get_takes_a_code_as_people_write_it(codebook: CodeBook, asked: str) -> None:
    code = codebook.get(asked)
    assert code is not None
    assert code.code == "E11.9"
    assert code.title == "Type 2 diabetes mellitus without complications"
    assert (code.kind, code.billable, code.parent, code.seventh, code.base) == ("code", True, "E11", "", "E11.9")


@pytest.mark.parametrize("asked", ["", ".", "-", "E", "E11.99", "Z99.999", "not a code", "E11.9\x00", "٣", "E11-9"])
def test_get_of_what_is_no_code_is_none(codebook: CodeBook, asked: str) -> None:
    assert codebook.get(asked) is None
    assert not codebook.is_billable(asked)


def test_headers_chapters_and_blocks(codebook: CodeBook) -> None:
    kinds = {asked: codebook.get(asked) for asked in ("E11", "E11.2", "I10", "E08-E13", "4", "E11.-")}
    assert {asked: code and code.kind for asked, code in kinds.items()} == {
        "E11": "category",
        "E11.2": "subcategory",
        "I10": "code",
        "E08-E13": "block",
        "4": "chapter",
        "E11.-": "category",
    }
    assert not codebook.is_billable("E11")
    # a block of one category has a name of its own
    assert codes(codebook.parents("B20")) == ["B20-B20", "1"]
    assert codes(codebook.children("B20-B20")) == ["B20"]


def test_every_expanded_code_has_its_base_and_the_meaning_of_its_character(codebook: CodeBook) -> None:
    expanded = [code for code in codebook.codes() if code.seventh]
    assert len(expanded) == 51_305
    for code in expanded:
        base = codebook.get(code.base)
        assert base is not None
        assert code.title.startswith(f"{base.title}, ")
        assert code.code.replace(".", "") == base.code.replace(".", "").ljust(6, "X") + code.seventh


@pytest.mark.parametrize(
    ("code", "base", "end"),
    [
        ("S52.521A", "S52.521", ", initial encounter for closed fracture"),
        ("T36.0X1D", "T36.0X1", ", subsequent encounter"),
        ("S01.00XA", "S01.00", ", initial encounter"),
        ("W19.XXXS", "W19", ", sequela"),
        ("E08.3211", "E08.321", ", right eye"),
        ("O31.01X2", "O31.01", ", fetus 2"),
    ],
)
def test_placeholders(codebook: CodeBook, code: str, base: str, end: str) -> None:
    found = codebook.get(code)
    assert found is not None
    assert found.base == base
    assert found.title.endswith(end)


def test_seventh_characters(codebook: CodeBook) -> None:
    for asked in ("S06.1X7", "S06.1X7A", "S06.1X8"):
        assert [one.character for one in codebook.seventh_characters(asked)] == ["A"]
    assert codebook.get("S06.1X7D") is None
    assert [one.character for one in codebook.seventh_characters("S06.0X0A")] == ["A", "D", "S"]
    assert [tuple(one) for one in codebook.seventh_characters("S06")] == [
        ("A", "initial encounter", "S06"),
        ("D", "subsequent encounter", "S06"),
        ("S", "sequela", "S06"),
    ]
    # the nearest definition holds alone
    assert {one.at for one in codebook.seventh_characters("S12.9XXA")} == {"S12.9"}
    assert len(codebook.seventh_characters("S52.501")) == 16
    assert codebook.seventh_characters("E11.9") == ()


def test_parents_children_siblings(codebook: CodeBook) -> None:
    assert codes(codebook.parents("S06.0X1A")) == ["S06.0X1", "S06.0X", "S06.0", "S06", "S00-S09", "19"]
    assert codes(codebook.parents("C50.911")) == ["C50.91", "C50.9", "C50", "C50-C50", "C00-C75", "C00-C96", "2"]
    assert codebook.parents("4") == ()
    assert codes(codebook.children("E11.2")) == ["E11.21", "E11.22", "E11.29"]
    assert codebook.children("E11.21") == ()
    assert codes(codebook.siblings("E11.22")) == ["E11.21", "E11.29"]
    assert codes(codebook.siblings("S06.0X1A")) == ["S06.0X1D", "S06.0X1S"]
    assert "1" in codes(codebook.siblings("22"))


def test_notes_are_inherited_with_where_they_stand(codebook: CodeBook) -> None:
    notes = codebook.notes("S06.0X1A")
    assert [(note.kind, note.at) for note in notes][:3] == [
        ("inclusion", "S06.0X1"),
        ("excludes1", "S06.0"),
        ("includes", "S06"),
    ]
    assert ("excludes1", "head injury NOS (S09.90)", "S06") in notes
    assert any(note.at == "S00-S09" for note in notes)
    assert any(note.at == "19" for note in notes)
    assert codebook.notes("S06.0X1") == notes
    order = [*codes([codebook.get("S06.0X1")]), *codes(codebook.parents("S06.0X1"))]
    places = [order.index(note.at) for note in notes]
    assert places == sorted(places)


def test_inclusion_terms_are_not_inherited_but_by_expanded_codes(codebook: CodeBook) -> None:
    assert any(note.kind == "inclusion" for note in codebook.notes("S06.0"))
    assert {note.at for note in codebook.notes("S06.0X1A") if note.kind == "inclusion"} == {"S06.0X1"}
    assert [note.text for note in codebook.inclusions("S06.0X1A")] == ["Concussion with brief loss of consciousness"]
    assert codebook.inclusions("I50.9") != ()
    assert codebook.inclusions("4") == ()


def test_every_kind_of_note_is_there(codebook: CodeBook) -> None:
    kinds = Counter(
        note.kind for code in codebook.codes() for note in codebook.notes(code.code) if note.at == code.code
    )
    assert kinds == {
        "inclusion": 12_574,
        "excludes1": 5_407,
        "excludes2": 2_520,
        "use_additional": 1_485,
        "includes": 1_024,
        "code_first": 809,
        "code_also": 655,
        "seventh_character": 516,
        "note": 186,
    }


@pytest.mark.parametrize("method", ["parents", "children", "siblings", "notes", "inclusions", "seventh_characters"])
def test_unknown_codes_name_the_nearest(codebook: CodeBook, method: str) -> None:
    with pytest.raises(
        UnknownCode, match=r"E11\.98 is no code of ICD-10-CM April 2026; the nearest is E11\.9 \(Type 2"
    ) as caught:
        getattr(codebook, method)("E11.98")
    assert caught.value.code == "E11.98"
    with pytest.raises(UnknownCode, match="chartproof codes search"):
        getattr(codebook, method)("heart")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("type 2 diabetes with diabetic chronic kidney disease", "E11.22"),
        ("chronic kidney disease, stage 3b", "N18.32"),
        ("kidney disease chronic stage IV", "N18.4"),
        ("oedema of the lower limbs", "R60.0"),
        ("CHF", "I50.9"),
        ("chf", "I50.9"),
        ("UTI", "N39.0"),
        ("GERD", "K21.9"),
        ("afib", "I48.91"),
        ("HTN", "I10"),
        ("heart attack", "I21.9"),
        ("high blood pressure", "I10"),
        ("kidney stones", "N20.0"),
        ("pink eye", "H10.9"),
        ("multiple sclerosis", "G35.D"),
        ("Russian spring-summer encephalitis", "A84.0"),
        ("right knee osteoarthritis", "M17.11"),
        ("pneumonai", "J18.9"),
        ("dizzyness", "R42"),
        ("fall from ladder", "W11"),
    ],
)
def test_search_finds(codebook: CodeBook, query: str, code: str) -> None:
    assert code in codes(codebook.search(query))[:5]


def test_hits(codebook: CodeBook) -> None:
    hits = codebook.search("acute appendicitis", 7)
    assert len(hits) == 7
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[-1] <= scores[0] <= 1
    assert len(set(codes(hits))) == 7
    for hit in hits:
        found = codebook.get(hit.code)
        assert found is not None
        assert (hit.title, hit.billable) == (found.title, found.billable)
        assert hit.text
    assert codebook.search("acute appendicitis", 3) == hits[:3]


@pytest.mark.parametrize("query", ["", " ", "the of and", "\x00", "???", "qqqqq zzzzz"])
def test_search_for_nothing_finds_nothing(codebook: CodeBook, query: str) -> None:
    assert codebook.search(query) == ()


def test_search_many_is_search_for_each(codebook: CodeBook) -> None:
    queries = ["gout", "", "left hip fracture", "gout"]
    assert codebook.search_many(queries, 4) == tuple(codebook.search(query, 4) for query in queries)


def test_terms(codebook: CodeBook) -> None:
    terms = codebook.terms()
    assert {term.source for term in terms} >= {"title", "inclusion", "lexicon"}
    known = {code.code: code for code in codebook.codes()}
    assert all(term.code in known for term in terms)
    assert not any(known[term.code].seventh for term in terms if term.source != "lexicon")
    assert {known[term.code].kind for term in terms if term.source == "title"} == {"category", "subcategory", "code"}
    title = next(term for term in terms if term.code == "E11.9" and term.source == "title")
    assert title.bag == " ".join(Vocabulary.load().bag("type 2 diabetes without complications"))


def test_sources_say_what_the_table_was_made_from(codebook: CodeBook) -> None:
    lines = codebook.sources()
    assert any("74,719 billable codes" in line for line in lines)
    assert any("lexicon" in line for line in lines)


def test_threads_share_a_book(settings: Settings, codebook: CodeBook) -> None:
    fresh = CodeBook.open(settings)
    work = [
        lambda: fresh.get("I10"),
        lambda: fresh.notes("E11.22"),
        lambda: fresh.search("copd with acute exacerbation"),
        lambda: len(fresh.terms()),
        lambda: fresh.children("S52.5"),
        lambda: fresh.seventh_characters("S52.501"),
        lambda: fresh.sources(),
    ] * 6
    with ThreadPoolExecutor(8) as pool:
        results = [future.result() for future in [pool.submit(task) for task in work]]
    assert all(results[number] == results[number % 7] for number in range(len(results)))
    assert results[2] == codebook.search("copd with acute exacerbation")
    fresh.close()
