"""`chartproof codes`: build, extend and read the code table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.commands.console import Output, say
from agent.errors import InputError
from agent.report.page import Page, clean, pad

if TYPE_CHECKING:
    from agent.codebook import Code, CodeBook, Note
    from agent.config import Settings

_MOST_BELOW = 20
_NOTES = {
    "inclusion": "also holds",
    "includes": "includes",
    "excludes1": "Excludes1 (never together)",
    "excludes2": "Excludes2 (not included here)",
    "code_first": "code first",
    "use_additional": "use additional",
    "code_also": "code also",
    "note": "note",
    "seventh_character": "7th character",
}
"""How each kind of note is called, in the order in which they are shown."""


def build(options: argparse.Namespace) -> int:
    """Build the code table where it is missing or damaged; print what it is and where."""
    settings, book = _open()
    with Output() as out:
        out.write(f"{_edition(book)}, in {settings.cache}\n")
    return 0


def add(options: argparse.Namespace) -> int:
    """Keep an official index file and build the code table with it."""
    from agent.config import Settings
    from codesets.build import add

    added = add(options.path, Settings.from_environment())
    _open()
    with Output() as out:
        out.write(f"{added}\n")
    return 0


def listing(options: argparse.Namespace) -> int:
    """Print the edition and what its table was made from."""
    settings, book = _open()
    with Output() as out:
        page = Page(width=max(out.width, 100), colour=out.colour)
        lines = [page.mark("head", _edition(book)), f"  in {clean(str(settings.cache))}"]
        lines += [f"  {clean(source)}" for source in book.sources()]
        if len(book.sources()) <= len(("tabular list", "code list", "lexicon")):
            lines.append("  no index is added; the Alphabetic Index finds more: chartproof codes add PATH")
        for line in lines:
            out.write("".join(f"{part}\n" for part in page.lines(line, "", "      ")))
    return 0


def show(options: argparse.Namespace) -> int:
    """Print a code or header with what it stands under, its notes, its 7th characters and what stands below."""
    if not options.code.strip():
        raise InputError("there is no code to show; give one, such as E11.42, or find it: chartproof codes search TEXT")
    _, book = _open()
    notes = book.notes(options.code)  # raises UnknownCode, which names the nearest
    code = book.get(options.code)
    assert code is not None
    with Output() as out:
        page = Page(width=out.width, colour=out.colour)
        out.write("".join(f"{line}\n" for line in _shown(code, notes, book, page, every=options.all)))
    return 0


def search(options: argparse.Namespace) -> int:
    """Print the codes and headers that the words find, the best first."""
    words = " ".join(options.text)
    if options.k < 1:
        raise InputError(f"-k {options.k} is no number of results; give 1 or more")
    if not words.strip():
        raise InputError("there are no words to search for; give some, such as: chartproof codes search heart failure")
    _, book = _open()
    hits = book.search(words, options.k)
    with Output() as out:
        page = Page(width=out.width, colour=out.colour)
        for hit in hits:
            header = "" if hit.billable else page.mark("dim", " (header)")
            via = "" if hit.text == hit.title else page.mark("dim", f"  by \u201c{hit.text}\u201d ({hit.source})")
            line = f"{page.mark('code', pad(hit.code, 9))}{hit.title}{header}{via}"
            out.write("".join(f"{part}\n" for part in page.lines(line, "", " " * 9)))
    if not hits:
        say("no code has any of these words; try other words or fewer")
    return 0


def _open() -> tuple[Settings, CodeBook]:
    from agent.codebook import CodeBook
    from agent.config import Settings

    settings = Settings.from_environment()
    return settings, CodeBook.open(settings, progress=say)


def _edition(book: CodeBook) -> str:
    first, last = book.edition.effective
    return f"{book.edition.system} {book.edition.edition}, effective {first} to {last}"


def _shown(code: Code, notes: tuple[Note, ...], book: CodeBook, page: Page, *, every: bool) -> Iterator[str]:
    billable = "billable" if code.billable else f"{code.kind}, not billable"
    yield from page.lines(
        f"{page.mark('code', code.code)}  {page.mark('head', code.title)}  {page.mark('dim', billable)}", "", "  "
    )
    for parent in book.parents(code.code):
        yield from page.lines(f"{page.mark('dim', 'in')} {pad(parent.code, 8)} {parent.title}", "  ", " " * 14)
    for kind, label in _NOTES.items():
        # The nearest first: what a block or chapter says again is left out.
        found: dict[str, Note] = {}
        for note in notes:
            if note.kind == kind:
                found.setdefault(note.text, note)
        if found:
            yield from page.lines(page.mark("head", label), "  ")
        for note in found.values():
            at = "" if note.at == code.code else page.mark("dim", f" (at {note.at})")
            # The words "Code first" and the like are the label here, and leave their comma behind.
            yield from page.lines(f"{note.text.lstrip(' ,;')}{at}", "    ", "      ")
    below = book.children(code.code)
    sevenths = book.seventh_characters(code.code)
    if sevenths and not any(child.seventh for child in below):
        yield from page.lines(
            f"{page.mark('head', '7th characters')} {page.mark('dim', f'(at {sevenths[0].at})')}", "  "
        )
        for one in sevenths:
            yield from page.lines(f"{one.character}  {one.meaning}", "    ", " " * 7)
    if below:
        yield from page.lines(f"{page.mark('head', 'below')} {page.mark('dim', f'({len(below)})')}", "  ")
    shown = below if every or len(below) <= _MOST_BELOW + 1 else below[:_MOST_BELOW]
    for child in shown:
        yield from page.lines(f"{page.mark('code', pad(child.code, 8))} {child.title}", "    ", " " * 13)
    if len(below) > len(shown):
        yield from page.lines(page.mark("dim", f"and {len(below) - len(shown)} more; --all shows them"), "    ")
