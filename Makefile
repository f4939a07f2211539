# Every target sets up what it needs. VENV may name an existing environment to use instead.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.slipstream-stamp
export PYTHONPATH := $(CURDIR)/src

.PHONY: demo test check lint types contracts bench setup lock clean

setup: $(STAMP)

$(STAMP): pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/python -m examples.demo

test: $(STAMP)
	@$(BIN)/python -m pytest -q

check: lint types contracts test

lint: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(STAMP)
	@$(BIN)/mypy

contracts: $(STAMP)
	@$(BIN)/lint-imports --no-cache

bench: $(STAMP)
	@$(BIN)/python -m bench

lock:
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --universal --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --all-extras --group dev pyproject.toml -o requirements.lock --quiet

clean:
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
