"""Planted quotes: what grounding accepts and refuses, over pairs of a synthetic note and a quote from it.

    python -m evals.quotes --pairs 10000 --seed 1

Half of the pairs are wrong: one word or sign of the quote is exchanged so that it says something else than the note
says anywhere, and often its spacing, case or spelling is changed besides. None may be grounded. The other half are
right: the quote says what the note says, and only what copying changes is changed. Few may be refused. Sentences and
words stand in `suites/quotes.tsv`.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from agent.ground import Grounder, Miss
from agent.records import Chunk, Document

MOST_REFUSED = 0.02
SUITE = Path(__file__).parent / "suites" / "quotes.tsv"
_TELLING = re.compile(r"\b(?!patient|this)[a-z]{4,}")
"""A quote without such a word says nothing that a code could rest on."""
_SLOT = re.compile(r"\{(\w+)\}")


class Pair(NamedTuple):
    """A note, a quote, what was done to it, and where in the note it should be found (None: nowhere)."""

    kind: str
    text: str
    quote: str
    place: tuple[int, int] | None


class Piece(NamedTuple):
    """A stretch of a sentence: its text, and the slot that it fills or ""."""

    text: str
    slot: str


class Suite:
    """Sentences with slots, and what may fill each slot."""

    def __init__(self, path: Path = SUITE) -> None:
        """Read the file."""
        self.kinds: dict[str, str] = {}
        self.values: dict[str, list[str]] = {}
        self.sentences: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            if line.startswith("#"):
                continue
            slot, kind, values = line.split("\t")
            if slot == "sentence":
                self.sentences.append(values)
            else:
                self.kinds[slot] = kind
                self.values[slot] = ["" if value == "-" else value for value in values.split(" | ")]
        self.by_kind: dict[str, list[str]] = {}
        for sentence in self.sentences:
            for kind in {self.kinds[slot] for slot in _SLOT.findall(sentence)} - {"plain"}:
                self.by_kind.setdefault(kind, []).append(sentence)

    def fill(self, sentence: str, rng: random.Random) -> list[Piece]:
        """The sentence with every slot filled at random."""
        pieces = []
        for number, part in enumerate(_SLOT.split(sentence)):
            pieces.append(Piece(rng.choice(self.values[part]), part) if number % 2 else Piece(part, ""))
        return pieces

    def note(self, sentence: str, rng: random.Random) -> str:
        """A note of a few sentences with this one among them."""
        others = [joined(self.fill(rng.choice(self.sentences), rng)) for _ in range(rng.randint(2, 14))]
        others.insert(rng.randint(0, len(others)), sentence)
        return "".join(f"{one}{rng.choice([' ', ' ', chr(10), chr(10) * 2])}" for one in others)


def joined(pieces: list[Piece]) -> str:
    """The pieces as a sentence, without the spaces that empty ones leave."""
    text = re.sub(r" {2,}", " ", "".join(piece.text for piece in pieces))
    return re.sub(r" (?=[,.;])", "", text).strip()


def plain(text: str) -> str:
    """A text as it reads: case, white space, commas, quotation marks, dashes and names of the patient apart."""
    text = re.sub(r"[\u201c\u201d\"]|,(?= )|(?<= )[\u2013\u2014](?= )", " ", text.lower())
    return re.sub(r"\b(?:the patient|pt)\b", "patient", " ".join(text.split()))


def reads(quote: str, text: str) -> bool:
    """True if a text holds a quote, but for case, white space, and an article or punctuation at its ends."""
    core = re.sub(r"^(?:the|an?) | (?:the|an?)$", "", plain(quote).strip(" .,;:\u2013\u2014"))
    return re.search(rf"(?<!\w){re.escape(core)}(?!\w)", plain(text)) is not None


def window(words: list[str], first: int, last: int, rng: random.Random) -> str:
    """Some of the words around `[first, last)`, at least one on either side where there is one."""
    begin = rng.choice([0, max(0, first - 1), rng.randint(0, max(0, first - 1))])
    end = rng.choice([len(words), min(len(words), last + 1), rng.randint(min(len(words), last + 1), len(words))])
    return " ".join(words[begin:end]).strip(" ,;")


def wrong(suite: Suite, kind: str, rng: random.Random) -> Pair | None:
    """A quote that says something else than its note, in the way that `kind` names; None if none came out."""
    pieces = suite.fill(rng.choice(suite.by_kind[kind]), rng)
    slots = [number for number, piece in enumerate(pieces) if suite.kinds.get(piece.slot) == kind]
    at = rng.choice(slots)
    old = pieces[at].text
    new = rng.choice([value for value in suite.values[pieces[at].slot] if value != old])
    before = joined(pieces[:at]).split()
    altered = joined([*pieces[:at], Piece(new, ""), *pieces[at + 1 :]]).split()
    quote = window(altered, len(before), len(before) + len(new.split()), rng)
    note = suite.note(joined(pieces), rng)
    if kind == "negation" and not (old and new):
        kind = "negation dropped" if old else "negation added"
    if reads(quote, note) or len(quote.split()) < 2:
        return None
    disguise = rng.random()
    if disguise < 0.5:
        change = rng.choice([CHANGES[name] for name in ("case", "line wrap", "spaces", "one typo in a long word")])
        changed = change(quote, quote, rng)
        if changed is not None:
            quote = changed[1]
    return None if reads(quote, note) else Pair(kind, note, quote, None)


def right(suite: Suite, kind: str, rng: random.Random) -> Pair | None:
    """A quote that says what its note says, changed as `kind` names; None if the change found nothing to change."""
    sentence = joined(suite.fill(rng.choice(suite.sentences), rng))
    words = sentence.split()
    size = rng.choice([3, 4, 5, 6, 8, 10, len(words)])
    first = rng.randint(0, max(0, len(words) - size))
    said = " ".join(words[first : first + size]).strip(" ,;")
    changed = CHANGES[kind](said, said, rng)
    if changed is None or changed[0] == changed[1] or len(said) < 14 or not _TELLING.search(said.lower()):
        return None
    here, quote = changed
    note = suite.note(sentence, rng)
    at = note.find(said)
    # Said twice, the quote may be found at the place that was left as it is.
    if note.count(said) != 1 or reads(quote, note.replace(said, "\0")):
        return None
    return Pair(kind, note[:at] + here + note[at + len(said) :], quote, (at, at + len(here)))


Change = Callable[[str, str, random.Random], tuple[str, str] | None]
"""From what the note says and the quote says (the same at first) to both of them changed; None if nothing can be."""


def _either(edit: Callable[[str, random.Random], str | None]) -> Change:
    """The same change to the note's side or to the quote's."""

    def change(here: str, quote: str, rng: random.Random) -> tuple[str, str] | None:
        edited = edit(quote, rng)
        if edited is None:
            return None
        return (edited, quote) if rng.random() < 0.5 else (here, edited)

    return change


def _quote(edit: Callable[[str, random.Random], str | None]) -> Change:
    """A change to the quote alone."""

    def change(here: str, quote: str, rng: random.Random) -> tuple[str, str] | None:
        edited = edit(quote, rng)
        return None if edited is None else (here, edited)

    return change


def _exchange(pattern: str, *others: str) -> Callable[[str, random.Random], str | None]:
    """An edit that exchanges what matches `pattern`, each time for one of `others`."""

    def edit(text: str, rng: random.Random) -> str | None:
        changed = re.sub(pattern, lambda match: match.expand(rng.choice(others)), text)
        return None if changed == text else changed

    return edit


def misspell(text: str, rng: random.Random, shortest: int = 8) -> str | None:
    """One letter of one long word dropped, doubled, exchanged or swapped with its neighbour; never the first letter."""
    words = [match for match in re.finditer(r"[A-Za-z]+", text) if len(match.group()) >= shortest]
    if not words:
        return None
    word = rng.choice(words)
    letters, at = list(word.group()), rng.randint(1, len(word.group()) - 2)
    way = rng.randrange(4)
    if way == 0:
        del letters[at]
    elif way == 1:
        letters.insert(at, letters[at])
    elif way == 2:
        letters[at] = rng.choice([c for c in "abcdefghijklmnopqrstuvwxyz" if c != letters[at]])
    else:
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    changed = text[: word.start()] + "".join(letters) + text[word.end() :]
    return None if changed == text else changed


def _cased(text: str, rng: random.Random) -> str:
    return rng.choice([text.upper(), text.lower(), text.title() if "'" not in text else text.upper(), text.swapcase()])


def _hyphenated(text: str, rng: random.Random) -> str | None:
    words = list(re.finditer(r"[a-z]{7,}", text))
    if not words:
        return None
    word = rng.choice(words)
    at = word.start() + rng.randint(3, len(word.group()) - 3)
    return text[:at] + rng.choice("-\xad") + rng.choice(["\n", "\r\n", "\n   "]) + text[at:]


def _decomposed(text: str, rng: random.Random) -> str | None:
    changed = rng.choice(
        [unicodedata.normalize("NFD", text), "".join(c for c in unicodedata.normalize("NFD", text) if c.isascii())]
    )
    return None if changed == text or not text.replace("é", "").replace("ö", "").isascii() else changed


def _without_small_word(text: str, rng: random.Random) -> str | None:
    words = list(re.finditer(r" (?:the|of|is|at|to|for)(?= )", text))
    word = rng.choice(words) if words else None
    return None if word is None or len(text) < 15 else text[: word.start()] + text[word.end() :]


_LIGATURES = {"ffi": "\ufb03", "ffl": "\ufb04", "ff": "\ufb00", "fi": "\ufb01", "fl": "\ufb02", "ae": "\xe6"}


def _ligature(text: str, rng: random.Random) -> str | None:
    changed = re.sub(r"ffi|ffl|ff|fi|fl|ae", lambda match: rng.choice([match.group(), _LIGATURES[match.group()]]), text)
    return None if changed == text else changed


CHANGES: dict[str, Change] = {
    "spaces": _either(_exchange(r" ", " ", "  ", "\t", " \t ", "   ")),
    "line wrap": _either(_exchange(r" ", " ", "\n", "\r\n", " \n", "\n    ")),
    "hyphenated line wrap": _either(_hyphenated),
    "case": _either(_cased),
    "curly quotes": _either(_exchange(r"'", "\u2019", "\u02bc", "`")),
    "dashes": _either(_exchange(r"[-\u2014\u2013]", "-", "\u2010", "\u2011", "\u2013", "\u2014")),
    "ligatures": _either(_ligature),
    "no-break space": _either(_exchange(r" ", " ", "\xa0", "\u202f", "\u2009")),
    "no width": _either(_exchange(r"(?<=[a-z])(?=[a-z])", "", "", "", "\u200b", "\xad", "\u2060")),
    "accents": _either(_decomposed),
    "bullets": _either(_exchange(r"\A", "\u2022 ", "- ", "\u25aa\t")),
    "marks around": _quote(
        lambda text, rng: rng.choice(['"{}"', "{}.", "({})", "\u201c{}\u201d", "...{}...", "{};"]).format(text)
    ),
    "small word": _either(_without_small_word),
    "hyphen": _either(_exchange(r"(?<=[a-z])-(?=[a-z])", " ")),
    "one typo in a long word": _either(misspell),
}


def pairs(count: int, seed: int) -> list[Pair]:
    """So many pairs, half of them right, the kinds in turn; the same for the same seed."""
    rng, suite = random.Random(seed), Suite()
    made: list[Pair] = []
    turns: list[tuple[Callable[[Suite, str, random.Random], Pair | None], list[str]]] = [
        (wrong, sorted(suite.by_kind)),
        (right, list(CHANGES)),
    ]
    while len(made) < count:
        make, kinds = turns[len(made) % 2]
        kind = kinds[len(made) // 2 % len(kinds)]
        pair = next(filter(None, (make(suite, kind, rng) for _ in range(10_000))))
        made.append(pair)
    return made


def judge(pair: Pair) -> str:
    """How grounding did on a pair: "accepted", "refused", or "elsewhere" for a right quote found in another place.

    Raises:
        AssertionError: evidence that is not the note's text at its offsets.
    """
    document = Document(id="note", text=pair.text)
    chunk = Chunk(document="note", index=0, start=0, end=len(pair.text), context=0, sections=())
    found = Grounder(document).locate(pair.quote, chunk)
    if isinstance(found, Miss):
        return "refused"
    for evidence in found:
        if pair.text[evidence.start : evidence.end] != evidence.text:
            raise AssertionError(f"evidence {evidence!r} is not the note's text at its offsets")
    if pair.place is None or any(e.start < pair.place[1] and pair.place[0] < e.end for e in found):
        return "accepted"
    return "elsewhere"


def main(arguments: list[str] | None = None) -> int:
    """Plant, judge, print by kind; exit code 1 if a wrong quote was accepted or too many right ones were not."""
    parser = argparse.ArgumentParser(prog="python -m evals.quotes", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10_000, help="how many pairs (default 10000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers (default 1)")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="also print the first N pairs that went wrong")
    options = parser.parse_args(arguments)
    totals: Counter[tuple[bool, str]] = Counter()
    failed: Counter[tuple[bool, str]] = Counter()
    shown = 0
    for pair in pairs(options.pairs, options.seed):
        key = (pair.place is not None, pair.kind)
        totals[key] += 1
        verdict = judge(pair)
        if verdict == ("refused" if key[0] else "accepted") or verdict == "elsewhere":
            failed[key] += 1
            if shown < options.show:
                shown += 1
                where = pair.text[slice(*pair.place)] if pair.place else pair.text
                print(f"{verdict}: {pair.kind}: {pair.quote!r}\n    of {where!r}")
    worst = False
    for is_right, title in ((False, "wrong quotes accepted"), (True, "right quotes refused")):
        total = sum(n for (r, _), n in totals.items() if r == is_right)
        bad = sum(n for (r, _), n in failed.items() if r == is_right)
        print(f"{title}: {bad} of {total} ({bad / max(total, 1):.2%})")
        for (r, kind), n in sorted(totals.items()):
            if r == is_right:
                print(f"    {kind:<26}{failed[r, kind]:>5} of {n}")
        worst |= bad > (MOST_REFUSED * total if is_right else 0)
    return int(worst)


if __name__ == "__main__":
    sys.exit(main())
