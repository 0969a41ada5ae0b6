# agripark: `make help` lists what can be made.
# Python 3.11 or newer with its venv module is all that `make demo` needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
SERVERS := mosquitto mosquitto-clients influxdb postgresql chromium
PACKAGES := park ingest traceability api grafana simulators

.DEFAULT_GOAL := help
.PHONY: help demo up test lint bench servers clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/runtime ## run a whole season in a minute, then serve it (ARGS="--once --json")
	@$(BIN)/agripark demo $(ARGS)

up: $(VENV)/runtime ## run ingest and API against the servers that the settings name
	@$(BIN)/agripark up $(ARGS)

test: $(VENV)/develop servers ## install the servers that tests need, then run all tests
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

lint: $(VENV)/develop ## style, types, import rules, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

bench: $(VENV)/develop servers ## measure speed against raw limits; writes build/bench.json
	$(BIN)/python -m tests.bench $(ARGS)

servers: ## install Mosquitto, InfluxDB, PostgreSQL and Chromium with apt, where missing
	@tests/support/install-servers $(SERVERS)

clean: ## delete what was built, and the virtual environment
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/pip: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "agripark needs Python 3.11 or newer; name one with make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --upgrade pip
	@touch $@

$(VENV)/runtime: $(BIN)/pip pyproject.toml constraints.txt
	@echo "Installing agripark into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --editable .
	@touch $@

$(VENV)/develop: $(VENV)/runtime
	@echo "Installing the tools of tests and lint ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --group dev
	@touch $@
