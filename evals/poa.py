"""POA: how far the project's list of codes without an indicator agrees with the published one.

    python -m evals.poa POAexemptCodes.txt

The published list has the columns order, code and description, with tabs; it is no part of the project, and may be of
another year than the edition.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from agent.api import open_all
from agent.config import Settings
from agent.rules.poa import is_exempt


def main() -> None:
    """Print the agreement, and where the two differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("published", type=Path)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="codes in which the two differ")
    arguments = parser.parse_args()
    lines = arguments.published.read_text(encoding="latin-1").splitlines()[1:]
    listed = {line.split("\t")[1].strip() for line in lines if line.count("\t") >= 2}
    book = open_all(Settings.from_environment()).book
    billable = [code for code in book.codes() if code.billable]
    both = [code.code for code in billable if is_exempt(code) and code.code in listed]
    ours = [code.code for code in billable if is_exempt(code) and code.code not in listed]
    theirs = [code.code for code in billable if not is_exempt(code) and code.code in listed]
    print("| billable codes | exempt in both | ours alone | theirs alone |\n|---|---|---|---|")
    print(f"| {len(billable):,} | {len(both):,} | {len(ours):,} | {len(theirs):,} |")
    for name, some in (("ours alone", ours), ("theirs alone", theirs)):
        if some and arguments.show:
            print(f"\n{name}: {', '.join(some[:: max(1, len(some) // arguments.show)][: arguments.show])}")


if __name__ == "__main__":
    main()
