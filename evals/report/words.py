"""Words: figures as people read them, the same in every report."""

from __future__ import annotations

from evals.bootstrap import Difference, Figure
from evals.judged import Judged
from evals.store import RunRecord


def share(figure: Figure | None) -> str:
    """A figure with its interval: `0.656 [0.569, 0.732]`; a dash where there is nothing to judge."""
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]" if figure else "–"


def amount(figure: Figure | None) -> str:
    """A number that is no share: `5,063`, `2.1`."""
    if figure is None:
        return "–"
    return f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.2f}".rstrip("0").rstrip(".")


def gain(gained: Difference | None, digits: int = 3) -> str:
    """A difference with its interval: `+0.033 [+0.010, +0.057]`."""
    if gained is None:
        return "–"
    low, value, high = (f"{x:+,.{digits}f}" for x in (gained.low, gained.value, gained.high))
    return f"{value} [{low}, {high}]"


def made_of(judged: Judged) -> str:
    """What a run's figures are made from: scored, failed, all."""
    total, failed = len(judged.scores), judged.failed
    return f"{total - failed} scored / {failed} failed / {total}"


def engine_of(record: RunRecord) -> str:
    """What was run: the engine, and the model if there was one."""
    return record.engine + (f", model {record.model}" if record.model else "")


def made_with(judged: Judged) -> list[tuple[str, str]]:
    """The lines of a run record that a reader asks for first."""
    record, made = judged.record, judged.record.provenance
    commit = (made.commit or "no checkout")[:12] + (", with changes that are not committed" if made.dirty else "")
    lines = [
        ("suite", f"{record.suite.name}, {record.suite.encounters} encounters, scope {record.scope.value}"),
        ("engine", engine_of(record)),
        ("edition", f"{record.codeset.system} {record.codeset.edition}, sha256 {record.codeset.sha256[:12]}"),
        ("commit", commit),
        ("started", record.started),
        ("encounters", made_of(judged)),
    ]
    lines += [(f"prompt {name}", f"sha256 {sha256[:12]}") for name, sha256 in sorted(record.prompts.items())]
    settings = ", ".join(f"{name} {value}" for name, value in sorted(record.settings.items()))
    return [*lines, ("settings", settings), ("suite sha256", record.suite.sha256[:12])]


def percent(value: float) -> str:
    """A share in percent without decimals."""
    return f"{100 * value:.0f}%"
