"""How fast the code table is, on one core: `python -m evals.bench_codebook [--added FILE ...]`.

Prints a markdown table: build, open, and percentiles of `get` and `search` over the queries below, which are conditions
as clinicians write them, of one to eight words, with abbreviations and misspellings.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

QUERIES = (
    "hypertension",
    "HTN",
    "high blood pressure",
    "type 2 diabetes with diabetic chronic kidney disease",
    "uncontrolled type 2 diabetes mellitus with hyperglycemia",
    "T2DM with peripheral neuropathy",
    "CHF",
    "acute on chronic diastolic congestive heart failure",
    "afib",
    "paroxysmal atrial fibrillation on anticoagulation",
    "COPD exacerbation",
    "chronic obstructive pulmonary disease with acute lower respiratory infection",
    "UTI",
    "acute cystitis with hematuria",
    "GERD without esophagitis",
    "CKD stage 3b",
    "end stage renal disease on hemodialysis",
    "closed fracture of left distal radius, initial encounter",
    "displaced intertrochanteric fracture of right femur",
    "left hip osteoarthritis",
    "bilateral primary osteoarthritis of knee",
    "low back pain",
    "lumbar radiculopathy",
    "right rotator cuff tear",
    "carpal tunnel syndrome, left upper limb",
    "heart attack",
    "NSTEMI",
    "acute ischemic stroke of left middle cerebral artery",
    "pulmonary embolism without acute cor pulmonale",
    "deep vein thrombosis of right lower extremity",
    "pneumonia",
    "community acquired pneumonia",
    "sepsis due to E. coli",
    "acute respiratory failure with hypoxia",
    "asthma, mild intermittent",
    "hypothyroidism",
    "hyperlipidemia",
    "iron deficiency anemia secondary to chronic blood loss",
    "breast cancer, upper outer quadrant of left breast",
    "metastatic lung cancer to the brain",
    "history of colon cancer",
    "major depressive disorder, recurrent, moderate",
    "generalized anxiety disorder",
    "alcohol use disorder, severe, with withdrawal",
    "opioid dependence",
    "migraine with aura, not intractable",
    "seizure disorder",
    "multiple sclerosis",
    "Parkinson's disease",
    "dementia with behavioral disturbance",
    "kidney stones",
    "acute appendicitis with localized peritonitis",
    "diverticulitis of large intestine without perforation or abscess",
    "cirrhosis of liver with ascites",
    "pressure ulcer of sacral region, stage 4",
    "cellulitis of left lower leg",
    "gout of right great toe",
    "rheumatoid arthritis",
    "vitamin D deficiency",
    "obesity, BMI 34",
    "pregnancy, third trimester, gestational diabetes, diet controlled",
    "fall from ladder",
    "laceration of right index finger without foreign body",
    "pneumonai",
    "dizzyness and giddiness",
    "pink eye",
    "shortness of breath",
    "chest pain",
    "encounter for screening for malignant neoplasm of colon",
    "long term use of insulin",
)
"""What is searched for; none is taken from a labelled note."""


def timed(call: Callable[[], object]) -> float:
    """The seconds that one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def percentile(seconds: Sequence[float], percent: int) -> float:
    """A percentile, in milliseconds."""
    return 1000 * statistics.quantiles(seconds, n=100)[percent - 1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench_codebook", description="Measure the code table.")
    parser.add_argument("--added", nargs="*", default=[], metavar="FILE", help="index files to add to the table first")
    options = parser.parse_args(arguments)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        for line in measure(Path(folder), options.added):
            print(line)
    return 0


def measure(cache: Path, added: Sequence[str]) -> Iterator[str]:
    """The lines of the table, for a table that is built in `cache`."""
    import duckdb  # noqa: F401  (its import is measured with the cold start, not with the build)

    from agent.codebook import CodeBook
    from agent.config import Settings
    from codesets.build import add

    settings = Settings(cache=cache)
    for path in added:
        add(path, settings)
    build = timed(lambda: CodeBook.open(settings).close())
    opened = [timed(lambda: CodeBook.open(settings).close()) for _ in range(20)]
    cold = (
        "from agent.codebook import CodeBook; from agent.config import Settings; "
        "CodeBook.open(Settings.from_environment())"
    )
    environment = {**os.environ, "CHARTPROOF_CACHE": str(cache)}
    started = [
        timed(lambda: subprocess.run([sys.executable, "-c", cold], env=environment, check=True)) for _ in range(5)
    ]

    book = CodeBook.open(settings)
    first_get = timed(lambda: book.get("I10"))
    first_search = timed(lambda: book.search("gout"))
    dice = random.Random(1)
    codes = [code.code for code in book.codes()]
    asked = [dice.choice((code, code.replace(".", ""), code.lower())) for code in dice.choices(codes, k=20_000)]
    got = [timed(lambda code=code: book.get(code)) for code in asked]  # type: ignore[misc]
    noted = [timed(lambda code=code: book.notes(code)) for code in asked[:5_000]]  # type: ignore[misc]
    book.search_many(QUERIES)
    searched = [timed(lambda query=query: book.search(query)) for query in QUERIES * 10]  # type: ignore[misc]
    many = timed(lambda: book.search_many(QUERIES[:50]))
    terms = book.terms()
    all_terms = min(timed(book.terms) for _ in range(3))

    yield f"{book.edition.system} {book.edition.edition}, {len(codes):,} nodes, {len(terms):,} terms, one core"
    yield ""
    yield "| measure | figure | must | aim |"
    yield "|---|---|---|---|"
    yield f"| build | {build:.1f} s | 15 s | 5 s |"
    yield f"| open, p50 of 20 | {1000 * statistics.median(opened):.0f} ms | 100 ms | 30 ms |"
    yield f"| open in a new process, with all imports, p50 of 5 | {1000 * statistics.median(started):.0f} ms | | |"
    yield f"| first `get` of a process (reads all codes) | {1000 * first_get:.0f} ms | | |"
    yield f"| first `search` of a process (reads all terms) | {1000 * first_search:.0f} ms | | |"
    yield f"| `get` p95 | {percentile(got, 95):.4f} ms | 1 ms | 0.2 ms |"
    yield f"| `notes` p95 | {percentile(noted, 95):.3f} ms | | |"
    yield f"| `search` p50 | {percentile(searched, 50):.2f} ms | | |"
    yield f"| `search` p95 | {percentile(searched, 95):.2f} ms | 25 ms | 8 ms |"
    yield f"| `search_many`, 50 queries | {1000 * many:.0f} ms | | |"
    yield f"| `terms()` | {1000 * all_terms:.0f} ms | | |"


if __name__ == "__main__":
    sys.exit(main())
