# make run   set up, load the sample, run the main job on it, show the result
# make test  set up and run the tests; make test-long runs the long forms, make test-quick the quick ones
# make check the linters
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATE   ?= 2016-11-22
EXTRAS ?= dev

.PHONY: run test test-long test-quick check clean

run: $(VENV)/.run
	$(BIN)/ciss load --sample
	$(BIN)/luigi --module ciss_luigi MergeMain --date $(DATE) --local-scheduler
	$(BIN)/ciss status --from $(DATE) --to $(DATE)
	$(BIN)/ciss verify --date $(DATE)

test: $(VENV)/.test
	$(BIN)/python -m pytest -m "not long"

test-long: $(VENV)/.test
	$(BIN)/python -m pytest -m long

test-quick: $(VENV)/.test
	$(BIN)/python -m pytest -m "not slow"

check: $(VENV)/.test
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
	@echo "setting up the tests: about 600 MB of Python packages; tests of servers fetch about 350 MB of jars more"
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) var build dist *.egg-info
