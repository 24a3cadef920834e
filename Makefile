.DEFAULT_GOAL := help
STACK ?= local
PYTHON ?= python3
BIN := .venv/bin
# Compiled once at set-up; a shell that forbids bytecode would triple the start of every command.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup up test check bench docs lock clean

help:
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

setup: .venv/.installed ## the environment in .venv, every package pinned by hash

.venv/.installed: requirements.lock pyproject.toml
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; make PYTHON=... names one")'
	@$(PYTHON) -m venv .venv
	@awk '/^uv==/ {on = 1; print; next} /^[a-z]/ {on = 0} on' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r .venv/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes --compile-bytecode -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

up: setup ## bring the whole platform up locally (STACK=staging or prod for those settings)
	@exec $(BIN)/python -m localcloud up $(STACK) --stop-with-parent

test: setup ## all tests
	@$(BIN)/python -m pytest

check: setup ## lint, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright

bench: setup ## what the program costs, as ratios measured in one run
	@$(BIN)/python tests/bench

docs: setup ## the tables in docs/ that are made from the code
	@$(BIN)/python -m operations.configuration

lock: setup ## pin every dependency again, with hashes
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --all-extras pyproject.toml app/api/pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --constraint requirements.lock app/api/pyproject.toml --output-file app/api/requirements.lock

clean: ## remove the environment and what a run left
	@rm -rf .venv .local
