"""The command line: what it can do, and how each error ends (0 done, 2 bad input, 3 engine, 4 some encounters failed)."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from agent.errors import ChartproofError, InputError

_SETTING_MISSING = (
    "--setting is required: give --setting outpatient (office, clinic, emergency room, outpatient surgery) or --setting "
    "inpatient (admitted to hospital). Uncertain diagnoses are coded inpatient and not outpatient, so there is no safe default."
)
_EPILOG = """exit codes: 0 done; 2 bad input or usage; 3 the engine could not answer; 4 some encounters failed.
settings from the environment: CHARTPROOF_CACHE (folder of the code tables), CHARTPROOF_CHUNK_TOKENS,
CHARTPROOF_CONTEXT_TOKENS, CHARTPROOF_MAX_NOTE_BYTES."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors say what to do; a missing --setting is explained."""

    def error(self, message: str) -> NoReturn:
        if "--setting" in message and "required" in message:
            message = _SETTING_MISSING
        self.exit(2, f"chartproof: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Errors are one line on standard error, never a traceback."""
    parser = build_parser()
    try:
        options = parser.parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except ChartproofError as error:
        print(f"chartproof: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output is gone (`| head`); nothing is wrong and nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("chartproof: stopped", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; tests walk it to see that each has help."""
    parser = _Parser(
        prog="chartproof",
        description="Clinical notes to ICD-10-CM codes that can be defended. A qualified coder decides.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser)

    code = commands.add_parser("code", help="code notes", description="Code notes: each file is one encounter.")
    code.add_argument(
        "notes", nargs="+", metavar="NOTE", help="a text file, a folder of .txt files, or - for standard input"
    )
    code.add_argument("--setting", required=True, help="outpatient or inpatient; there is no default")
    code.add_argument(
        "--scope", default="claim", help="claim (default): what is reported; mentions: every condition asserted"
    )
    code.add_argument("--dos", metavar="DATE", help="date of service, such as 2026-05-04")
    code.add_argument(
        "--engine", default="auto", choices=("auto", "lexical"), help="what reads the notes (default auto)"
    )
    code.add_argument(
        "--format", default="table", choices=("table", "json"), help="table (default), or JSON, one object a line"
    )
    code.add_argument("--out", type=Path, metavar="FILE", help="write to a file instead of standard output")
    code.add_argument("--all", action="store_true", help="show every quote, alternative and finding in the table")
    code.set_defaults(run=_code)

    codes = commands.add_parser("codes", help="the code table", description="Build, extend and read the code table.")
    tables = codes.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser)
    build = tables.add_parser(
        "build", help="build the code table if it is not there", description="Build the code table."
    )
    build.set_defaults(run=_codes_build)
    add = tables.add_parser(
        "add",
        help="add an official index file",
        description="Add the Alphabetic Index (XML or CSV), Table of Neoplasms, Table of Drugs or External Cause index.",
    )
    add.add_argument(
        "path", type=Path, metavar="PATH", help="the file as the CDC publishes it, or the flat CSV of the index"
    )
    add.set_defaults(run=_codes_add)
    listing = tables.add_parser(
        "list", help="list what the code table holds", description="List editions and added files."
    )
    listing.set_defaults(run=_codes_list)
    show = tables.add_parser(
        "show", help="show a code and its notes", description="Show a code with all that is said of it."
    )
    show.add_argument("code", metavar="CODE")
    show.set_defaults(run=_codes_show)
    search = tables.add_parser(
        "search", help="search codes by words", description="Search titles, terms and the lexicon."
    )
    search.add_argument("text", nargs="+", metavar="TEXT")
    search.add_argument("-k", type=int, default=10, metavar="N", help="how many (default 10)")
    search.set_defaults(run=_codes_search)

    schema = commands.add_parser(
        "schema", help="print the JSON Schema of a result", description="The JSON Schema of a result."
    )
    schema.set_defaults(run=_schema)
    return parser


def _code(options: argparse.Namespace) -> int:
    from agent.api import code_encounter, read_date, read_scope, read_setting
    from agent.config import Settings
    from agent.intake import read_document
    from agent.records import Encounter
    from agent.report.table import render

    setting, scope, day = read_setting(options.setting), read_scope(options.scope), read_date(options.dos)
    settings = Settings.from_environment()
    sources = list(_sources(options.notes))
    failures: list[ChartproofError] = []
    with _Output(options.out) as out:
        for name, source in sources:
            try:
                document = read_document(source, name, settings)
                encounter = Encounter(id=name, setting=setting, documents=(document,), date_of_service=day)
                coding = code_encounter(encounter, scope=scope, settings=settings)
            except ChartproofError as error:
                if len(sources) == 1:
                    raise
                print(f"chartproof: {name}: {error}", file=sys.stderr)
                failures.append(error)
                continue
            if options.format == "json":
                out.write(coding.model_dump_json() + "\n")
            else:
                out.write(render(coding, encounter, colour=_colour(out), every=options.all) + "\n")
            out.flush()
    if failures:
        print(f"chartproof: {len(failures)} of {len(sources)} encounters failed; the others are coded", file=sys.stderr)
        return 4
    return 0


class _Output:
    """Standard output, or a file that appears whole or not at all."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part") if path else None

    def __enter__(self) -> TextIO:
        if self._part is None:
            self._stream: TextIO = sys.stdout
            return self._stream
        try:
            self._stream = self._part.open("w", encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"--out {self._path} can't be written: {error.strerror}; name a file in a folder you may write to"
            ) from None
        return self._stream

    def __exit__(self, kind: object, *rest: object) -> None:
        if self._part is None or self._path is None:
            return
        self._stream.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)


def _sources(names: Sequence[str]) -> Iterator[tuple[str, Path | bytes]]:
    """The encounters that the arguments name: (id, file or bytes); two files of one stem get their folders too."""
    paths: list[Path] = []
    for name in names:
        path = Path(name)
        if name == "-":
            yield "stdin", sys.stdin.buffer.read()
        elif path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix == ".txt" and p.is_file())
            if not inside:
                raise InputError(
                    f"the folder {name} holds no .txt file; name a folder of notes, or the files themselves"
                )
            paths.extend(inside)
        elif path.exists():
            paths.append(path)
        else:
            raise InputError(
                f"{name} does not exist; name a text file, a folder of .txt files, or - for standard input"
            )
    stems = [path.stem for path in paths]
    for path in paths:
        yield (path.stem if stems.count(path.stem) == 1 else str(path.with_suffix("")), path)


def _colour(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _progress(line: str) -> None:
    print(line, file=sys.stderr)


def _codes_build(options: argparse.Namespace) -> int:
    from agent.codebook import CodeBook
    from agent.config import Settings

    settings = Settings.from_environment()
    book = CodeBook.open(settings, progress=_progress)
    first, last = book.edition.effective
    print(f"{book.edition.system} {book.edition.edition}, effective {first} to {last}, in {settings.cache}")
    return 0


def _codes_add(options: argparse.Namespace) -> int:
    from agent.codebook import CodeBook
    from agent.config import Settings
    from codesets.build import add

    settings = Settings.from_environment()
    print(add(options.path, settings))
    CodeBook.open(settings, progress=_progress)
    return 0


def _codes_list(options: argparse.Namespace) -> int:
    from agent.codebook import CodeBook
    from agent.config import Settings

    book = CodeBook.open(Settings.from_environment(), progress=_progress)
    first, last = book.edition.effective
    print(f"{book.edition.system} {book.edition.edition}  effective {first} to {last}  sha256 {book.edition.sha256}")
    for line in book.sources():
        print(f"  {line}")
    return 0


def _codes_show(options: argparse.Namespace) -> int:
    from agent.codebook import CodeBook
    from agent.config import Settings

    book = CodeBook.open(Settings.from_environment(), progress=_progress)
    notes = book.notes(options.code)  # raises UnknownCode with the nearest codes
    code = book.get(options.code)
    assert code is not None
    print(f"{code.code}  {code.title}  ({'billable' if code.billable else code.kind + ', not billable'})")
    for parent in book.parents(code.code):
        print(f"  in {parent.code}  {parent.title}")
    for note in notes:
        print(f"  {note.kind.replace('_', ' ')} (at {note.at}): {note.text}")
    for child in book.children(code.code):
        print(f"  below: {child.code}  {child.title}")
    return 0


def _codes_search(options: argparse.Namespace) -> int:
    from agent.codebook import CodeBook
    from agent.config import Settings

    if options.k < 1:
        raise InputError(f"-k {options.k} is no number of results; give 1 or more")
    book = CodeBook.open(Settings.from_environment(), progress=_progress)
    hits = book.search(" ".join(options.text), options.k)
    for hit in hits:
        print(f"{hit.code:9} {hit.title}")
    if not hits:
        print("no code has any of these words; try other words or fewer", file=sys.stderr)
    return 0


def _schema(options: argparse.Namespace) -> int:
    from agent.records import Coding

    print(json.dumps(Coding.model_json_schema(mode="serialization"), indent=2))
    return 0
