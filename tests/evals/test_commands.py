"""The commands of `chartproof eval`: each described, each with its help; and an install without evals says so."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from agent import cli
from evals.cli import build_parser
from tests import test_cli
from tests.evals.conftest import Run

PARSERS = list(test_cli.walk(build_parser(cli._Parser)))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_every_command_and_option_is_described(parser: argparse.ArgumentParser) -> None:
    test_cli.test_every_command_and_option_is_described(parser)


@pytest.mark.parametrize("parser", PARSERS[1:], ids=lambda parser: parser.prog)
def test_every_command_prints_its_help(evaluate: Run, parser: argparse.ArgumentParser) -> None:
    assert evaluate(*parser.prog.split()[2:], "--help") == (0, parser.format_help(), "")


def test_the_stub_names_every_command() -> None:
    stub = next(
        action.choices["eval"]
        for action in cli.build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    names = [parser.prog.split()[-1] for parser in PARSERS[1:]]
    assert all(name in stub.format_help() for name in names)


def test_without_a_checkout_the_command_says_so(evaluate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "site-packages" / "agent" / "cli.py"))
    ran = evaluate("run", "all")
    assert ran.status == 2 and "the evals come with a checkout of the project" in ran.err
