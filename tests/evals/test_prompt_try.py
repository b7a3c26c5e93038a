"""`make prompt-try`: one edit after another, other suites and other notes; the model is asked only what changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from agent.codebook import CodeBook
from agent.config import PREFIX, Settings
from tests.evals.answering import Model, write_suite
from tests.evals.conftest import ROOT, Ran

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


class Checkout(NamedTuple):
    """A folder in which the targets of the project's Makefile run, with the sources of the project."""

    folder: Path
    settings: Settings

    def make(self, model: Model, **variables: str) -> Ran:
        """`make prompt-try`, and how it ended."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "MAKE", "MFLAGS"))}
        asked = {
            "CHARTPROOF_CACHE": str(self.settings.cache),
            "CHARTPROOF_MODEL": "m",
            "CHARTPROOF_BASE_URL": model.url,
            "CHARTPROOF_TRIES": "1",
            "CHARTPROOF_SECOND_LOOK": "none",
        }
        given = [f"{name}={value}" for name, value in variables.items()]
        ran = subprocess.run(
            ["make", "-f", str(ROOT / "Makefile"), "prompt-try", "VENV=venv", *given],
            cwd=self.folder,
            env={**kept, **asked, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def edit(self, folder: str, name: str, more: str) -> None:
        """An edited prompt in a folder of its own."""
        (self.folder / folder).mkdir(exist_ok=True)
        text = (ROOT / "prompts" / f"{name}.md").read_text(encoding="utf-8")
        (self.folder / folder / f"{name}.md").write_text(f"{text}\n{more}\n", encoding="utf-8")

    @property
    def runs(self) -> set[str]:
        """The names of the runs that are kept."""
        return {path.name for path in (self.folder / "runs").iterdir()}


@pytest.fixture
def checkout(tmp_path: Path, settings: Settings, codebook: CodeBook) -> Checkout:
    folder = tmp_path / "checkout"
    program = folder / "venv" / "bin" / "chartproof"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m agent "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (folder / "pyproject.toml").touch()
    (folder / "venv" / ".ready").touch()
    return Checkout(folder, settings)


def compared(ran: Ran) -> tuple[str, str]:
    """The names of the two runs that were compared."""
    before, after = re.findall(r"^[AB]  (\S+): \d+ scored", ran.out, re.M)
    return before, after


def test_edits_and_suites_one_after_another(checkout: Checkout) -> None:
    suite = write_suite(checkout.folder / "one", 3)
    checkout.edit("try", "critique", "Look twice.")
    with Model() as model:
        first = checkout.make(model, SUITE="one")
        assert first.status == 0, first.err
        before, after = compared(first)
        assert checkout.runs == {before, after} and before.startswith("one-llm-") and after.startswith("one-llm-")
        assert len(model.requests) == 6 + 3  # the edited critiques alone are new
        assert "prompt critique (" in first.out and "prompt propose (" not in first.out

        checkout.edit("try", "critique", "Look three times.")
        second = checkout.make(model, SUITE="one")
        assert second.status == 0, second.err
        assert compared(second)[0] == before and compared(second)[1] not in (before, after)
        assert len(model.requests) == 9 + 3

        # Other notes, another edit, and a model that answers no more: what was answered is there, the rest has failed.
        write_suite(suite, 4)
        checkout.edit("other", "propose", "Read twice.")
        model.status = 500
        third = checkout.make(model, SUITE="one", PROMPTS="other", EVAL="--only visit_01,visit_03")
        assert third.status != 0 and "NOT COMPARABLE" in third.out and "with --retry" in third.out
        assert re.findall(r"^[AB]  one-only2-llm-\w+: (.*)", third.out, re.M) == [
            "1 scored / 1 failed / 2",
            "0 scored / 2 failed / 2",
        ]
        assert "prompt propose (" in third.out and len(checkout.runs) == 5


def test_nothing_is_compared_where_a_run_stops(checkout: Checkout) -> None:
    write_suite(checkout.folder / "one", 1)
    checkout.edit("try", "critique", "Look twice.")
    with Model() as model:
        model.status = 401
        ran = checkout.make(model, SUITE="one")
        assert ran.status != 0 and "refused the key" in ran.err and "scored" not in ran.out


def test_a_prompt_that_would_fail_is_not_run(checkout: Checkout) -> None:
    checkout.edit("try", "critique", "$nothing fills this in.")
    with Model() as model:
        ran = checkout.make(model)
    assert ran.status != 0 and "nothing" in ran.out + ran.err and not (checkout.folder / "runs").exists()
