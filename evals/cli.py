"""`chartproof eval`: run a suite, compare two runs, report on runs, and hold a change to the committed baseline."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from agent.api import open_all
from agent.commands.console import Output, say
from agent.config import Settings
from agent.errors import InputError
from evals.bands import Reference, read_reference
from evals.judged import Judged, judge
from evals.opening import check_gold, draw, is_own, open_spec
from evals.outcome import Outcome
from evals.problems import plain
from evals.reconcile import read_conversion
from evals.run import ENGINES, Wanted, carry_out, record_tapes
from evals.sources import Options
from evals.store import RUNS, RunFolder, refer

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

SOME_FAILED = 4
_NARROW = ("scope", "labels", "split", "track", "language", "part", "notes", "setting", "only", "sample", "first")


def main(arguments: Sequence[str], parser_class: type[argparse.ArgumentParser]) -> int:
    """Run one command and return its exit code; errors are for `agent.cli` to tell."""
    options = build_parser(parser_class).parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def build_parser(parser_class: type[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """The parser of the commands; tests walk it to see that each has help."""
    parser = parser_class(prog="chartproof eval", description="Measure accuracy, and say what a change did to it.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=parser_class)
    _add_run(commands)
    _add_compare(commands)
    _add_report(commands)
    _add_record(commands)
    _add_gate(commands)
    return parser


def _add_run(commands: Commands) -> None:
    run = commands.add_parser(
        "run",
        help="run a suite",
        description="Run a suite and keep every result; started again, the same command goes on where it was.",
    )
    run.add_argument(
        "suite", metavar="SUITE", help="all, a suite's name, clear, a folder or file of yours, aci@DATA, codiesp@DATA"
    )
    run.add_argument("--engine", default="lexical", choices=ENGINES, help="what is measured (default lexical)")
    run.add_argument("--name", metavar="RUN", help="its name (default: follows from what it is made with)")
    run.add_argument(
        "--reuse", type=Path, nargs="+", default=[], metavar="RUN", help="use answers of runs, or of a folder of runs"
    )
    run.add_argument("--retry", action="store_true", help="ask again for encounters that failed")
    run.add_argument("--print-folder", action="store_true", help="print the run's folder in place of its figures")
    _add_runs(run)
    _add_narrowing(run)
    _add_judging(run)
    run.set_defaults(run=run_suite)


def _add_record(commands: Commands) -> None:
    record = commands.add_parser(
        "record",
        help="record the cassettes of a suite of the project",
        description="Record what the cassettes of a suite lack, from the endpoint of the settings.",
    )
    record.add_argument("suite", metavar="SUITE", help="all, outpatient, inpatient, other or clear")
    record.add_argument("--only", metavar="NAMES", help="only these encounters, with commas between them")
    record.set_defaults(run=record_suite)


def _add_compare(commands: Commands) -> None:
    compare = commands.add_parser(
        "compare",
        help="compare two runs",
        description="What changed from one run to another, with intervals, and on which notes.",
    )
    compare.add_argument("before", type=Path, metavar="A", help="a run: its folder, or its name in --runs")
    compare.add_argument("after", type=Path, metavar="B", help="the run that is compared with it")
    compare.add_argument(
        "--notes", type=int, default=10, metavar="N", help="open so many notes that got better, and that got worse (10)"
    )
    compare.add_argument("--html", type=Path, metavar="FILE", help="write a page with every changed note opened")
    _add_runs(compare)
    _add_judging(compare)
    compare.set_defaults(run=compare_runs)


def _add_report(commands: Commands) -> None:
    report = commands.add_parser(
        "report", help="report on runs", description="Figures and plots of one run, or of several of one suite."
    )
    report.add_argument("of", type=Path, nargs="+", metavar="RUN", help="a run: its folder, or its name in --runs")
    report.add_argument("--html", type=Path, metavar="FILE", help="write one page that needs nothing else")
    report.add_argument("--markdown", type=Path, metavar="FILE", help="write Markdown (default: to standard output)")
    _add_runs(report)
    _add_judging(report)
    report.set_defaults(run=report_runs)


def _add_gate(commands: Commands) -> None:
    gate = commands.add_parser(
        "gate",
        help="fail where a suite's score fell below its baseline",
        description="Run every suite again; exit 1 where micro F1 is below its interval in evals/baseline.json, or "
        "certain to be lower than there on the same notes.",
    )
    gate.add_argument("--update", action="store_true", help="write the baseline anew from what is measured now")
    gate.set_defaults(run=hold_gate)


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help="the folder of the runs (default runs)")


def _add_narrowing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scope", help="claim or mentions (default: the suite's own)")
    parser.add_argument("--split", help="of CodiEsp: dev, train or test (default dev)")
    parser.add_argument("--track", help="of CodiEsp: D, P or X (default D)")
    parser.add_argument("--language", help="of CodiEsp: en or es (default en)")
    parser.add_argument("--labels", help="of ACI-Bench: which labels")
    parser.add_argument("--part", help="of MDACE: which part")
    parser.add_argument("--notes", type=Path, metavar="FILE", help="of MDACE: the table of MIMIC's notes")
    parser.add_argument("--setting", help="of a table whose rows say none: outpatient or inpatient")
    parser.add_argument("--only", metavar="NAMES", help="only these encounters, with commas between them")
    parser.add_argument("--sample", type=int, metavar="N", help="a sample of so many encounters")
    parser.add_argument("--seed", type=int, metavar="S", help="draw another sample than the usual one")
    parser.add_argument("--first", type=int, metavar="N", help="only the first so many")


def _add_judging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reference",
        metavar="COUNTS",
        help="what rare is: a file of codes, one mention a line or code, tab, count; or codiesp-train@DATA",
    )
    parser.add_argument(
        "--conversion", type=Path, metavar="FILE", help="CMS's conversion table (CSV), for gold of an older edition"
    )


# -- the commands ------------------------------------------------------------------------------------------------------


def run_suite(options: argparse.Namespace) -> int:
    """Run a suite, print its figures or its folder; 4 if some encounters failed."""
    from evals.report.markdown import render_markdown

    settings = Settings.from_environment()
    narrow = _options(options)
    if options.seed is not None:
        if narrow.sample is None:
            raise InputError("--seed draws a sample, and --sample N says of how many encounters; give both")
        whole = open_spec(options.suite, narrow.model_copy(update={"sample": None}))
        narrow = narrow.model_copy(update={"sample": None, "only": draw(whole, narrow.sample, options.seed)})
    suite = open_spec(options.suite, narrow)
    book = open_all(settings, progress=say).book
    check_gold(suite, options.suite, book)
    reuse = tuple(one.path for folder in _folders(options.reuse, options) for one in _runs_in(folder))
    wanted = Wanted(options.engine, options.name, options.runs, reuse, options.retry)
    done = carry_out(suite, refer(suite, options.suite, narrow), wanted, settings, progress=_progress)
    judged = judge(done.folder, book, conversion=options.conversion)
    with Output() as out:
        if options.print_folder:
            out.write(f"{done.folder.path}\n")
        else:
            out.write(render_markdown([judged], _reference(options)))
    say(f"chartproof: {done.made} of {len(done.outcomes)} encounters were run now; kept in {done.folder.path}")
    return SOME_FAILED if judged.failed else 0


def record_suite(options: argparse.Namespace) -> int:
    """Record what the cassettes of a suite lack; 4 if some encounters failed."""
    if not is_own(options.suite):
        raise InputError(
            f"{options.suite!r} is no suite of the project; no other is recorded, since its notes would stand in clear"
        )
    settings = Settings.from_environment()
    only = {"only": options.only} if options.only else {}
    suite = open_spec(options.suite, Options.model_validate(only))
    outcomes = record_tapes(suite, settings, progress=_progress)
    failed = sum(bool(outcome.failure) for outcome in outcomes)
    say(f"chartproof: {len(outcomes) - failed} of {len(outcomes)} encounters are on tape")
    return SOME_FAILED if failed else 0


def compare_runs(options: argparse.Namespace) -> int:
    """Say what changed from one run to another; 4 if too many encounters of one failed."""
    from evals.compare import check_paired, compare
    from evals.report.comparison import render_comparison
    from evals.report.text import render_text

    folders = _folders([options.before, options.after], options)
    check_paired(*(folder.record() for folder in folders))
    before, after = _judged(folders, options)
    comparison = compare(before, after, _reference(options))
    if options.html:
        _write(options.html, render_comparison(comparison))
    with Output() as out:
        out.write(render_text(comparison, most=options.notes))
    return SOME_FAILED if comparison.caveats else 0


def report_runs(options: argparse.Namespace) -> int:
    """Report on runs."""
    from evals.report.markdown import render_markdown
    from evals.report.page import render_page

    judged, reference = _judged(_folders(options.of, options), options), _reference(options)
    if options.html:
        _write(options.html, render_page(judged, reference))
    if options.markdown or not options.html:
        with Output(options.markdown) as out:
            out.write(render_markdown(judged, reference))
    return 0


def hold_gate(options: argparse.Namespace) -> int:
    """Hold the present state to the baseline; 1 where it fell below."""
    from evals.gate import BASELINE, hold, measure_all, render_gate, update

    settings = Settings.from_environment()
    if options.update:
        with Output() as out:
            out.write(update(BASELINE, measure_all(settings, progress=_progress)))
        return 0
    verdicts = hold(BASELINE, settings, progress=_progress)
    with Output() as out:
        out.write(render_gate(verdicts))
    return int(any(verdict.fell for verdict in verdicts))


# -- what they share ---------------------------------------------------------------------------------------------------


def _options(options: argparse.Namespace) -> Options:
    given = {name: getattr(options, name) for name in _NARROW if getattr(options, name) is not None}
    try:
        return Options.model_validate(given)
    except ValidationError as error:
        raise InputError(f"--{plain(error)}; see chartproof eval run --help") from None


def _reference(options: argparse.Namespace) -> Reference | None:
    return read_reference(options.reference) if options.reference else None


def _folders(paths: Sequence[Path], options: argparse.Namespace) -> list[RunFolder]:
    return [RunFolder(path if path.exists() else options.runs / path) for path in paths]


def _runs_in(folder: RunFolder) -> list[RunFolder]:
    """The run of a folder, or the runs that a folder of runs holds.

    Raises:
        InputError: it is neither; passed over, everything would be paid for again.
    """
    within = [] if folder.exists() else [RunFolder(path.parent) for path in sorted(folder.path.glob("*/run.json"))]
    if not within:
        folder.record()
    return within or [folder]


def _judged(folders: Sequence[RunFolder], options: argparse.Namespace) -> list[Judged]:
    book = open_all(Settings.from_environment(), progress=say).book
    conversion = read_conversion(options.conversion) if options.conversion else None
    return [judge(folder, book, conversion=conversion) for folder in folders]


def _write(path: Path, text: str) -> None:
    with Output(path) as out:
        out.write(text)
    say(f"chartproof: wrote {path}")


def _progress(done: int, total: int, outcome: Outcome) -> None:
    if outcome.failure:
        say(f"chartproof: {done} of {total}: {outcome.encounter} failed: {outcome.failure}")
    elif (sys.stderr is not None and sys.stderr.isatty()) or 10 * done // total > 10 * (done - 1) // total:
        say(f"chartproof: {done} of {total}: {outcome.encounter}")
