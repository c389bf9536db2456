# The commands of the project. `make build` and `make test` set up what they need by themselves.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# Python compiles modules when it first imports them: most are never imported.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
COMPILE := $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11.5 --no-python-downloads \
	--generate-hashes --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
# In the environment, where no character of a file name means anything to the shell; and as it was
# given, so that make does not take $ for a variable or a command.
override EVENTS := $(value EVENTS)
override MARTS := $(value MARTS)
export EVENTS
export MARTS
# dbt-spark sets one option again for each statement, and Spark warns each time.
export PYTHONWARNINGS := ignore:Failed to set:UserWarning
SPARK_HOME = BOOTLOADER_SPARK_HOME="$$($(VENV)/cluster/bin/python -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')"

.DEFAULT_GOAL := help
.PHONY: help build build-on-spark test test-unit test-all test-spark lint bench bench-large bench-worlds bench-spark check-gpu soak app screenshots docs lock audit clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The stamp changes only when the dependencies do, so a second call installs nothing.
$(VENV)/installed: pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11.5 or later is needed: install it, or call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' || \
		{ echo "Python 3.11.5 or later is needed, $(PYTHON) is older: call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python cannot make environments: install its venv package (Debian: apt install python3-venv)"; exit 1; }
	@echo "Installing into $(VENV), about a minute ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@# Everything but torch, each file with a hash that the lock has.
	@$(PIP) --no-deps --require-hashes --requirement requirements.lock
	@# This project, and the build of torch that suits the machine: see CONTRIBUTING.md.
	@$(PIP) --no-build-isolation --editable .
	@touch $@

build: $(VENV)/installed ## Build every table from the shipped sample, or from EVENTS=<file or glob>
	@$(BIN)/dbt build --exclude-resource-type unit_test --vars "$$($(BIN)/python -c 'import json, os; \
		events = os.environ.get("EVENTS"); \
		print(json.dumps({"events_path": events} if events else {}))')"

test: $(VENV)/installed lint ## Run linters and tests, in less than ten minutes
	@$(BIN)/python -m pytest

test-unit: $(VENV)/installed ## Run the tests that need no build, in about a minute
	@$(BIN)/python -m pytest -m unit

test-all: $(VENV)/installed lint ## Run the slow tests too: a quarter of an hour
	@$(BIN)/python -m pytest -m "slow or not slow"

lint: $(VENV)/installed ## Run every linter and the type checker
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/yamllint --strict .
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar models tests

bench: build ## Compare with gradient boosting and with the notebook, on samples and on EVENTS
	@$(BIN)/python python/benchmarks/lightgbm_peer.py
	@$(BIN)/python python/benchmarks/speed.py

bench-large: $(VENV)/installed ## Measure 100 million events: half an hour, and 48 GB of disk in TMPDIR meanwhile
	@$(BIN)/python python/benchmarks/speed.py --largest

bench-worlds: $(VENV)/installed ## Compare with the truth in made-up worlds: a quarter of an hour, and docs/worlds.md
	@$(BIN)/python python/benchmarks/worlds.py

GPU_PYTHON ?= 3.12
check-gpu: build ## Compare CPU and GPU on the last build's rows; .gpu is the folder for a machine with GPU_PYTHON=3.12
	@$(BIN)/python python/benchmarks/check_gpu.py --prepare $(GPU_PYTHON) --has $(GPU_HAS)

app: $(VENV)/installed ## Show the map of the last good build
	@$(BIN)/streamlit run streamlit_app.py

soak: $(VENV)/installed ## Try faults and load for about half an hour, and write docs/soak.md
	@$(BIN)/python tests/soak.py

screenshots: build ## Take the pictures of the README again, with Chromium
	@$(BIN)/python tests/screenshots.py

docs: $(VENV)/installed ## Show the tables, their columns and where they come from
	@$(BIN)/dbt docs generate && $(BIN)/dbt docs serve --host 127.0.0.1

# A cluster on this machine, for tests.
$(VENV)/cluster/installed: tests/spark/requirements.lock
	@command -v java >/dev/null || { apt-get update -qq && apt-get install -qq --no-install-recommends openjdk-17-jre-headless; } || \
		{ echo "Java 17 or later is needed (Debian: apt install openjdk-17-jre-headless)"; exit 1; }
	@echo "Installing Spark into $(VENV)/cluster ..."
	@$(PYTHON) -m venv --clear $(VENV)/cluster
	@$(VENV)/cluster/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement tests/spark/requirements.lock
	@touch $@

build-on-spark: $(VENV)/installed ## Make the marts of EVENTS on BOOTLOADER_SPARK_REMOTE, import them, from MARTS or fetched, and build the rest
	@test -n "$$EVENTS" || { echo "Say where the cluster finds the events: make build-on-spark EVENTS='s3a://.../*.json'"; exit 1; }
	@$(BIN)/dbt --quiet run-operation check_variables --vars "$$($(BIN)/python -c 'import json, os; print(json.dumps({"events_path": os.environ["EVENTS"]}))')"
	@$(BIN)/dbt build --target spark --exclude-resource-type unit_test --vars "$$($(BIN)/python -c 'import json, os; print(json.dumps({"events_path": os.environ["EVENTS"]}))')"
	@MARTS="$${MARTS:-$$($(BIN)/python -m bootloader.fetch_marts)}" && \
		$(BIN)/dbt run-operation import_marts --args "$$(MARTS="$$MARTS" $(BIN)/python -c 'import json, os; print(json.dumps({"folder": os.environ["MARTS"]}))')" && \
		$(BIN)/dbt build --selector after_marts --exclude-resource-type unit_test

test-spark: $(VENV)/installed $(VENV)/cluster/installed ## Start a cluster on this machine and compare its tables with DuckDB's
	@$(SPARK_HOME) $(BIN)/python -m pytest --numprocesses=0 tests/spark

bench-spark: $(VENV)/installed $(VENV)/cluster/installed ## Measure DuckDB and clusters of one and two workers on the same events
	@$(SPARK_HOME) $(BIN)/python tests/spark/throughput.py

$(VENV)/lock/bin/uv:
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 pip-audit==2.10.1

lock: $(VENV)/lock/bin/uv ## Pin what pyproject.toml asks for, with hashes; UPGRADE=1 takes newer releases of the rest
	@$(COMPILE) --extra dev --extra bench --extra spark --extra s3 --no-emit-package torch --output-file requirements.lock pyproject.toml
	@$(COMPILE) --group spark-cluster --output-file tests/spark/requirements.lock

audit: $(VENV)/lock/bin/uv ## Ask the package index for known vulnerabilities
	@grep -oE 'torch==[0-9.]+' pyproject.toml > $(VENV)/lock/torch.txt
	@$(VENV)/lock/bin/pip-audit --strict --disable-pip --no-deps --requirement $(VENV)/lock/torch.txt
	@for lock in requirements.lock tests/spark/requirements.lock; do \
		$(VENV)/lock/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$lock || exit 1; done

clean: ## Remove the environment and everything that was built
	rm -rf $(VENV) target logs marts warehouse.duckdb* serving.duckdb* python/*.egg-info
