# The commands of the project. `make build` and `make test` set up what they need by themselves.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# What the locks name and nothing else, each file with a hash that the lock has.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
COMPILE := $(VENV)/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11.5 --generate-hashes --no-annotate --no-header
# The CPU build of the torch that pyproject.toml names, for Python 3.11 on Linux (x86_64): another torch has another.
TORCH_CPU_HASH := 6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
# By the environment, so that no character in the name of a file means anything to the shell.
export EVENTS
export MARTS
# dbt-spark sets one thing again for each statement, and is told each time that it is set already.
export PYTHONWARNINGS := ignore:Failed to set:UserWarning
SPARK_HOME = BOOTLOADER_SPARK_HOME="$$($(VENV)/cluster/bin/python -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')"

.DEFAULT_GOAL := help
.PHONY: help build build-on-spark test test-spark lint bench bench-large bench-spark soak app screenshots docs lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The stamps change only when the dependencies do, so a second call installs nothing.
$(VENV)/installed: pyproject.toml requirements/torch.lock requirements/cuda.lock requirements/runtime.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11.5 or later is needed: install it, or call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' || \
		{ echo "Python 3.11.5 or later is needed, $(PYTHON) is older: call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "Python cannot make environments: install its venv package (Debian: apt install python3-venv)"; exit 1; }
	@echo "Installing into $(VENV), about a minute ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@# Where a CPU build is offered, pip takes that if no hash is asked for; then the hash is.
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --dest $(VENV)/torch "$$(grep -o '^torch==[0-9.]*' requirements/torch.lock)"
	@$(INSTALL) --no-index --find-links $(VENV)/torch --requirement requirements/torch.lock
	@rm -r $(VENV)/torch
	@# Only a torch that was built for CUDA asks for these gigabytes.
	@if $(BIN)/python -c 'import sys; from importlib.metadata import requires; sys.exit(not any(r.startswith(("nvidia", "cuda")) for r in requires("torch")))'; \
		then $(INSTALL) --requirement requirements/cuda.lock; fi
	@$(INSTALL) --requirement requirements/runtime.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed requirements/test.lock
	@echo "Installing what the tests need ..."
	@$(INSTALL) --requirement requirements/test.lock
	@touch $@

build: $(VENV)/installed ## Build every table from the shipped sample, or from EVENTS=<file or glob>
	@$(BIN)/dbt build --exclude-resource-type unit_test --vars "$$($(BIN)/python -c 'import json, os; \
		events = os.environ.get("EVENTS"); \
		print(json.dumps({"events_path": events} if events else {}))')"

test: $(VENV)/installed-test $(VENV)/installed-spark lint ## Run every test and linter
	@$(BIN)/python -m pytest

lint: $(VENV)/installed-test
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/sqlfluff lint --disable-progress-bar models tests

bench: build $(VENV)/installed-test ## Compare with gradient boosting and with the notebook, on samples and on EVENTS
	@$(BIN)/python python/benchmarks/lightgbm_peer.py
	@$(BIN)/python python/benchmarks/speed.py

bench-large: $(VENV)/installed ## Measure 100 million events: half an hour, and 48 GB of disk in TMPDIR meanwhile
	@$(BIN)/python python/benchmarks/speed.py --largest

app: $(VENV)/installed ## Show the map of the last good build
	@$(BIN)/streamlit run streamlit_app.py

soak: $(VENV)/installed-test ## Try faults and load for about half an hour, and write docs/soak.md
	@$(BIN)/python tests/soak.py

screenshots: build $(VENV)/installed-test ## Take the pictures of the README anew, with Chromium
	@$(BIN)/python tests/screenshots.py

docs: $(VENV)/installed ## Show the tables, their columns and where they come from
	@$(BIN)/dbt docs generate && $(BIN)/dbt docs serve --host 127.0.0.1

# What a build on a cluster needs beside the rest; it speaks to the cluster over the network.
$(VENV)/installed-spark: $(VENV)/installed requirements/spark.lock
	@echo "Installing what a cluster is spoken to with ..."
	@# Some of it comes as source, and is built with the setuptools of the lock.
	@$(INSTALL) --no-build-isolation --requirement requirements/spark.lock
	@touch $@

# A cluster on this machine, for the tests.
$(VENV)/cluster/installed: requirements/spark-cluster.lock
	@command -v java >/dev/null || { apt-get update -qq && apt-get install -qq --no-install-recommends openjdk-17-jre-headless; } || \
		{ echo "Java 17 or later is needed (Debian: apt install openjdk-17-jre-headless)"; exit 1; }
	@echo "Installing Spark into $(VENV)/cluster ..."
	@$(PYTHON) -m venv --clear $(VENV)/cluster
	@$(VENV)/cluster/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements/spark-cluster.lock
	@touch $@

build-on-spark: $(VENV)/installed-spark ## Make the marts of EVENTS on BOOTLOADER_SPARK_REMOTE, take them over, from MARTS or fetched, and build the rest
	@test -n "$$EVENTS" || { echo "Say where the cluster finds the events: make build-on-spark EVENTS='s3a://.../*.json'"; exit 1; }
	@$(BIN)/dbt build --target spark --vars "$$($(BIN)/python -c 'import json, os; print(json.dumps({"events_path": os.environ["EVENTS"]}))')"
	@MARTS="$${MARTS:-$$($(BIN)/python -m bootloader.fetch_marts)}" && export MARTS && \
		$(BIN)/dbt build --vars "$$($(BIN)/python -c 'import json, os; print(json.dumps({"marts_at": os.environ["MARTS"]}))')"

test-spark: $(VENV)/installed-test $(VENV)/installed-spark $(VENV)/cluster/installed ## Start a cluster on this machine and compare its tables with DuckDB's
	@$(SPARK_HOME) $(BIN)/python -m pytest --numprocesses=0 tests/spark

bench-spark: $(VENV)/installed-test $(VENV)/installed-spark $(VENV)/cluster/installed ## Measure DuckDB and clusters of one and two workers on the same events
	@$(SPARK_HOME) $(BIN)/python tests/spark/throughput.py

lock: ## Pin every dependency anew, with hashes, and look for known vulnerabilities
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 pip-audit==2.10.1
	@$(COMPILE) --output-file $(VENV)/runtime.lock pyproject.toml
	@$(COMPILE) --extra test --extra bench --constraint $(VENV)/runtime.lock --output-file $(VENV)/test.lock pyproject.toml
	@$(COMPILE) --extra spark --constraint $(VENV)/test.lock --output-file $(VENV)/spark.lock pyproject.toml
	@$(COMPILE) --group spark-cluster --output-file requirements/spark-cluster.lock
	@sed -i 's|^torch==.*|&\n    --hash=sha256:$(TORCH_CPU_HASH) \\|' $(VENV)/runtime.lock $(VENV)/test.lock $(VENV)/spark.lock
	@for name in runtime test spark; do awk -v name=$$name \
		'/^[a-z]/ { file = /^(nvidia|cuda|triton)/ ? "cuda" : /^torch==/ ? "torch" : name } { print > ("requirements/" file ".lock") }' \
			$(VENV)/$$name.lock; done
	@for name in torch cuda runtime test spark spark-cluster; do $(VENV)/lock/bin/pip-audit --requirement requirements/$$name.lock --require-hashes --disable-pip || exit 1; done

clean: ## Remove the environment and everything that was built
	rm -rf $(VENV) target logs marts warehouse.duckdb* serving.duckdb* python/*.egg-info
