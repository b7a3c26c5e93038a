"""Provenance: what a run was made with: the commit, the sources as they are on disk, the packages."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path

from agent.records import Record

ROOT = Path(__file__).parent.parent
"""The checkout that evals belong to."""

_MAKES_RESULTS = ("agent", "codesets", "evals/outcome.py", "evals/plain.py", "evals/subject.py", "prompts/__init__.py")
_KINDS = frozenset((".py", ".tsv", ".sql"))


class Provenance(Record):
    """What made a run: `commit` and `dirty` are None outside a git checkout.

    `sources` is the SHA-256 of every file that can change a result, prompts apart (those have fingerprints of their
    own): it tells two states of a dirty checkout apart.
    """

    commit: str | None
    dirty: bool | None
    sources: str
    python: str
    packages: dict[str, str]


def read_provenance() -> Provenance:
    """What a run that begins now is made with."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain")
    return Provenance(
        commit=commit,
        dirty=None if commit is None or changed is None else bool(changed),
        sources=_sources(),
        python=platform.python_version(),
        packages={one.name: one.version for one in sorted(distributions(), key=lambda one: one.name.lower())},
    )


def _sources() -> str:
    digest = hashlib.sha256()
    for name in _MAKES_RESULTS:
        top = ROOT / name
        files = [top] if top.is_file() else [path for path in top.rglob("*") if path.suffix in _KINDS]
        for path in sorted(files):
            digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _git(*arguments: str) -> str | None:
    """What git says; None where there is no git or no checkout."""
    try:
        ran = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
