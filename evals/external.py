"""External: the engines on labelled notes from outside the project, as a Markdown table.

    python -m evals.external DATA [--engine llm] [--added FILE ...] [--only aci] [--errors N]

DATA holds `aci/` and `codiesp/`. `--added` loads official index files into a code table of its own before the run. With
`--engine llm` the model of the settings reads and judges, and the recall of each step is printed too.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median

from agent.api import acode_encounter, open_all
from agent.codebook import CodeBook
from agent.config import Settings
from agent.engine import ModelEngine
from agent.errors import ChartproofError
from agent.llm import Endpoint
from agent.pipeline import Engine
from agent.records import Coding, Draft, Scope
from codesets.build import add
from evals.loaders import Case, load_aci, load_codiesp
from evals.metrics import by_frequency, interval, micro
from evals.score import Score, Steps, score, score_failed, steps


async def measure(
    cases: Iterable[Case], scope: Scope, settings: Settings, engine: Engine | str
) -> tuple[list[Score], list[Coding], list[float]]:
    """The score and the seconds of each case; a coding that fails is a score too.

    A model is asked for all cases at once, unless its concurrency is 1; the lexical engine codes one after another.
    """
    book = open_all(settings).book
    codings: list[Coding] = []

    async def one(case: Case) -> tuple[Score, float]:
        drafts: list[Draft] = []
        began = time.perf_counter()
        try:
            coding = await acode_encounter(
                case.encounter,
                scope=scope,
                settings=settings,
                engine=engine,
                watch=lambda draft, findings: drafts.append(draft),
            )
        except ChartproofError as error:
            print(f"failed: {case.encounter.id}: {error}", flush=True)
            return score_failed(case.encounter, str(error), case.gold), time.perf_counter() - began
        codings.append(coding)
        taken: Steps = steps(drafts[0], case.gold, book)
        ended = {code.code for code in coding.codes} | {left_out.code for left_out in coding.excluded}
        lost = sum(candidate.code not in ended for candidate in drafts[0].candidates)
        scored = score(case.encounter, coding, case.gold, book, taken)._replace(lost=lost)
        return scored, coding.audit.usage.seconds - coding.audit.usage.model_seconds

    if engine == "lexical" or settings.concurrency == 1:
        results = [await one(case) for case in cases]
    else:
        results = list(await asyncio.gather(*(one(case) for case in cases)))
    return [s for s, _ in results], codings, [seconds for _, seconds in results]


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


def step_table(scores: Sequence[Score], codings: Sequence[Coding]) -> str:
    """The recall of each step, what the critique does by itself, and what the calls cost."""
    gold = sum(len(s.hit) + len(s.missed) for s in scores)
    lines = [
        f"gold codes: {gold}",
        f"recall after propose and grounding: {sum(len(s.steps.proposed) for s in scores) / gold:.3f}",
        f"recall after lookup (offered to the critique): {sum(len(s.steps.offered) for s in scores) / gold:.3f}",
    ]
    before = [
        s._replace(
            hit=s.steps.affirmed_hit, extra=s.steps.affirmed_extra, missed=(s.hit | s.missed) - s.steps.affirmed_hit
        )
        for s in scores
    ]
    lines.append(
        f"F1 of the affirmed first proposals, before the critique: {micro(before).f1:.3f}; after: "
        f"{micro(scores).f1:.3f}"
    )
    better = sum(micro([a]).f1 > micro([b]).f1 for a, b in zip(scores, before, strict=True))
    worse = sum(micro([a]).f1 < micro([b]).f1 for a, b in zip(scores, before, strict=True))
    lines.append(f"the critique by note: better {better}, worse {worse}, same {len(scores) - better - worse}")
    if codings:
        usages = [coding.audit.usage for coding in codings]
        lines.append(
            f"calls a note: median {median(u.calls for u in usages):g}; prompt tokens "
            f"{sum(u.prompt_tokens for u in usages)}, "
            f"completion tokens {sum(u.completion_tokens for u in usages)}"
        )
        lines.append(
            f"rejected quotes: {sum(len(c.rejected) for c in codings)}; candidates: "
            f"{sum(s.steps.candidates for s in scores)}, of these ending nowhere: {sum(s.lost for s in scores)}"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the evaluation and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--engine", choices=("lexical", "llm"), default="lexical")
    parser.add_argument("--added", type=Path, nargs="*", default=[])
    parser.add_argument("--errors", type=int, default=0)
    parser.add_argument("--only", choices=("aci", "codiesp"))
    parser.add_argument("--split", default="dev", choices=("dev", "train"))
    parser.add_argument("--first", type=int, help="only the first N notes")
    parser.add_argument("--out", type=Path, help="a folder for the codings, one JSON a line")
    arguments = parser.parse_args()
    settings = Settings.from_environment()
    if arguments.added:
        settings = settings.model_copy(update={"cache": Path(tempfile.mkdtemp(prefix="chartproof-eval-"))})
        for path in arguments.added:
            print(add(path, settings))
    opened = open_all(settings)
    book = opened.book
    engine: Engine | str = "lexical"
    if arguments.engine == "llm":
        engine = ModelEngine(Endpoint(settings), book, opened.lexical, settings)
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
        cases = list(load())[: arguments.first]
        scores, codings, seconds = asyncio.run(measure(cases, scope, settings, engine))
        print(report(f"{name}, {scope.value}", scores, seconds))
        current = [s._replace(missed=frozenset(filter(book.is_billable, s.missed))) for s in scores]
        if current != scores:
            print(report(f"{name}, gold that is billable in this edition", current, seconds))
        details.append(f"{name}:\n{step_table(scores, codings)}")
        for band, prf in by_frequency(scores).items():
            details.append(
                f"{name}: gold codes standing {band}: recall {prf.recall:.3f} ({prf.hit} of {prf.hit + prf.missed}), "
                f"extra {prf.extra}"
            )
        if arguments.errors:
            details.append(errors(scores, book, arguments.errors))
        if arguments.out:
            arguments.out.mkdir(parents=True, exist_ok=True)
            lines = "".join(coding.model_dump_json() + "\n" for coding in codings)
            (arguments.out / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    print("\n" + "\n".join(details))


if __name__ == "__main__":
    main()
