# Needs Python 3.11 or newer with pip and venv, and make. Everything else is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: help setup demo test check bench accuracy lock fmt clean

help:
	@echo "make demo      the whole product on simulated devices"
	@echo "make test      lint, types, import contracts, tests"
	@echo "make bench     every figure, beside its peer or floor"
	@echo "make accuracy  docs/accuracy.md from the public recordings"
	@echo "make fmt       format the sources"
	@echo "make lock      pin the dependencies anew"
	@echo "make clean     remove the virtual environment and caches"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "bedside needs Python 3.11 or newer; name one with make PYTHON=..." >&2; exit 1; }
	@echo "creating $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.dependencies: requirements.lock | $(BIN)/python
	@echo "installing the locked dependencies (a minute or two, once)" >&2
	@$(PIP) install --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.dependencies
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.project

demo: setup
	@$(BIN)/bedside demo

test: check
	$(BIN)/python -m tests.in_lanes

check: setup
	$(BIN)/ruff check --quiet --output-format=concise
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m tests.benchmarks

accuracy: setup
	@$(BIN)/python -m tests.benchmarks accuracy

lock: setup
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(PIP) install uv
	@$(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --extra dev pyproject.toml -o requirements.lock

fmt: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
