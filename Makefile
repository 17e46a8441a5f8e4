# `make` alone says what there is. Only git, make and Python 3.11 or newer are needed; a C compiler for the tests.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run cluster-demo chat setup check test web lint lint-python types types-python imports quick unit fmt docs lock clean bench bench-cluster power-cut prove prove-cluster prove-postgres web-prove web-bench

BIN := .venv/bin
ARGS ?=
# Of prove-cluster: postgres or cassandra.
PROFILE ?= postgres
# What goes to pytest besides: which tests, and how. -n 0 runs them one after another.
PYTEST_ARGS ?=

help: ## say what there is
	@echo "Chinwag: make TARGET"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

run: ## set up if needed, then serve on 127.0.0.1:8420 (ARGS="--server-port 9000")
	@tools/setup.sh run
	@tools/web.sh build
	@exec $(BIN)/chinwag serve $(ARGS)

cluster-demo: setup ## a whole cluster on this machine: PostgreSQL, NATS, nginx, two processes of each role (ARGS="--profile cassandra --minutes 5")
	@tools/web.sh build
	@exec $(BIN)/chinwag cluster demo $(ARGS)

chat: ## set up if needed, then chat in this terminal
	@tools/setup.sh run
	@exec $(BIN)/chinwag chat $(ARGS)

setup: ## make .venv with everything for development
	@tools/setup.sh dev

check: setup ## while you work: lint, types, import rules, the tests of rules and adapters; under 3 minutes
	@tools/sources.sh lint types
	@$(MAKE) --no-print-directory quick

test: setup ## everything that must pass: lint, types, import rules, all tests
	@tools/sources.sh lint types test build
	@tools/tests.sh $(PYTEST_ARGS)

web: setup ## build the web client, if its sources changed
	@tools/web.sh build

lint: lint-python ## ruff: rules and format; ESLint and Prettier for the web client
	@tools/web.sh lint

lint-python: setup
	@echo "lint: ruff" && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .

types: types-python ## mypy, strict; svelte-check and tsc for the web client
	@tools/web.sh types

types-python: setup
	@echo "types: mypy" && $(BIN)/mypy --no-error-summary

imports: setup ## import-linter: who may import whom
	@echo "imports: import-linter" && $(BIN)/lint-imports --no-cache --no-logo

quick: setup ## pytest, the tests of rules (tests/unit) and of adapters (tests/contract)
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/unit tests/contract $(PYTEST_ARGS)

unit: setup ## pytest, all tests (PYTEST_ARGS="tests/unit -k name"); Vitest for the web client
	@tools/web.sh test
	@tools/web.sh build
	@tools/tests.sh $(PYTEST_ARGS)

bench: setup ## measure beside the floor, in about 6 minutes (ARGS="B1 B2 --rounds 5")
	@$(BIN)/python bench/run.py $(ARGS)

bench-cluster: setup ## the same on several processes and engines, beside these alone (PROFILE=cassandra ARGS="--roles one")
	@$(BIN)/python bench/on_cluster.py $(if $(PROFILE),--profile $(PROFILE)) $(ARGS)

power-cut: setup ## cut the power of a loaded server 50 times (ARGS="--cuts 5 --without-sync sqlite")
	@$(BIN)/python -m prove.power $(ARGS)

prove: setup ## a storm: kill a real server 200 times, and check its promises (ARGS="--seed 7 --kills 20")
	@$(BIN)/python -m prove $(ARGS)
	@[ -n "$(ARGS)" ] || $(BIN)/python -m pytest -m prove tests

prove-cluster: setup ## a storm over a server on nine processes and its engines (PROFILE=cassandra ARGS="--seed 7 --harms 20")
	@$(BIN)/python -m prove.cluster --profile $(PROFILE) $(ARGS)
	@[ -n "$(ARGS)" ] || $(BIN)/python -m pytest -m cluster_prove tests

prove-postgres: setup ## two owners of the stores on PostgreSQL, 10,000 batches (ARGS="--batches 1000 --url postgresql://…")
	@$(BIN)/python -m prove.postgres $(ARGS)

web-prove: web ## the web client at length: browsers killed while they send, a million messages (ARGS="--kills 3 --messages 0")
	@$(BIN)/python -m tests.web.long $(ARGS)
	@$(BIN)/python -m pytest -m web_prove tests/web $(PYTEST_ARGS)

web-bench: web ## the web client beside an empty page: start, switch, key, message, memory (ARGS="--rounds 3")
	@$(BIN)/python -m tests.web.long.bench $(ARGS)

fmt: setup ## format and mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

docs: setup ## write the generated parts of docs/ anew
	@$(BIN)/python -m tools.fresh_schema
	@$(BIN)/python tools/settings_table.py
	@$(BIN)/python -m tools.documents
	@$(BIN)/python -m tools.authorisation_table
	@$(BIN)/python -m tools.capacity --quiet

lock: setup ## compile requirements*.txt from pyproject.toml (ARGS=--upgrade); needs uv
	@tools/lock.sh $(ARGS)

clean: ## remove .venv and what the tools keep (never data)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
