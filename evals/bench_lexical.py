"""Bench: how long the embedded engine takes for a note, one core, warm, as a Markdown table.

python -m evals.bench_lexical [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import time
from importlib.resources import files
from pathlib import Path
from statistics import median, quantiles

from agent.api import code_note, open_all
from agent.config import Settings
from agent.notes import cut_chunks, read_sections
from agent.records import Document

WORDS = 400


def sample() -> str:
    """An office note of about `WORDS` words: the sample visit, its history told again until it is long enough."""
    text = (Path(str(files("evals"))).parent / "tests" / "notes" / "office_visit.txt").read_text(encoding="utf-8")
    history, rest = text.split("PAST MEDICAL HISTORY", 1)
    told = history.split("HISTORY OF PRESENT ILLNESS:", 1)[1]
    while len((history + "PAST MEDICAL HISTORY" + rest).split()) < WORDS:
        history += told
    return history + "PAST MEDICAL HISTORY" + rest


def main() -> None:
    """Time the engine's reading, and the whole coding of a note, and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    settings = Settings.from_environment()
    began = time.perf_counter()
    opened = open_all(settings)
    start = time.perf_counter() - began
    text = sample()
    document = Document(id="bench", text=text)
    chunk = cut_chunks(document, read_sections(document), max_tokens=100_000, context_tokens=0)[0]

    def read() -> None:
        list(opened.lexical.read(document, chunk))

    def whole() -> None:
        code_note(text, setting="outpatient", engine="lexical", settings=settings)

    print(
        f"note of {len(text.split())} words, {rounds} rounds after 5 to warm up, one core; opening all: {start:.2f} s"
    )
    print("| step | p50 ms | p95 ms |")
    print("|---|---|---|")
    for name, step in (
        ("lexical engine: read the note", read),
        ("the whole coding, offsets checked and judged", whole),
    ):
        for _ in range(5):
            step()
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            step()
            times.append(1000 * (time.perf_counter() - began))
        print(f"| {name} | {median(times):.1f} | {quantiles(times, n=20)[-1]:.1f} |")


if __name__ == "__main__":
    main()
