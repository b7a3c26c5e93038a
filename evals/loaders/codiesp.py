"""CodiEsp: clinical cases in Spanish and in machine English, with codes of diagnoses and procedures.

Miranda-Escalada et al., CLEF eHealth 2020, in the layout of its Zenodo archive: a folder `train`, `dev` or `test` with
`text_files/NAME.txt`, `text_files_en/NAME.txt`, and tab-separated files without header: `devD.tsv` and `devP.tsv`
(name, code), `devX.tsv` (name, DIAGNOSTICO or PROCEDIMIENTO, code, words, offsets such as `307 316;348 361`, code
points of the Spanish text). Its evidence in English is read from `devX_en_aligned.jsonl` where there is one: `doc`,
`label` (D or P), `code`, and `en_sentences` of `start`, `end`.

The gold codes mentions, negated and historical ones too: the scope `mentions` is the fair comparison.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from agent.records import Document, Encounter, Setting
from evals.cases import Case, Span, dotted
from evals.loaders.intake import Intake, Mentions
from evals.problems import GoldError, Problem

Track = Literal["D", "P", "X"]
Language = Literal["en", "es"]
Split = Literal["train", "dev", "test"]

_KINDS = {"DIAGNOSTICO": "D", "PROCEDIMIENTO": "P"}
_Marked = dict[tuple[str, str], list[Span]]
"""The evidence of a code in a document."""


def load_codiesp(
    data: Path, split: Split = "dev", *, track: Track = "D", language: Language = "en"
) -> tuple[Case, ...]:
    """The cases of a split with the diagnoses (D), the procedures (P) or both as they are explained (X).

    `data` is the folder that holds the split's folder, itself or in `codiesp/`. The reports are of stays and visits
    alike; they are coded as inpatient, which changes nothing in the scope `mentions`. A report without a code of the
    track stays in, with no gold.

    Raises:
        GoldError: what is wrong with the files, each with its line.
    """
    folder = find_split(data, split)
    intake = Intake()
    texts = {
        path.stem: intake.text(path)
        for path in sorted((folder / ("text_files_en" if language == "en" else "text_files")).glob("*.txt"))
    }
    if not texts:
        intake.say(folder, 0, f"no text files in {language}; unpack the whole archive there")
    intake.done()
    explained = folder / f"{split}X.tsv"
    marked, lines = _explained(intake, explained, texts, language) if explained.is_file() else ({}, [])
    if language == "en":
        marked = _aligned(intake, folder / f"{split}X_en_aligned.jsonl", texts)
    gold = {name: Mentions() for name in texts}
    if track == "X":
        if not explained.is_file():
            intake.say(explained, 0, "is not there; track X needs it")
        labelled = lines
    else:
        labelled = [
            (n, name, _written(code, track)) for n, (name, code) in intake.rows(folder / f"{split}{track}.tsv", 2)
        ]
    source = folder / f"{split}{track}.tsv"
    for number, name, code in labelled:
        if name in gold:
            gold[name].add(code, marked.get((name, code), ()))
        else:
            intake.say(source, number, f"{name} has a code and no text in {language}; put {name}.txt beside the others")
    cases = []
    for name, text in texts.items():
        encounter = Encounter(id=name, setting=Setting.INPATIENT, documents=(Document(id=name, text=text),))
        case = intake.case(source, 0, encounter, gold[name].codes())
        if case is not None:
            cases.append(case)
    intake.done()
    return tuple(cases)


def find_split(data: Path, split: str) -> Path:
    """The folder of a split.

    Raises:
        GoldError: there is none.
    """
    for folder in (data / "codiesp" / split, data / split):
        if folder.is_dir():
            return folder
    raise GoldError(
        [Problem(str(data), 0, f"no CodiEsp here: neither codiesp/{split}/ nor {split}/; name the unpacked archive")]
    )


def read_mentions(data: Path, split: Split = "train") -> list[str]:
    """The diagnosis codes of a split, once for each report that has them: what a reference count is made from."""
    intake = Intake()
    rows = {tuple(cells) for _, cells in intake.rows(find_split(data, split) / f"{split}D.tsv", 2)}
    intake.done()
    return [dotted(code) for _, code in sorted(rows)]


def _written(code: str, kind: str) -> str:
    """A diagnosis code with its dot; a procedure code has none."""
    return dotted(code) if kind == "D" else code.strip().upper()


def _explained(
    intake: Intake, path: Path, texts: dict[str, str], language: Language
) -> tuple[_Marked, list[tuple[int, str, str]]]:
    """The evidence in the Spanish text, and the codes that it is for, with the numbers of their lines."""
    marked: _Marked = {}
    lines = []
    for number, (name, kind, code, _, offsets) in intake.rows(path, 5):
        if kind not in _KINDS:
            intake.say(path, number, f"{kind!r} is neither DIAGNOSTICO nor PROCEDIMIENTO")
            continue
        written = _written(code, _KINDS[kind])
        lines.append((number, name, written))
        if language == "en" or name not in texts:
            continue
        for part in offsets.split(";"):
            bounds = part.split()
            if len(bounds) != 2 or not all(bound.isdecimal() for bound in bounds):
                intake.say(path, number, f"offsets {part!r} where two numbers are expected: start and end")
                continue
            _mark(intake, path, number, marked, (name, written), (int(bounds[0]), int(bounds[1])), texts[name])
    return marked, lines


def _aligned(intake: Intake, path: Path, texts: dict[str, str]) -> _Marked:
    """The English sentences that hold the evidence, where the file is there."""
    marked: _Marked = {}
    if not path.is_file():
        return marked
    for number, row in intake.objects(path):
        name, code, kind = row.get("doc"), row.get("code"), row.get("label")
        if not isinstance(name, str) or not isinstance(code, str) or kind not in ("D", "P"):
            intake.say(path, number, "no doc, no code or no label (D or P)")
        elif name in texts:
            for one in row.get("en_sentences", ()):
                bounds = (one.get("start"), one.get("end"))
                _mark(intake, path, number, marked, (name, _written(code, kind)), bounds, texts[name])
    return marked


def _mark(
    intake: Intake,
    path: Path,
    line: int,
    marked: _Marked,
    key: tuple[str, str],
    bounds: tuple[object, object],
    text: str,
) -> None:
    start, end = bounds
    if start == end:  # the published offsets hold a few pieces of no length beside those that count
        return
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= len(text):
        message = f"{key[1]} has evidence from {start} to {end} of {key[0]}, which ends at {len(text)}"
        intake.say(path, line, f"{message}; the text is not the one that was labelled")
    else:
        marked.setdefault(key, []).append(Span(document=key[0], start=start, end=end))
