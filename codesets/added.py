"""Added: the official index files that a user added, kept in the cache folder under a name that holds their content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from agent.config import Settings
from agent.errors import CodeTableError, SourceError
from codesets.indexes import KINDS, is_xml
from codesets.phrases import read_index

_NAME = re.compile(r"(index|neoplasm|drug|eindex)-([0-9a-f]{64})\.(xml|csv)")


class Added(NamedTuple):
    """An index file in the cache folder: which one, and the sha256 (hex) of its content."""

    kind: str
    sha256: str
    path: Path

    def read(self) -> bytes:
        """The content.

        Raises:
            SourceError: it is gone, or no longer what was added.
        """
        mend = f"Remove it, or add it again: chartproof codes add FILE, with {KINDS[self.kind]}"
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise SourceError(f"{self.path} can't be read ({error.strerror}). {mend}", path=str(self.path)) from error
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise SourceError(f"{self.path} is damaged. {mend}", path=str(self.path))
        return data


def added_files(settings: Settings) -> list[Added]:
    """The index files that were added, at most one of a kind, in order of kind."""
    newest: dict[str, tuple[float, Added]] = {}
    try:
        items = list((settings.cache / "added").iterdir())
    except OSError:
        return []  # nothing was ever added; a cache that can't be read at all is reported when the table is opened
    for path in items:
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        with contextlib.suppress(FileNotFoundError):  # replaced by another process just now
            age = path.stat().st_mtime
            if match[1] not in newest or age > newest[match[1]][0]:
                newest[match[1]] = (age, Added(match[1], match[2], path))
    return [newest[kind][1] for kind in sorted(newest)]


def add(path: str | Path, settings: Settings) -> str:
    """Keep an index file for the tables that are built from now on; the one line that says what was added.

    Which index it is is told by its content. One of the same kind that was added before is replaced.

    Raises:
        SourceError: the file can't be read, or is none of the index files that the CDC publishes.
        CodeTableError: the cache folder can't be written.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} can't be read: {error.strerror}", path=str(path)) from error
    kind, terms = read_index(data, path=str(path))
    digest = hashlib.sha256(data).hexdigest()
    folder = settings.cache / "added"
    kept = folder / f"{kind}-{digest}.{'xml' if is_xml(data) else 'csv'}"
    temporary = folder / f"{kept.name}.{uuid4().hex[:8]}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            os.replace(temporary, kept)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise CodeTableError(
            f"{path} can't be kept in {folder}: {error.strerror}. "
            "Make room or give write access there, or set CHARTPROOF_CACHE to another folder."
        ) from error
    replaced = [old for old in folder.glob(f"{kind}-*") if old != kept and _NAME.fullmatch(old.name)]
    for old in replaced:
        old.unlink(missing_ok=True)
    return f"added {KINDS[kind].partition(' (')[0]}: {len(terms):,} terms" + (
        ", in place of the one before" if replaced else ""
    )
