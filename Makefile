# Everything happens in an environment of its own, .venv: nothing is installed into the system.
# PYTHON chooses the interpreter that makes it (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n 2
FUZZ_SECONDS ?= 60
# What some tests compare: an old and a new one of each. Built with Go where no release can be had.
VERSIONS := 'victoria-metrics@<1.88' victoria-metrics@1.128.0 'prometheus@<3' prometheus@3.5.0

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz storm catalogue examples lint bench clean

help: ## What can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1|/' | column -t -s '|'

demo: $(VENV)/.demo ## Obtain the real servers, run them, use them, break them, and show what happened
	@$(BIN)/python demo/tour.py

test: $(VENV)/.test ## The whole test suite, with real servers
	@$(BIN)/metricrig tools install --all
	@$(BIN)/metricrig tools install $(VERSIONS) || echo "Tests of a version that cannot be had here are skipped."
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

fuzz: $(VENV)/.test ## Hostile data for all readers of foreign data, for FUZZ_SECONDS
	@cd tests && ../$(BIN)/python -m fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

storm: $(VENV)/.test ## Three hundred kills, of all that can be killed, and two hundred with faults in force: nothing may be left
	@STORM_KILLS=300 STORM_FAULTY_KILLS=200 $(BIN)/python -m pytest tests/janitor/test_kill_storm.py -s -q

examples: ## The example projects: their own tests and linters, each in an environment of its own
	@set -e; for each in examples/*/Makefile; do $(MAKE) --no-print-directory -C $$(dirname $$each) test lint; done

catalogue: $(VENV)/.lint ## Write the table of the catalogue anew, after a service was added or renamed
	@$(BIN)/python scripts/write_catalogue.py

lint: $(VENV)/.lint ## ruff with nearly all rules, mypy in strict mode
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.bench ## Measure against bare processes and against peers, side by side
	@$(BIN)/metricrig tools install --all
	@$(BIN)/python -m bench $(BENCH_ARGS)

clean: ## Remove the environment and what tools left in this directory
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache dist

$(VENV)/bin/python:
	@$(PYTHON) scripts/make_environment.py $(VENV)

# One stamp for each set of extras, so that a changed pyproject.toml installs anew.
$(VENV)/.demo: EXTRAS = .[series]
$(VENV)/.test: EXTRAS = .[test]
$(VENV)/.lint: EXTRAS = .[test,lint,bench]
$(VENV)/.bench: EXTRAS = .[bench]
$(VENV)/.demo $(VENV)/.test $(VENV)/.lint $(VENV)/.bench: pyproject.toml | $(VENV)/bin/python
	@echo "installing $(EXTRAS) into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '$(EXTRAS)'
	@touch $@
