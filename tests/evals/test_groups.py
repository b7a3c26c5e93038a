"""Figures taken apart, the reference counts behind the bands, and calibration, counted by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from agent.codebook import CodeBook
from agent.records import Setting
from evals.bands import BANDS, Reference, read_reference
from evals.calibration import AtCoverage, Bin, calibration
from evals.counts import Prf
from evals.groups import Group, by_band, by_chapter, by_length, by_section, by_setting, by_tag
from evals.problems import GoldError
from tests.evals.judging import counted


def table(groups: Iterable[Group]) -> dict[str, tuple[int, Prf]]:
    return {group.name: (group.encounters, group.counts) for group in groups}


# -- bands -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "band"), [(0, "unseen"), (1, "1-4"), (4, "1-4"), (5, "5-19"), (19, "5-19"), (20, "20+"), (900, "20+")]
)
def test_the_edges_of_the_bands(count: int, band: str) -> None:
    assert Reference(source="x", counts={"I10": count} if count else {}).band("I10") == band


def test_a_reference_is_read_from_mentions_and_counts(tmp_path: Path) -> None:
    path = tmp_path / "used.tsv"
    path.write_text("# what we billed\nI10\ni10\n\nE1165\t7\nI10\t2\n", encoding="utf-8")
    reference = read_reference(str(path))
    assert reference.counts == {"I10": 4, "E11.65": 7} and reference.source == "used.tsv"
    assert reference.common(1) == {"E11.65"}


def test_common_codes_of_equal_use_come_by_name() -> None:
    assert Reference(source="x", counts={"B": 1, "A": 1, "C": 2}).common(2) == {"C", "A"}


def test_a_reference_is_read_from_codiesp(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "trainD.tsv").write_text("S1\ti10\nS1\ti10\nS2\ti10\nS2\te11.9\n", encoding="utf-8")
    reference = read_reference(f"codiesp-train@{tmp_path}")
    assert reference.counts == {"I10": 2, "E11.9": 1} and reference.source == "codiesp-train"


def test_a_reference_that_can_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "used.tsv"
    with pytest.raises(GoldError, match="can't be read as a reference count"):
        read_reference(str(path))
    path.write_text("I10\nhypertension\nI10\tmany\n", encoding="utf-8")
    with pytest.raises(GoldError) as caught:
        read_reference(str(path))
    assert [problem.line for problem in caught.value.problems] == [2, 3]
    path.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(GoldError, match="there is no code in it"):
        read_reference(str(path))


# -- groups ------------------------------------------------------------------------------------------------------------


def test_by_band_an_extra_code_counts_in_its_own() -> None:
    reference = Reference(source="x", counts={"I10": 50, "E11.9": 5, "R05.9": 1})
    scores = [counted("I10 E11.9", "R05.9", "Q87.1"), counted("", "", "I10", "b")]
    groups = by_band(scores, reference)
    assert tuple(group.name for group in groups) == BANDS
    assert table(groups) == {
        "unseen": (1, Prf(0, 0, 1)),
        "1-4": (1, Prf(0, 1, 0)),
        "5-19": (1, Prf(1, 0, 0)),
        "20+": (2, Prf(1, 0, 1)),
    }
    rare, common = groups[0], groups[3]
    assert rare.precision is None and rare.recall is not None and rare.recall.value == 0.0
    assert common.recall is not None and (common.recall.value, common.recall.low, common.recall.high) == (0.5, 0.0, 1.0)


def test_by_chapter_in_the_order_of_the_edition(codebook: CodeBook) -> None:
    groups = by_chapter([counted("I10 A41.9", "Q99.999", "S82.001A")], codebook)
    assert [(group.name, group.counts) for group in groups] == [
        ("1", Prf(1, 0, 0)),
        ("9", Prf(1, 0, 0)),
        ("19", Prf(0, 0, 1)),
        ("not in the edition", Prf(0, 1, 0)),
    ]


def test_by_section() -> None:
    score = counted("I10", "R05.9", "E11.9")._replace(sections={"I10": "plan", "R05.9": "hpi", "E11.9": "plan"})
    assert table(by_section([score])) == {"hpi": (1, Prf(0, 1, 0)), "plan": (1, Prf(1, 0, 1))}


def test_by_encounter() -> None:
    scores = [
        counted("I10", name="a")._replace(characters=1999, tags=("rare", "history")),
        counted("I10", "R05.9", name="b")._replace(characters=2000, setting=Setting.INPATIENT, tags=("rare",)),
        counted("", "", "I10", name="c")._replace(characters=8000),
    ]
    assert table(by_setting(scores)) == {"outpatient": (2, Prf(1, 0, 1)), "inpatient": (1, Prf(1, 1, 0))}
    assert table(by_length(scores)) == {
        "under 2,000": (1, Prf(1, 0, 0)),
        "2,000-3,999": (1, Prf(1, 1, 0)),
        "8,000 and more": (1, Prf(0, 0, 1)),
    }
    assert table(by_tag(scores)) == {"history": (1, Prf(1, 0, 0)), "rare": (2, Prf(2, 1, 0))}


# -- calibration -------------------------------------------------------------------------------------------------------


def test_bins_and_the_expected_error() -> None:
    first = counted()._replace(confidence=((0.9, True), (0.95, True), (0.92, False), (1.0, True)))
    second = counted()._replace(confidence=((0.3, False), (0.3, True)))
    found = calibration([first, second])
    assert found is not None and found.codes == 6
    assert found.bins == (
        Bin(0.3, 0.4, 2, 0.3, 0.5),
        Bin(0.9, 1.0, 4, pytest.approx(0.9425), 0.75),  # type: ignore[arg-type]
    )
    assert found.error == pytest.approx((2 * 0.2 + 4 * 0.1925) / 6)


def test_accuracy_at_coverage_shares_out_equal_confidences() -> None:
    scored = counted()._replace(confidence=((0.9, True), (0.5, True), (0.5, False), (0.5, False), (0.1, False)))
    found = calibration([scored])
    assert found is not None
    # Five codes: at 0.2 the best alone; at 0.6 it and two of the three at 0.5, of which a third is right.
    at = {round(one.coverage, 1): one.accuracy for one in found.coverage}
    assert at[0.2] == 1.0 and at[0.1] == 1.0
    assert at[0.6] == pytest.approx((1 + 2 / 3) / 3)
    assert found.coverage[-1] == AtCoverage(1.0, pytest.approx(2 / 5))  # type: ignore[arg-type]


def test_no_confidence_no_calibration() -> None:
    assert calibration([counted("I10")]) is None
