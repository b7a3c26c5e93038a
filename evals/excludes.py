"""Excludes: how much of the tabular list's notes is read, and what Excludes1 says of codes that people gave together.

python -m evals.excludes [DATA]

Prints Markdown. With DATA, the folder that holds `aci/` and `codiesp/`, pairs of gold codes of one note are tried too;
every pair that is forbidden is printed with its titles and note, for a person to judge.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from agent.codebook import Code, CodeBook, Note
from agent.config import Settings
from agent.rules.codeset import mended
from agent.rules.relation import KINDS, Relation, allowed, excludes1, read_relation
from evals.loaders import load_aci, load_codiesp

SEED = 20260401
LITERAL = re.compile(r"(?<![A-Za-z0-9])[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]+)?(?![A-Za-z0-9])")
RANGE = re.compile(rf"({LITERAL.pattern})[.-]{{0,2}}(?: ?- ?| to )({LITERAL.pattern})")
PARENTHESES = re.compile(r"[(\[][^()\[\]]*")
NARROWED = re.compile(r"\bcharacters?\b|with \.|with ketoacidosis|for codes")
GOLD_PAIRS = 2_000
CLAIMS, CLAIM = 200, 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m evals.excludes", description="Measure the notes' relations.")
    parser.add_argument("data", nargs="?", type=Path, metavar="DATA", help="the folder that holds aci/ and codiesp/")
    options = parser.parse_args(arguments)
    book = CodeBook.open(Settings.from_environment())
    print(f"# Notes and Excludes1, {book.edition.system} {book.edition.edition}\n")
    for lines in (read_share(book), built_pairs(book), gold_pairs(book, options.data), timing(book)):
        for line in lines:
            print(line)
        print()
    return 0


def own_notes(book: CodeBook) -> Iterator[Note]:
    """Every note of the five kinds, once, at its own node."""
    for code in book.codes():
        if not code.seventh:
            yield from (note for note in book.notes(code.code) if note.at == code.code and note.kind in KINDS)


def literals(book: CodeBook, text: str) -> list[str]:
    """What in a text is written like a code of a category that the edition has; read by its look alone."""
    return [one for one in LITERAL.findall(text) if book.get(one[:3]) is not None]


# -- (a) what is read --------------------------------------------------------------------------------------------------


def read_share(book: CodeBook) -> Iterator[str]:
    """The share of notes with codes that are read whole, and each one that is not.

    A note is read whole if nothing of it is left unread and every code in it, by its look, begins or ends a span.
    """
    total: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    unread: list[tuple[Note, str]] = []
    unknown: list[tuple[Note, str]] = []
    for note in own_notes(book):
        named = literals(book, note.text)
        relation = read_relation(note)
        if not named and relation.codes is None and not relation.unread:
            continue
        total[note.kind] += 1
        ends = set() if relation.codes is None else {end for span in relation.codes.spans for end in span[:2]}
        missing = [one for one in named if one.replace(".", "") not in ends]
        if missing or relation.unread:
            unread.append((note, relation.unread or f"not taken as named: {', '.join(missing)}"))
        else:
            whole[note.kind] += 1
        unknown += [(note, one) for one in named if book.get(one) is None]
    yield "## Notes that name codes, read whole\n"
    yield "| kind | name codes | read whole | share |"
    yield "|---|---|---|---|"
    for kind in (*sorted(total), "all"):
        of, read = (total[kind], whole[kind]) if kind != "all" else (total.total(), whole.total())
        yield f"| {kind} | {of:,} | {read:,} | {read / of:.2%} |"
    yield "\nNot read whole:\n"
    yield from (f"- {note.at} {note.kind}: {note.text} [{why}]" for note, why in unread)
    yield "\nNamed, but no code of the edition:\n"
    yield from (f"- {note.at} {note.kind}: {one} in: {note.text}" for note, one in unknown)


# -- (b) pairs built from the table ------------------------------------------------------------------------------------


class Built(NamedTuple):
    """A pair that a note forbids by a plain reading."""

    one: str
    other: str
    note: Note


def built_pairs(book: CodeBook) -> Iterator[str]:
    """The share of built pairs that are found, in both directions, and each that is not."""
    pairs, skipped = build(book)
    found = []
    missed: list[tuple[Built, str]] = []
    for pair in pairs:
        there, back = excludes1(book, pair.one, pair.other), excludes1(book, pair.other, pair.one)
        found.append(there is not None and back is not None)
        if not found[-1]:
            missed.append((pair, f"{pair.one}, {pair.other}: {there and there.at} / {back and back.at}"))
    yield "## Pairs built from the table\n"
    yield f"{len(pairs):,} pairs from a plain reading of the Excludes1 notes; found both ways: "
    yield f"{sum(found):,} ({sum(found) / len(pairs):.2%}). Notes left out, narrowed by characters: {skipped}.\n"
    yield from (f"- missed {what}, {pair.note.at}: {pair.note.text}" for pair, what in missed)


def build(book: CodeBook) -> tuple[list[Built], int]:
    """A pair for each code and each range that an Excludes1 note spells out, and how many notes were left out.

    One code of the pair lies below the note's node, the other below the code it names, or below any in tabular order
    between the ends of a range; not both below codes that the note names. Codes in parentheses come before those among
    the words.
    """
    dice = random.Random(SEED)
    below = Below(book)
    order = [code.code for code in book.codes() if code.kind not in ("block", "chapter")]
    places = {code: place for place, code in enumerate(order)}
    pairs = []
    skipped = 0
    for note in own_notes(book):
        if note.kind != "excludes1":
            continue
        if NARROWED.search(note.text):
            skipped += bool(literals(book, note.text))
            continue
        text = mended(note.text)
        inside = " ".join(PARENTHESES.findall(text))
        text = inside if literals(book, inside) else text
        named = [name for name in literals(book, text) if name in places]
        here = [code for code in below.billable(note.at) if not code.startswith(tuple(named))]
        theirs = [below.billable(name) for name in named]
        for first, last in RANGE.findall(text):
            if first in places and last in places:
                between = order[places[first] : places[last]]
                theirs.append([code for code in between if book.is_billable(code)])
        pairs += [Built(dice.choice(here), dice.choice(there), note) for there in theirs if here and there]
    return pairs, skipped


class Below:
    """The billable codes below a node, read once each."""

    def __init__(self, book: CodeBook) -> None:
        """Of an edition."""
        self._book = book
        self._found: dict[str, list[str]] = {}

    def billable(self, code: str) -> list[str]:
        """The node itself if it is billable, and all billable codes below it."""
        if code not in self._found:
            node = self._book.get(code)
            own = [code] if node is not None and node.billable else []
            children = (child.code for child in self._book.children(code))
            self._found[code] = own + [one for child in children for one in self.billable(child)]
        return self._found[code]


# -- (c) pairs that people gave together -------------------------------------------------------------------------------


def gold_pairs(book: CodeBook, data: Path | None) -> Iterator[str]:
    """The pairs of gold codes of one note that are forbidden, each with what a person needs to judge it."""
    yield "## Pairs of gold codes\n"
    if data is None:
        yield "Not measured: no DATA was given."
        return
    seen: dict[tuple[str, str], str] = {}
    for source, cases in (("aci", load_aci(data)), ("codiesp", load_codiesp(data))):
        for case in cases:
            for pair in combinations(sorted(code for code in case.gold if book.is_billable(code)), 2):
                seen.setdefault(pair, f"{source} {case.encounter.id}")
    sample = random.Random(SEED).sample(sorted(seen), min(GOLD_PAIRS, len(seen)))
    fired = [(pair, relation) for pair in sample if (relation := excludes1(book, *pair)) is not None]
    share = len(fired) / len(sample) if sample else 0.0
    yield f"{len(sample):,} of {len(seen):,} distinct pairs; {len(fired)} are forbidden ({share:.1%}).\n"
    for pair, relation in fired:
        yield f"- {shown(book, pair, relation)} ({seen[pair]})"


def shown(book: CodeBook, pair: tuple[str, str], relation: Relation) -> str:
    """A pair with its titles, and the note that forbids it."""
    codes: list[Code] = [code for one in pair if (code := book.get(one)) is not None]
    names = " with ".join(f"{code.code} ({code.title})" for code in codes)
    at = book.get(relation.at)
    but = allowed(book, *pair)
    back = f"; but Excludes2 there: {but.text}" if but else ""
    return f"{names}: Excludes1 at {relation.at} ({at.title if at else ''}): {relation.text}{back}"


# -- (d) time ----------------------------------------------------------------------------------------------------------


def timing(book: CodeBook) -> Iterator[str]:
    """Milliseconds of `excludes1` over all pairs of a claim of random codes, when first asked and once more."""
    codes = [code.code for code in book.codes() if code.billable]
    dice = random.Random(SEED)
    first, warm = [], []
    book.notes(codes[0])
    for _ in range(CLAIMS):
        claim = dice.sample(codes, CLAIM)
        first.append(_milliseconds(book, claim))
        warm.append(_milliseconds(book, claim))
    yield f"## Time: {CLAIM * (CLAIM - 1) // 2} pairs of a claim of {CLAIM} random codes\n"
    yield "| asked | p50 | p95 | most |"
    yield "|---|---|---|---|"
    for name, taken in (("first", first), ("again", warm)):
        cuts = statistics.quantiles(taken, n=100)
        yield f"| {name} | {cuts[49]:.2f} ms | {cuts[94]:.2f} ms | {max(taken):.2f} ms |"


def _milliseconds(book: CodeBook, claim: Sequence[str]) -> float:
    start = time.perf_counter()
    for one, other in combinations(claim, 2):
        excludes1(book, one, other)
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    sys.exit(main())
