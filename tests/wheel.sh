#!/bin/sh
# Builds the wheel, installs it in an empty environment and codes a note from another folder.
set -eu
python=${1:-python3}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root/tests/notes/office_visit.txt" "$work/"
mkdir "$work/source"
(cd "$root" && tar cf - pyproject.toml README.md LICENSE agent codesets prompts) | (cd "$work/source" && tar xf -)
"$python" -m venv "$work/env"
"$work/env/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work/dist" "$work/source"
"$work/env/bin/python" -m pip install --quiet --disable-pip-version-check "$work"/dist/chartproof-*.whl
cd "$work"
CHARTPROOF_CACHE="$work/cache" "$work/env/bin/chartproof" code office_visit.txt --setting outpatient --dos 2026-05-04 --format json > coding.json
"$work/env/bin/python" - <<'END'
import json, pathlib
coding = json.loads(pathlib.Path("coding.json").read_text(encoding="utf-8"))
text = pathlib.Path("office_visit.txt").read_bytes().decode("utf-8")
quotes = [e for code in coding["codes"] for e in code["evidence"]]
assert coding["codes"] and quotes, "the wheel gave no code"
assert all(text[e["start"] : e["end"]] == e["text"] for e in quotes), "a quote is not where it is said to be"
print(f"wheel: {len(coding['codes'])} codes, {len(quotes)} quotes in place; 1 passed, 0 failed")
END
