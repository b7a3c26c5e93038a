# The two commands a newcomer needs are `make demo` and `make test`; both do all the set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATA ?= ../shared/data

.PHONY: demo test lint types eval eval-external prompt-try record gate bench wheel live clean

demo: $(READY)
	$(BIN)/chartproof code tests/notes/office_visit.txt --setting outpatient --dos 2026-05-04

test: $(READY) lint types
	$(BIN)/python -m pytest
	$(MAKE) --no-print-directory wheel

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# The project's own synthetic encounters: the embedded engine, and a recorded model, replayed without a key.
eval: $(READY)
	$(BIN)/chartproof eval run all --engine lexical
	$(BIN)/chartproof eval run all --engine recorded

# Accuracy on labelled notes that are not part of the project; DATA is the folder that holds them (evals/README.md).
eval-external: $(READY)
	$(BIN)/chartproof eval run aci@$(DATA) $(EVAL)
	$(BIN)/chartproof eval run codiesp@$(DATA) $(EVAL)

# What an edited prompt does: PROMPTS is a folder with the edited files, SUITE what it is tried on (prompts/README.md).
# Both runs are named by what they are made with, so another edit, suite or state of the sources is another run; only
# what no run in runs/ was answered is asked. Exit code 4 is a run in which some failed, of which the comparison speaks.
PROMPTS ?= try
SUITE ?= outpatient
TRY = $(BIN)/chartproof eval run "$(SUITE)" --engine llm --print-folder $(EVAL)
prompt-try: $(READY)
	$(BIN)/chartproof prompts check --prompts "$(PROMPTS)"
	@before=$$(unset CHARTPROOF_PROMPTS; $(TRY) $(if $(wildcard runs/*/run.json),--reuse runs)) || [ $$? -eq 4 ] || exit 1; \
	after=$$(CHARTPROOF_PROMPTS="$(PROMPTS)" $(TRY) --reuse runs "$$before") || [ $$? -eq 4 ] || exit 1; \
	$(BIN)/chartproof eval compare "$$before" "$$after"

# Records the cassettes that a suite lacks, from the endpoint of the settings (CHARTPROOF_BASE_URL, CHARTPROOF_MODEL=recorded, ...).
record: $(READY)
	$(BIN)/chartproof eval record all

# Fails where a suite's score falls below its committed baseline by more than its interval.
gate: $(READY)
	$(BIN)/chartproof eval gate

# The client against a real llama.cpp server; see tests/test_live_smollm.py for what it needs.
live: $(READY)
	$(BIN)/python -m pytest -m live

bench: $(READY)
	$(BIN)/python -m evals.bench_codebook
	$(BIN)/python -m evals.bench_lexical
	$(BIN)/python -m evals.quotes --pairs 10000 --seed 1
	$(BIN)/python -m evals.bench_rules
	$(BIN)/python -m evals.excludes

# A wheel in an empty environment, run from another folder, does the main job.
wheel: $(READY)
	sh tests/wheel.sh $(PYTHON)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
