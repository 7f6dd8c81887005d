# Everything a developer types. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Arguments for pytest or the benchmark: make test ARGS="-k admission", make bench ARGS=--quick
ARGS ?=
# Many tests wait for other processes: three processes of tests for two cores, six at most, each takes whole files.
SIDE_BY_SIDE := -n $(shell cores=$$(nproc); echo $$((cores < 4 ? (cores * 3 + 1) / 2 : 6))) --dist loadfile
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help run test quick fuzz compat lint format types bench bench-peers bench-compat soak bench-console pictures build dist dist/cpan clean deps-run deps-test

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
	$(BIN)/pytest $(SIDE_BY_SIDE) $(ARGS)

quick: $(VENV)/.installed-dev ## the tests without packaging and fuzzing
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not packaging and not fuzz" $(ARGS)

fuzz: $(VENV)/.installed-dev ## try broken input on all that reads foreign data: ten minutes, or ARGS="--minutes 1"
	$(BIN)/pytest tests/fuzz --minutes 10 $(ARGS)

compat: $(VENV)/.installed-dev ## run CPAN modules' own tests against our replacements; make compat ARGS="-v DBI t/05concathash.t"
	$(BIN)/python tests/compat/run.py $(ARGS)

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

bench-peers: $(VENV)/.installed-dev ## measure a call from Perl beside other ways to Python: fork, Inline::Python, a web service
	$(BIN)/python tests/bench/peers/peers.py $(ARGS)

bench-compat: $(VENV)/.installed-dev ## measure the replacements of CPAN modules and their wire; make bench-compat ARGS="--quick wire"
	$(BIN)/python tests/bench/compat/bench_compat.py $(ARGS)

soak: $(VENV)/.installed-dev ## ten minutes of callers, operators and faults together; make soak ARGS="--minutes 60"
	$(BIN)/python tests/bench/soak.py $(ARGS)

bench-console: $(VENV)/.installed-dev ## measure what the console costs, beside an idle Textual application
	$(BIN)/python tests/bench/console_bench.py $(ARGS)

pictures: $(VENV)/.installed-dev ## make the pictures of docs/operations.md anew, from a real daemon under load
	$(BIN)/python docs/pictures/make.py

build: $(VENV)/.installed-dev ## wheel and sdist into dist/
	$(BIN)/python -m build

dist: ## what a release consists of, afresh into dist/: wheel, sdist, and the Perl client as CPAN has it
	@rm -rf dist
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory dist/cpan
	@cd dist && sha256sum *.whl *.tar.gz cpan/*.tar.gz | tee SHA256SUMS

# In a folder of its own: its name differs from the sdist's by case alone. Made in a copy of the sources, so that nothing
# of ExtUtils::MakeMaker is left in the tree.
dist/cpan:
	@mkdir -p dist/cpan && copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	cp -R bridge/perl "$$copy/perl" && cd "$$copy/perl" && perl Makefile.PL >/dev/null && \
	MAKEFLAGS= make --silent dist >/dev/null && mv CPANBridge-*.tar.gz "$(CURDIR)/dist/cpan/"

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
