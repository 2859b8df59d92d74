# The only door: `make help`. Every target is one command that a person could type.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What runs and deploys s3vl, what develops it, and more for some targets.
READY := $(VENV)/.ready
DEV := $(VENV)/.dev
MATRIX := $(VENV)/.matrix
BENCH := $(VENV)/.bench
NOTEBOOK := $(VENV)/.notebook
SET_UP := $(PYTHON) tools/set_up.py $(VENV)
PARAMETERS ?= cloudformation/parameters.json
# Two files at a time, each with servers of its own: one alone waits for a third of its time.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
# What a terminal's encoding lacks is written as an escape, and ends nothing.
export PYTHONIOENCODING := $(filter-out :%,$(firstword $(subst :, :,$(PYTHONIOENCODING)))):backslashreplace
# Containers often set it, and then every start of the AWS CLI compiles it anew: 1.7 seconds in place of 0.6.
unexport PYTHONDONTWRITEBYTECODE
# uv trusts what the system trusts, as pip does, also where TLS connections are inspected.
export UV_SYSTEM_CERTS := 1
LOCAL := PYTHONPATH=local $(BIN)/python -m s3vl_local

.PHONY: help dev demo notebook test test-fast test-matrix coverage bench bench-quick plots lint format package build deploy destroy docs guide up env env-off psql parameters down reset

help: ## Show this list
	@awk -F ':.*## ' '/^## / { printf "\n%s\n", substr($$0, 4) } \
	  /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Try it here, with no AWS account

demo: $(READY) ## See it work: the walkthrough, typed for you, in a minute
	@$(LOCAL) demo

up: $(READY) ## Start a local cloud, strict as AWS [IAM=off SEARCH=exact]
	@$(LOCAL) up $(if $(IAM),--iam "$(IAM)") $(if $(SEARCH),--search "$(SEARCH)")

env: $(READY) ## Point aws and psql at it: eval "$(make -s env)"
	@$(LOCAL) env

env-off: $(READY) ## Point them back: eval "$(make -s env-off)"
	@$(LOCAL) env-off

psql: $(READY) ## Open psql in the local cloud's database
	@$(LOCAL) psql

parameters: $(READY) ## Write cloudformation/parameters.json for it
	@$(LOCAL) parameters --file "$(PARAMETERS)"

down: $(READY) ## Stop the local cloud; make up brings back what it held
	@$(LOCAL) down

reset: $(READY) ## Stop the local cloud and forget what it held
	@$(LOCAL) reset

notebook: $(NOTEBOOK) ## Run sample-data/semantic-search.ipynb into build/notebook/
	@PYTHONPATH=local:tools $(BIN)/python tools/run_notebook.py $(if $(PAGE),--page "$(PAGE)")

## Deploy

deploy: $(READY) ## Create or update a stack: STACK=name (more: docs/install.md)
	@test -n "$(STACK)" || { echo "Name the stack: make $@ STACK=name" >&2; exit 1; }
	@test -z "$(filter-out yes,$(DELETE_VECTORS))" || { echo "DELETE_VECTORS may be yes, or left out" >&2; exit 1; }
	@$(BIN)/python tools/deploy.py --stack "$(STACK)" --parameters "$(PARAMETERS)" \
	  $(if $(INDEX_MODE),--index-mode "$(INDEX_MODE)") $(if $(TEXT_KEYS),--text-keys "$(TEXT_KEYS)") \
	  $(if $(DELETE_VECTORS),--delete-vectors)

destroy: $(READY) ## Delete a stack, after asking: STACK=name [YES=1]
	@test -n "$(STACK)" || { echo "Name the stack: make $@ STACK=name" >&2; exit 1; }
	@$(BIN)/python tools/destroy.py --stack "$(STACK)" $(if $(YES),--yes)

package: $(READY) ## Build the Lambda's zip: lambda/build/s3vl-lambda.zip
	@$(BIN)/python tools/package_lambda.py

build: $(READY) ## Build what databases install: build/sql/ (docs/install.md)
	@$(BIN)/python tools/build_sql.py

## Develop

dev: $(DEV) ## Install what tests and linters need (the others do it too)

test: $(DEV) $(NOTEBOOK) ## Run all tests; it says how long that takes and how far it is
	@$(PYTEST)

test-fast: $(DEV) ## Run the tests that need no local cloud
	@$(PYTEST) tests/unit tests/sql tests/catalogue tests/template tests/docs

test-matrix: $(MATRIX) ## Run the tests that touch PostgreSQL on 15, 16, 17 and 18
	@PYTHONPATH=local $(BIN)/python tools/test_matrix.py

coverage: $(DEV) ## Measure which branches of the Lambda its unit tests take
	@$(BIN)/coverage run -m pytest -q tests/unit -k lambda
	@$(BIN)/coverage report

lint: $(DEV) ## Check style, types, SQL, template and spelling
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

format: $(DEV) ## Format the Python code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DEV) ## Write the generated sections of docs/
	@PYTHONPATH=local:tests $(BIN)/python tools/build_docs.py

guide: $(DEV) ## Run the guide and the SQL examples, and write their results
	@$(LOCAL) guide

bench-quick: $(DEV) ## Measure the main ratios (two minutes)
	@PYTHONPATH=local:tools $(BIN)/python -m bench quick

plots: $(BENCH) ## Draw the pictures of docs/ from stored results and prices
	@PYTHONPATH=local:tools:. $(BIN)/python -c 'import plot_costs; from bench import plots; plot_costs.draw(); plots.draw()'

bench: $(BENCH) ## Measure all for docs/performance.md (30 min) [PART=...]
	@PYTHONPATH=local:tools $(BIN)/python -m bench "$(or $(PART),all)"

# Messages go to stderr: the output of `make env` is for eval.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up $(VENV): PostgreSQL, the AWS CLI, an emulated AWS (once) ..." >&2
	@$(SET_UP) local lambda deploy
	@touch $@

$(DEV): $(READY)
	@echo "Adding what tests and linters need to $(VENV) (once) ..." >&2
	@$(SET_UP) dev
	@touch $@

$(MATRIX): $(DEV)
	@echo "Adding the other PostgreSQL servers to $(VENV) (once) ..." >&2
	@$(SET_UP) matrix
	@touch $@

# A model, plots and what runs notebooks: nothing else installs it.
$(NOTEBOOK): $(READY)
	@echo "Adding what the notebook needs to $(VENV) (once) ..." >&2
	@$(SET_UP) notebook
	@$(SET_UP) --no-dependencies vocabulary
	@touch $@

$(BENCH): $(DEV)
	@echo "Adding what draws plots to $(VENV) (once) ..." >&2
	@$(SET_UP) bench
	@touch $@
