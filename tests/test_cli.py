"""The command line: what commands print, and how bad input ends: one line, the right exit code, no traceback."""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agent import cli
from agent.codebook import CodeBook
from agent.commands import code as code_command
from agent.commands.console import Output, json_line, say
from agent.config import PREFIX, Settings
from agent.records import Coding
from codesets import build, store

PROJECT = Path(__file__).parents[1]
NOTE = "Assessment: asthma, stable. Continue albuterol.\nDenies chest pain.\n"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full and /proc")


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The only line on standard error, without the name of the program."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("chartproof: ")
        assert "Traceback" not in lines[0]
        return lines[0].removeprefix("chartproof: ")


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command in this process, in an empty folder and without the user's settings."""
    for name in list(os.environ):
        if name.startswith(PREFIX) or name in ("NO_COLOR", "FORCE_COLOR", "OPENAI_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CHARTPROOF_CACHE", str(tmp_path / "no-cache"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, stdin: bytes | None = None) -> Ran:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        status = cli.main([str(argument) for argument in arguments])
        return Ran(status, *capsys.readouterr())

    return run


@pytest.fixture
def coder(run: Run, settings: Settings, codebook: CodeBook, monkeypatch: pytest.MonkeyPatch) -> Run:
    """As `run`, with the code table of this session."""
    monkeypatch.setenv("CHARTPROOF_CACHE", str(settings.cache))
    return run


@pytest.fixture
def small(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small edition in the place of the current one; the path of its table, which is not built yet."""
    monkeypatch.syspath_prepend(PROJECT / "tests" / "codesets")
    from small_edition import edition

    sample = edition(tmp_path / "package")
    monkeypatch.syspath_prepend(tmp_path / "package")
    monkeypatch.setattr(store, "CURRENT", sample)
    return build.table_path(sample, Settings(cache=tmp_path / "no-cache"))


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "visit.txt"
    path.write_text(NOTE, encoding="utf-8")
    return path


@pytest.fixture
def nothing_coded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of the coding of a note: its name, so that what surrounds it can be tested without a code table."""
    monkeypatch.setattr(code_command, "_coded", lambda name, *rest: f"coded {name}\n")


# -- what every command has --------------------------------------------------------------------------------------------


def walk(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from walk(below)


PARSERS = list(walk(cli.build_parser()))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_every_command_and_option_is_described(parser: argparse.ArgumentParser) -> None:
    assert parser.description and parser.description.endswith(".")
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            assert {listed.dest for listed in action._choices_actions if listed.help} == set(action.choices)
        else:
            assert action.help, f"{parser.prog} {action.dest} has no help"


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.prog)
def test_every_command_prints_its_help(run: Run, parser: argparse.ArgumentParser) -> None:
    ran = run(*parser.prog.split()[1:], "--help")
    assert ran == (0, parser.format_help(), "")


def test_the_readme_names_every_command() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    if re.search(r"^#+ .*\bCommands\b", readme, re.M):
        missing = [p.prog for p in PARSERS if not p._subparsers and p.prog not in readme]
        assert not missing


def test_the_help_names_settings_that_exist() -> None:
    named = set(re.findall(PREFIX + r"(\w+)", cli.build_parser().format_help()))
    assert named and named <= {name.upper() for name in Settings.model_fields}


def test_version(run: Run) -> None:
    assert re.fullmatch(r"chartproof \d+\.\d+\.\d+\n", run("--version").out)


def test_schema_is_the_schema_of_a_result(run: Run) -> None:
    assert json.loads(run("schema").out) == Coding.model_json_schema(mode="serialization")


# -- usage -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "COMMAND is missing; see chartproof --help"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["code"], "--setting is missing: give --setting outpatient"),
        (["code"], "NOTE is missing too"),
        (["code", "visit.txt"], "there is no safe default"),
        (["code", "--setting", "outpatient"], "NOTE is missing"),
        (["code", "visit.txt", "--setting", "hospital"], "the setting 'hospital' is not known; give 'outpatient'"),
        (["code", "visit.txt", "--setting", "outpatient", "--scope", "all"], "give 'claim' or 'mentions'"),
        (["code", "visit.txt", "--setting", "outpatient", "--dos", "2026-02-30"], "such as 2026-05-04"),
        (["code", "visit.txt", "--setting", "outpatient", "--dos", "5/4/2026"], "'5/4/2026' is no date"),
        (["code", "visit.txt", "--setting", "outpatient", "--format", "xml"], "invalid choice: 'xml'"),
        (["code", "visit.txt", "--setting", "outpatient", "--frob"], "unrecognized arguments: --frob"),
        (["code", "gone.txt", "--setting", "outpatient"], "gone.txt does not exist"),
        (["code", "gone\x1b[31m\n.txt", "--setting", "outpatient"], "gone\ufffd[31m .txt does not exist"),
        (["code", "n" * 300, "--setting", "outpatient"], "File name too long"),
        (["code", "empty", "--setting", "outpatient"], "the folder empty holds no .txt file"),
        (["code", "visit.txt", "--setting", "outpatient", "--out", "empty"], "--out empty is a folder"),
        (["code", "visit.txt", "--setting", "outpatient", "--out", "gone/x"], "--out gone/x can't be written"),
        (["code", "visit.txt", "--setting", "outpatient", "--out", "visit.txt"], "is the note visit.txt itself"),
        (["codes"], "COMMAND is missing; see chartproof codes --help"),
        (["codes", "search", " "], "no words to search for"),
        (["codes", "search", "asthma", "-k", "0"], "-k 0 is no number of results"),
        (["codes", "search", "asthma", "-k", "x"], "invalid int value: 'x'"),
        (["codes", "show", ""], "there is no code to show"),
        (["codes", "add", "gone.xml"], "gone.xml can't be read"),
        (["codes", "add", "visit.txt"], "visit.txt can't be added"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(run: Run, note: Path, arguments: list[str], said: str) -> None:
    Path("empty").mkdir()
    ran = run(*arguments)
    assert said in ran.error
    assert (ran.status, ran.out) == (2, "")
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["empty", "visit.txt"]
    assert note.read_text(encoding="utf-8") == NOTE


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CHARTPROOF_CHUNKS", "5", "CHARTPROOF_CHUNKS is not a setting of chartproof"),
        ("CHARTPROOF_CHUNK_TOKENS", "many", "CHARTPROOF_CHUNK_TOKENS='many' can't be used"),
        ("CHARTPROOF_CHUNK_TOKENS", "1", "CHARTPROOF_CHUNK_TOKENS='1' can't be used"),
    ],
)
def test_a_wrong_variable_is_named(
    run: Run, note: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    ran = run("code", note, "--setting", "outpatient")
    assert said in ran.error
    assert ran.status == 2


# -- notes that can't be coded -----------------------------------------------------------------------------------------

SPANISH = "El paciente fue ingresado en el hospital con fiebre y tos, y se le trata con antibióticos de la casa. " * 5

BAD_NOTES = [
    (b"", "bad is empty"),
    (b" \r\n\t\x0c", "bad is empty"),
    (b"Seen for M\xe9ni\xe8re disease.", "byte 0xE9 at offset 10"),
    (b"\x7fELF\x02\x01" + bytes(range(32)) * 20, "plain text"),
    (b"%PDF-1.7 ...", "PDF"),
    (b"a" * 5_000_001, "5,000,001"),
    (SPANISH.encode(), "Spanish"),
]


@pytest.mark.parametrize(("data", "said"), BAD_NOTES, ids=[said for _, said in BAD_NOTES])
def test_a_note_that_cannot_be_coded_is_one_line(run: Run, data: bytes, said: str) -> None:
    Path("bad.txt").write_bytes(data)
    ran = run("code", "bad.txt", "--setting", "outpatient", "--format", "json")
    assert said in ran.error
    assert (ran.status, ran.out) == (2, "")


@pytest.mark.parametrize(("data", "said"), BAD_NOTES, ids=[said for _, said in BAD_NOTES])
def test_so_is_one_on_standard_input(run: Run, data: bytes, said: str) -> None:
    ran = run("code", "-", "--setting", "outpatient", stdin=data)
    assert said.replace("bad", "stdin") in ran.error
    assert (ran.status, ran.out) == (2, "")


def test_closed_standard_input_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert "standard input is closed" in run("code", "-", "--setting", "outpatient").error


@pytest.mark.parametrize("refused", ["is_dir", "exists", "iterdir"])
def test_what_may_not_be_read_is_named(
    run: Run, note: Path, monkeypatch: pytest.MonkeyPatch, refused: str, tmp_path: Path
) -> None:
    def refuse(path: Path) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, refused, refuse)
    ran = run("code", tmp_path if refused == "iterdir" else note, "--setting", "outpatient")
    assert "can't be read: Permission denied" in ran.error
    assert ran.status == 2


# -- several notes -----------------------------------------------------------------------------------------------------


def test_one_that_fails_does_not_stop_the_others(coder: Run, note: Path) -> None:
    Path("empty.txt").touch()
    Path("latin.txt").write_bytes(b"caf\xe9")
    ran = coder("code", "empty.txt", note, "latin.txt", "--setting", "outpatient", "--format", "json")
    assert [Coding.model_validate_json(line).encounter_id for line in ran.out.splitlines()] == ["visit"]
    first, second, last = ran.err.splitlines()
    assert first.startswith("chartproof: empty ") and second.startswith("chartproof: latin ")
    assert last == "chartproof: 2 of 3 encounters failed; the others are coded"
    assert ran.status == 4


def test_all_that_fail_are_said_to(run: Run) -> None:
    Path("a.txt").touch()
    Path("b.txt").touch()
    ran = run("code", ".", "--setting", "outpatient")
    assert ran.err.splitlines()[-1] == "chartproof: 2 of 2 encounters failed; none is coded"
    assert (ran.status, ran.out) == (4, "")


def names(ran: Ran) -> list[str]:
    assert (ran.status, ran.err) == (0, "")
    return [line.removeprefix("coded ") for line in ran.out.splitlines()]


@pytest.mark.usefixtures("nothing_coded")
def test_an_encounter_is_named_by_its_stem_and_what_tells_it_apart(run: Run) -> None:
    for path in ("a/visit.txt", "b/visit.txt", "b/visit.md", "b/other.TXT", "b/.hidden.txt", "b/folder.txt/x.txt"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(NOTE, encoding="utf-8")
    assert names(run("code", "b", "--setting", "outpatient")) == ["other", "visit"]
    assert names(run("code", "a", "b", "--setting", "outpatient")) == ["a/visit", "other", "b/visit"]
    assert names(run("code", "b", "b/visit.txt", "b/../b/visit.txt", "--setting", "outpatient")) == ["other", "visit"]
    found = names(run("code", "b/visit.md", "b/visit.txt", "a", "-", "--setting", "outpatient"))
    assert found == ["b/visit.md", "b/visit.txt", "a/visit", "stdin"]


@pytest.mark.usefixtures("nothing_coded")
def test_a_name_that_is_no_text_is_made_one(run: Run) -> None:
    name = os.fsdecode(b"b\xff.txt")
    try:
        Path(name).write_text(NOTE, encoding="utf-8")
    except OSError:
        pytest.skip("the file system takes no such name")
    assert names(run("code", name, "--setting", "outpatient")) == ["b\ufffd"]


@pytest.mark.parametrize("bad", [KeyError("words of the note"), RecursionError("words of the note")])
def test_a_defect_is_one_line_without_words_of_the_note(
    run: Run, note: Path, monkeypatch: pytest.MonkeyPatch, bad: Exception
) -> None:
    def fail(name: str, *rest: object) -> str:
        if name == "visit":
            raise bad
        return "coded\n"

    monkeypatch.setattr(code_command, "_coded", fail)
    ran = run("code", note, "--setting", "outpatient")
    assert f"a defect in chartproof, {type(bad).__name__}" in ran.error
    assert "words of the note" not in ran.err
    assert ran.status == 1
    Path("other.txt").write_text(NOTE, encoding="utf-8")
    ran = run("code", ".", "--setting", "outpatient")
    assert ran.err.startswith("chartproof: visit: a defect in chartproof")
    assert (ran.status, ran.out) == (4, "coded\n")


# -- results -----------------------------------------------------------------------------------------------------------

ODD = {
    "plain": NOTE,
    "byte order mark": "\ufeff" + NOTE,
    "CRLF": NOTE.replace("\n", "\r\n"),
    "CR alone": NOTE.replace("\n", "\r"),
    "NUL": NOTE.replace("stable", "sta\x00ble"),
    "combining": unicodedata.normalize("NFD", "Sjögren, Ménière: père.\n") + NOTE,
    "emoji": "Mood 🙂 👩🏽\u200d⚕️ 🇨🇭.\n" + NOTE,
    "wide": "名前 Ａ.\n" + NOTE,
    "format characters": "\u200e\u00ad\u2028" + NOTE,
    "escape": "\x1b[31m\x9b31m\u202e" + NOTE,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_every_quote_of_the_json_is_the_text_at_its_offsets(coder: Run, text: str) -> None:
    Path("odd.txt").write_bytes(text.encode())
    ran = coder("code", "odd.txt", "--setting", "outpatient", "--dos", "2026-05-04", "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("\n") == 1 and ran.out.splitlines() == [ran.out[:-1]]
    assert all(character.isprintable() for character in ran.out[:-1])
    coding = json.loads(ran.out)
    assert [code["code"] for code in coding["codes"]] == ["J45.909"]
    assert [code["code"] for code in coding["excluded"]] == ["R07.9"]
    document = Path("odd.txt").read_bytes().decode()
    for code in coding["codes"] + coding["excluded"]:
        assert code["evidence"]
        for evidence in code["evidence"]:
            assert evidence["document"] == coding["encounter_id"] == "odd"
            assert document[evidence["start"] : evidence["end"]] == evidence["text"]


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.parametrize("more", [[], ["--all"]], ids=["short", "all"])
def test_no_control_character_of_a_note_reaches_the_terminal(coder: Run, text: str, more: list[str]) -> None:
    ran = coder("code", "-", "--setting", "outpatient", *more, stdin=text.encode())
    assert ran.status == 0
    assert "«asthma»" in ran.out and "«chest pain»" in ran.out
    assert all(character.isprintable() for line in ran.out.split("\n") for character in line)


def test_the_table_is_plain_when_piped_and_coloured_when_asked(
    coder: Run, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = coder("code", note, "--setting", "outpatient").out
    assert "\x1b" not in plain and "«asthma»" in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = coder("code", note, "--setting", "outpatient").out
    assert "\x1b[1;33masthma\x1b[0m" in coloured and "«" not in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in coder("code", note, "--setting", "outpatient").out


def test_a_terminal_is_told_by_its_width_and_kind(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    for columns, width in (("80", 80), ("20", 60), ("300", 120)):
        monkeypatch.setenv("COLUMNS", columns)
        with Output() as out:
            assert (out.colour, out.width) == (True, width)
    monkeypatch.setenv("TERM", "dumb")
    with Output() as out:
        assert not out.colour


def test_the_same_note_gives_the_same_result_from_a_file_and_standard_input(coder: Run, note: Path) -> None:
    def coded(ran: Ran) -> dict[str, Any]:
        coding: dict[str, Any] = json.loads(ran.out.replace('"stdin"', '"visit"'))
        del coding["audit"]
        return coding

    arguments = ("--setting", "inpatient", "--dos", "2026-05-04", "--format", "json")
    assert coded(coder("code", note, *arguments)) == coded(coder("code", "-", *arguments, stdin=NOTE.encode()))


def test_scope_and_date_reach_the_result(coder: Run, note: Path) -> None:
    arguments = ("code", note, "--setting", "outpatient", "--format", "json", "--engine", "lexical")
    coding = Coding.model_validate_json(coder(*arguments, "--scope", "mentions", "--dos", "2020-01-02").out)
    assert (coding.scope, str(coding.date_of_service), coding.audit.engine) == ("mentions", "2020-01-02", "lexical")
    assert "outside edition" in coding.findings[0].message
    assert "No date of service" in coder(*arguments[:4]).out


# -- where results go --------------------------------------------------------------------------------------------------


def test_out_appears_whole_and_replaces(coder: Run, note: Path) -> None:
    printed = coder("code", note, "--setting", "outpatient", "--format", "json").out
    target = Path("result.json")
    target.write_text("old", encoding="utf-8")
    Path("link.json").symlink_to(target)
    ran = coder("code", note, "--setting", "outpatient", "--format", "json", "--out", "link.json")
    assert ran == (0, "", "")
    assert json.loads(target.read_text(encoding="utf-8"))["codes"] == json.loads(printed)["codes"]
    assert Path("link.json").is_symlink()
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["link.json", "result.json", "visit.txt"]


def test_out_is_left_alone_when_all_fails(run: Run) -> None:
    Path("empty.txt").touch()
    Path("result.json").write_text("old", encoding="utf-8")
    assert run("code", "empty.txt", "--setting", "outpatient", "--out", "result.json").status == 2
    assert Path("result.json").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["empty.txt", "result.json"]


@pytest.mark.usefixtures("nothing_coded")
def test_out_of_a_dash_is_standard_output(run: Run, note: Path) -> None:
    assert run("code", note, "--setting", "outpatient", "--out", "-").out == "coded visit\n"
    assert not Path("-").exists()


@LINUX
@pytest.mark.usefixtures("nothing_coded")
def test_a_full_disk_is_said(run: Run, note: Path) -> None:
    ran = run("code", note, "--setting", "outpatient", "--out", "/dev/full")
    assert "--out /dev/full can't be written: No space left on device; make room" in ran.error
    assert ran.status == 2


@pytest.mark.usefixtures("nothing_coded")
def test_a_disk_that_fills_up_leaves_no_half_file(
    run: Run, note: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(code_command, "_coded", lambda source, *rest: "x" * 5000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    request.addfinalizer(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    ran = run("code", note, "--setting", "outpatient", "--out", "result.txt")
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "--out result.txt can't be written: File too large" in ran.error
    assert [path.name for path in Path.cwd().iterdir()] == ["visit.txt"]


def test_closed_output_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["schema"]) == 2
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["schema"]) == 2
    say("to nobody")


def test_an_encoding_without_the_letters_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    with Output() as out:
        assert out.ascii_only
        out.write("«ä» is shown as well as can be\n")
    assert written.getvalue() == b"?" * 3 + b" is shown as well as can be\n"


@pytest.mark.parametrize("ascii_only", [False, True])
def test_json_lines_are_one_line_to_every_reader(ascii_only: bool) -> None:
    value = {"a": "é \x85 \u2028 \u202e \x9b \U0001f642 \U000e0001 \x7f \n"}
    line = json_line(json.dumps(value, ensure_ascii=False), ascii_only=ascii_only)
    assert json.loads(line) == value
    assert len(line.splitlines()) == 1
    assert line[:-1].isprintable()
    assert ("é" in line) is not ascii_only


# -- the code table ----------------------------------------------------------------------------------------------------


def test_a_table_is_built_at_first_use_and_said_to(small: Path, run: Run) -> None:
    ran = run("codes", "list")
    assert ran.status == 0
    assert ran.err.startswith("building the code table of ICD-10-CM Sample")
    assert ran.out.startswith("ICD-10-CM Sample, effective 2026-04-01 to 2026-09-30\n")
    assert "no index is added" in ran.out
    ran = run("codes", "build")
    assert (ran.status, ran.err) == (0, "")
    assert str(small.parent) in ran.out


def test_a_damaged_table_is_rebuilt_and_said_to(small: Path, run: Run) -> None:
    run("codes", "build")
    small.write_bytes(small.read_bytes()[:5000])
    ran = run("codes", "show", "x00.0")
    assert ran.status == 0
    assert "is damaged" in ran.err.splitlines()[0]
    assert ran.out.startswith("X00.0  Sampling fever with chills  billable\n")


@pytest.mark.parametrize("place", ["taken", "taken/below", pytest.param("/proc/none/below", marks=LINUX)])
def test_a_cache_that_cannot_be_written_is_one_line(
    small: Path, run: Run, monkeypatch: pytest.MonkeyPatch, note: Path, place: str
) -> None:
    Path("taken").touch()
    monkeypatch.setenv("CHARTPROOF_CACHE", place)
    for arguments in (["codes", "list"], ["code", "visit.txt", "--setting", "outpatient"]):
        ran = run(*arguments)
        lines = [line for line in ran.err.splitlines() if not line.startswith("building ")]
        assert len(lines) == 1
        assert re.match(rf"chartproof: .*{place}.*CHARTPROOF_CACHE", lines[0])
        assert (ran.status, ran.out) == (2, "")


def test_a_table_that_no_encounter_can_do_without_is_said_once(
    small: Path, run: Run, monkeypatch: pytest.MonkeyPatch, note: Path
) -> None:
    Path("other.txt").write_text(NOTE, encoding="utf-8")
    monkeypatch.setenv("CHARTPROOF_CACHE", str(note))
    ran = run("code", ".", "--setting", "outpatient")
    assert ran.err.count("CHARTPROOF_CACHE") == 1
    assert ran.status == 2


def test_codes_show(coder: Run) -> None:
    ran = coder("codes", "show", "j189")
    assert ran.out.startswith("J18.9  Pneumonia, unspecified organism  billable\n  in J18      Pneumonia")
    assert "Excludes1 (never together)\n    congenital pneumonia (P23.0) (at J18)" in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())
    excludes2 = ran.out.partition("Excludes2")[2].partition("\n  code first")[0].splitlines()
    assert "    aspiration pneumonia NOS (J69.0) (at J18)" in excludes2
    assert "    aspiration pneumonia NOS (J69.0) (at J09-J18)" not in excludes2, "the block repeats it"
    assert "7th characters" in coder("codes", "show", "S72.001A").out


def test_codes_show_cuts_what_is_long_with_its_number(coder: Run) -> None:
    short, whole = coder("codes", "show", "D10-D36").out, coder("codes", "show", "D10-D36", "--all").out
    number = re.search(r"below \((\d+)\)", whole)
    assert number is not None
    assert f"and {int(number[1]) - 20} more; --all shows them" in short
    assert "--all" not in whole
    assert len(whole.splitlines()) == len(short.splitlines()) + int(number[1]) - 21


def test_an_unknown_code_names_the_nearest(coder: Run) -> None:
    ran = coder("codes", "show", "E11.999")
    assert "the nearest is E11.9" in ran.error
    assert ran.status == 2
    assert "chartproof codes search" in coder("codes", "show", "\x1b[31mX").error


def test_codes_search(coder: Run) -> None:
    ran = coder("codes", "search", "heart", "attack", "-k", "3")
    assert ran.out.startswith("I21.9    Acute myocardial infarction, unspecified")
    assert len(re.findall(r"^I", ran.out, re.M)) == 3
    ran = coder("codes", "search", "qqzzx")
    assert (ran.status, ran.out) == (0, "")
    assert "try other words" in ran.err


# -- the end of a run --------------------------------------------------------------------------------------------------


def start(*arguments: str | Path, cache: Path, **how: Any) -> subprocess.Popen[bytes]:
    """A process of its own, in which warnings are errors."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "agent", *map(str, arguments)],
        env={**environment, "CHARTPROOF_CACHE": str(cache), "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **how,
    )


def test_a_whole_run_without_a_warning(settings: Settings, codebook: CodeBook, note: Path) -> None:
    with start("code", note, "-", "--setting", "outpatient", cache=settings.cache, stdin=subprocess.PIPE) as process:
        out, err = process.communicate(NOTE.encode(), timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert out.decode().count("«asthma»") == 2


@pytest.mark.skipif(os.name != "posix", reason="needs a pipe whose reader is gone")
@pytest.mark.parametrize("arguments", [["schema"], ["--help"]])
def test_a_reader_that_is_gone_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    process = start(*arguments, cache=tmp_path)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert (process.wait(timeout=60), process.stderr.read()) == (0, b"")
    process.stderr.close()


@LINUX
def test_a_full_disk_behind_standard_output_is_said(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m agent schema > /dev/full"
    ran = subprocess.run(["sh", "-c", command], cwd=PROJECT, capture_output=True, timeout=60, check=False)
    assert b"chartproof: standard output can't be written: No space left on device; make room" in ran.stderr
    assert (ran.returncode, ran.stderr.count(b"\n")) == (2, 1)


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes")
def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    pipe = tmp_path / "endless.txt"
    os.mkfifo(pipe)
    process = start("code", pipe, "--setting", "outpatient", cache=tmp_path)
    with pipe.open("wb"):  # opens once the process reads it
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == (b"", b"chartproof: stopped\n")
    assert process.returncode == 130


def test_ctrl_c_stops_a_step_that_never_pauses(
    coder: Run, note: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def busy(*_: object, **__: object) -> Coding:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("went on after Ctrl-C")

    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", False)
    monkeypatch.setattr("agent.api.code", busy)
    before = signal.getsignal(signal.SIGINT)
    ran = coder("code", note, "--setting", "outpatient", "--out", "result.txt")
    assert (ran.status, ran.out, ran.error) == (130, "", "stopped")
    assert not caplog.records
    assert signal.getsignal(signal.SIGINT) is before
    assert [path.name for path in Path.cwd().iterdir()] == ["visit.txt"]
