"""Evals as the command line runs them, in this process and in others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from agent import cli
from agent.codebook import CodeBook
from agent.config import PREFIX, Settings

ROOT = Path(__file__).parents[2]


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def evaluate(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    settings: Settings,
    codebook: CodeBook,
) -> Run:
    """Runs `chartproof eval` in an empty folder, with the code table of this session and settings of its own."""
    for name in list(os.environ):
        if name.startswith(PREFIX) or name == "OPENAI_API_KEY":
            monkeypatch.delenv(name)
    monkeypatch.setenv("CHARTPROOF_CACHE", str(settings.cache))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, **environment: str) -> Ran:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(f"{PREFIX}{name.upper()}", value)
            capsys.readouterr()
            status = cli.main(["eval", *map(str, arguments)])
        return Ran(status, *capsys.readouterr())

    return run


def start(folder: Path, settings: Settings, *arguments: str | Path, **environment: str) -> subprocess.Popen[bytes]:
    """`chartproof eval` in a process of its own, from another folder than the project's."""
    given = {f"{PREFIX}{name.upper()}": value for name, value in environment.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.Popen(
        [sys.executable, "-m", "agent", "eval", *map(str, arguments)],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "CHARTPROOF_CACHE": str(settings.cache), **given},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
