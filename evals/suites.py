"""Suites: the encounters of the repository, or of a folder of the same form, checked against an edition.

A coder adds an encounter by adding one file (`evals.suite_files` shows its form); its stem is the encounter's id. All
problems of a suite are named at once, each with its file and line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.codebook import CodeBook
from agent.records import Scope
from evals.cases import Suite, make_suite
from evals.places import Key, read_places
from evals.problems import GoldError, Problem
from evals.suite_files import read_encounter

SUITES = Path(__file__).parent / "suites"
ALL = "all"


def suite_names() -> tuple[str, ...]:
    """The suites of the repository; `all` is all of them."""
    return (*sorted(path.name for path in SUITES.iterdir() if path.is_dir() and any(path.glob("*.toml"))), ALL)


def load_suite(name_or_path: str | Path, *, scope: Scope = Scope.CLAIM) -> Suite:
    """The suite called so, or that of a folder of TOML files (and the folders in it) or of one such file.

    Cases come in the order of their ids. Codes are not checked against an edition: `check_codes` does.

    Raises:
        GoldError: there is no such suite, or its files have problems; all of them are named.
    """
    given = str(name_or_path)
    files = _files(given)
    if not files:
        raise GoldError(
            [Problem(given, 0, f"no such suite, folder or TOML file; the suites are {', '.join(suite_names())}")]
        )
    problems = list(_same_stems(files))
    cases = []
    for file in files:
        case = read_encounter(file, problems)
        if case is not None:
            cases.append(case)
    if problems:
        raise GoldError(problems)
    return make_suite(given if given in suite_names() else Path(given).stem, scope, cases, given)


def check_codes(suite: Suite, book: CodeBook) -> None:
    """Nothing, if every gold code is billable in the edition and every date of service lies in it.

    Raises:
        GoldError: all that are not, with file and line where the suite is of TOML files.
    """
    files = {file.stem: file for file in _files(suite.source)}
    problems: list[Problem] = []
    for case in suite.cases:
        encounter, file = case.encounter, files.get(case.encounter.id)
        wrong: list[tuple[Key, str]] = []
        coded = [(("codes", n, "code"), entry.code) for n, entry in enumerate(case.codes)]
        coded += [(("exclusions", n, "code"), entry.code) for n, entry in enumerate(case.exclusions)]
        for key, code in coded:
            why = not_billable(code, book)
            if why:
                wrong.append((key, why))
        day = encounter.date_of_service
        if day is not None and not book.valid_on(day):
            first, last = book.edition.effective
            why = f"{day} is outside {book.edition.edition}, which holds from {first} to {last}; correct the date"
            wrong.append((("date_of_service",), why))
        if wrong and file is not None:
            places = read_places(file.read_text(encoding="utf-8"))
            problems += [Problem(str(file), places.line(key), why) for key, why in wrong]
        else:
            problems += [Problem(suite.source, 0, f"{encounter.id}: {why}") for _, why in wrong]
    if problems:
        raise GoldError(problems)


def not_billable(code: str, book: CodeBook) -> str:
    """Why a code can't be reported in the edition and what comes near it; empty if it can."""
    entry, edition = book.get(code), f"{book.edition.system} {book.edition.edition}"
    if entry is None:
        stem = code
        while len(stem) > 3 and book.get(stem) is None:
            stem = stem[:-1].rstrip(".")
        near = [child.code for child in book.children(stem)] if book.get(stem) else []
        hint = f"; {stem} has {_some(near)}" if near else "; find it by words: chartproof codes search TEXT"
        return f"{code} is no code of {edition}{hint}"
    if not entry.billable:
        return f"{code} is a header of {edition}; report one of {_some([c.code for c in book.children(code)])}"
    return ""


def _files(source: str) -> list[Path]:
    """The files of a suite of the repository, of a folder or of one file, in the order of their stems."""
    path = SUITES if source == ALL else SUITES / source if source in suite_names() else Path(source)
    if path.is_file():
        return [path] if path.suffix == ".toml" else []
    return sorted(path.rglob("*.toml"), key=lambda file: file.stem)


def _same_stems(files: Sequence[Path]) -> Iterator[Problem]:
    seen: dict[str, Path] = {}
    for file in files:
        first = seen.setdefault(file.stem, file)
        if first is not file:
            yield Problem(str(file), 0, f"{first} has the same name, which is the encounter's id; rename one of them")


def _some(codes: Sequence[str]) -> str:
    return ", ".join(codes[:6]) + (", ..." if len(codes) > 6 else "")
