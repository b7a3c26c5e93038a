"""The command line: its commands and options, and how each error ends."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from agent.commands.console import Output, abandon_output, defect, say
from agent.errors import ChartproofError, InputError

STOPPED = 130
DEFECT = 1

_SETTING_MISSING = (
    "--setting is missing: give --setting outpatient (office, clinic, emergency room, outpatient surgery) or --setting "
    "inpatient (admitted to hospital), or both to see what they differ in. A diagnosis that is only suspected is coded "
    "inpatient and not outpatient, so "
    "there is no safe default"
)
_EPILOG = """exit codes: 0 done; 2 bad input or usage; 3 the engine could not answer; 4 some encounters failed.
settings from the environment: CHARTPROOF_CACHE (folder of the code tables), CHARTPROOF_CHUNK_TOKENS,
CHARTPROOF_CONTEXT_TOKENS, CHARTPROOF_MAX_NOTE_BYTES; NO_COLOR for output without colours."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line that says what to do; a missing --setting is explained."""

    def print_help(self, file: object = None) -> None:
        with Output() as out:
            out.write(self.format_help())

    def error(self, message: str) -> NoReturn:
        missing = message.partition("arguments are required: ")[2].split(", ")
        if "--setting" in missing:
            others = [name for name in missing if name != "--setting"]
            message = _SETTING_MISSING + (f"; {', '.join(others)} is missing too" if others else "")
        elif missing != [""]:
            message = f"{', '.join(missing)} is missing"
        say(f"chartproof: {message}; see {self.prog} --help")
        raise SystemExit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one line on standard error, never a traceback."""
    try:
        with _interruptible():
            options = build_parser().parse_args(arguments)
            run: Callable[[argparse.Namespace], int] = options.run
            return run(options)
    except SystemExit as stop:  # argparse: help, version, or a usage error that was told
        return stop.code if isinstance(stop.code, int) else 2
    except ChartproofError as error:
        say(f"chartproof: {error}")
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output is gone (`| head`); nothing is wrong and nobody is left to tell.
        abandon_output()
        return 0
    except KeyboardInterrupt:
        say("chartproof: stopped")
        return STOPPED
    except MemoryError:
        say("chartproof: there is not enough memory; code fewer or shorter notes at once")
        return ChartproofError.exit_code
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        say(f"chartproof: {defect(error)}")
        return DEFECT


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; tests walk it to see that each has help."""
    parser = _Parser(
        prog="chartproof",
        description="Clinical notes to ICD-10-CM codes that can be defended. A qualified coder decides.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser)
    _add_code(commands)
    _add_eval(commands)
    codes = commands.add_parser("codes", help="the code table", description="Build, extend and read the code table.")
    _add_codes(codes.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser))
    rules = commands.add_parser(
        "rules", help="the guideline rules", description="List and show the rules, and check claims by them."
    )
    _add_rules(rules.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser))
    prompts = commands.add_parser(
        "prompts", help="the prompts", description="Check the prompts, and see what an edit changed."
    )
    _add_prompts(prompts.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser))
    schema = commands.add_parser(
        "schema", help="print the JSON Schema of a result", description="Print the JSON Schema of a result."
    )
    schema.set_defaults(run=_schema)
    return parser


def _add_code(commands: argparse._SubParsersAction[_Parser]) -> None:
    code = commands.add_parser(
        "code",
        help="code notes",
        description="Code notes: each file is one encounter, named by its file's name without .txt.",
    )
    code.add_argument(
        "notes", nargs="+", metavar="NOTE", help="a text file, a folder of .txt files, or - for standard input"
    )
    code.add_argument(
        "--setting", required=True, help="outpatient, inpatient, or both to see what they differ in; no default"
    )
    code.add_argument(
        "--scope", default="claim", help="claim (default): what is reported; mentions: every condition asserted"
    )
    code.add_argument("--dos", metavar="DATE", help="date of service, such as 2026-05-04")
    code.add_argument(
        "--age", type=_age, metavar="YEARS", help="the patient's age in whole years at the date of service"
    )
    code.add_argument("--sex", choices=("female", "male"), help="the patient's sex, as the code edits use it")
    code.add_argument(
        "--encounter", metavar="ID", help="all notes are documents of one encounter, which is called ID (a stay, say)"
    )
    code.add_argument(
        "--engine",
        default="auto",
        choices=("auto", "lexical", "llm"),
        help="what reads: auto (default) is llm where CHARTPROOF_MODEL names a model, else lexical",
    )
    code.add_argument(
        "--dry-run",
        action="store_true",
        help="print what a model would be sent, letter for letter, and about what it would cost; send nothing",
    )
    code.add_argument(
        "--format", default="table", choices=("table", "json"), help="table (default), or JSON, one object a line"
    )
    code.add_argument("--out", type=Path, metavar="FILE", help="write to a file instead of standard output")
    code.add_argument(
        "--all", action="store_true", help="show every quote, alternative, exclusion and note in the table"
    )
    code.set_defaults(run=_command("code", "run"))


def _age(given: str) -> int:
    if not (given.isdigit() and int(given) <= 130):
        raise argparse.ArgumentTypeError(f"{given!r} is no age; give whole years, from 0 to 130")
    return int(given)


def _add_eval(commands: argparse._SubParsersAction[_Parser]) -> None:
    evaluate = commands.add_parser(
        "eval",
        help="measure accuracy (in a checkout of the project)",
        description="Measure accuracy: run a suite, compare two runs, report on runs, record cassettes, hold the gate.",
    )
    evaluate.add_argument("command", metavar="COMMAND", help="run, compare, report, record or gate; each has --help")
    evaluate.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="what the command is given")

    def run(options: argparse.Namespace) -> int:
        checkout = Path(__file__).parents[1]
        if not (checkout / "evals" / "cli.py").is_file():
            raise InputError("the evals come with a checkout of the project and are not installed; run this in one")
        if str(checkout) not in sys.path:  # the installed command begins with another folder
            sys.path.insert(0, str(checkout))
        main: Callable[..., int] = importlib.import_module("evals.cli").main
        return main([options.command, *options.rest], _Parser)

    evaluate.set_defaults(run=run)


def _add_codes(tables: argparse._SubParsersAction[_Parser]) -> None:
    build = tables.add_parser(
        "build",
        help="build the code table if it is not there",
        description="Build the code table where it is missing or damaged. The first command that needs it does so too.",
    )
    build.set_defaults(run=_command("codes", "build"))
    add = tables.add_parser(
        "add",
        help="add an official index file",
        description="Add the Alphabetic Index (XML or CSV), Neoplasms, Drugs or External Cause index of the CDC.",
    )
    add.add_argument(
        "path", type=Path, metavar="PATH", help="the file as the CDC publishes it, or the flat CSV of the index"
    )
    add.set_defaults(run=_command("codes", "add"))
    listing = tables.add_parser(
        "list", help="list what the code table holds", description="List the edition and the files it was made from."
    )
    listing.set_defaults(run=_command("codes", "listing"))
    show = tables.add_parser(
        "show", help="show a code and its notes", description="Show a code or header with all that is said of it."
    )
    show.add_argument("code", metavar="CODE", help="a code, category, block or chapter: E11.42, e1142, E11, E08-E13, 4")
    show.add_argument("--all", action="store_true", help="show everything that stands below it")
    show.set_defaults(run=_command("codes", "show"))
    search = tables.add_parser(
        "search",
        help="search codes by words",
        description="Search titles, inclusion terms, added indexes and the lexicon.",
    )
    search.add_argument("text", nargs="+", metavar="TEXT", help="words, abbreviations or lay terms")
    search.add_argument("-k", type=int, default=10, metavar="N", help="how many codes (default 10)")
    search.set_defaults(run=_command("codes", "search"))


def _add_rules(rules: argparse._SubParsersAction[_Parser]) -> None:
    listing = rules.add_parser("list", help="list the rules", description="List every rule with its citation.")
    listing.add_argument("--family", help="only one family, such as sequencing")
    listing.set_defaults(run=_command("rules", "listing"))
    show = rules.add_parser("show", help="show one rule", description="Show what a rule says, and an example.")
    show.add_argument("name", metavar="ID", help="its name, such as excludes1_conflict")
    show.set_defaults(run=_command("rules", "show"))
    check = rules.add_parser(
        "check",
        help="check the codes of claims, also of claims made elsewhere",
        description='Check claims: {"setting": "outpatient", "date_of_service": "2026-05-15", "patient": {"age": 60, '
        '"sex": "female"}, "codes": ["E11.9", {"code": "N18.4", "poa": "Y"}]}, with the codes in claim order; one JSON '
        "object, or one a line.",
    )
    check.add_argument("claims", metavar="FILE", help="a claim as JSON, many as JSON Lines, or - for standard input")
    check.add_argument("--format", default="table", choices=("table", "json"), help="table (default) or JSON")
    check.add_argument("--out", type=Path, metavar="FILE", help="write to a file instead of standard output")
    check.set_defaults(run=_command("rules", "check"))


def _add_prompts(prompts: argparse._SubParsersAction[_Parser]) -> None:
    check = prompts.add_parser(
        "check",
        help="check names, examples, size and schema",
        description="Check each prompt: the names that are filled in, the quotes of its examples, size and schema.",
    )
    diff = prompts.add_parser(
        "diff",
        help="show what an edit changed",
        description="Show what differs between a revision of git and the prompts now, or between the prompts and DIR.",
    )
    diff.add_argument("revision", nargs="?", default="HEAD", metavar="REV", help="a commit or branch (default HEAD)")
    for command, name in ((check, "check"), (diff, "diff")):
        command.add_argument(
            "--prompts", type=Path, metavar="DIR", help="a folder whose files take the place of those of the same name"
        )
        command.set_defaults(run=_command("prompts", name))


def _command(module: str, name: str) -> Callable[[argparse.Namespace], int]:
    """The function that runs a command; what it needs is loaded only when it runs."""

    def run(options: argparse.Namespace) -> int:
        function: Callable[[argparse.Namespace], int] = getattr(
            importlib.import_module(f"agent.commands.{module}"), name
        )
        return function(options)

    return run


class _Version(argparse.Action):
    """`--version`, which asks for the version only when it is wanted: that takes longer than the rest of a start."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, default=argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> NoReturn:
        from importlib.metadata import version

        with Output() as out:
            out.write(f"chartproof {version('chartproof')}\n")
        parser.exit()


def _schema(options: argparse.Namespace) -> int:
    from agent.records import Coding

    with Output() as out:
        out.write(json.dumps(Coding.model_json_schema(mode="serialization"), indent=2) + "\n")
    return 0


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C stops at once: asyncio would make it a cancellation, which a step without a pause misses."""

    def stop(number: int, frame: FrameType | None) -> None:
        logging.getLogger("asyncio").disabled = True  # it would print a traceback for every task that is given up
        raise KeyboardInterrupt

    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    if not ours or before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
