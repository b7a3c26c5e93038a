"""A model server that answers by what it is asked, so that runs may ask in any order; and small suites to run it on."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.servers import Reply, Request, Server, completion
from tests.test_engine import judged, seen

CONDITIONS: Mapping[str, tuple[str, str]] = {
    "Type 2 diabetes": ("E11.9", "Continue metformin."),
    "Essential hypertension": ("I10", "Continue lisinopril."),
    "Moderate persistent asthma": ("J45.40", "Continue fluticasone."),
}
"""What stands in the notes, its code, and how it is managed."""


class Model(Server):
    """Reads every condition of `CONDITIONS` in a note and keeps the first; it gives codes of `wrong` for others.

    `kill` is the process to end when request number `kill_at` arrives; that one is not answered.
    """

    def __init__(self, *, wrong: Mapping[str, str] | None = None, delay: float = 0.0) -> None:
        super().__init__()
        self.answered: list[bytes] = []
        self.kill: int | None = None
        self.kill_at = 0
        self.status = 200
        self._wrong = dict(wrong or {})
        self._delay = delay

    def next(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            if self.kill is not None and len(self.requests) == self.kill_at:
                os.kill(self.kill, signal.SIGKILL)
                return Reply(drop="before")
            if self.status != 200:
                return Reply({"error": {"message": "no"}}, status=self.status)
            self.answered.append(request.body)
        return completion(self._answer(request), delay=self._delay)

    def _answer(self, request: Request) -> dict[str, Any]:
        asked = request.json["response_format"]["json_schema"]["name"]
        text = request.contents[-1]
        found = [(words, *more) for words, more in CONDITIONS.items() if words in text]
        if asked == "Reading":
            rows = [
                seen(words, words, [self._wrong.get(code, code)], managed=managed) for words, code, managed in found
            ]
            return {"conditions": rows}
        if asked == "Judgement":
            first, *others = map(int, re.findall(r"^Item (\d+):", text, re.M))
            return {"items": [judged(first, "a"), *(judged(other, None, "duplicate") for other in others)]}
        return {"codes": [self._wrong.get(code, code) for _, code, _ in found]}


def write_suite(folder: Path, count: int = 3, *, gold: str = "") -> Path:
    """A suite of so many encounters with one condition each; `gold` in the place of the code that is right."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        words, (code, managed) = list(CONDITIONS.items())[number % len(CONDITIONS)]
        text = f"HPI\nSeen for visit number {number}.\n\nASSESSMENT AND PLAN\n1. {words}. {managed}\n"
        (folder / f"visit_{number:02}.toml").write_text(
            f"""about = "one condition, visit {number}"
setting = "outpatient"
specialty = "primary care"
date_of_service = 2026-05-04
patient = {{ age = 54, sex = "female" }}
traps = ["negation"]

[[documents]]
id = "note"
text = '''
{text}'''

[[codes]]
code = "{gold or code}"
quotes = ["{words}"]
document = "note"

[[exclusions]]
code = "M32.9"
reason = "negated"
quotes = ["visit number {number}"]
document = "note"
why = "It is not said (IV)."
""",
            encoding="utf-8",
        )
    return folder
