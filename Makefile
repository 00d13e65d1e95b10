PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATE   ?= 2016-11-22
EXTRAS ?= dev

# The three test runs are one set of tests, cut by the markers in setup.cfg.
NEWCOMER := (not slow or core) and not long
REST     := slow and not core and not long

.PHONY: help run test test-all test-rest test-long test-quick check clean

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.* ## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
	    printf '  make %-12s %s\n' "$$name" "$$what"; done

run: $(VENV)/.run ## set up, load the sample, run the main job on it, show the result
	$(BIN)/python -m tools.sample.nights
	$(BIN)/ciss load --sample
	$(BIN)/luigi --module ciss_luigi MergeMain --date $(DATE) --local-scheduler
	$(BIN)/ciss status --from $(DATE) --to $(DATE)
	$(BIN)/ciss verify --date $(DATE)
	$(BIN)/ciss report --month $(shell echo $(DATE) | cut -c1-7) --out var/report.html

test: $(VENV)/.test ## set up and run what a newcomer runs: less than 10 minutes on 2 cores
	$(BIN)/python -m pytest -m "$(NEWCOMER)"

test-all: test test-rest ## everything but the long forms

test-rest: $(VENV)/.test ## what test-all adds to test
	$(BIN)/python -m pytest -m "$(REST)"

test-long: $(VENV)/.test ## the long forms alone, hours
	$(BIN)/python -m pytest -m long
	for version in 3.4 4.0 4.5; do $(BIN)/python -m pytest tests/engines -m impala --impala $$version || exit 1; done

test-quick: $(VENV)/.test ## the quick tests alone, less than 2 minutes
	$(BIN)/python -m pytest -m "not slow"

check: $(VENV)/.test ## linters, types and walls between rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: setup.cfg | $(VENV)/bin/python
	@echo "setting up the tests: about 600 MB of Python packages; tests of servers fetch about 390 MB of jars more"
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	@touch $@ $(VENV)/.run

clean: ## remove what was set up and what the sample left
	rm -rf $(VENV) var build dist *.egg-info
