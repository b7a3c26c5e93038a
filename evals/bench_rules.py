"""Bench: how long the rules of claims take, one core, warm, as a Markdown table.

python -m evals.bench_rules [--claims N]
"""

from __future__ import annotations

import argparse
import os
import random
import time
from statistics import median, quantiles

from agent.api import open_all
from agent.claim import Claim, ClaimCode
from agent.codebook import CodeBook
from agent.config import Settings
from agent.records import Patient, Setting, Sex
from agent.rules.catalogue import AS_GIVEN, CLAIMS
from agent.rules.run import check_claim


def random_claims(book: CodeBook, number: int, codes: int, seed: int) -> list[Claim]:
    """Claims of billable codes drawn at random, with setting, age and sex."""
    dice = random.Random(seed)
    billable = [code.code for code in book.codes() if code.billable]
    day = book.edition.effective[0]
    return [
        Claim(
            setting=dice.choice(list(Setting)),
            date_of_service=day,
            patient=Patient(age=dice.randrange(100), sex=dice.choice(list(Sex))),
            codes=tuple(ClaimCode(code=code, poa=dice.choice("YNU")) for code in dice.sample(billable, codes)),
        )
        for _ in range(number)
    ]


def main() -> None:
    """Time single claims of 20 codes and many of 12, and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=10_000)
    number = parser.parse_args().claims
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    book = open_all(Settings.from_environment()).book
    check_claim(random_claims(book, 1, 20, 0)[0], book)
    times = []
    for claim in random_claims(book, 500, 20, 1):
        began = time.perf_counter()
        check_claim(claim, book)
        times.append(1000 * (time.perf_counter() - began))
    many = random_claims(book, number, 12, 2)
    began = time.perf_counter()
    found = sum(len(check_claim(claim, book)) for claim in many)
    seconds = time.perf_counter() - began
    print(f"{len(AS_GIVEN) + len(CLAIMS)} rules of claims, codes drawn at random from {book.edition.edition}, one core")
    print("| measure | figure |")
    print("|---|---|")
    print(f"| a claim of 20 codes, 500 claims, p50 / p95 | {median(times):.1f} / {quantiles(times, n=20)[-1]:.1f} ms |")
    print(f"| {number:,} claims of 12 codes | {seconds:.1f} s ({found:,} findings) |")


if __name__ == "__main__":
    main()
