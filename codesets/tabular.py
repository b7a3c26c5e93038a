"""The tabular list: the official XML and code list as nodes, notes and 7th characters.

The code list says which codes exist; the XML says everything about them. Expanding 7th characters by the XML alone
gives codes that do not exist (S06.1X7 and its kind take A only).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from agent.errors import SourceError

_NOTE_KINDS = {
    "inclusionTerm": "inclusion",
    "includes": "includes",
    "excludes1": "excludes1",
    "excludes2": "excludes2",
    "codeFirst": "code_first",
    "useAdditionalCode": "use_additional",
    "codeAlso": "code_also",
    "notes": "note",
    "sevenChrNote": "seventh_character",
    "sevenChrDef": "seventh_character",
}
_KNOWN_TAGS = {*_NOTE_KINDS, "name", "desc", "diag", "section", "sectionIndex", "visualImpairment"}
_RANGE_AT_END = re.compile(r"\s*\([A-Z0-9]{3}(-[A-Z0-9]{3})?\)$")
_CATEGORY = 3
_WHOLE = 7
"""Characters of a category, and of a code with a 7th character, without the dot."""


class Node(NamedTuple):
    """A chapter, block, category, subcategory or code; `parent` is the index of its parent, -1 for a chapter.

    `seventh` is the 7th character that was added to the parent, empty for all other nodes.
    """

    code: str
    kind: str
    parent: int
    depth: int
    title: str
    seventh: str


class NodeNote(NamedTuple):
    """An instructional note or inclusion term, and the index of the node where it stands."""

    node: int
    kind: str
    text: str


class Seventh(NamedTuple):
    """What a 7th character means at a node and below."""

    node: int
    letter: str
    meaning: str


class Tabular(NamedTuple):
    """A tabular list as a whole, nodes in official order, parents before children."""

    nodes: list[Node]
    notes: list[NodeNote]
    sevenths: list[Seventh]


def read_tabular(xml: bytes, code_list: bytes, *, name: str) -> Tabular:
    """The tabular list of the official XML with the codes of the code list.

    Raises:
        SourceError: the files are not in their published form, or disagree; `name` is what the message calls them.
    """
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise SourceError(f"{name} is not readable XML: {error}", path=name) from error
    if root.tag != "ICD10CM.tabular":
        raise SourceError(f"{name} is not a tabular list: its root is {root.tag}, not ICD10CM.tabular", path=name)
    try:
        return _Reader(root, code_list.decode("ascii").split(), name).read()
    except (UnicodeDecodeError, KeyError, ValueError) as error:
        raise SourceError(f"{name} is not in its published form: {error!r}", path=name) from error


def dotted(plain: str) -> str:
    """A code with its dot: E119 -> E11.9."""
    return plain if len(plain) <= _CATEGORY else f"{plain[:_CATEGORY]}.{plain[_CATEGORY:]}"


class _Reader:
    """One pass over the XML; the lists grow in official order, so that a parent's index is known to its children."""

    def __init__(self, root: Element, listed: list[str], name: str) -> None:
        self._root = root
        self._name = name
        self._nodes: list[Node] = []
        self._notes: list[NodeNote] = []
        self._sevenths: list[Seventh] = []
        self._expanded = self._by_base(listed)

    def read(self) -> Tabular:
        for chapter in self._root.findall("chapter"):
            title = _text(chapter.find("desc"))
            at = self._add(chapter, _text(chapter.find("name")), "chapter", -1, 0, title)
            open_blocks: list[tuple[str, str, int]] = []
            for section in chapter.findall("section"):
                self._block(section, at, open_blocks)
        return Tabular(self._nodes, self._notes, self._sevenths)

    def _by_base(self, listed: list[str]) -> dict[str, list[str]]:
        """The listed codes that the XML does not spell out, by the code that they add a 7th character to."""
        spelled = {_text(diag.find("name")).replace(".", "") for diag in self._root.iter("diag")}
        found: dict[str, list[str]] = {}
        # The list also names chapters (digits) and blocks (ranges, and single categories once more).
        codes = [code for code in dict.fromkeys(listed) if "-" not in code and not code.isdigit()]
        for missing in spelled.difference(codes):
            raise ValueError(f"{missing} is in the tabular list but not in the code list")
        for code in codes:
            if code in spelled:
                continue
            stem = code[: _WHOLE - 1]
            while stem not in spelled and stem.endswith("X"):
                stem = stem[:-1]
            if len(code) != _WHOLE or stem not in spelled:
                raise ValueError(f"{code} is in the code list but has no base in the tabular list")
            found.setdefault(stem, []).append(code)
        return found

    def _block(self, section: Element, chapter: int, open_blocks: list[tuple[str, str, int]]) -> None:
        """Blocks are flat in the XML; a block whose range lies in that of one before it stands under it."""
        first, _, last = section.attrib["id"].partition("-")
        last = last or first
        while open_blocks and not (open_blocks[-1][0] <= first and last <= open_blocks[-1][1]):
            open_blocks.pop()
        parent = open_blocks[-1][2] if open_blocks else chapter
        title = _RANGE_AT_END.sub("", _text(section.find("desc")))
        # A block of one category is written as a range too, so that it can't be taken for the category.
        at = self._add(section, f"{first}-{last}", "block", parent, self._nodes[parent].depth + 1, title)
        open_blocks.append((first, last, at))
        for diag in section.findall("diag"):
            self._diagnosis(diag, at, {})

    def _diagnosis(self, diag: Element, parent: int, meanings: dict[str, str]) -> None:
        code, title = _text(diag.find("name")), _text(diag.find("desc"))
        below = diag.findall("diag")
        expanded = self._expanded.get(code.replace(".", ""), ())
        if below and expanded:
            raise ValueError(f"{code} has both subcodes and codes with a 7th character added")
        kind = "code" if not below and not expanded else "category" if len(code) == _CATEGORY else "subcategory"
        depth = self._nodes[parent].depth + 1
        at = self._add(diag, code, kind, parent, depth, title)
        # The nearest definition holds alone: S12.8 defines anew what S12 defines for the rest.
        own = {
            extension.attrib["char"]: _text(extension)
            for part in diag.findall("sevenChrDef")
            for extension in part.iter("extension")
        }
        self._sevenths.extend(Seventh(at, letter, meaning) for letter, meaning in own.items())
        meanings = own or meanings
        for whole in expanded:
            letter = whole[-1]
            self._nodes.append(Node(dotted(whole), "code", at, depth + 1, f"{title}, {meanings[letter]}", letter))
        for child in below:
            self._diagnosis(child, at, meanings)

    def _add(self, element: Element, code: str, kind: str, parent: int, depth: int, title: str) -> int:
        if not code or not title:
            raise ValueError(
                f"a {kind} has no name or no title, after {self._nodes[-1].code if self._nodes else 'the start'}"
            )
        at = len(self._nodes)
        self._nodes.append(Node(code, kind, parent, depth, title, ""))
        for part in element:
            note_kind = _NOTE_KINDS.get(part.tag)
            if note_kind is not None:
                self._notes.extend(NodeNote(at, note_kind, _text(note)) for note in part.findall("note"))
            elif part.tag == "visualImpairment":
                self._notes.extend(NodeNote(at, "note", line) for line in _visual_impairment(part))
            elif part.tag not in _KNOWN_TAGS:
                raise ValueError(f"{code} has a part that is not known, {part.tag}")
        return at


def _text(element: Element | None) -> str:
    """The text of an element with its white space made single."""
    if element is None:
        return ""
    return " ".join(("".join(element.itertext()) if len(element) else element.text or "").split())


def _visual_impairment(table: Element) -> Iterable[str]:
    """The WHO table of visual impairment (at H54), a line for each category."""
    for category in table.findall("visCategory"):
        if category.find("heading") is not None:
            continue
        ranges: list[str] = []
        for part in category.findall("visRange"):
            limits = [
                f"{words} {_text(limit)}"
                for words, limit in (
                    ("less than", part.find("visMax")),
                    ("equal to or better than", part.find("visMin")),
                )
                if limit is not None and _text(limit)
            ]
            ranges.append(", ".join(limits))
        yield (
            f"Category {_text(category.find('value'))} of visual impairment, "
            f"visual acuity with best possible correction: {'; '.join(ranges)}"
        )
