"""Relations: the notes that hold for a code, which two exclude each other, and which code is never first."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import cast

import pytest

from agent.codebook import Code, CodeBook, Note
from agent.config import Settings
from agent.errors import UnknownCode
from agent.rules import relation
from agent.rules.relation import KINDS, allowed, excludes1, is_manifestation, partners, read_relation, relations
from evals import excludes


class Shelf:
    """A code book of one block, with notes of our own: A00-A09, its categories, and what stands below A01."""

    def __init__(self, *notes: Note) -> None:
        self._notes = notes

    def get(self, code: str) -> Code | None:
        parent, seventh = (code[:-1], code[-1]) if len(code) == 8 else ("", "")
        return Code(code, f"title of {code}", "code", parent, 0, seventh)

    def notes(self, code: str) -> tuple[Note, ...]:
        return tuple(note for at in (code, code[:3], "A00-A09") for note in self._notes if note.at == at)


def shelf(*notes: Note) -> CodeBook:
    return cast(CodeBook, Shelf(*notes))


# -- relations ---------------------------------------------------------------------------------------------------------


def test_a_note_becomes_a_relation() -> None:
    found = read_relation(Note("excludes1", "gestational diabetes (O24.4-)", "E08"))
    assert (found.kind, found.at, str(found.codes), found.unread) == ("excludes1", "E08", "(O24.4)", "")
    assert found.text == "gestational diabetes (O24.4-)"
    assert found.names("O24.410") and not found.names("O24.3")


def test_a_note_of_words_alone_names_nothing() -> None:
    found = read_relation(Note("code_first", "underlying disease, such as:", "I43"))
    assert found.codes is None and not found.names("I43") and not found.conditional


def test_what_cannot_be_read_is_told() -> None:
    assert read_relation(Note("excludes2", "x (E08-E13 with gangrene)", "I96")).unread == "E08-E13 with gangrene"


def test_relations_come_from_the_code_up_to_its_chapter(codebook: CodeBook) -> None:
    found = relations(codebook, "E10.21")
    line = ["E10.21", *(code.code for code in codebook.parents("E10.21"))]
    places = [line.index(one.at) for one in found]
    assert places == sorted(places)
    assert found[0].at == "E10" and found[-1].at == "4"
    assert {one.kind for one in found} <= KINDS


def test_an_added_seventh_character_changes_no_relation(codebook: CodeBook) -> None:
    assert relations(codebook, "s060x1a") == relations(codebook, "S06.0X1") == relations(codebook, "S06.0X1D")


def test_partners_are_the_relations_of_one_kind(codebook: CodeBook) -> None:
    first = partners(codebook, "F02.80", "code_first")
    assert {one.kind for one in first} == {"code_first"}
    assert any(one.names("G30.9") for one in first) and not any(one.names("I10") for one in first)
    more = partners(codebook, "I11.0", "use_additional")
    assert any(one.names("I50.22") for one in more)


@pytest.mark.parametrize("ask", [relations, is_manifestation, lambda book, code: excludes1(book, "I10", code)])
def test_a_code_that_is_none_is_refused(ask: object, codebook: CodeBook) -> None:
    assert callable(ask)
    with pytest.raises(UnknownCode, match="E11.999"):
        ask(codebook, "E11.999")


def test_what_is_kept_goes_with_its_book() -> None:
    book = shelf(Note("excludes1", "typhoid (A01.0)", "A00"))
    assert relations(book, "A00")
    gone = weakref.ref(book)
    del book
    gc.collect()
    assert gone() is None


def test_two_books_do_not_share_what_is_kept() -> None:
    one, other = shelf(Note("excludes1", "x (A01)", "A00")), shelf(Note("excludes2", "x (A01)", "A00"))
    assert [relations(book, "A00")[0].kind for book in (one, other, one)] == ["excludes1", "excludes2", "excludes1"]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relation, "_KEPT", 3)
    book = shelf(Note("excludes1", "x (A01)", "A00-A09"))
    for code in ("A00", "A02", "A03", "A04", "A05"):
        assert relations(book, code)
        assert len(relation._books[book]) <= 3


def test_threads_read_the_same(codebook: CodeBook) -> None:
    codes = [code.code for code in codebook.codes() if code.billable][::200]
    pairs = list(combinations(codes[:60], 2))
    relation._books.pop(codebook, None)

    def ask(_: int) -> list[relation.Relation | None]:
        return [excludes1(codebook, *pair) for pair in pairs]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert all(answer == answers[0] for answer in answers)


# -- Excludes1 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "at"),
    [
        ("E10.9", "E11.9", "E10"),
        ("e109", "E11.65", "E10"),
        ("J96.00", "R06.00", "R06"),
        ("N62", "E31.21", "E20-E35"),
        ("R44.0", "F11.151", "R44"),
        ("L99", "E11.620", "L99"),
        ("R29.810", "I69.392", "R29.810"),
        ("M10.9", "M1A.9XX0", "M1A"),
        ("S01.01XA", "S02.0XXB", "S01"),
        ("J18.9", "P23.0", "J18"),
    ],
)
def test_a_pair_is_forbidden_in_either_order(one: str, other: str, at: str, codebook: CodeBook) -> None:
    for pair in ((one, other), (other, one)):
        found = excludes1(codebook, *pair)
        assert found is not None and found.kind == "excludes1"
        assert codebook.get(found.at) is not None
    first = {found.at for pair in ((one, other), (other, one)) if (found := excludes1(codebook, *pair)) is not None}
    assert at in first


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("E11.9", "I10"),
        ("E11.9", "E11.9"),
        ("E11.9", "e119"),
        ("S06.0X1A", "S06.0X1D"),
        ("R44.0", "F11.120"),
        ("L99", "E11.9"),
        ("R29.810", "I69.351"),
        ("S01.01XA", "S02.0XXA"),
        ("J60", "A15.0"),
        ("J44.9", "J44.0"),
        ("E11.22", "N18.30"),
    ],
)
def test_a_pair_is_not_forbidden(one: str, other: str, codebook: CodeBook) -> None:
    assert excludes1(codebook, one, other) is None
    assert excludes1(codebook, other, one) is None


def test_of_several_notes_it_is_the_nearest_to_the_first_code() -> None:
    book = shelf(
        Note("excludes1", "of the block (A02)", "A00-A09"),
        Note("excludes1", "of the code (A02.1)", "A00"),
        Note("excludes1", "the other way (A00)", "A02"),
    )
    texts = [found.text for pair in (("A00", "A02.1"), ("A02.1", "A00")) if (found := excludes1(book, *pair))]
    assert texts == ["of the code (A02.1)", "the other way (A00)"]


def test_a_block_that_names_codes_of_its_own_sets_them_apart_from_the_rest() -> None:
    book = shelf(Note("excludes1", "this goes to (A01-A02)", "A00-A09"))
    assert excludes1(book, "A03.9", "A01.1") is not None
    assert excludes1(book, "A01.1", "A03.9") is not None
    assert excludes1(book, "A01.1", "A02.0") is None
    assert excludes1(book, "A03.9", "A04.0") is None


def test_two_encounters_of_one_condition_do_not_exclude_each_other() -> None:
    book = shelf(Note("excludes1", "later care (A01.- with 7th character D)", "A00-A09"))
    assert excludes1(book, "A02.1XXA", "A01.1XXD") is not None
    assert excludes1(book, "A01.1XXA", "A01.1XXD") is None


def test_the_same_in_the_tabular_list(codebook: CodeBook) -> None:
    """Basophilia, D72.824, is named by a note at D72, above it."""
    found = excludes1(codebook, "D72.824", "D72.0")
    assert found is not None and found.at == "D72"
    assert excludes1(codebook, "D72.824", "D72.824") is None
    assert excludes1(codebook, "D72.0", "D72.821") is None


def test_a_note_that_is_narrowed_in_a_way_nobody_knows_forbids_nothing() -> None:
    book = shelf(Note("excludes1", "x (A01 with gangrene)", "A00"))
    assert excludes1(book, "A00", "A01") is None


def test_notes_that_codes_alone_cannot_settle_say_so(codebook: CodeBook) -> None:
    fever, effect = excludes1(codebook, "I01.0", "I05.0"), excludes1(codebook, "I10", "T88.7XXA")
    assert fever is not None and fever.conditional
    assert effect is not None and effect.conditional
    plain = excludes1(codebook, "E10.9", "E11.9")
    assert plain is not None and not plain.conditional


@pytest.mark.parametrize(
    ("one", "other", "text"),
    [
        ("M1A.9XX0", "M10.9", "acute gout (M10.-)"),
        ("C50.911", "D05.11", "malignant neoplasm of breast (C50.-)"),
        ("E10.9", "E11.9", None),
        ("J18.9", "J70.2", None),
        ("E11.9", "I10", None),
    ],
)
def test_an_excludes2_note_of_the_same_codes_at_the_same_node_allows_them(
    one: str, other: str, text: str | None, codebook: CodeBook
) -> None:
    for pair in ((one, other), (other, one)):
        found = allowed(codebook, *pair)
        assert (found and found.text) == text
        assert found is None or found.kind == "excludes2"


# -- manifestations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["F02.80", "G63", "I43", "E08.9", "R50.81", "Z91.83", "N48.32", "M63.811", "j17"])
def test_a_manifestation_is_never_first(code: str, codebook: CodeBook) -> None:
    assert is_manifestation(codebook, code)


@pytest.mark.parametrize(
    "code",
    ["I10", "E11.42", "B95.61", "B97.4", "M14.671", "Y90.1", "I50.22", "F06.31", "R06.89", "S72.001A"],
)
def test_others_may_be_first(code: str, codebook: CodeBook) -> None:
    assert not is_manifestation(codebook, code)


# -- the measurement ---------------------------------------------------------------------------------------------------


def test_nearly_every_note_with_codes_is_read_whole(codebook: CodeBook) -> None:
    lines = list(excludes.read_share(codebook))
    (total,) = [line for line in lines if line.startswith("| all |")]
    named, whole = (int(cell.replace(",", "")) for cell in total.split("|")[2:4])
    assert named > 9_900 and whole / named > 0.998


def test_every_pair_of_a_plain_reading_is_found(codebook: CodeBook) -> None:
    pairs, _ = excludes.build(codebook)
    assert len(pairs) > 5_000
    missed = [pair for pair in pairs if not _both(codebook, (pair.one, pair.other))]
    assert missed == []


def _both(book: CodeBook, pair: Sequence[str]) -> bool:
    return excludes1(book, *pair) is not None and excludes1(book, *reversed(pair)) is not None


def test_the_command_prints_each_forbidden_pair_with_its_note(
    tmp_path: Path,
    codebook: CodeBook,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "aci").mkdir()
    (tmp_path / "codiesp" / "dev" / "text_files_en").mkdir(parents=True)
    labels = [{"code": code} for code in ("E10.9", "E11.9", "I10", "E11")]
    row = {"encounter_id": "a", "note": "Diabetes of two kinds.", "amazon_codes": labels}
    (tmp_path / "aci" / "aci_dev_67.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (tmp_path / "codiesp" / "dev" / "devD.tsv").write_text("b\tr52\nb\tr07.9\n", encoding="utf-8")
    (tmp_path / "codiesp" / "dev" / "text_files_en" / "b.txt").write_text("Pain.", encoding="utf-8")
    monkeypatch.setenv("CHARTPROOF_CACHE", str(settings.cache))
    monkeypatch.setattr(excludes, "CLAIMS", 3)
    assert excludes.main([str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "4 of 4 distinct pairs; 2 are forbidden (50.0%)." in printed
    assert "- E10.9 (Type 1 diabetes mellitus without complications) with E11.9 (" in printed
    assert "Excludes1 at E10 (Type 1 diabetes mellitus): type 2 diabetes mellitus (E11.-) (aci a)" in printed
    assert "| again |" in printed
    assert "no DATA" in "\n".join(excludes.gold_pairs(codebook, None))
