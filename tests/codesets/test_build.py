"""Builds: whole or not at all, by several processes at once, on bad disks and from damaged files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from small_edition import TABULAR, edition

from agent.codebook import CodeBook
from agent.config import Settings
from agent.errors import CodeTableError, SourceError
from codesets import build, store
from codesets.editions import Edition

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edition:
    """A small edition in the place of the current one."""
    monkeypatch.syspath_prepend(tmp_path / "package")
    sample = edition(tmp_path / "package")
    monkeypatch.setattr(store, "CURRENT", sample)
    return sample


@pytest.fixture
def cache(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache")


def built(settings: Settings, small: Edition) -> tuple[Path, list[str]]:
    """The path of a table that was built and closed, and a list for progress lines."""
    CodeBook.open(settings).close()
    return build.table_path(small, settings), []


def test_first_use_builds_with_progress_and_the_next_only_opens(small: Edition, cache: Settings) -> None:
    lines: list[str] = []
    CodeBook.open(cache, progress=lines.append).close()
    assert len(lines) == 2
    assert "building the code table of ICD-10-CM Sample" in lines[0]
    CodeBook.open(cache, progress=lines.append).close()
    assert len(lines) == 2
    assert [path.name for path in cache.cache.iterdir()] == [build.table_path(small, cache).name]


def test_the_name_holds_sources_lexicon_and_builders(
    small: Edition, cache: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build.table_path(small, cache)
    assert build.table_path(small._replace(sha256={"tabular.xml": "0" * 64}), cache) != first
    with monkeypatch.context() as patch:
        patch.setattr(build, "lexicon_files", lambda: [("terms_new.tsv", b"term\tcode\tkind\n")])
        assert build.table_path(small, cache) != first
    with monkeypatch.context() as patch:
        patch.setattr(build, "SCHEMA_VERSION", 999)
        assert build.table_path(small, cache) != first
    assert build.table_path(small, cache) == first


def test_two_processes_that_build_at_once_both_end_well(tmp_path: Path) -> None:
    code = (
        "from agent.codebook import CodeBook; from agent.config import Settings; from pathlib import Path; import sys\n"
        "book = CodeBook.open(Settings(cache=Path(sys.argv[1])), progress=print)\n"
        "print(sum(code.billable for code in book.codes()), book.get('e119').title)"
    )
    cache = tmp_path / "cache"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(cache)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert out.splitlines()[0].startswith("building the code table")  # both found the folder empty
        assert out.splitlines()[-1] == "74719 Type 2 diabetes mellitus without complications"
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"not a table at all" * 1000])
def test_a_table_that_is_no_table_is_rebuilt(small: Edition, cache: Settings, content: bytes) -> None:
    path, lines = built(cache, small)
    path.write_bytes(content)
    book = CodeBook.open(cache, progress=lines.append)
    assert "is damaged" in lines[0]
    assert book.get("X000") is not None
    book.close()


def test_a_table_cut_short_is_rebuilt(small: Edition, cache: Settings) -> None:
    path, lines = built(cache, small)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    book = CodeBook.open(cache, progress=lines.append)
    assert book.get("X00") is not None
    assert len(book.terms()) > 5
    assert "is damaged" in lines[0]
    book.close()


@pytest.mark.parametrize("change", ["DELETE FROM node WHERE id = 3", "DELETE FROM edition", "DROP TABLE posting"])
def test_a_table_without_all_its_rows_is_rebuilt(small: Edition, cache: Settings, change: str) -> None:
    path, lines = built(cache, small)
    with duckdb.connect(str(path), config={"threads": 1}) as table:
        table.execute(change)
    book = CodeBook.open(cache, progress=lines.append)
    assert "is damaged" in lines[0]
    assert book.get("X00") is not None
    book.close()


def test_flipped_bits_are_found_and_mended(small: Edition, cache: Settings) -> None:
    path, lines = built(cache, small)
    data = bytearray(path.read_bytes())
    # DuckDB has 12 KiB of headers, then blocks of 256 KiB, each with a checksum; some are read only when needed.
    for block in range(3 * 4096, len(data), 262_144):
        data[block + 5_000] ^= 0xFF
    path.write_bytes(data)
    book = CodeBook.open(cache, progress=lines.append)
    code = book.get("X00.0")
    assert code is not None
    assert code.title == "Sampling fever with chills"
    assert book.search("sampling wound of the foot")[0].code == "X01.1"
    assert [note.text for note in book.notes("X00.0")][0] == "Shivers of sampling"
    assert len([line for line in lines if "is damaged" in line]) == 1
    book.close()


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_place_of_the_folder_is_named_with_the_mend(small: Edition, tmp_path: Path, below: str) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    folder = tmp_path / "taken" / below
    with pytest.raises(CodeTableError) as caught:
        CodeBook.open(Settings(cache=folder))
    message = str(caught.value)
    assert str(folder) in message
    assert "CHARTPROOF_CACHE" in message
    assert "\n" not in message


def test_a_folder_that_may_not_be_read_is_named(
    small: Edition, cache: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(CodeTableError, match="Permission denied.*CHARTPROOF_CACHE"):
        CodeBook.open(cache)


@pytest.mark.parametrize("limit", [2_000, 400_000])
def test_a_full_disk_is_one_clear_line_and_leaves_nothing(
    small: Edition, cache: Settings, limit: int, request: pytest.FixtureRequest
) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    request.addfinalizer(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))  # the rows fail first, or the table itself
    with pytest.raises(CodeTableError, match="can't be written") as caught:
        CodeBook.open(cache)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    message = str(caught.value)
    assert str(cache.cache) in message
    assert "CHARTPROOF_CACHE" in message
    assert "\n" not in message
    assert list(cache.cache.iterdir()) == []
    book = CodeBook.open(cache)
    assert book.get("X00") is not None
    book.close()


def test_what_a_crashed_build_left_is_removed_when_it_is_old(small: Edition, cache: Settings) -> None:
    for name, age in (("building-old", 7200), ("building-new", 60)):
        (cache.cache / name).mkdir(parents=True)
        (cache.cache / name / "rows.csv").write_text("left", encoding="utf-8")
        os.utime(cache.cache / name, (time.time() - age,) * 2)
    CodeBook.open(cache).close()
    assert not (cache.cache / "building-old").exists()
    assert (cache.cache / "building-new").exists()


def test_old_tables_make_room(small: Edition, cache: Settings) -> None:
    cache.cache.mkdir()
    for number in range(9):
        other = cache.cache / f"icd-10-cm-sample-{number:016}.duckdb"
        other.touch()
        os.utime(other, (1_000_000 + number,) * 2)
    CodeBook.open(cache).close()
    kept = sorted(path.name for path in cache.cache.glob("*.duckdb"))
    assert len(kept) == 6
    assert build.table_path(small, cache).name in kept
    assert "icd-10-cm-sample-0000000000000008.duckdb" in kept


def test_a_source_that_was_changed_is_refused(small: Edition, cache: Settings, tmp_path: Path) -> None:
    (tmp_path / "package" / "small_sample_package" / "data" / "tabular.xml").write_text(
        TABULAR + "\n", encoding="utf-8"
    )
    with pytest.raises(SourceError, match="is not the file that was published.*pip install --force-reinstall"):
        CodeBook.open(cache)


def test_a_source_that_is_missing_is_refused(small: Edition, cache: Settings, tmp_path: Path) -> None:
    (tmp_path / "package" / "small_sample_package" / "data" / "codes.txt").unlink()
    with pytest.raises(SourceError, match=r"codes\.txt can't be read"):
        CodeBook.open(cache)
    with pytest.raises(SourceError, match="is not installed; run: pip install"):
        small._replace(package="no_such_package_anywhere").read("codes.txt")


def test_counts_that_differ_are_refused(small: Edition, cache: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "CURRENT", small._replace(counts={"billable codes": 7}))
    with pytest.raises(SourceError, match="gives 6 billable codes, where ICD-10-CM Sample has 7"):
        CodeBook.open(cache)
    assert list(cache.cache.glob("*.duckdb")) == []


def test_a_closed_book_says_so_and_is_not_rebuilt(small: Edition, cache: Settings) -> None:
    path, lines = built(cache, small)
    before = path.stat().st_mtime_ns
    book = CodeBook.open(cache, progress=lines.append)
    book.close()
    with pytest.raises(CodeTableError, match="was closed"):
        book.terms()
    assert path.stat().st_mtime_ns == before
    assert lines == []
