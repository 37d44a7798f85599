# Two commands matter: `make demo` and `make test`. Both install what they need; Python 3.11+, make and the
# package registries are enough. Everything that is installed stays inside this folder (.venv, .tools).
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install asyncapi openapi demo up test lint format contracts bench clean

UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
PYTHON ?= python3
BIN := .venv/bin
export UV_PROJECT_ENVIRONMENT := .venv
unexport VIRTUAL_ENV

help: ## this page
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST)

# uv is taken from the Python package index when the machine has none: a virtual environment first,
# a plain target folder where Python was packaged without `venv`.
.tools/bin/uv:
	@echo "installing uv into .tools"
	@mkdir -p .tools
	@{ $(PYTHON) -m venv .tools/python >/dev/null 2>&1 && .tools/python/bin/pip install --quiet 'uv>=0.13,<1' \
	    && mkdir -p .tools/bin && ln -sf ../python/bin/uv .tools/bin/uv ; } \
	  || { rm -rf .tools/python && $(PYTHON) -m pip install --quiet --target .tools/packages 'uv>=0.13,<1' \
	    && mkdir -p .tools/bin && ln -sf ../packages/bin/uv .tools/bin/uv ; } \
	  || { echo "uv could not be installed: neither 'python3 -m venv' nor 'python3 -m pip' works here." >&2 ; exit 1 ; }

install: .venv/installed ## the locked packages into .venv

# Compiled once, because otherwise the first start of the suite would pay for it.
.venv/installed: uv.lock pyproject.toml $(wildcard */*/pyproject.toml) | $(filter .tools/%,$(UV))
	@$(UV) sync --locked --compile-bytecode $(if $(wildcard .venv/bin/gwella),--quiet)
	@$(BIN)/python -m compileall -q libs services tools clients
	@touch $@

# Official tools of others that tests of the contracts run, locked; without Node and npm those tests are skipped.
asyncapi: $(if $(shell command -v npm 2>/dev/null),.tools/asyncapi/installed) ## the command line of AsyncAPI (some 450 MB)

openapi: $(if $(shell command -v npm 2>/dev/null),.tools/openapi/installed) ## Spectral, and what makes the TypeScript client

.tools/asyncapi/installed: tests/contracts/asyncapi_cli/package-lock.json
.tools/openapi/installed: tests/contracts/openapi_tools/package-lock.json
.tools/asyncapi/installed .tools/openapi/installed:
	@echo "installing into $(@D)"
	@mkdir -p $(@D) && cp $(<D)/package*.json $(@D) \
	  && npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

demo: install ## start the suite, load the real region, tell the story, keep running
	@exec $(BIN)/gwella demo

up: install ## the same without the story
	@exec $(BIN)/gwella up

# Every check runs and is reported, also after one has failed; pytest's summary comes last. Each worker has its own
# PostgreSQL and its own Kafka; the tests of a file stay together.
WORKERS ?= --numprocesses=auto --maxprocesses=4 --dist=loadfile
test: install ## format, lint, types, import contracts, every test
	@failed="" ; \
	check() { name="$$1" ; shift ; echo "== $$name" ; "$$@" || failed="$$failed $$name" ; } ; \
	check format $(BIN)/ruff format --check . ; \
	check lint $(BIN)/ruff check . ; \
	check types $(BIN)/mypy ; \
	check imports $(BIN)/lint-imports --no-cache --no-logo ; \
	if [ -n "$$failed" ] ; then echo "== FAILED:$$failed (the tests follow)" ; fi ; \
	check tests $(BIN)/pytest $(WORKERS) $(PYTEST) ; \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2 ; exit 1 ; }

lint: install ## the checks of `make test` without the tests
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache --no-logo

format: install ## format, and repair what can be repaired by itself
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

contracts: install ## write schemas, AsyncAPI, OpenAPI and the generated pages of docs/reference
	@exec $(BIN)/gwella contracts

bench: install ## figures as ratios to a baseline measured beside them
	@exec $(BIN)/gwella bench

clean: ## remove what was installed and what the caches hold; the region's data (.gwella) stays
	@rm -rf .venv .tools .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
