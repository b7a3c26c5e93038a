"""The reader of the tabular list, on a small one in the published form."""

from __future__ import annotations

import pytest
from small_edition import CODE_LIST, TABULAR

from agent.errors import SourceError
from codesets.tabular import Tabular, read_tabular


def read(xml: str = TABULAR, codes: str = CODE_LIST) -> Tabular:
    return read_tabular(xml.encode(), codes.encode(), name="sample.xml")


def test_nodes_stand_in_tabular_order_with_kind_parent_and_depth() -> None:
    nodes = read().nodes
    assert [(node.code, node.kind, node.depth) for node in nodes] == [
        ("1", "chapter", 0),
        ("X00-X09", "block", 1),
        ("X00-X04", "block", 2),
        ("X00", "category", 3),
        ("X00.0", "code", 4),
        ("X00.9", "code", 4),
        ("X01", "category", 3),
        ("X01.0", "subcategory", 4),
        ("X01.0XXA", "code", 5),
        ("X01.0XXD", "code", 5),
        ("X01.1", "subcategory", 4),
        ("X01.1XXA", "code", 5),
        ("X1A-X1A", "block", 1),
        ("X1A", "code", 2),
    ]
    for number, node in enumerate(nodes):
        assert node.parent < number
        assert node.depth == (nodes[node.parent].depth + 1 if node.parent >= 0 else 0)


def test_expanded_codes_take_the_nearest_meaning_and_only_what_the_list_has() -> None:
    titles = {node.code: node.title for node in read().nodes}
    assert titles["X01.0XXA"] == "Sampling wound of hand, initial encounter"
    assert titles["X01.1XXA"] == "Sampling wound of foot, initial encounter for closed wound"
    assert "X01.1XXD" not in titles  # the XML alone would give it, from X01


def test_white_space_is_single_and_blocks_lose_their_range() -> None:
    titles = {node.code: node.title for node in read().nodes}
    assert titles["X00.0"] == "Sampling fever with chills"
    assert titles["X00-X04"] == "Early samples"


def test_notes_are_kept_at_every_level() -> None:
    tabular = read()
    assert [(tabular.nodes[note.node].code, note.kind, note.text) for note in tabular.notes] == [
        ("1", "excludes2", "what other chapters hold (Y00-Y99)"),
        ("X00-X04", "code_first", "any cause"),
        ("X00", "inclusion", "Fever of the sampled"),
        ("X00", "excludes1", "sampling rash (X01.-)"),
        ("X00.0", "inclusion", "Shivers of sampling"),
        ("X01", "seventh_character", "The appropriate 7th character is to be added"),
    ]


def test_the_table_of_visual_impairment_becomes_lines() -> None:
    table = (
        "<visualImpairment><visCategory><heading>Category</heading></visCategory><visCategory><value>1</value><visRange>"
        "<visMax><value>6/18</value></visMax><visMin><value>6/60</value></visMin></visRange><visRange><visMax>"
        "<value>20/70</value></visMax></visRange></visCategory></visualImpairment>"
    )
    tabular = read(TABULAR.replace("<desc>Late sampling</desc>", f"<desc>Late sampling</desc>{table}"))
    assert tabular.notes[-1].text == (
        "Category 1 of visual impairment, visual acuity with best possible correction: "
        "less than 6/18, equal to or better than 6/60; less than 20/70"
    )


@pytest.mark.parametrize(
    ("xml", "codes", "what"),
    [
        (TABULAR[:300], CODE_LIST, "not readable XML"),
        ("<ICD10PCS.tabular/>", CODE_LIST, "its root is ICD10PCS.tabular"),
        (TABULAR, CODE_LIST + "X77\r\n", "X77 is in the code list but has no base"),
        (TABULAR, CODE_LIST.replace("X000\r\n", ""), "X000 is in the tabular list but not in the code list"),
        (TABULAR, CODE_LIST + "X010XXQ\r\n", "'Q'"),
        (TABULAR.replace("<codeFirst>", "<codeLast>").replace("</codeFirst>", "</codeLast>"), CODE_LIST, "codeLast"),
        (TABULAR.replace("<desc>Late sampling</desc>", ""), CODE_LIST, "no name or no title"),
        (TABULAR, CODE_LIST + "X00é", "not in its published form"),
    ],
)
def test_files_out_of_form_are_refused(xml: str, codes: str, what: str) -> None:
    with pytest.raises(SourceError, match=what) as caught:
        read(xml, codes)
    assert caught.value.path == "sample.xml"
