"""Sources: one way to name what is run: a suite of the repository, a user's folder or file, or a published data set."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from agent.records import Record, Scope, Setting
from evals.cases import Case, Suite, make_suite
from evals.loaders import load_aci, load_codiesp, load_mdace, load_table
from evals.loaders.aci import Labels
from evals.loaders.codiesp import Language, Split, Track
from evals.loaders.mdace import Part
from evals.loaders.tables import KINDS
from evals.problems import GoldError, Problem
from evals.suites import load_suite, suite_names

DATA_SETS = ("aci", "codiesp", "mdace")
_SAMPLE_SEED = 7


def _names(value: object) -> object:
    return [name for name in value.split(",") if name] if isinstance(value, str) else value


class Options(Record):
    """What narrows a source; each matters only to the sources that it names.

    `scope` overrides the source's own (mentions for CodiEsp, claim for all others). `labels` is of ACI-Bench; `split`,
    `track` and `language` are of CodiEsp; `part` and `notes` (the table of MIMIC's notes) of MDACE; `setting` of tables
    whose rows say none. `only` names encounters (in one text, with commas); `sample` draws so many, the same ones each
    time and in both languages; `first` takes the first ones.
    """

    scope: Scope | None = None
    labels: Labels = "amazon"
    split: Split = "dev"
    track: Track = "D"
    language: Language = "en"
    part: Part = "inpatient"
    notes: Path | None = None
    setting: Setting | None = None
    only: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    sample: int | None = Field(default=None, ge=1)
    first: int | None = Field(default=None, ge=1)


def open_suite(spec: str, options: Options | None = None) -> Suite:
    """The suite that `spec` names.

    Args:
        spec: the name of a suite of the repository (`all` for all of them); a folder of TOML files or one of them; a
            `.jsonl`, `.parquet` or `.csv` file; or `aci@DATA`, `codiesp@DATA`, `mdace@DATA` with the folder DATA.
        options: what narrows it; nothing if None.

    Raises:
        GoldError: there is no such source, or its files have problems; each is named with file and line.
    """
    options = options or Options()
    name, at, data = spec.partition("@")
    if at and name in DATA_SETS:
        if not data or not Path(data).exists():
            raise GoldError([Problem(spec, 0, f"there is no {data or 'folder after @'}; name the data set's folder")])
        label, scope, cases = _data_set(name, Path(data), options)
        suite = make_suite(label, options.scope or scope, cases, label)
    elif Path(spec).suffix in KINDS:
        path = Path(spec)
        suite = make_suite(
            path.stem, options.scope or Scope.CLAIM, load_table(path, setting=options.setting), path.name
        )
    elif spec in suite_names() or Path(spec).exists():
        suite = load_suite(spec, scope=options.scope or Scope.CLAIM)
    else:
        forms = ", ".join((*suite_names(), *(f"{one}@DATA" for one in DATA_SETS)))
        raise GoldError([Problem(spec, 0, f"no such suite, folder or file; give a path or one of {forms}")])
    return _narrowed(suite, options)


def _data_set(name: str, data: Path, options: Options) -> tuple[str, Scope, tuple[Case, ...]]:
    if name == "aci":
        return f"aci-{options.labels}", Scope.CLAIM, load_aci(data, options.labels)
    if name == "codiesp":
        cases = load_codiesp(data, options.split, track=options.track, language=options.language)
        return f"codiesp-{options.split}-{options.track}-{options.language}", Scope.MENTIONS, cases
    return f"mdace-{options.part}", Scope.CLAIM, load_mdace(data, part=options.part, text=options.notes)


def _narrowed(suite: Suite, options: Options) -> Suite:
    """The part of a suite that is asked for, in the suite's order; its name says so."""
    cases, name = suite.cases, suite.name
    if options.only:
        known = {case.encounter.id for case in cases}
        unknown = [one for one in options.only if one not in known]
        if unknown:
            raise GoldError(
                [Problem(suite.source, 0, f"no encounter {unknown[0]!r} in {suite.name}; correct its name")]
            )
        cases = tuple(case for case in cases if case.encounter.id in options.only)
        name += f"-only{len(cases)}"
    if options.sample is not None and options.sample < len(cases):
        ids = sorted(case.encounter.id for case in cases)
        drawn = set(random.Random(_SAMPLE_SEED).sample(ids, options.sample))
        cases = tuple(case for case in cases if case.encounter.id in drawn)
        name += f"-sample{options.sample}"
    if options.first is not None and options.first < len(cases):
        cases = cases[: options.first]
        name += f"-first{options.first}"
    return suite if cases == suite.cases else make_suite(name, suite.scope, cases, suite.source)
