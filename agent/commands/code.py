"""`chartproof code`: notes in, codings out; one that fails does not stop the others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.console import Output, defect, json_line, say
from agent.commands.sources import Source, find_sources, read_stdin
from agent.errors import ChartproofError, CodeTableError, InputError, SettingsError

if TYPE_CHECKING:
    from agent.api import Opened
    from agent.config import Settings
    from agent.records import Encounter, Setting

SOME_FAILED = 4


def run(options: argparse.Namespace) -> int:
    """Code each source; 0, or 4 if some of several failed.

    Raises:
        ChartproofError: what the only source failed with, or what no source can be coded without.
    """
    from agent.api import read_date, read_scope
    from agent.config import Settings

    _settings_meant(options)
    read_scope(options.scope)
    read_date(options.dos)
    settings = Settings.from_environment()
    sources = find_sources(options.notes)
    _spare_notes(options.out, sources)
    whole = [(source.name, [source]) for source in sources]
    if options.encounter is not None:
        whole = [(options.encounter, sources)]
    failed = 0
    with Output(options.out) as out:
        for number, (name, documents) in enumerate(whole, start=1):
            if len(whole) > 1 and sys.stderr.isatty():
                say(f"chartproof: {number} of {len(whole)}: {name}")
            try:
                text = _coded(name, documents, options, settings, out)
            except (CodeTableError, SettingsError):
                raise  # the others would fail alike
            except Exception as error:
                if len(whole) == 1:
                    raise
                failed += 1
                said = str(error) if isinstance(error, ChartproofError) else defect(error)
                named = said.startswith((name, *(str(source.path) for source in documents)))
                say(f"chartproof: {said if named else f'{name}: {said}'}")
            else:
                out.write(text)
    if failed:
        coded = "none is coded" if failed == len(whole) else "the others are coded"
        say(f"chartproof: {failed} of {len(whole)} encounters failed; {coded}")
    return SOME_FAILED if failed else 0


def _coded(name: str, sources: Sequence[Source], options: argparse.Namespace, settings: Settings, out: Output) -> str:
    """What the documents of one encounter come to, as text in the form that is asked for."""
    from agent.api import code_encounter, languages_of, open_all, read_date
    from agent.intake import check_language, read_document
    from agent.records import Encounter, Patient
    from agent.report.both import render_differences
    from agent.report.page import Page
    from agent.report.table import render

    documents = tuple(
        read_document(
            read_stdin(settings.max_note_bytes) if source.path is None else source.path, source.name, settings
        )
        for source in sources
    )
    for document in documents:
        check_language(document, languages_of("llm" if options.dry_run else options.engine, settings))
    opened = open_all(settings, progress=say)
    encounters = [
        Encounter(
            id=name,
            setting=setting,
            documents=documents,
            date_of_service=read_date(options.dos),
            patient=Patient(age=options.age, sex=options.sex),
        )
        for setting in _settings_meant(options)
    ]
    if options.dry_run:
        return "".join(_dry(encounter, options, settings, opened) for encounter in encounters)
    codings = [
        code_encounter(encounter, scope=options.scope, engine=options.engine, settings=settings)
        for encounter in encounters
    ]
    if options.format == "json":
        return "".join(json_line(coding.model_dump_json(), ascii_only=out.ascii_only) for coding in codings)
    sheets = [
        render(coding, encounter, colour=out.colour, every=options.all, width=out.width) + "\n"
        for coding, encounter in zip(codings, encounters, strict=True)
    ]
    if len(codings) == 2:
        sheets.append(render_differences(codings[0], codings[1], Page(width=out.width, colour=out.colour)))
    return "".join(sheets)


def _settings_meant(options: argparse.Namespace) -> list[Setting]:
    """The setting that is asked for; both, outpatient first, for `both`."""
    from agent.api import read_setting
    from agent.records import Setting

    return list(Setting) if options.setting == "both" else [read_setting(options.setting)]


def _dry(encounter: Encounter, options: argparse.Namespace, settings: Settings, opened: Opened) -> str:
    """What a model would be sent for an encounter, and what that would come to."""
    from agent.api import code_encounter
    from agent.dry import DryEngine
    from agent.llm import cost
    from agent.report.page import clean

    engine = DryEngine(opened.lexical, opened.book, settings)
    code_encounter(encounter, scope=options.scope, engine=engine, settings=settings)
    usage = engine.usage()
    price = cost(usage, settings)
    lines = [
        f"{request.step} ({request.tokens} tokens, estimated)\n{json_line(request.body)}" for request in engine.requests
    ]
    money = (
        "no price is set (CHARTPROOF_PRICE_PROMPT, CHARTPROOF_PRICE_COMPLETION)"
        if price is None
        else f"{price:.4f} USD"
    )
    lines.append(
        f"{clean(encounter.id)}: {usage.calls} calls, about {usage.prompt_tokens} tokens sent and "
        f"{usage.completion_tokens} received, {money}. Nothing was sent. The critique is built from what a "
        "model reads; "
        "here it holds the lexical engine's finds."
    )
    return "\n".join(lines) + "\n"


def _spare_notes(out: Path | None, sources: Sequence[Source]) -> None:
    """Refuse to write the result over a note."""
    if out is None or str(out) == "-":
        return
    for source in sources:
        if source.path is not None and _is_same(out, source.path):
            raise InputError(f"--out {out} is the note {source.path} itself; name another file")


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False  # --out does not exist yet, or can't be looked at; opening it will say so
