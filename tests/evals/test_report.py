"""Reports: one page that needs nothing else, with every plot and every figure; the same figures as Markdown."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from agent.codebook import CodeBook
from agent.config import Settings
from evals.bands import Reference
from evals.judged import Judged, judge
from evals.report.markdown import render_markdown
from evals.report.page import render_page
from evals.report.plots import plot_reliability, series_of
from evals.report.svg import nice_steps
from evals.run import Wanted, carry_out
from evals.sources import Options, open_suite
from evals.store import refer
from tests.evals.answering import Model, write_suite
from tests.evals.conftest import Run

REFERENCE = Reference(source="counts", counts={"I10": 30, "E11.9": 3})
LOADS = {
    "script",
    "link",
    "iframe",
    "img",
    "image",
    "object",
    "embed",
    "use",
    "audio",
    "video",
    "source",
    "base",
    "form",
}


class Reader(HTMLParser):
    """Checks that every element is closed in its turn, and that none loads anything or runs anything."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count += 1
        assert tag not in LOADS, tag
        for name, _ in attrs:
            assert not name.startswith("on") and name not in {"src", "href", "srcset", "style", "xlink:href"}, name

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, settings: Settings, codebook: CodeBook) -> list[Judged]:
    """The lexical engine, the pipeline with a model, and one plain prompt that is wrong about asthma."""
    folder = tmp_path_factory.mktemp("reports")
    spec = str(write_suite(folder / "suite", 6))
    suite = open_suite(spec)
    judged = []
    with Model(wrong={"J45.40": "J45.50"}) as model:
        asked = settings.model_copy(
            update={"model": "m", "base_url": model.url, "price_prompt": 1.0, "price_completion": 2.0}
        )
        for engine in ("lexical", "llm", "plain"):
            done = carry_out(suite, refer(suite, spec, Options()), Wanted(engine, engine, folder / "runs"), asked)
            judged.append(judge(done.folder, codebook))
    return judged


@pytest.mark.parametrize("chosen", [(0,), (1,), (2,), (0, 1, 2)])
def test_the_page_needs_nothing_else_and_is_whole(runs: list[Judged], chosen: tuple[int, ...]) -> None:
    page = render_page([runs[number] for number in chosen], REFERENCE)
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style and not re.search(r"url\(|@import|@font-face", style.group(1))
    reader = Reader()
    reader.feed(page)
    assert not reader.open and reader.count > 100
    assert "prefers-color-scheme: dark" in page and "nan" not in page.lower().split()


def test_the_page_has_every_plot(runs: list[Judged]) -> None:
    page = render_page(runs, REFERENCE)
    titles = re.findall(r"<figure><h3>(.*?)</h3>", page)
    assert titles == [
        "Common codes and rare ones",
        "Where codes are lost",
        "Whether confidence means anything",
        "Easy notes and hard ones",
        "What accuracy costs",
    ]
    told = [html.unescape(label) for label in re.findall(r'<svg[^>]*aria-label="(.*?)"', page)]
    assert any("B: F1 0.67 at 30 tokens a note; " in label for label in told), told
    assert all(f"mark of run {letter}" in " ".join(told) for letter in "ABC")


def test_without_a_reference_the_page_says_how_to_name_one(runs: list[Judged]) -> None:
    page = render_page(runs[:1])
    assert "--reference" in page and "Common codes" not in page


def test_a_worst_note_opens_to_what_became_of_each_code(runs: list[Judged]) -> None:
    page = render_page([runs[1]], REFERENCE)
    (first, *_) = re.findall(r"<details>.*?</details>", page, re.S)
    assert "visit_02" in first and re.search("1 (never offered|not chosen)", first)
    assert re.search(r'J45\.40.*class="verdict missed"', first, re.S)
    assert re.search(r'J45\.50.*not gold.*class="verdict extra".*Moderate persistent asthma', first, re.S)


def test_the_markdown_has_the_same_figures(runs: list[Judged]) -> None:
    text = render_markdown(runs, REFERENCE)
    assert "| micro F1 | 1.000 [1.000, 1.000] | 0.667 [" in text
    assert "| made from |" in text and "12 / 12 / 12 gold and reported codes" in text
    assert "| 20+ | 2 | 1.000 [1.000, 1.000] | 1.000 [1.000, 1.000] | 1.000 [1.000, 1.000] |" in text
    assert "| USD a note | 0.0000 | 0.0000 | 0.0000 |" in text
    assert "- **A** `lexical`: lexical; 6 scored / 0 failed / 6" in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_steps_of_a_plain_prompt_are_not_made_up(runs: list[Judged]) -> None:
    text = render_markdown(runs)
    row = next(line for line in text.splitlines() if line.startswith("| proposed |"))
    assert row.endswith("| – |") and row.count("–") == 1
    assert plot_reliability(series_of([runs[2]])) is None
    assert "| not reported | 2 | J45.40 ×2 |" in render_markdown([runs[2]])


def test_what_a_note_says_is_escaped(evaluate: Run, tmp_path: Path) -> None:
    text = 'ASSESSMENT\\n1. Asthma <script>alert(1)</script> | \\"x\\". Continue albuterol.'
    path = tmp_path / "notes.jsonl"
    row = f'{{"id": "a<b>&", "text": "{text}", "codes": ["I10"], "setting": "outpatient"}}\n'
    path.write_text(row, encoding="utf-8")
    assert evaluate("run", path, "--name", "r").status == 0
    assert evaluate("report", "r", "--html", "page.html", "--markdown", "page.md").status == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page and "a&lt;b&gt;&amp;" in page


def test_runs_of_other_suites_are_not_put_side_by_side(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 3)
    evaluate("run", suite, "--name", "a")
    evaluate("run", suite, "--name", "b", "--first", "2")
    evaluate("report", "a", "b", "--html", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "its figures can't be put beside those of A: other suite (suite, suite-first2)" in html.unescape(page)


def test_steps_of_an_axis_are_round_and_reach_the_top() -> None:
    for high in (0.3, 1, 7, 30, 999, 5063, 123456):
        steps = nice_steps(high)
        assert steps[0] == 0 and steps[-1] >= high and len(steps) <= 7
        assert all(step % 1 == 0 for step in nice_steps(high, whole=True))
