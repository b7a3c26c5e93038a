# The two commands a newcomer needs are `make demo` and `make test`; both do all the set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATA ?= ../shared/data

.PHONY: demo test lint types eval record eval-external bench wheel live clean

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

# Accuracy on labelled notes that are not part of the project; DATA is the folder that holds them.
eval-external: $(READY)
	$(BIN)/python -m evals.external $(DATA) $(if $(ADDED),--added $(ADDED)) $(if $(ERRORS),--errors $(ERRORS))

# The project's own synthetic notes: the embedded engine, and a recorded model, replayed without a key.
eval: $(READY)
	$(BIN)/python -m evals.synthetic
	$(BIN)/python -m evals.recorded

# Records the cassettes anew from the endpoint of the settings (CHARTPROOF_BASE_URL, CHARTPROOF_MODEL=recorded, ...).
record: $(READY)
	$(BIN)/python -m evals.recorded --record

# The client against a real llama.cpp server; see tests/test_live_smollm.py for what it needs.
live: $(READY)
	$(BIN)/python -m pytest -m live

bench: $(READY)
	$(BIN)/python -m evals.bench_codebook
	$(BIN)/python -m evals.bench_lexical
	$(BIN)/python -m evals.quotes --pairs 10000 --seed 1

# A wheel in an empty environment, run from another folder, does the main job.
wheel: $(READY)
	sh tests/wheel.sh $(PYTHON)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(READY)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
