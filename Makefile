# The only door: `make help`. Every target is one command that a person could type.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MATRIX := $(VENV)/.matrix
BENCH := $(VENV)/.bench
PARAMETERS ?= cloudformation/parameters.json
# Two files at a time, each with servers of its own: one alone waits for a third of its time.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
# What a terminal's encoding lacks is written as an escape, and ends nothing.
export PYTHONIOENCODING := $(filter-out :%,$(firstword $(subst :, :,$(PYTHONIOENCODING)))):backslashreplace
LOCAL := PYTHONPATH=local $(BIN)/python -m s3vl_local

.PHONY: help dev demo test test-fast test-matrix coverage bench bench-quick plots lint format package build deploy destroy docs guide up env psql parameters down reset

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: $(READY) ## Create .venv with PostgreSQL, the AWS CLI and every tool (the other targets do it too)

demo: $(READY) ## Run the whole walkthrough here, no AWS account needed
	@$(LOCAL) demo

test: $(READY) ## Run all tests; it says how long that takes, and how far it is
	@$(PYTEST)

test-fast: $(READY) ## Run the tests that need no local cloud
	@$(PYTEST) tests/unit tests/sql tests/catalogue tests/template tests/docs

test-matrix: $(MATRIX) ## Run the tests that touch PostgreSQL on 15, 16, 17 and 18
	@PYTHONPATH=local $(BIN)/python tools/test_matrix.py

coverage: $(READY) ## Measure which branches of the Lambda its unit tests take
	@$(BIN)/coverage run -m pytest -q tests/unit -k lambda
	@$(BIN)/coverage report

bench: $(BENCH) ## Measure s3vl beside its alternatives (15 minutes): bench/results/, docs/performance.md
	@PYTHONPATH=local $(BIN)/python -m bench all

plots: $(BENCH) ## Draw the pictures of docs/ from stored results and prices
	@PYTHONPATH=local:tools:. $(BIN)/python -c 'import plot_costs; from bench import plots; plot_costs.draw(); plots.draw()'

bench-quick: $(READY) ## Measure the main ratios (two minutes): bench/results/quick.json
	@PYTHONPATH=local $(BIN)/python -m bench quick

lint: $(READY) ## Check style, types, SQL, template and spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar sql
	$(BIN)/python tools/lint_scripts.py
	PYTHONPATH=local $(BIN)/python tools/lint_functions.py
	$(BIN)/cfn-lint cloudformation/template.yaml
	$(BIN)/uv tool run --quiet --from checkov==3.3.30 checkov --file cloudformation/template.yaml \
	  --framework cloudformation --skip-download --quiet --compact
	$(BIN)/codespell

format: $(READY) ## Format the Python code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

package: $(READY) ## Build the Lambda's zip: lambda/build/s3vl-lambda.zip
	@$(BIN)/python tools/package_lambda.py

build: $(READY) ## Build what databases install, into build/sql/: psql, extension, pg_tle, upgrades
	@$(BIN)/python tools/build_sql.py

deploy: $(READY) ## Create or update a stack: STACK=name [PARAMETERS=file INDEX_MODE=ENHANCED TEXT_KEYS=title:en,body DELETE_VECTORS=yes]
	@test -n "$(STACK)" || { echo "Name the stack: make $@ STACK=name" >&2; exit 1; }
	@test -z "$(filter-out yes,$(DELETE_VECTORS))" || { echo "DELETE_VECTORS may be yes, or left out" >&2; exit 1; }
	@$(BIN)/python tools/deploy.py --stack "$(STACK)" --parameters "$(PARAMETERS)" \
	  $(if $(INDEX_MODE),--index-mode "$(INDEX_MODE)") $(if $(TEXT_KEYS),--text-keys "$(TEXT_KEYS)") \
	  $(if $(DELETE_VECTORS),--delete-vectors)

destroy: $(READY) ## Delete a stack, after asking: STACK=name [YES=1]
	@test -n "$(STACK)" || { echo "Name the stack: make $@ STACK=name" >&2; exit 1; }
	@$(BIN)/python tools/destroy.py --stack "$(STACK)" $(if $(YES),--yes)

docs: $(READY) ## Write the generated sections of docs/
	@PYTHONPATH=local:tests $(BIN)/python tools/build_docs.py

guide: $(READY) ## Run docs/guide.md and tools/sql_examples.md, and write what they print into them
	@$(LOCAL) guide

up: $(READY) ## Start the local cloud in the background
	@$(LOCAL) up

env: $(READY) ## Print what makes aws and psql talk to it: eval "$(make -s env)"
	@$(LOCAL) env

psql: $(READY) ## Open psql in the local cloud's database
	@$(LOCAL) psql

parameters: $(READY) ## Fill cloudformation/parameters.json for the local cloud
	@$(LOCAL) parameters

down: $(READY) ## Stop the local cloud; make up brings back what it held
	@$(LOCAL) down

reset: $(READY) ## Stop the local cloud and forget what it held
	@$(LOCAL) reset

# Messages go to stderr: the output of `make env` is for eval.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up $(VENV) (once; about a minute on a slow connection) ..." >&2
	@$(PYTHON) -m venv $(VENV) >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv >&2
	@$(BIN)/uv pip install --python $(BIN)/python --group dev --constraint constraints.txt >&2
	@touch $@

$(MATRIX): $(READY)
	@echo "Adding the other PostgreSQL servers to $(VENV) (once) ..." >&2
	@$(BIN)/uv pip install --python $(BIN)/python --group matrix --constraint constraints.txt >&2
	@touch $@

$(BENCH): $(READY)
	@echo "Adding what draws plots to $(VENV) (once) ..." >&2
	@$(BIN)/uv pip install --python $(BIN)/python --group bench --constraint constraints.txt >&2
	@touch $@
