# The daily commands.  `make help` lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin
PACKAGES := $(patsubst packages/%/pyproject.toml,%,$(wildcard packages/*/pyproject.toml))
EDITABLE := $(foreach package,$(PACKAGES),-e packages/$(package))
# openapi-core brings thirty distributions, and the demo has no use for them.
SHOWN := $(foreach package,$(filter-out openapi,$(PACKAGES)),-e packages/$(package))
SOURCES := $(wildcard packages/*/src)
# The tests want every extra too.
COMPLETE := $(EDITABLE) \
	-e 'packages/auth[argon2,bcrypt]' -e 'packages/caching[redis,memcached,regions]' \
	-e 'packages/cli[serve,reload,shell]' -e 'packages/openapi[yaml]' -e 'packages/rewrite[re2]' \
	-e 'packages/sessions[fast,sealed,redis,memcached,sql,postgresql]' -e 'packages/static[brotli,zstandard]'
REQUIREMENTS := $(wildcard tools/requirements.txt tests/requirements.txt packages/*/tests/requirements.txt \
	conformance/requirements.txt docs/requirements.txt benchmarks/requirements.txt)
# The tests of the family as a whole; each package's own run alone, in the matrix.  A process a
# folder: Django, for one, can be configured once in a process.
WHOLE := tests examples/tests conformance docs/tests benchmarks/tests
UV := $(shell command -v uv 2>/dev/null)
ifdef UV
INSTALL = uv pip install --quiet --python $(BIN)/python
BUILDERS = true
else
# pip would make a fresh environment for each of a dozen builds: give it the two builders once.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation
BUILDERS = $(BIN)/python -m pip install --quiet --disable-pip-version-check 'flit_core>=3.11,<5' 'setuptools>=77' wheel
endif

.PHONY: help demo test check static unit matrix examples slow bench bench-packages bench-full faults fuzz release-check lowest audit docs pkg clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 15

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Tropea needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (say make PYTHON=python3.12 …)")'
	@if [ -n "$(UV)" ]; then uv venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv; else $(PYTHON) -m venv .venv; fi

# What the demo needs: the packages, editable, and a server.
.venv/.demo: .venv/pyvenv.cfg $(wildcard packages/*/pyproject.toml) examples/onion/requirements.txt
	@$(BUILDERS)
	@$(INSTALL) $(SHOWN) -r examples/onion/requirements.txt
	@touch $@

# What the tests need on top of it.
.venv/.dev: .venv/.demo $(REQUIREMENTS)
	@$(INSTALL) $(COMPLETE) $(foreach file,$(REQUIREMENTS),-r $(file))
	@touch $@

demo: .venv/.demo ## the example application in a browser: seven layers on 127.0.0.1:8080
	@$(BIN)/python examples/onion/serve.py --port $(PORT)

test: .venv/.dev ## everything: style, types, every package alone on every Python, examples, README
	@$(MAKE) --no-print-directory static matrix slow examples

check: .venv/.dev ## the quick one, for every save: style, types, imports, unit tests
	@$(MAKE) --no-print-directory -j2 static unit

static: .venv/.dev
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check packages/*/src
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --cache-dir .cache/import_linter | tail -n 4

unit: .venv/.dev
	$(BIN)/python tools/unit.py

matrix: .venv/.dev ## each package alone, from its wheel, on every Python found
	$(BIN)/python tools/matrix.py

slow: .venv/.dev
	$(BIN)/python -m pytest -m slow --no-header $(wildcard packages/*/tests) $(WHOLE)

examples: .venv/.dev
	$(BIN)/python -m pytest --doctest-modules --no-header $(SOURCES)
	@for tests in $(WHOLE); do echo "== $$tests"; $(BIN)/python -m pytest -m "not slow" --no-header $$tests || exit 1; done

bench: .venv/.dev ## about five minutes: every row beside its peers, imports, over the wire
	$(BIN)/python benchmarks/full.py --quick

bench-packages: .venv/.dev ## the measurements of every package
	@for file in packages/*/bench/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

bench-full: .venv/.dev ## the same with more rounds, written to benchmarks/RESULTS.md
	$(BIN)/python benchmarks/full.py --write

docs: .venv/.dev ## the documentation, into docs/_build
	@$(INSTALL) -r docs/requirements.txt
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build

pkg: .venv/.dev ## one package: make pkg P=sessions
	@test -d "packages/$(P)" || { echo "make pkg P=name: there is no packages/$(P); there are: $(PACKAGES)"; exit 1; }
	$(BIN)/ruff check packages/$(P)
	$(BIN)/mypy packages/$(P)/src
	$(BIN)/python -m pytest --doctest-modules packages/$(P)/src packages/$(P)/tests

faults: .venv/.dev ## break servers, files and connections on purpose; half an hour
	$(BIN)/python conformance/faults/run.py --write

fuzz: .venv/.dev ## random octets at every parser; SECONDS_EACH=600 for longer
	$(BIN)/python fuzz/run.py $(or $(SECONDS_EACH),20)

release-check: .venv/.dev ## every wheel built twice and compared, octet for octet
	$(BIN)/python tools/release_check.py

lowest: .venv/.dev ## the oldest releases that the packages say they work with
	$(BIN)/tox -q -e lowest

audit: .venv/.dev ## known vulnerabilities in what users install beside us; asks the network
	$(BIN)/tox -q -e audit

clean: ## forget what was built
	rm -rf .venv .tox .cache dist docs/_build
