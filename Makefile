PYTHON ?= python3
VENV := .venv
BIN := $(abspath $(VENV))/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint generate lock benchmark

demo: $(INSTALLED) ## render the examples into a fresh Git repository in build/demo
	PATH="$(BIN):$$PATH" scripts/demo

test: lint ## everything that must hold
	PATH="$(BIN):$$PATH" pytest

lint: $(INSTALLED)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

generate: $(INSTALLED) ## schemas/ and docs/diagnostics.md from the code, golden trees and messages from what is rendered now
	$(BIN)/python -m scripts.generate
	CXGEN_UPDATE_GOLDEN=1 $(BIN)/pytest tests/test_golden.py tests/spec/test_rejected.py -k "tree or message"

lock: ## pins every dependency anew, with hashes
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv
	build/lock/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file constraints.txt --quiet

benchmark: $(INSTALLED) ## beside helm, which must be on the PATH
	$(BIN)/python -m benchmarks.render

$(INSTALLED): constraints.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
