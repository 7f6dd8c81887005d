# Everything a developer types. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Arguments for pytest or the benchmark: make test ARGS="-k admission", make bench ARGS=--quick
ARGS ?=
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help run test quick lint format types bench bench-console pictures build clean deps-run deps-test

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.installed-run ## install what is missing and run the daemon here, until Ctrl-C
	@echo
	@echo "The daemon runs here until Ctrl-C. In another terminal, in this folder, type:"
	@echo
	@echo "  export PERL5LIB=\$$($(BIN)/cpanbridge perl-lib)"
	@echo "  perl -MCPANBridge -E 'say CPANBridge->new->call(\"statistics\", \"median\", [1, 3, 10])'"
	@echo
	@trap : INT; $(BIN)/twistd -n --pidfile= cpanbridge $(ARGS) || case $$? in 130) ;; *) exit 1 ;; esac

test: lint types ## everything that a push is judged by
	$(BIN)/pytest $(ARGS)

quick: $(VENV)/.installed-dev ## the tests without building and installing the package
	$(BIN)/pytest -m "not packaging" $(ARGS)

lint: $(VENV)/.installed-dev ## style, format and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev ## put the Python files into the common format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/.installed-dev ## mypy, strict
	$(BIN)/mypy

bench: $(VENV)/.installed-dev ## measure throughput beside a bare Twisted server, big requests, memory, the Perl client
	$(BIN)/python tests/bench/bench.py $(ARGS)

bench-console: $(VENV)/.installed-dev ## measure what the console costs, beside an idle Textual application
	$(BIN)/python tests/bench/console_bench.py $(ARGS)

pictures: $(VENV)/.installed-dev ## make the pictures of docs/operations.md anew, from a real daemon under load
	$(BIN)/python docs/pictures/make.py

build: $(VENV)/.installed-dev ## wheel and sdist into dist/
	$(BIN)/python -m build

clean: ## remove everything that can be made again, the environment too
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache twisted/plugins/dropin.cache
	find bridge console twisted tests -name __pycache__ -prune -exec rm -rf {} +

deps-run:
	@.ci/deps run

deps-test:
	@.ci/deps test

# A stamp, newer than pyproject.toml, stands for a finished installation.
$(VENV)/.installed-run: pyproject.toml | deps-run
	@echo "Installing cpanbridge into $(VENV) ..."
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | deps-test $(VENV)/.installed-run
	@echo "Installing the tools for tests into $(VENV) ..."
	@$(BIN)/pip install --quiet --editable . --group dev
	@touch $@
