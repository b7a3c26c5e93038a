"""External: the embedded engine on labelled notes from outside the project, as a Markdown table.

    python -m evals.external DATA [--added FILE ...] [--errors N]

DATA holds `aci/` and `codiesp/`. `--added` loads official index files into a code table of its own before the run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median

from agent.api import code_encounter, open_all
from agent.codebook import CodeBook
from agent.config import Settings
from agent.errors import ChartproofError
from agent.records import Scope
from codesets.build import add
from evals.loaders import Case, load_aci, load_codiesp
from evals.metrics import by_frequency, interval, micro
from evals.score import Score, score, score_failed


def measure(cases: Iterable[Case], scope: Scope, settings: Settings) -> tuple[list[Score], list[float]]:
    """The score and the seconds of each case; a coding that fails is a score too."""
    book = open_all(settings).book
    scores: list[Score] = []
    seconds: list[float] = []
    for encounter, gold in cases:
        began = time.perf_counter()
        try:
            coding = code_encounter(encounter, scope=scope, settings=settings)
        except ChartproofError as error:
            scores.append(score_failed(encounter, str(error), gold))
        else:
            scores.append(score(encounter, coding, gold, book))
        seconds.append(time.perf_counter() - began)
    return scores, seconds


def report(name: str, scores: Sequence[Score], seconds: Sequence[float]) -> str:
    """One row of the table."""
    total, (low, high) = micro(scores), interval(scores)
    failed = sum(bool(s.failed) for s in scores)
    return (
        f"| {name} | {len(scores) - failed} / {failed} / {len(scores)} | {total.precision:.3f} | {total.recall:.3f} | "
        f"**{total.f1:.3f}** [{low:.3f}, {high:.3f}] | {total.hit} / {total.extra} / {total.missed} | "
        f"{sum(s.misplaced for s in scores)} | {sum(s.invalid for s in scores)} | {1000 * median(seconds):.1f} |"
    )


def errors(scores: Sequence[Score], book: CodeBook, most: int) -> str:
    """The codes that were most often extra, missed, and missed without having been considered."""
    lines = []
    views: tuple[tuple[str, Callable[[Score], frozenset[str]]], ...] = (
        ("extra", lambda s: s.extra),
        ("missed", lambda s: s.missed),
        ("never considered", lambda s: s.unproposed),
    )
    for title, pick in views:
        counts = Counter(code for s in scores for code in pick(s))
        lines.append(f"\n{title} ({sum(counts.values())}):")
        for code, n in counts.most_common(most):
            entry = book.get(code)
            lines.append(f"  {n:3} {code:9} {entry.title if entry else '(not in the edition)'}")
    return "\n".join(lines)


def main() -> None:
    """Run the evaluation and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--added", type=Path, nargs="*", default=[])
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--only", choices=("aci", "codiesp"))
    parser.add_argument("--split", default="dev", choices=("dev", "train"))
    arguments = parser.parse_args()
    settings = Settings.from_environment()
    if arguments.added:
        settings = settings.model_copy(update={"cache": Path(tempfile.mkdtemp(prefix="chartproof-eval-"))})
        for path in arguments.added:
            print(add(path, settings))
    book = open_all(settings).book
    sets: dict[str, tuple[Callable[[], Iterable[Case]], Scope]] = {
        "aci": (lambda: load_aci(arguments.data), Scope.CLAIM),
        "codiesp": (lambda: load_codiesp(arguments.data, arguments.split), Scope.MENTIONS),
    }
    print("| set | scored / failed / total | P | R | F1 [95%] | hit / extra / missed | misplaced | invalid | ms p50 |")
    print("|---|---|---|---|---|---|---|---|---|")
    details = []
    for name, (load, scope) in sets.items():
        if arguments.only not in (None, name):
            continue
        scores, seconds = measure(load(), scope, settings)
        print(report(f"{name}, {scope.value}", scores, seconds))
        current = [s._replace(missed=frozenset(filter(book.is_billable, s.missed))) for s in scores]
        if current != scores:
            print(report(f"{name}, gold that is billable in this edition", current, seconds))
        for band, prf in by_frequency(scores).items():
            details.append(f"{name}: gold codes standing {band}: recall {prf.recall:.3f} ({prf.hit} of {prf.hit + prf.missed}), extra {prf.extra}")
        if arguments.errors:
            details.append(errors(scores, book, arguments.errors))
    print("\n" + "\n".join(details))


if __name__ == "__main__":
    main()
