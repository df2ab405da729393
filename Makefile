# `make` alone prints what there is. Everything the project makes is under .venv and .data; `make clean` removes both.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
MEMBERS := libs/contracts libs/kit libs/interop simulators deploy/local \
           services/gateway services/identity services/consent-registry services/document-builder \
           services/dmp-publisher services/audit
ARGS ?=
# nothing is left outside this folder, not even what pip keeps
export PIP_CACHE_DIR := $(CURDIR)/.data/cache/pip

.DEFAULT_GOAL := help

##@ Main
.PHONY: help demo test
help: ## Print this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## Start everything, send acts of three pharmacies and a cabinet to a simulated DMP, stop everything
	@$(BIN)/hub-local demo $(ARGS)

test: setup ## Run all tests, on a PostgreSQL and a Kafka of their own
	@$(BIN)/hub-local test $(ARGS)

##@ Running
.PHONY: setup up down status clean
setup: $(VENV)/.ready ## Make the virtual environment (Python 3.11, locked dependencies)

$(VENV)/.ready: requirements.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing locked dependencies…"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(addprefix -e ./,$(MEMBERS))
	@touch $@

up: setup ## Start everything and leave it running; prints addresses and a token
	@$(BIN)/hub-local up $(ARGS)

down: ## Stop what `make up` started
	@test ! -x $(BIN)/hub-local || $(BIN)/hub-local down

status: ## What runs
	@$(BIN)/hub-local status

clean: down ## Stop, and remove the environment and all data
	@rm -rf $(VENV) .data .mypy_cache .ruff_cache .hypothesis .import_linter_cache

##@ Developing
.PHONY: check format test-fast schemas docs lock bench bench-documents
check: setup ## Lint, types, import rules, generated files up to date
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: setup ## Format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

test-fast: setup ## Unit and contract tests only: no sockets, no database
	@$(BIN)/pytest -q tests/unit tests/contract $(ARGS)

schemas: setup ## Publish JSON Schemas and golden examples of new event types
	@$(BIN)/python -m hub_contracts.schemas libs/contracts/schemas
	@$(BIN)/python tools/golden_examples.py

docs: setup ## Generate docs/reference
	@$(BIN)/python tools/reference_docs.py

lock: ## Resolve requirements.in anew into requirements.lock (needs uv)
	@uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header -q -o requirements.lock requirements.in

bench: setup ## Measure: documents/s, latencies, CPU per document (ARGS="--quick" for a short one)
	@$(BIN)/hub-local bench $(ARGS)

bench-documents: setup ## Measure: documents a second and core, printed, examined and checked (RULES=copy of the official rules)
	@$(BIN)/python services/document-builder/bench/documents.py $(RULES)
	@test -z "$(RULES)" || { $(BIN)/hub-document-builder install-rules $(RULES) --cache .data/cache/rules && \
	  $(BIN)/python services/document-builder/bench/schematron_worker.py "$$(ls -td .data/cache/rules/*/ | head -1)" $(RULES)/exemples; }
