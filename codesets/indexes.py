"""The indexes of ICD-10-CM that a user may add, as trees: the CDC's XML, and the main index as flat CSV."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from agent.errors import SourceError

KINDS = {
    "index": "the Alphabetic Index (XML, or CSV with the columns Term, See, SeeAlso, NonEssModif, Code)",
    "neoplasm": "the Table of Neoplasms (XML)",
    "drug": "the Table of Drugs and Chemicals (XML)",
    "eindex": "the External Cause of Injuries Index (XML)",
}
"""The index files that can be added, by the name of the source that their terms bear."""

_COLUMNS = ["RowID", "Letter", "Level", "Term", "See", "SeeAlso", "NonEssModif", "Code"]
_CODE = re.compile(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?(\.?-)?")
_ASIDE = re.compile(r"\([^()]*\)")


@dataclass(slots=True)
class Entry:
    """A term of an index; `phrase` is its title without nonessential modifiers, `cells` the codes of a table's columns.

    `see` is the reference that stands in place of codes, as printed.
    """

    phrase: str
    parent: Entry | None
    codes: list[str] = field(default_factory=list)
    cells: dict[int, str] = field(default_factory=dict)
    see: str = ""
    below: list[Entry] = field(default_factory=list)


def parse_index(data: bytes, *, path: str) -> tuple[str, list[Entry]]:
    """Which index a file is, a key of `KINDS`, and its main terms; the file is told by its content, not by its name.

    Raises:
        SourceError: it is none of them, or not in its published form.
    """
    return _parse_xml(data, path) if is_xml(data) else ("index", _parse_csv(data, path))


def is_xml(data: bytes) -> bool:
    """Whether a file is XML by its first character."""
    return data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")


def _wrong(path: str, what: str) -> SourceError:
    expected = "; ".join(KINDS.values())
    return SourceError(
        f"{path} can't be added: {what}. What can be added: {expected}, as the CDC publishes them.", path=path
    )


def _parse_csv(data: bytes, path: str) -> list[Entry]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(path, f"it is neither XML nor text in UTF-8 (byte {error.start})") from error
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if rows.fieldnames != _COLUMNS:
        raise _wrong(path, f"it is neither XML nor a CSV file with the columns {', '.join(_COLUMNS)}")
    mains: list[Entry] = []
    trail: list[Entry] = []
    for row in rows:
        try:
            level = int(row["Level"])
            if not 0 <= level <= len(trail):
                raise ValueError(level)
            phrase = without_asides(row["Term"])
        except (ValueError, TypeError, AttributeError) as error:
            raise _wrong(
                path, f"line {rows.line_num} has no level that follows the line before, or too few columns"
            ) from error
        del trail[level:]
        entry = Entry(phrase, trail[-1] if trail else None)
        entry.codes.extend(_codes(row["Code"]))
        entry.see = row["See"] or row["SeeAlso"]
        (trail[-1].below if trail else mains).append(entry)
        trail.append(entry)
    return mains


def _parse_xml(data: bytes, path: str) -> tuple[str, list[Entry]]:
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _wrong(path, "it declares a document type, which the CDC's files never do")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise _wrong(path, f"it is not readable XML ({error})") from error
    kind = _kind(root)
    if kind is None:
        raise _wrong(path, f"its root {root.tag} is no index of ICD-10-CM")
    mains = [_entry(main, None, path) for letter in root.findall("letter") for main in letter.findall("mainTerm")]
    return kind, mains


def _kind(root: Element) -> str | None:
    """Which index an XML file is, by its headings."""
    if root.tag != "ICD10CM.index" or root.find("letter/mainTerm") is None:
        return None
    heading = (root.findtext("indexHeading/head") or root.findtext("title") or "").upper()
    for word, kind in (
        ("NEOPLASM", "neoplasm"),
        ("SUBSTANCE", "drug"),
        ("EXTERNAL CAUSE", "eindex"),
        ("DISEASES", "index"),
    ):
        if word in heading:
            return kind
    return None


def _entry(element: Element, parent: Entry | None, path: str) -> Entry:
    title = element.find("title")
    if title is None:
        above = f" below {parent.phrase}" if parent is not None else ""
        raise _wrong(path, f"a term{above} has no title")
    # Nonessential modifiers stand inside the title, with text on both sides.
    phrase = without_asides((title.text or "") + "".join(part.tail or "" for part in title))
    entry = Entry(phrase, parent)
    for part in element:
        text = (part.text or "").strip()
        if part.tag in ("code", "subcat", "seecat"):
            entry.codes.extend(_codes(text))
        elif part.tag == "cell":
            entry.cells.update((int(part.attrib["col"]), code) for code in _codes(text))
        elif part.tag in ("see", "seeAlso"):
            entry.see = entry.see or text
        elif part.tag == "term":
            entry.below.append(_entry(part, entry, path))
    return entry


def _codes(text: str | None) -> list[str]:
    """The code of an entry as printed; none for "--" and the like. What follows it in brackets is its manifestation."""
    match = _CODE.match((text or "").strip())
    return [] if match is None else [match.group()]


def without_asides(text: str) -> str:
    """A title without parentheses (also nested ones) and with single spaces."""
    before = ""
    while before != text:
        before, text = text, _ASIDE.sub(" ", text)
    return " ".join(text.split()).strip(" ,")
