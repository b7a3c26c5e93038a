"""Comparison: differences with intervals, the notes that changed side by side, and runs that are not comparable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.codebook import CodeBook
from agent.config import Settings
from evals.bands import Reference
from evals.compare import Comparison, compare, not_paired
from evals.judged import judge
from evals.report.comparison import render_comparison
from evals.report.text import render_text
from evals.run import Wanted, carry_out
from evals.sources import Options, open_suite
from evals.store import RunFolder, refer
from tests.evals.answering import Model, write_suite
from tests.evals.conftest import Run


def run_plain(tmp_path: Path, settings: Settings, name: str, model: Model, count: int = 6) -> RunFolder:
    spec = str(write_suite(tmp_path / "suite", count))
    suite = open_suite(spec)
    asked = settings.model_copy(update={"model": "m", "base_url": model.url, "tries": 1})
    return carry_out(suite, refer(suite, spec, Options()), Wanted("plain", name, tmp_path / "runs"), asked).folder


@pytest.fixture
def comparison(tmp_path: Path, settings: Settings, codebook: CodeBook) -> Comparison:
    """From a run with two notes wrong to one with two others wrong and those right."""
    folders = []
    for name, wrong in (("a", {"I10": "I11.9", "E11.9": "E11.8"}), ("b", {"J45.40": "J45.50"})):
        with Model(wrong=wrong) as model:
            folders.append(run_plain(tmp_path, settings, name, model))
    reference = Reference(source="counts", counts={"I10": 30, "E11.9": 3})
    return compare(*(judge(folder, codebook) for folder in folders), reference)


def test_differences_have_paired_intervals(comparison: Comparison) -> None:
    changes = {change.measured.name: change for change in comparison.changes}
    f1 = changes["f1"]
    assert f1.before and f1.after and f1.gained
    assert (f1.before.value, f1.after.value) == (pytest.approx(2 / 6), pytest.approx(4 / 6))
    assert f1.gained.value == pytest.approx(2 / 6) and f1.gained.low <= f1.gained.value <= f1.gained.high
    macro = changes["macro_f1"]
    assert macro.before and macro.after and macro.gained
    assert macro.gained.value == pytest.approx(macro.after.value - macro.before.value)
    assert changes["category_f1"].gained == changes["category_f1"].gained
    bands = {change.measured.name: change for change in comparison.bands}
    assert bands["20+"].before and bands["20+"].after and bands["20+"].gained
    assert (bands["20+"].before.value, bands["20+"].after.value) == (0.0, 1.0)


def test_notes_are_better_worse_or_the_same(comparison: Comparison) -> None:
    assert [note.encounter for note in comparison.better] == ["visit_00", "visit_01", "visit_03", "visit_04"]
    assert [note.encounter for note in comparison.worse] == ["visit_02", "visit_05"]
    assert comparison.same == 0
    rows = {row.code: row for row in comparison.worse[0].rows}
    assert [view.verdict for view in rows["J45.40"].views] == ["right", "missed"]
    assert [view.verdict for view in rows["J45.50"].views] == ["", "extra"] and not rows["J45.50"].gold


def test_both_results_stand_side_by_side(comparison: Comparison) -> None:
    text = render_text(comparison, most=1)
    assert re.search(r"^micro F1 +0\.333 +0\.667   \+0\.333 \[", text, re.M)
    assert "4 notes got better, 2 worse, 0 have the same F1" in text
    assert "visit_02: worse, F1 1.000 -> 0.000" in text and "visit_05" not in text
    assert re.search(r"J45\.40 +Moderate persistent.*\n +\+ right +- missed", text)
    assert "(1 more got worse; --notes N opens more of them, --html FILE all)" in text
    page = render_comparison(comparison)
    assert page.count("<details>") == 6 and "Notes that got worse" in page


def test_what_the_runs_were_not_made_alike_with_is_said(comparison: Comparison) -> None:
    assert any(one.startswith("setting base_url (") for one in comparison.differs)


def test_a_run_with_too_many_failures_is_not_comparable(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 3)
    evaluate("run", suite, "--name", "a")
    with Model() as model:
        model.status = 500
        evaluate("run", suite, "--name", "b", "--engine", "plain", model="m", base_url=model.url, tries="1")
    ran = evaluate("compare", "a", "b")
    assert ran.status == 4
    assert "NOT COMPARABLE: b: 3 of 3 encounters failed, more than 5%: not comparable" in ran.out
    assert "B failed: EndpointUnreachable" in ran.out


def test_more_than_five_percent_failed_is_not_comparable(evaluate: Run, tmp_path: Path) -> None:
    row = '{{"id": "{}", "text": "{}", "codes": ["J45.909"], "setting": "outpatient"}}\n'
    notes = [row.format(f"v{number:02}", "Asthma. Continue albuterol." if number else " ") for number in range(20)]
    for count, said in ((20, False), (19, True)):
        path = tmp_path / f"notes{count}.jsonl"
        path.write_text("".join(notes[:count]), encoding="utf-8")
        assert evaluate("run", path, "--name", f"r{count}").status == 4
        ran = evaluate("compare", f"r{count}", f"r{count}")
        assert f"{count - 1} scored / 1 failed / {count}" in ran.out
        assert ("1 of 19 encounters failed, more than 5%: not comparable" in ran.out) is said
        assert ran.status == (4 if said else 0)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--first", "2"], "other suite (suite, suite-first2)"),
        (["--scope", "mentions"], "other scope (claim, mentions)"),
    ],
)
def test_runs_on_other_notes_or_in_another_scope_are_not_compared(
    evaluate: Run, tmp_path: Path, more: list[str], said: str
) -> None:
    suite = write_suite(tmp_path / "suite", 3)
    evaluate("run", suite, "--name", "a")
    evaluate("run", suite, "--name", "b", *more)
    ran = evaluate("compare", "a", "b")
    assert ran.status == 2 and f"a and b are not comparable: {said}" in ran.err and ran.out == ""


def test_runs_on_other_gold_are_not_compared(evaluate: Run, tmp_path: Path) -> None:
    evaluate("run", write_suite(tmp_path / "suite", 3), "--name", "a")
    evaluate("run", write_suite(tmp_path / "suite", 3, gold="R05.9"), "--name", "b")
    ran = evaluate("compare", "a", "b")
    assert ran.status == 2 and "a and b are not comparable: other gold (suite " in ran.err


def test_a_suite_that_changed_since_is_not_judged_anew(evaluate: Run, tmp_path: Path) -> None:
    evaluate("run", write_suite(tmp_path / "suite", 3), "--name", "a")
    write_suite(tmp_path / "suite", 3, gold="R05.9")
    ran = evaluate("report", "a")
    assert ran.status == 2 and "the gold of" in ran.err and "with --reuse a no request is paid for twice" in ran.err


def test_runs_of_another_edition_are_named(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 2)
    for name in "ab":
        evaluate("run", suite, "--name", name)
    record = tmp_path / "runs" / "b" / "run.json"
    made = RunFolder(tmp_path / "runs" / "b").record()
    other = made.model_copy(update={"codeset": made.codeset.model_copy(update={"edition": "Old", "sha256": "0" * 64})})
    record.write_text(other.model_dump_json(), encoding="utf-8")
    assert not_paired(made, other) == [f"other edition (April 2026 {made.codeset.sha256[:12]}, Old 000000000000)"]
    assert "not comparable: other edition" in evaluate("compare", "a", "b").err
    assert "is of the edition Old (000000000000), and the code table here is" in evaluate("report", "b").err
