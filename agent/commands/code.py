"""`chartproof code`: notes in, codings out; one that fails does not stop the others."""

from __future__ import annotations

import argparse
from pathlib import Path

from agent.commands.console import Output, json_line, say
from agent.commands.sources import Source, find_sources, read_stdin
from agent.errors import ChartproofError, CodingError, InputError, NoteError

SOME_FAILED = 4


def run(options: argparse.Namespace) -> int:
    """Code each source; 0, or 4 if some of several failed.

    Raises:
        ChartproofError: what the only source failed with, or what no source can be coded without.
    """
    from agent.api import read_date, read_scope, read_setting
    from agent.config import Settings

    read_setting(options.setting), read_scope(options.scope), read_date(options.dos)
    settings = Settings.from_environment()
    sources = find_sources(options.notes)
    _spare_notes(options.out, sources)
    failed = 0
    with Output(options.out) as out:
        for source in sources:
            try:
                out.write(_coded(source, options, settings, out))
            except (NoteError, CodingError) as error:
                if len(sources) == 1:
                    raise
                say(f"chartproof: {_naming(source, str(error))}")
                failed += 1
    if failed:
        say(f"chartproof: {failed} of {len(sources)} encounters failed; the others are coded")
    return SOME_FAILED if failed else 0
