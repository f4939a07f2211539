# Every target sets up what it needs. `make VENV=FOLDER ...` uses an environment as it is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(origin VENV),command line)
SETUP :=
else
SETUP := setup
endif
export PYTHONPATH := $(CURDIR)/src
# Many tests wait for processes, so that twice as many run as there are cores.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(min(16, 2 * os.cpu_count()))")

.PHONY: demo test check lint types contracts audit bench differential beside integrations providers-check setup ui ui-check ui-bench e2e screenshots lock clean clients fuzz

setup:
	@$(PYTHON) tools/set_up.py $(VENV)

ui:
	@$(PYTHON) tools/build_ui.py

# The web app's own checks: format and lint, types, tests of its models.
ui-check: ui
	@cd ui && npm run --silent lint && npm run --silent types && npm test --silent

# People's journeys through the web app, in Debian's Chromium.
e2e: $(SETUP) ui
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check playwright axe-playwright-python
	@$(BIN)/python -m pytest -q tests/e2e

# A picture of every screen of the web app, light and dark.
screenshots: $(SETUP) ui
	@$(if $(FOLDER),,$(error Say where the pictures go: make screenshots FOLDER=somewhere))
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check playwright
	@SLIPSTREAM_SCREENSHOTS=$(abspath $(FOLDER)) $(BIN)/python -m pytest -q tests/e2e/test_screenshots.py

# How fast the web app is, in Debian's Chromium.
ui-bench: $(SETUP) ui
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check playwright
	@$(BIN)/python -m bench $(or $(ARGS),web web1000 web10000 web_change web_change_busy web_busy web_log)

demo: $(SETUP) ui
	@$(BIN)/python -m examples.demo $(ARGS)

test: $(SETUP)
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

check: lint types contracts audit test

lint: $(SETUP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(SETUP)
	@$(BIN)/mypy

# Weaknesses in the code, and known ones in what it depends on.
audit: $(SETUP)
	@$(BIN)/python tools/audit.py

contracts: $(SETUP)
	@$(BIN)/lint-imports --no-cache

bench: $(SETUP)
	@$(BIN)/python -m bench $(ARGS)

differential: $(SETUP)
	@$(BIN)/python -m tests.differential $(SEEDS) $(if $(AIRFLOW),--airflow $(AIRFLOW)) $(ARGS)

# One environment with Airflow and Slipstream in it: the same DAG files under both.
beside: $(SETUP)
	@$(BIN)/python -m tests.beside $(if $(AIRFLOW),--airflow $(AIRFLOW)) $(ARGS)

# Stock provider packages against real services, in an environment of their own.
integrations:
	@$(PYTHON) tools/set_up_providers.py .venv-providers
	@SLIPSTREAM_INTEGRATIONS=1 .venv-providers/bin/python -m pytest -q -W default -o timeout=600 tests/integrations $(ARGS)

# The official clients against a running server, from an environment of their own.
clients: $(SETUP)
	@$(PYTHON) tools/set_up_clients.py .venv-clients
	@PYTHONPATH=$(CURDIR)/src:$(CURDIR) $(BIN)/python -m tests.clients .venv-clients/bin/python $(ARGS)

# Made-up requests by the OpenAPI document: no answer may be a server error.
fuzz: $(SETUP)
	@$(PYTHON) tools/set_up_clients.py .venv-clients
	@PYTHONPATH=$(CURDIR)/src:$(CURDIR) $(BIN)/python -m tests.clients.fuzz .venv-clients/bin/schemathesis $(ARGS)

providers-check: $(SETUP)
	@$(BIN)/python tools/compat_surface.py $(if $(PROVIDERS),--path $(PROVIDERS)) $(ARGS)

lock:
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --universal --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --all-extras --group dev pyproject.toml -o requirements.lock --quiet

clean:
	@rm -rf .venv .venv-providers .venv-clients .demo .node ui/node_modules src/slipstream/api/ui/dist build dist .mypy_cache .ruff_cache .pytest_cache
