"""Files that are only added to: what a kill leaves of them, and two processes at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import InputError
from evals.lines import Lines, read_lines


def test_what_was_added_is_read_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with Lines(path) as lines:
        lines.add('{"a": 1}')
        lines.add('{"b": "x\u2028y"}')
    assert list(read_lines(path)) == [(1, {"a": 1}), (2, {"b": "x\u2028y"})]
    assert path.read_text(encoding="utf-8").splitlines() == path.read_text(encoding="utf-8").split("\n")[:-1]


def test_a_half_written_line_is_dropped_and_the_next_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2, "b')
    assert list(read_lines(path)) == [(1, {"a": 1})]
    with Lines(path) as lines:
        lines.add('{"a": 3}')
    assert path.read_bytes() == b'{"a": 1}\n{"a": 3}\n'


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": \n{"a": 3}\n')
    with pytest.raises(InputError, match=r"a\.jsonl:2: the line is damaged; delete the run's folder"):
        list(read_lines(path))


def test_lines_can_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with Lines(path) as lines:
        for number in range(4):
            lines.add(str(number))
        lines.cut(2)
        lines.add("9")
    assert [value for _, value in read_lines(path)] == [0, 1, 9]


def test_two_cannot_add_at_once(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "a.jsonl"
    with Lines(path), pytest.raises(InputError, match="is being written by another process"):
        Lines(path)
    Lines(path).close()


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    assert list(read_lines(tmp_path / "gone.jsonl")) == []
