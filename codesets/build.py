"""Build: the official files, the lexicon and what the user added become one DuckDB file, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.config import Settings
from agent.errors import CodeTableError, SourceError
from codesets.added import add, added_files
from codesets.editions import Edition
from codesets.indexes import KINDS
from codesets.lexicon import lexicon_files, lexicon_terms
from codesets.phrases import read_index
from codesets.table import SCHEMA_VERSION, Gathered, SourceRow, TermRow, write_table
from codesets.tabular import Tabular, read_tabular
from codesets.variants import variants

__all__ = ["add", "build_table", "check_counts", "contents", "table_path"]

_BUILDING = "building-"
"""What the folder of a build in progress is called, before a random ending."""

_LEFTOVER_AGE = 3600.0
"""Seconds after which such a folder is taken to be of a build that crashed."""

_MOST_TABLES = 6
"""Tables that are kept; each change of the lexicon or of the added files makes another one, of about 12 MB."""


def contents(edition: Edition, settings: Settings) -> str:
    """The sha256 (hex) of all that a table of `edition` is made from, under this schema."""
    digest = hashlib.sha256(f"{SCHEMA_VERSION} {edition.system} {edition.name}".encode())
    for name, known in sorted(edition.sha256.items()):
        digest.update(f"\n{name} {known}".encode())
    for name, data in lexicon_files():
        digest.update(f"\n{name} {hashlib.sha256(data).hexdigest()}".encode())
    for added in added_files(settings):
        digest.update(f"\n{added.kind} {added.sha256}".encode())
    return digest.hexdigest()


def table_path(edition: Edition, settings: Settings) -> Path:
    """Where the table for these sources and this code lies, whether it exists or not."""
    digest = hashlib.sha256(contents(edition, settings).encode())
    for data in _builders():
        digest.update(data)
    name = f"{edition.system}-{edition.name}".lower().replace(" ", "-")
    return settings.cache / f"{name}-{digest.hexdigest()[:16]}.duckdb"


def _builders() -> Iterator[bytes]:
    """What builds a table: a change in any of it makes another table, also where nobody raised the version."""
    for item in sorted(files("codesets").iterdir(), key=lambda item: item.name):
        if item.name.endswith((".py", ".sql")):
            yield item.read_bytes()
    yield (files("agent") / "words.py").read_bytes()


def build_table(edition: Edition, settings: Settings, *, progress: Callable[[str], None] | None = None) -> Path:
    """Build the table of `edition` into the cache folder and return its path.

    It appears under its name only when it is whole, so that of two processes that build at once both end well.

    Raises:
        SourceError: an official file is missing or not as published.
        CodeTableError: the folder can't be written, or its disk is full.
    """
    started = time.monotonic()
    path = table_path(edition, settings)
    say = progress or (lambda line: None)
    say(f"building the code table of {edition.system} {edition.name} (once, a few seconds)")
    with _writing_to(settings.cache):
        settings.cache.mkdir(parents=True, exist_ok=True)
        _tidy(settings.cache)
    gathered = _gather(edition, settings)
    with (
        _writing_to(settings.cache),
        TemporaryDirectory(prefix=_BUILDING, dir=settings.cache, ignore_cleanup_errors=True) as folder,
    ):
        os.replace(write_table(Path(folder), gathered), path)
    say(f"built {path} in {time.monotonic() - started:.1f} s")
    return path


@contextlib.contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CodeTableError(
            f"the code table can't be written to {folder}: {error.strerror or error}. "
            "Make room or give write access there, or set CHARTPROOF_CACHE to another folder."
        ) from error


def check_counts(tabular: Tabular, edition: Edition) -> None:
    """Count what was read against what the edition holds.

    Raises:
        SourceError: a count differs; nothing of such a table can be trusted.
    """
    kinds = Counter(node.kind for node in tabular.nodes)
    expanded = sum(1 for node in tabular.nodes if node.seventh)
    found = {
        "chapters": kinds["chapter"],
        "blocks": kinds["block"],
        "codes in the tabular list": len(tabular.nodes) - kinds["chapter"] - kinds["block"] - expanded,
        "codes with a 7th character added": expanded,
        "billable codes": kinds["code"],
        "billable codes that begin with two letters": sum(
            1 for node in tabular.nodes if node.kind == "code" and node.code[:2].isalpha()
        ),
        "definitions of 7th characters": len(tabular.sevenths),
    }
    found.update({f"{kind} notes": count for kind, count in Counter(note.kind for note in tabular.notes).items()})
    for what, expected in edition.counts.items():
        if found.get(what, 0) != expected:
            raise SourceError(
                f"{edition.tabular} gives {found.get(what, 0):,} {what}, "
                f"where {edition.system} {edition.name} has {expected:,}; "
                f"run: pip install --force-reinstall {edition.requirement}",
                path=edition.tabular,
            )


def _gather(edition: Edition, settings: Settings) -> Gathered:
    """Everything that the table of an edition holds."""
    tabular = read_tabular(edition.read(edition.tabular), edition.read(edition.code_list), name=edition.tabular)
    check_counts(tabular, edition)
    numbers = {node.code: number for number, node in enumerate(tabular.nodes)}
    billable = sum(1 for node in tabular.nodes if node.kind == "code")
    sources = [
        SourceRow(edition.tabular, "tabular list", edition.sha256[edition.tabular], f"{len(tabular.notes):,} notes"),
        SourceRow(edition.code_list, "code list", edition.sha256[edition.code_list], f"{billable:,} billable codes"),
    ]
    rows = [
        TermRow(node.title, number, "title", "")
        for number, node in enumerate(tabular.nodes)
        if not node.seventh and node.kind not in ("chapter", "block")
    ]
    rows.extend(TermRow(said, row.node, "variant", "") for row in tuple(rows) for said in variants(row.text))
    # What stands under "Includes" names conditions as inclusion terms do, but for the notes of chapters and blocks.
    rows.extend(
        TermRow(note.text, note.node, "inclusion", "")
        for note in tabular.notes
        if note.kind == "inclusion"
        or (note.kind == "includes" and tabular.nodes[note.node].kind not in ("chapter", "block"))
    )
    lexicon = [TermRow(t.text, numbers[t.code], "lexicon", t.kind) for t in lexicon_terms() if t.code in numbers]
    rows.extend(lexicon)
    digest = hashlib.sha256(b"".join(data for _, data in lexicon_files())).hexdigest()
    sources.append(SourceRow("codesets/lexicon", "lexicon", digest, f"{len(lexicon):,} terms"))
    for added in added_files(settings):
        terms = read_index(added.read(), path=str(added.path))[1]
        found = [
            TermRow(term.text, node, added.kind, "")
            for term in terms
            if (node := _printed(term.code, numbers)) is not None
        ]
        rows.extend(found)
        # An index of another edition holds codes that this one does not have; they are left out, and that is said.
        gave = (
            f"{len(found):,} phrases, {len(terms) - len(found):,} more left out for codes that are not of the edition"
        )
        name = KINDS[added.kind].partition(" (")[0].removeprefix("the ")
        sources.append(SourceRow(name, f"added as {added.kind}", added.sha256, gave))
    return Gathered(edition, contents(edition, settings), tabular, rows, sources)


def _printed(code: str, numbers: dict[str, int]) -> int | None:
    """The node of a code as an index prints it: a dash stands for more characters, an X for a place that is empty."""
    code = code.rstrip("-.")
    while code not in numbers and code.endswith("X"):
        code = code[:-1].rstrip(".")
    return numbers.get(code)


def _tidy(folder: Path) -> None:
    """Remove what builds that crashed left behind (one that still runs is younger), and tables long out of use."""
    for leftover in folder.glob(f"{_BUILDING}*"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _LEFTOVER_AGE:
                shutil.rmtree(leftover)
    with contextlib.suppress(OSError):
        tables = sorted(folder.glob("*.duckdb"), key=lambda table: table.stat().st_mtime)
        for old in tables[: -_MOST_TABLES + 1]:
            old.unlink()
