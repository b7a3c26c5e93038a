"""Runs: what they keep, that after a kill they end in the same bytes and pay nothing twice, and what they refuse."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import duckdb
import pytest

from agent.config import Settings
from agent.records import Scope
from evals.cases import Suite
from evals.outcome import Outcome
from evals.run import Wanted, carry_out
from evals.sources import Options, open_suite
from evals.store import RunFolder, refer
from tests.evals.answering import Model, write_suite
from tests.evals.conftest import Run, start


def opened(folder: Path, count: int = 3) -> tuple[Suite, str]:
    spec = str(write_suite(folder, count))
    return open_suite(spec), spec


def test_a_run_keeps_its_record_and_every_result(tmp_path: Path, settings: Settings, codebook: object) -> None:
    suite, spec = opened(tmp_path / "suite")
    done = carry_out(suite, refer(suite, spec, Options()), Wanted("lexical", runs=tmp_path / "runs"), settings)
    assert [outcome.encounter for outcome in done.outcomes] == ["visit_00", "visit_01", "visit_02"]
    assert [outcome.codes for outcome in done.outcomes] == [("E11.9",), ("I10",), ("J45.40",)]
    record = json.loads((done.folder.path / "run.json").read_text(encoding="utf-8"))
    assert record["engine"] == "lexical" and record["model"] is None and record["prompts"] == {}
    assert record["suite"]["sha256"] == suite.sha256 and record["suite"]["encounters"] == 3
    assert record["codeset"]["sha256"] and record["provenance"]["packages"]["pydantic"]
    assert set(record["provenance"]) == {"commit", "dirty", "sources", "python", "packages"}
    line = json.loads(done.folder.results.read_text(encoding="utf-8").splitlines()[0])
    assert line["coding"]["audit"]["started"] == "" and line["usage"]["seconds"] == 0
    assert done.outcomes[0].usage.seconds > 0  # which stands in times.jsonl


def test_the_same_command_is_the_same_run_and_does_nothing_twice(
    tmp_path: Path, settings: Settings, codebook: object
) -> None:
    suite, spec = opened(tmp_path / "suite")
    wanted = Wanted("lexical", runs=tmp_path / "runs")
    first = carry_out(suite, refer(suite, spec, Options()), wanted, settings)
    before = first.folder.results.read_bytes()
    again = carry_out(suite, refer(suite, spec, Options()), wanted, settings)
    assert (first.made, again.made) == (3, 0) and again.folder.path == first.folder.path
    assert again.folder.results.read_bytes() == before
    other = carry_out(suite, refer(suite, spec, Options()), wanted, settings.model_copy(update={"chunk_tokens": 900}))
    assert other.folder.path != first.folder.path


def test_a_run_goes_on_after_a_half_written_line(tmp_path: Path, settings: Settings, codebook: object) -> None:
    suite, spec = opened(tmp_path / "suite")
    wanted = Wanted("lexical", name="r", runs=tmp_path)
    whole = carry_out(suite, refer(suite, spec, Options()), wanted, settings).folder.results
    data = whole.read_bytes()
    for cut in (len(data) - 7, data.index(b"\n") + 1, 40):
        whole.write_bytes(data[:cut])
        carry_out(suite, refer(suite, spec, Options()), wanted, settings)
        assert whole.read_bytes() == data


def test_duckdb_reads_the_results(tmp_path: Path, settings: Settings, codebook: object) -> None:
    suite, spec = opened(tmp_path / "suite")
    done = carry_out(suite, refer(suite, spec, Options()), Wanted("lexical", runs=tmp_path / "runs"), settings)
    rows = duckdb.sql(
        "SELECT encounter, codes[1], coding.codes[1].evidence[1].text "
        f"FROM read_json('{done.folder.results}') ORDER BY encounter"
    ).fetchall()
    assert rows[0] == ("visit_00", "E11.9", "Type 2 diabetes") and len(rows) == 3


def test_a_run_that_is_killed_and_started_again(tmp_path: Path, settings: Settings, codebook: object) -> None:
    """Killed at random points: the same bytes as in one go, and no request is answered a second time."""
    suite = write_suite(tmp_path / "suite", 6)
    chance, calls = random.Random(20), 12
    with Model() as model:
        given = {"model": "m", "base_url": model.url, "tries": "1", "concurrency": "1", "second_look": "none"}

        def run(name: str) -> int:
            process = start(tmp_path, settings, "run", suite, "--engine", "llm", "--name", name, **given)
            model.kill = process.pid
            _, said = process.communicate(timeout=120)
            assert process.returncode in (0, -9), said.decode()
            return process.returncode

        for number in range(2):
            rest = calls - len(set(model.answered))
            model.kill_at = len(model.requests) + chance.randint(1, rest - 1)
            assert run("killed") == -9, number
        model.kill_at = 0
        assert run("killed") == 0
        assert len(model.answered) == len(set(model.answered)) == calls
        assert len(model.requests) == calls + 2  # and the two that were on their way at a kill
        assert run("whole") == 0
    runs = tmp_path / "runs"
    results = (runs / "killed" / "results.jsonl").read_bytes()
    assert results == (runs / "whole" / "results.jsonl").read_bytes()
    assert results.count(b"\n") == 6 and b'"failure":""' in results


def test_many_are_asked_at_once_and_stand_in_the_order_of_the_suite(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 9)
    with Model() as model:
        ran = evaluate("run", suite, "--engine", "llm", "--name", "r", model="m", base_url=model.url, concurrency="4")
    assert ran.status == 0, ran.err
    outcomes = RunFolder(tmp_path / "runs" / "r").outcomes()
    assert [outcome.encounter for outcome in outcomes] == [f"visit_{number:02}" for number in range(9)]
    assert {outcome.usage.calls for outcome in outcomes} == {2}
    assert "| micro F1 | 1.000 [1.000, 1.000] | 18 gold and reported codes |" in ran.out
    assert "| calls a note, median | 2 |" in ran.out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"temperature": "0.5"}, "another setting temperature (None, now 0.5)"),
        ({"model": "n"}, "another model (m, now n)"),
    ],
)
def test_a_run_is_not_gone_on_with_otherwise(evaluate: Run, tmp_path: Path, change: dict[str, str], said: str) -> None:
    suite = write_suite(tmp_path / "suite", 1)
    with Model() as model:
        given = {"model": "m", "base_url": model.url}
        assert evaluate("run", suite, "--engine", "llm", "--name", "r", **given).status == 0
        ran = evaluate("run", suite, "--engine", "llm", "--name", "r", **{**given, **change})
    assert ran.status == 2 and said in ran.err and "Give another --name" in ran.err


def test_a_run_of_another_suite_or_engine_is_not_gone_on_with(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 2)
    assert evaluate("run", suite, "--name", "r").status == 0
    write_suite(tmp_path / "suite", 2, gold="R05.9")
    assert "another suite (suite " in evaluate("run", suite, "--name", "r").err
    with Model() as model:
        ran = evaluate("run", suite, "--engine", "plain", "--name", "r", model="m", base_url=model.url)
    assert ran.status == 2 and "another engine (lexical, now plain)" in ran.err and "another prompt" not in ran.err


def test_the_answers_of_another_run_are_used(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 3)
    with Model() as model:
        given = {"model": "m", "base_url": model.url}
        evaluate("run", suite, "--engine", "llm", "--name", "a", **given)
        asked = len(model.requests)
        write_suite(tmp_path / "suite", 3, gold="R05.9")
        ran = evaluate("run", suite, "--engine", "llm", "--name", "b", "--reuse", "a", **given)
        assert ran.status == 0 and len(model.requests) == asked == 6
    assert "| micro F1 | 0.000 [0.000, 0.000] |" in ran.out


def test_the_answers_of_all_runs_in_a_folder_are_used_and_the_folder_is_printed(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 4)
    with Model() as model:
        given = {"model": "m", "base_url": model.url}
        asking = ("run", suite, "--engine", "llm", "--print-folder")
        parts = [evaluate(*asking, "--only", only, **given) for only in ("visit_00,visit_01", "visit_02,visit_03")]
        folders = [ran.out.removesuffix("\n") for ran in parts]
        assert len(set(folders)) == 2 and all((tmp_path / folder / "run.json").exists() for folder in folders)
        assert len(model.requests) == 8
        (tmp_path / "runs" / "note.txt").touch()
        ran = evaluate(*asking, "--reuse", "runs", **given)
        assert ran.status == 0 and ran.out.startswith(f"runs{os.sep}suite-llm-") and len(model.requests) == 8
        assert "suite is no run" in evaluate(*asking, "--reuse", "suite", **given).err


def test_a_failure_counts_and_can_be_asked_again(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 4)
    with Model() as model:
        given = {"model": "m", "base_url": model.url, "tries": "1", "concurrency": "1"}
        model.status = 500
        ran = evaluate("run", suite, "--engine", "plain", "--name", "r", **given)
        assert ran.status == 4
        assert "0 scored / 4 failed / 4" in ran.out and "not comparable" in ran.out
        assert "visit_00 failed: EndpointUnreachable" in ran.err
        model.status = 200
        assert evaluate("run", suite, "--engine", "plain", "--name", "r", **given).status == 4
        assert len(model.answered) == 0
        ran = evaluate("run", suite, "--engine", "plain", "--name", "r", "--retry", **given)
    assert ran.status == 0 and "4 scored / 0 failed / 4" in ran.out and len(model.answered) == 4


def test_an_endpoint_that_is_down_stops_the_run_which_then_goes_on(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 4)
    with Model() as model:
        given = {"model": "m", "base_url": model.url, "tries": "1", "concurrency": "1"}
        model.status = 401
        ran = evaluate("run", suite, "--engine", "plain", "--name", "r", **given)
        assert ran.status == 3 and "refused the key" in ran.err and ran.out == ""
        model.status = 200
        assert evaluate("run", suite, "--engine", "plain", "--name", "r", **given).status == 0


def test_a_note_that_cannot_be_coded_does_not_stop_the_others(evaluate: Run, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "text": "Asthma. Continue albuterol.", "codes": ["J45.909"]},
        {"id": "b", "text": "   ", "codes": ["I10"]},
    ]
    path = tmp_path / "notes.jsonl"
    path.write_text("".join(json.dumps({**row, "setting": "outpatient"}) + "\n" for row in rows), encoding="utf-8")
    ran = evaluate("run", path, "--name", "r")
    assert ran.status == 4 and "1 scored / 1 failed / 2" in ran.out
    failed = RunFolder(tmp_path / "runs" / "r").outcomes()[1]
    assert failed.failure.startswith("NoteError: ") and failed == Outcome(
        encounter="b", failure=failed.failure, usage=failed.usage
    )


def test_two_processes_cannot_write_one_run(evaluate: Run, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    from evals.lines import Lines

    suite = write_suite(tmp_path / "suite", 1)
    evaluate("run", suite, "--name", "r")
    with Lines(tmp_path / "runs" / "r" / "results.jsonl"):
        ran = evaluate("run", suite, "--name", "r")
    assert ran.status == 2 and "is being written by another process" in ran.err


def test_a_sample_is_the_same_each_time(evaluate: Run, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suite", 8)
    for name, more in (("a", ()), ("b", ()), ("c", ("--seed", "3")), ("d", ("--seed", "3"))):
        assert evaluate("run", suite, "--name", name, "--sample", "3", *more).status == 0
    drawn = [[o.encounter for o in RunFolder(tmp_path / "runs" / name).outcomes()] for name in "abcd"]
    assert drawn[0] == drawn[1] != drawn[2] == drawn[3] and all(len(names) == 3 for names in drawn)
    assert "--sample N says of how many" in evaluate("run", suite, "--seed", "3").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "gone"], "no such suite, folder or file"),
        (["run", "clear", "--first", "2"], "the suite clear is run as a whole"),
        (["run", "suite", "--scope", "all"], "--scope: "),
        (["run", "suite", "--engine", "plain"], "no model is set"),
        (["run", "suite", "--engine", "recorded"], "no encounter of the project, and no other is ever recorded"),
        (["run", "suite", "--reuse", "gone"], "gone is no run: it holds no run.json"),
        (["record", "suite"], "is no suite of the project; no other is recorded"),
        (["record", "clear"], "is None, and cassettes are recorded and replayed with recorded"),
        (["report", "gone"], "is no run: it holds no run.json"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
    ],
)
def test_bad_input_is_one_line(evaluate: Run, tmp_path: Path, arguments: list[str], said: str) -> None:
    write_suite(tmp_path / "suite", 1)
    ran = evaluate(*arguments)
    assert ran.status == 2 and said in ran.err and len(ran.err.splitlines()) == 1


def test_gold_that_is_not_of_the_edition_is_named_with_its_line(evaluate: Run, tmp_path: Path) -> None:
    ran = evaluate("run", write_suite(tmp_path / "suite", 1, gold="E11.999"))
    assert ran.status == 2 and "visit_00.toml:19: E11.999 is no code of" in ran.err


def test_what_two_runs_were_not_made_alike_with_is_named(tmp_path: Path, settings: Settings, codebook: object) -> None:
    suite, spec = opened(tmp_path / "suite")
    record = carry_out(suite, refer(suite, spec, Options()), Wanted("lexical", runs=tmp_path / "runs"), settings).record
    assert record.differences(record) == []
    other = record.model_copy(update={"prompts": {"propose": "b" * 64}, "scope": Scope.MENTIONS})
    first = record.model_copy(update={"prompts": {"propose": "a" * 64}})
    assert first.differences(other) == ["scope (claim, now mentions)", f"prompt propose ({'a' * 12}, now {'b' * 12})"]
    assert first.identity() != other.identity()
    assert record.differences(other) == ["scope (claim, now mentions)", f"prompt propose (none, now {'b' * 12})"]
