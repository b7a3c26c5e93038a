"""Gate: what each suite scored when it was last accepted, and whether a change made it worse than chance would.

`evals/baseline.json` is committed. It holds micro F1 with its 95% interval over encounters, and the codes of every
encounter, so that a fall can be judged and told note by note, and a change of it can be read in review.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from agent.api import open_all
from agent.config import Settings
from agent.errors import InputError
from agent.records import Record
from evals.bootstrap import Difference
from evals.clear import CLEAR
from evals.judged import Judged, judge
from evals.metrics import difference, figure, micro
from evals.opening import check_gold, open_spec
from evals.outcome import Outcome
from evals.provenance import ROOT
from evals.recorded import cassette_path
from evals.report.words import gain
from evals.run import Progress, Wanted, carry_out
from evals.score import score_all
from evals.sources import Options
from evals.store import refer
from evals.suites import ALL, suite_names

BASELINE = ROOT / "evals" / "baseline.json"
ENGINES = ("lexical", "recorded")
"""What needs no key and no network."""
_DIGITS = 4


class Entry(Record):
    """What one engine scored on one suite: `codes` are those that it reported for each encounter."""

    suite: str
    engine: str
    sha256: str
    edition: str
    f1: float
    low: float
    high: float
    codes: dict[str, tuple[str, ...]]


class Fallen(NamedTuple):
    """A note whose F1 is lower than in the baseline, and the codes or the failure that did it."""

    encounter: str
    before: float
    after: float
    lost: tuple[str, ...]
    extra: tuple[str, ...]
    failure: str


class Verdict(NamedTuple):
    """An entry of the baseline, what is measured now, and the notes that are worse, the worst first.

    `gained` is the paired difference of micro F1 to the baseline's codes; None where one has nothing to judge.
    """

    entry: Entry
    f1: float
    gained: Difference | None
    notes: tuple[Fallen, ...]
    better: int

    @property
    def why(self) -> str:
        """Why the gate does not pass; empty if it does."""
        if round(self.f1, _DIGITS) < self.entry.low:
            return "it is below the baseline's interval"
        if self.gained is not None and self.gained.high < 0:
            return "the loss is certain: the whole interval of the difference is below 0"
        return ""

    @property
    def fell(self) -> bool:
        """Whether the score is below the baseline's interval, or certain to be lower on the same notes."""
        return bool(self.why)


def hold(path: Path, settings: Settings, *, progress: Progress | None = None) -> list[Verdict]:
    """The verdict on every entry of the baseline at `path`.

    Raises:
        InputError: there is no baseline, it lacks something of `gated`, or it is of another suite or edition.
        ChartproofError: something can't be run.
    """
    entries = read(path)
    held = {(entry.suite, entry.engine) for entry in entries}
    lacking = [f"{suite} with the engine {engine}" for suite, engine in gated() if (suite, engine) not in held]
    if lacking:
        raise InputError(
            f"{path} has no entry for {'; '.join(lacking)}, so that no fall there would be seen; write it anew with "
            "chartproof eval gate --update"
        )
    return [_verdict(entry, measure(entry.suite, entry.engine, settings, progress=progress)) for entry in entries]


def measure(suite_name: str, engine: str, settings: Settings, *, progress: Progress | None = None) -> Judged:
    """A run of a suite of the project that is not kept."""
    suite = open_spec(suite_name, Options())
    book = open_all(settings).book
    check_gold(suite, suite_name, book)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Wanted(engine, name="gate", runs=Path(folder))
        done = carry_out(suite, refer(suite, suite_name, Options()), wanted, settings, progress=progress)
        return judge(done.folder, book)


def gated() -> list[tuple[str, str]]:
    """What is held to the baseline: every suite of the project with each engine, the recorded one where it has tapes.

    One cassette is enough, so that an encounter which lacks its own is a failure and not the end of the gate.
    """
    found = []
    for name in (*(one for one in suite_names() if one != ALL), CLEAR):
        cassettes = [cassette_path(case.encounter.id) for case in open_spec(name, Options()).cases]
        taped = any(path is not None and path.exists() for path in cassettes)
        found += [(name, engine) for engine in ENGINES if taped or engine != "recorded"]
    return found


def measure_all(settings: Settings, *, progress: Progress | None = None) -> list[Judged]:
    """A run of all that is gated; none is kept."""
    return [measure(name, engine, settings, progress=progress) for name, engine in gated()]


def read(path: Path) -> list[Entry]:
    """The entries of a baseline.

    Raises:
        InputError: there is none, or it can't be read.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [Entry.model_validate(row) for row in rows["entries"]]
    except FileNotFoundError:
        raise InputError(f"there is no {path}; write it with chartproof eval gate --update") from None
    except (ValueError, KeyError, TypeError, ValidationError):
        raise InputError(f"{path} is no baseline; write it anew with chartproof eval gate --update") from None


def update(path: Path, measured: Sequence[Judged]) -> str:
    """Write a baseline from what was measured; a line for each entry."""
    entries = [_entry(judged) for judged in measured]
    text = json.dumps({"entries": [entry.model_dump(mode="json") for entry in entries]}, indent=1)
    path.write_text(_compact(text) + "\n", encoding="utf-8", newline="\n")
    return "".join(f"{e.suite}, {e.engine}: {e.f1:.3f} [{e.low:.3f}, {e.high:.3f}]\n" for e in entries)


def render_gate(verdicts: Sequence[Verdict]) -> str:
    """What the gate says, for a terminal and for a log of CI."""
    return "\n".join(line for verdict in verdicts for line in _told(verdict)) + "\n"


def _told(verdict: Verdict) -> Iterator[str]:
    entry = verdict.entry
    word = "FELL" if verdict.fell else "ok"
    yield (
        f"{word:5} {entry.suite}, {entry.engine}: micro F1 {verdict.f1:.3f}, baseline {entry.f1:.3f} "
        f"[{entry.low:.3f}, {entry.high:.3f}], difference {gain(verdict.gained)}; "
        f"{len(verdict.notes)} notes worse, {verdict.better} better"
    )
    for note in verdict.notes:
        lost = f"; lost {', '.join(note.lost)}" if note.lost else ""
        extra = f"; new and wrong {', '.join(note.extra)}" if note.extra else ""
        failed = f"; failed: {note.failure}" if note.failure else ""
        yield f"      {note.encounter}: F1 {note.before:.2f} -> {note.after:.2f}{lost}{extra}{failed}"
    if verdict.fell:
        yield f"      {verdict.why}; mend it, or accept it with chartproof eval gate --update and say why in the commit"


def _verdict(entry: Entry, judged: Judged) -> Verdict:
    record = judged.record
    for what, then, now in (
        ("suite", entry.sha256, record.suite.sha256),
        ("edition", entry.edition, record.codeset.sha256),
    ):
        if then != now:
            raise InputError(
                f"the baseline of {entry.suite} is of another {what} ({then[:12]}, now {now[:12]}); record what is new "
                "with chartproof eval record, and write it anew with chartproof eval gate --update"
            )
    outcomes = [Outcome(encounter=name, codes=codes) for name, codes in entry.codes.items()]
    before = score_all(judged.suite, outcomes, judged.book)
    fallen, better = [], 0
    for a, b in zip(before, judged.scores, strict=True):
        better += b.f1 > a.f1
        if b.f1 < a.f1:
            lost, extra = tuple(sorted(a.hit - b.hit)), tuple(sorted(b.extra - a.extra))
            fallen.append(Fallen(a.encounter, a.f1, b.f1, lost, extra, b.failure))
    fallen.sort(key=lambda note: (note.after - note.before, note.encounter))
    gained = difference(before, judged.scores, "f1")
    return Verdict(entry, micro(judged.scores).f1, gained, tuple(fallen), better)


def _entry(judged: Judged) -> Entry:
    f1 = figure(judged.scores, "f1")
    record = judged.record
    if f1 is None:
        raise InputError(f"the suite {record.suite.name} has no gold to score; leave it out of evals/suites")
    return Entry(
        suite=record.suite.spec,
        engine=record.engine,
        sha256=record.suite.sha256,
        edition=record.codeset.sha256,
        f1=round(f1.value, _DIGITS),
        low=round(f1.low, _DIGITS),
        high=round(f1.high, _DIGITS),
        codes={outcome.encounter: outcome.codes for outcome in judged.outcomes},
    )


def _compact(text: str) -> str:
    """JSON with the codes of an encounter on one line, so that a change of it reads as one."""
    return re.sub(r"\[\s+((?:\"[^\"]*\",?\s*)*)\]", lambda found: f"[{' '.join(found.group(1).split())}]", text)
