"""Index files that a user adds: told by their content, kept by it, and read into the next table."""

from __future__ import annotations

from pathlib import Path

import pytest
from index_samples import DRUG_XML, EINDEX_XML, INDEX_CSV, INDEX_XML, NEOPLASM_XML

from agent.codebook import CodeBook
from agent.config import Settings
from agent.errors import CodeTableError, SourceError
from codesets.added import added_files
from codesets.build import add


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_what_was_added_is_found_in_the_next_table(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path / "cache")
    for number, text in enumerate((INDEX_XML, NEOPLASM_XML, DRUG_XML, EINDEX_XML)):
        assert add(file(tmp_path, f"{number}.bin", text), settings).startswith("added the ")
    book = CodeBook.open(settings)
    found = {(term.text, term.code, term.source) for term in book.terms()}
    assert ("Diabetes, brittle", "E11.21", "index") in found
    assert ("Neoplasm, thumbnail, benign", "D23.6", "neoplasm") in found
    assert ("Wonderdrug, adverse effect", "T39.1X5", "drug") in found
    assert ("Struck by, snowglobe", "W20.8", "eindex") in found
    # as printed, with an X for an empty place and a dash for more characters
    assert ("Wound, open, duct", "S01.00", "index") in found
    assert ("duct", "T81.4", "index") in found
    assert book.search("struck by a snowglobe")[0].code == "W20.8"
    assert book.search("adverse effect of wonderdrug")[0].source == "drug"
    assert any(line.startswith("External Cause of Injuries Index") and " 2 phrases" in line for line in book.sources())
    book.close()


def test_one_of_a_kind_is_kept_and_the_newer_replaces_it(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path / "cache")
    assert "in place of" not in add(file(tmp_path, "a.xml", INDEX_XML), settings)
    add(file(tmp_path, "b.xml", EINDEX_XML), settings)
    assert "in place of" in add(file(tmp_path, "c.csv", INDEX_CSV), settings)
    assert [(added.kind, added.path.suffix) for added in added_files(settings)] == [
        ("eindex", ".xml"),
        ("index", ".csv"),
    ]
    add(file(tmp_path, "c.csv", INDEX_CSV), settings)
    assert len(list((settings.cache / "added").iterdir())) == 2


def test_other_files_are_refused_and_not_kept(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path / "cache")
    with pytest.raises(SourceError, match="What can be added: the Alphabetic Index"):
        add(file(tmp_path, "index.xml", "<html/>"), settings)
    with pytest.raises(SourceError, match="No such file"):
        add(tmp_path / "missing.xml", settings)
    with pytest.raises(SourceError, match="Is a directory"):
        add(tmp_path, settings)
    assert added_files(settings) == []


def test_a_cache_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(CodeTableError, match="CHARTPROOF_CACHE"):
        add(file(tmp_path, "a.csv", INDEX_CSV), Settings(cache=tmp_path / "cache"))


def test_a_kept_file_that_was_damaged_is_refused_with_the_mend(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path / "cache")
    add(file(tmp_path, "a.csv", INDEX_CSV), settings)
    kept = added_files(settings)[0].path
    kept.write_text("other", encoding="utf-8")
    with pytest.raises(SourceError, match="is damaged. Remove it, or add it again"):
        CodeBook.open(settings)
    kept.unlink()
    assert added_files(settings) == []
