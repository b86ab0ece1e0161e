# Everything below needs only Python >= 3.11 (with venv and pip) and make. Each step leaves a stamp, so that a second
# call does next to nothing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
STAMPS := $(VENV)/.stamps

# The browser editor needs Node 20.19 or later. Without it on the path, the one that PyPI carries goes into the venv.
NODE_ON_PATH := $(shell node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null && echo yes)
export PATH  := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help install run test check services lock clean

help:
	@echo 'make run       set up what is missing and start Scriptorium at http://127.0.0.1:8000'
	@echo 'make install   set up only: leaves $(BIN)/scriptorium and the built editor'
	@echo 'make test      set up what is missing and run all tests'
	@echo 'make check     linters, type checkers and the walls between the packages'
	@echo 'make services  fetch and build the real services that tests/services starts'
	@echo 'make lock      compile requirements/*.txt anew from pyproject.toml'
	@echo 'make clean     remove everything that make has made'

run: install
	$(BIN)/scriptorium serve

install: $(STAMPS)/runtime $(STAMPS)/editor

$(STAMPS)/bootstrap: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Scriptorium needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3.11")'
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@mkdir -p $(@D) && touch $@

$(STAMPS)/runtime: requirements/runtime.txt pyproject.toml $(STAMPS)/bootstrap
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $<
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@mkdir -p $(@D) && touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/runtime
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $<
	@mkdir -p $(@D) && touch $@

$(STAMPS)/node: requirements/node.txt $(STAMPS)/bootstrap
	$(if $(NODE_ON_PATH),,$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $<)
	@mkdir -p $(@D) && touch $@

ifneq ($(wildcard client/package-lock.json),)
EDITOR_SOURCES := $(shell find client -path client/node_modules -prune -o -path client/dist -prune -o -type f -print)

$(STAMPS)/node_modules: client/package-lock.json $(STAMPS)/node
	cd client && npm ci --no-fund --no-audit
	@touch $@

$(STAMPS)/editor: $(EDITOR_SOURCES) $(STAMPS)/node_modules
	cd client && npm run build
	@touch $@

test: $(STAMPS)/dev $(STAMPS)/editor
	$(BIN)/pytest
	cd client && npm test

check: $(STAMPS)/dev $(STAMPS)/node_modules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd client && npm run lint && npm run typecheck
else
$(STAMPS)/editor: $(STAMPS)/node
	@touch $@

$(STAMPS)/node_modules: $(STAMPS)/node
	@touch $@

test: $(STAMPS)/dev
	$(BIN)/pytest

check: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
endif

LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
lock: $(STAMPS)/bootstrap
	$(LOCK) --upgrade pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) --upgrade pyproject.toml --group dev --output-file requirements/dev.txt

clean:
	rm -rf $(VENV) .services client/node_modules client/dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find server ai collab storage tests -name __pycache__ -type d -prune -exec rm -rf {} +
