"""Opening: the suite that a command names, checked, and opened again for a run that was made on it."""

from __future__ import annotations

import random
from pathlib import Path

from agent.codebook import CodeBook
from agent.errors import InputError
from evals.cases import Suite
from evals.clear import CLEAR, load_clear
from evals.loaders.tables import KINDS
from evals.sources import Options, open_suite
from evals.store import RunRecord, refer
from evals.suites import check_codes, suite_names


def open_spec(spec: str, options: Options) -> Suite:
    """The suite that a command names; as `evals.sources.open_suite`, and the thirty notes called `clear`.

    Raises:
        GoldError: there is no such suite, or its files have problems.
        InputError: a part of `clear` is asked for.
    """
    if spec != CLEAR:
        return open_suite(spec, options)
    if options != Options():
        raise InputError(f"the suite {CLEAR} is run as a whole, in scope claim; leave the options out")
    return load_clear()


def check_gold(suite: Suite, spec: str, book: CodeBook) -> None:
    """Nothing, if a suite of TOML files has gold of this edition; gold from outside is counted instead.

    Raises:
        GoldError: what is not of this edition, with file and line.
    """
    if "@" not in spec and Path(spec).suffix not in KINDS and spec != CLEAR:
        check_codes(suite, book)


def draw(suite: Suite, count: int, seed: int) -> tuple[str, ...]:
    """The encounters of a sample, the same ones for the same seed."""
    names = sorted(case.encounter.id for case in suite.cases)
    return tuple(sorted(random.Random(seed).sample(names, min(count, len(names)))))


def open_again(record: RunRecord, spec: str | None = None) -> Suite:
    """The suite of a run; `spec` names it where it has moved.

    Raises:
        InputError: it is not what it was.
    """
    suite = open_spec(spec or record.suite.spec, record.suite.options)
    now = refer(suite, record.suite.spec, record.suite.options)
    for part, name in (("texts", "documents"), ("gold", "gold"), ("sha256", "cases")):
        if getattr(now, part) != getattr(record.suite, part):
            raise InputError(
                f"the {name} of {record.suite.spec} have changed since the run {record.name} was made, so its figures "
                f"would be of something else. Run it again (with --reuse {record.name} no request is paid for twice)"
            )
    return suite


def is_own(spec: str) -> bool:
    """Whether a spec names a suite of the project, which may be recorded."""
    return spec == CLEAR or spec in suite_names()
