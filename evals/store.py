"""Store: a run is a folder: what it was made with, one outcome a line, when, and the answers that it paid for.

::

    runs/NAME/run.json        the run record, written once, before anything else
              results.jsonl   one `Outcome` a line, in the order of the suite; nothing of when it was made
              times.jsonl     when each encounter was begun and how long it took
              replies.jsonl   the journal of the model's answers (evals/journal.py)

Two runs that are made alike have the same bytes in results.jsonl, also where one of them was killed and started again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from agent.errors import InputError
from agent.records import Codeset, Record, Scope, Usage
from evals.cases import Case, Suite
from evals.lines import Lines, damaged, read_lines
from evals.outcome import Outcome
from evals.provenance import Provenance
from evals.sources import Options
from evals.subject import Timed

RUNS = Path("runs")
"""Where runs are kept if nothing else is said: in the current folder."""


class SuiteRef(Record):
    """Which suite a run was made on: how it is opened again, and the fingerprints of its texts and of its gold."""

    name: str
    spec: str
    options: Options
    source: str
    sha256: str
    texts: str
    gold: str
    encounters: int


class RunRecord(Record):
    """What a run was made with, and what on. `prices` are USD for a million tokens: prompt, completion."""

    name: str
    engine: str
    model: str | None
    scope: Scope
    settings: dict[str, str]
    prompts: dict[str, str]
    codeset: Codeset
    suite: SuiteRef
    prices: tuple[float, float] | None
    provenance: Provenance
    started: str

    def differences(self, other: RunRecord) -> list[str]:
        """What would make results of the two no results of one run, a few words each; empty where nothing does."""
        mine, others = self._parts(), other._parts()
        names = [*mine, *(name for name in others if name not in mine)]
        if self.engine != other.engine:  # whose prompts and settings are others too, as goes without saying
            names = [name for name in names if not name.startswith(("prompt ", "setting "))]
        pairs = [(name, mine.get(name, "none"), others.get(name, "none")) for name in names]
        return [f"{name} ({before}, now {after})" for name, before, after in pairs if before != after]

    def identity(self) -> str:
        """The SHA-256 (hex) of what `differences` compares."""
        return hashlib.sha256(json.dumps(self._parts()).encode()).hexdigest()

    def _parts(self) -> dict[str, str]:
        parts = {
            "engine": self.engine,
            "model": str(self.model),
            "scope": self.scope.value,
            "suite": f"{self.suite.name} {self.suite.sha256[:12]}",
            "edition": f"{self.codeset.edition} {self.codeset.sha256[:12]}",
            "state of the sources": self.provenance.sources[:12],
        }
        parts |= {f"prompt {name}": sha256[:12] for name, sha256 in sorted(self.prompts.items())}
        return parts | {f"setting {name}": value for name, value in sorted(self.settings.items())}


class Time(Record):
    """When an encounter was begun and how long it took; of the seconds, those of a model's answers."""

    encounter: str
    started: str
    seconds: float
    model_seconds: float


class RunFolder:
    """The folder of one run."""

    def __init__(self, path: Path) -> None:
        """Nothing is read or made yet."""
        self.path = path
        self.results = path / "results.jsonl"
        self.times = path / "times.jsonl"
        self.replies = path / "replies.jsonl"
        self._run = path / "run.json"

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return self._run.exists()

    def record(self) -> RunRecord:
        """The run record.

        Raises:
            InputError: there is none, or it can't be read.
        """
        if not self.exists():
            raise InputError(f"{self.path} is no run: it holds no run.json; name the folder of one")
        try:
            return RunRecord.model_validate_json(self._run.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise InputError(
                f"{self._run} is not a run record of this version of chartproof ({place}: {first['msg']}); run again "
                "under another name"
            ) from None

    def begin(self, record: RunRecord) -> None:
        """Make the folder, or go on in it.

        Raises:
            InputError: it holds a run that was made with something else; the message says what.
        """
        if self.exists():
            different = ", another ".join(self.record().differences(record))
            if different:
                raise InputError(
                    f"the run {self.path} can't be gone on with: it was made with another {different}. "
                    f"Give another --name; with --reuse {self.path} no request is paid for twice"
                )
            return
        self.path.mkdir(parents=True, exist_ok=True)
        part = self._run.with_suffix(".part")
        part.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8", newline="\n")
        part.replace(self._run)

    def outcomes(self) -> list[Outcome]:
        """The outcomes so far, with the seconds that they took.

        Raises:
            InputError: a line that is damaged.
        """
        times = {time.encounter: time for time in self._times()}
        found = []
        for number, line in read_lines(self.results):
            try:
                outcome = Outcome.model_validate(line)
            except ValidationError:
                raise damaged(self.results, number) from None
            time = times.get(outcome.encounter)
            if time is not None:
                seconds = {"seconds": time.seconds, "model_seconds": time.model_seconds}
                outcome = outcome.model_copy(update={"usage": outcome.usage.model_copy(update=seconds)})
            found.append(outcome)
        return found

    def _times(self) -> Iterator[Time]:
        for number, line in read_lines(self.times):
            try:
                yield Time.model_validate(line)
            except ValidationError:
                raise damaged(self.times, number) from None


class Writer(NamedTuple):
    """What adds outcomes to a run; close it."""

    results: Lines
    times: Lines

    @classmethod
    def open(cls, folder: RunFolder) -> Writer:
        """The writer of a run, in this process alone.

        Raises:
            InputError: another process is writing the run.
        """
        return cls(Lines(folder.results), Lines(folder.times, durable=False))

    def add(self, timed: Timed) -> None:
        """Add an outcome; the result is on the disk when this returns."""
        usage = timed.outcome.usage
        time = Time(
            encounter=timed.outcome.encounter,
            started=timed.started,
            seconds=usage.seconds,
            model_seconds=usage.model_seconds,
        )
        self.times.add(time.model_dump_json())
        self.results.add(timeless(timed.outcome).model_dump_json())

    def keep(self, count: int) -> None:
        """Drop what stands after the first `count` outcomes; what it cost is in the journal."""
        self.results.cut(count)

    def close(self) -> None:
        """Close both files."""
        self.results.close()
        self.times.close()


def timeless(outcome: Outcome) -> Outcome:
    """The outcome without anything of when it was made and how long it took."""
    coding = outcome.coding
    if coding is not None:
        audit = coding.audit.model_copy(update={"started": "", "usage": _without_seconds(coding.audit.usage)})
        coding = coding.model_copy(update={"audit": audit})
    return outcome.model_copy(update={"usage": _without_seconds(outcome.usage), "coding": coding})


def _without_seconds(usage: Usage) -> Usage:
    return usage.model_copy(update={"seconds": 0.0, "model_seconds": 0.0})


def refer(suite: Suite, spec: str, options: Options) -> SuiteRef:
    """How a run names its suite."""
    return SuiteRef(
        name=suite.name,
        spec=spec,
        options=options,
        source=suite.source,
        sha256=suite.sha256,
        texts=_digest(case.encounter.model_dump_json() for case in suite.cases),
        gold=_digest(map(_gold, suite.cases)),
        encounters=len(suite.cases),
    )


def _gold(case: Case) -> str:
    return case.model_dump_json(include={"codes", "exclusions", "ordered"})


def _digest(texts: Iterator[str] | map[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
