"""Intake: the bytes of a note become a document, or an error that says what is wrong with them and what mends it.

The text is kept code point by code point: no line end, byte order mark or NUL is changed, so that offsets hold. UTF-8
is expected; UTF-16 and UTF-32 are read where a byte order mark says so. Offsets count into the decoded text, in which
a byte order mark is the first code point.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Container
from functools import cache
from importlib.resources import files
from pathlib import Path

from agent.config import Settings
from agent.errors import NoteError
from agent.fold import has_no_width
from agent.records import Document

ENGLISH = "English"
"""The language of cue words, headings, lexicon and code table."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FORMATS = {
    b"%PDF": "a PDF file; export its text (pdftotext)",
    b"PK\x03\x04": "a Word, Excel or zip file; save it as plain text",
    b"\xd0\xcf\x11\xe0": "an old Word or Excel file; save it as plain text",
    b"{\\rtf": "an RTF file; save it as plain text",
    b"\x89PNG": "an image; run text recognition on it first",
    b"\xff\xd8\xff": "an image; run text recognition on it first",
    b"GIF8": "an image; run text recognition on it first",
    b"II*\x00": "an image; run text recognition on it first",
    b"MM\x00*": "an image; run text recognition on it first",
    b"\x1f\x8b": "a gzip file; unpack it first",
    b"7z\xbc\xaf": "a 7z file; unpack it first",
    b"SQLite format 3\x00": "a database; give the text of one note",
}
_CONTROL = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_CONTROL, _MOST_NUL = 0.02, 0.1
"""Parts of a text that may be control characters or NUL before it is taken for a binary file."""
_ENGLISH_LETTERS = re.compile(r"[A-Za-z]")
_LETTERS = re.compile(r"[^\W\d_]")
_WORDS = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_SAMPLE = 200_000
"""Code points that the test of language reads."""
_FEWEST_LETTERS, _FEWEST_WORDS, _FEWEST_KINDS = 40, 12, 5
_FOREIGN_SHARE = 0.12


def read_document(source: bytes | str | Path, name: str, settings: Settings | None = None) -> Document:
    """The document in `source`: its bytes, or the path of its file; checked as by `check_document`.

    Args:
        source: bytes as they came, or where they are.
        name: the document's id.
        settings: for the longest note that is taken; defaults if None.

    Raises:
        NoteError: what can't be read or coded.
    """
    settings = settings or Settings()
    data = source if isinstance(source, bytes) else _load(Path(source), name, settings)
    _check_size(len(data), name, settings)
    document = Document(id=name, text=_decode(data, name))
    check_document(document, settings)
    return document


def check_language(document: Document, languages: Container[str]) -> str:
    """The language that a document reads as, English in doubt, if it is one of `languages`.

    Raises:
        NoteError: it is plainly in another.
    """
    language = foreign_language(document.text) or ENGLISH
    if language not in languages:
        raise NoteError(
            f"{document.id} reads as {language}, which this engine does not read: give an English note or a "
            "translation; a Spanish note can be read by a model (CHARTPROOF_MODEL)",
            document=document.id,
        )
    return language


def check_document(document: Document, settings: Settings | None = None) -> None:
    """Nothing, if a document can be coded.

    Raises:
        NoteError: a document that is too long, empty or no text; the message says what mends it.
    """
    name, text, settings = document.id, document.text, settings or Settings()
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise NoteError(
            f"{name} holds half a character (the lone surrogate U+{ord(text[error.start]):04X}) at character "
            f"{error.start}: it was cut or decoded wrongly on its way; read it again from its source as UTF-8",
            document=name,
        ) from None
    _check_size(size, name, settings)
    if all(has_no_width(char) or char.isspace() for char in text.strip()):
        raise NoteError(f"{name} is empty; give the text of a note", document=name)
    nul, control = text.count("\x00"), sum(1 for _ in _CONTROL.finditer(text))
    if nul > _MOST_NUL * len(text) or control > _MOST_CONTROL * len(text):
        what = "UTF-16 without a byte order mark" if nul > _MOST_NUL * len(text) and not control else "a binary file"
        raise NoteError(f"{name} is not text but looks like {what}; save it as plain text in UTF-8", document=name)


def is_english(text: str) -> bool:
    """Whether a text is English, as far as can be told."""
    return foreign_language(text) is None


def foreign_language(text: str) -> str | None:
    """What a text is written in, if it is plainly not English; None for English and wherever there is doubt.

    Small words decide, so that short and telegraphic notes, lists of drugs and foreign names pass.
    """
    sample = text[:_SAMPLE]
    letters = len(_LETTERS.findall(sample))
    if letters >= _FEWEST_LETTERS and len(_ENGLISH_LETTERS.findall(sample)) < letters / 2:
        return "a language that is not written in Latin letters"
    words = Counter(word.group().lower() for word in _WORDS.finditer(sample))
    total = words.total()
    if total < _FEWEST_WORDS:
        return None
    languages = _languages()
    english = sum(words[word] for word in languages["English"])
    found = {language: [words[w] for w in small if words[w]] for language, small in languages.items()}
    del found["English"]
    language = max(found, key=lambda name: sum(found[name]))
    hits, kinds = sum(found[language]), len(found[language])
    if kinds < _FEWEST_KINDS or hits < _FOREIGN_SHARE * total or hits < 2 * english:
        return None
    return language


@cache
def _languages() -> dict[str, frozenset[str]]:
    """Small words by language; those of other languages without the words that are English too."""
    text = (files("agent") / "rules" / "languages.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:] if line and not line.startswith("#")]
    small = {language: frozenset(words.split()) for language, words in rows}
    return {name: words if name == "English" else words - small["English"] for name, words in small.items()}


def _check_size(size: int, name: str, settings: Settings) -> None:
    if size > settings.max_note_bytes:
        raise NoteError(
            f"{name} is longer ({size:,} bytes) than a note may be ({settings.max_note_bytes:,}); give one document at "
            "a time, or set CHARTPROOF_MAX_NOTE_BYTES higher",
            document=name,
        )


def _load(path: Path, name: str, settings: Settings) -> bytes:
    try:
        _check_size(path.stat().st_size, name, settings)
        with path.open("rb") as file:
            return file.read(settings.max_note_bytes + 1)
    except FileNotFoundError:
        raise NoteError(f"{path} is not there; correct its name", document=name) from None
    except IsADirectoryError:
        raise NoteError(f"{path} is a folder; name the files in it", document=name) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise NoteError(f"{path} can't be read ({why}); mend that and try again", document=name) from None


def _decode(data: bytes, name: str) -> str:
    for start, what in _FORMATS.items():
        if data.startswith(start):
            raise NoteError(f"{name} is {what}", document=name)
    codec = next((codec for mark, codec in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        at = error.start
        raise NoteError(_wrong_byte(data, at, codec, name), document=name) from None


def _wrong_byte(data: bytes, at: int, codec: str, name: str) -> str:
    """Which byte is not in the encoding, and what the file may be instead."""
    value, line = data[at], data.count(b"\n", 0, at) + 1
    where = f"{name} is not {codec.upper()}: byte 0x{value:02X} at offset {at} (line {line})"
    if codec != "utf-8":
        return f"{where} can't be decoded, though it begins with a mark of that encoding; save it again as UTF-8"
    control = sum(1 for byte in data if byte < 9 or 13 < byte < 27 or 27 < byte < 32)
    if control > _MOST_CONTROL * len(data):
        return f"{where} can't be decoded, and much of it is no text; give plain text in UTF-8"
    letter = bytes([value]).decode("cp1252", "replace")
    guess = (
        f"would be {letter!r} in Windows-1252" if letter.isprintable() and letter != "\ufffd" else "can't be decoded"
    )
    return f"{where} {guess}; save it as UTF-8 (iconv -f WINDOWS-1252 -t UTF-8)"
