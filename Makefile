# The commands of the project. `make build` and `make test` set up what they need by themselves.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
# By the environment, so that no character in the name of a file means anything to the shell.
export EVENTS

.DEFAULT_GOAL := help
.PHONY: help build test lint bench app screenshots docs clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# The stamps change only when the dependencies do, so a second call installs nothing.
$(VENV)/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed: install it, or call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 is needed, $(PYTHON) is older: call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python cannot make environments: install its venv package (Debian: apt install python3-venv)"; exit 1; }
	@echo "Installing into $(VENV), about a minute ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

build: $(VENV)/installed ## Build every table from the shipped sample, or from EVENTS=<file or glob>
	@$(BIN)/dbt build --vars "$$($(BIN)/python -c 'import json, os; \
		events = os.environ.get("EVENTS"); \
		print(json.dumps({"events_path": events} if events else {}))')"

test: $(VENV)/installed-test lint ## Run every test and linter
	@$(BIN)/python -m pytest

lint: $(VENV)/installed-test
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/sqlfluff lint --disable-progress-bar models tests

bench: build ## Compare the fund network with gradient boosting, on the sample or on EVENTS
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@$(BIN)/python python/benchmarks/lightgbm_peer.py

app: $(VENV)/installed ## Show the map of the last good build
	@$(BIN)/streamlit run streamlit_app.py

screenshots: build $(VENV)/installed-test ## Take the pictures of the README anew, with Chromium
	@$(BIN)/python tests/screenshots.py

docs: $(VENV)/installed ## Show the tables, their columns and where they come from
	@$(BIN)/dbt docs generate && $(BIN)/dbt docs serve --host 127.0.0.1

clean: ## Remove the environment and everything that was built
	rm -rf $(VENV) target logs warehouse.duckdb* serving.duckdb* python/*.egg-info
