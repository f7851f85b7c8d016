# run    the chat, with a demo library on the first start     test   all tests
# check  format, lint, types and tests                         bench  speed and quality, as a table
# parity our CoNeTTE beside its own package, in an environment that this makes (1.7 GB, Python 3.11)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# For those who wait for it: a file of tests for each processor at once, but no more than four, as some need memory.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

.PHONY: run test check bench parity clean

run: $(VENV)/.base
	$(BIN)/earshot chat --demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST)

bench: $(VENV)/$(if $(TEACHER),.train,.bench)
	$(BIN)/python -m tests.benchmarks $(if $(SOUNDS),--sounds $(SOUNDS)) $(if $(LABELS),--labels $(LABELS)) \
		$(if $(TEACHER),--teacher $(TEACHER))

parity: $(VENV)/.dev
	$(BIN)/python -m tests.parity.run $(FOLDER)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.base: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,models]"
	touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,models,bench]"
	touch $@

$(VENV)/.train: $(VENV)/.bench
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,models,bench,train]"
	touch $@
