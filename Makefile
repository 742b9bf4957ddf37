# Holdfast: every way to run it. `make help` lists them.
PYTHON ?= python3
PORT ?= 8000
JOBS ?= 2

BIN := .venv/bin
RUNS := .venv/.runs
TESTS := .venv/.tests
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

# WeasyPrint draws with Pango; documents and pages are in English and Chinese
RUN_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig \
	fonts-dejavu-core fonts-noto-core fonts-noto-cjk
TEST_PACKAGES := postgresql chromium curl poppler-utils libnss3-tools qpdf

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test stress check bench screens clean

help: ## List what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

run: $(RUNS) ## Serve the demo company on http://127.0.0.1:8000 (PORT=8080 for another port)
	@$(BIN)/holdfast demo --port $(PORT)

test: $(TESTS) ## Run everything that gates (JOBS=4 for four at once)
	@tools/install_system $(TEST_PACKAGES)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

stress: $(TESTS) ## Run what takes long: a kill at every point, many units, many threads
	@tools/install_system $(TEST_PACKAGES)
	@$(BIN)/python -m pytest -m stress -n $(JOBS) --dist worksteal -rP

check: $(TESTS) ## Hold the code and the diagrams to the rules
	@failed=; \
	for rule in "ruff check" "ruff format --check" "mypy" "lint-imports --no-logo" \
		"holdfast process check"; do \
		$(BIN)/$$rule || failed="$$failed; $$rule"; \
	done; \
	[ -z "$$failed" ] || { echo "Broken: $${failed#; }" >&2; exit 1; }

bench: $(TESTS) ## Print the benchmarks, each beside its baseline
	@$(BIN)/python tools/run_benches.py

screens: $(TESTS) ## Take a picture of every page in both languages into screenshots/
	@tools/install_system $(TEST_PACKAGES)
	@$(BIN)/python tools/take_screens.py

clean: ## Remove what was built; ./instance, which holds data, stays
	rm -rf .venv build dist screenshots .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
		.hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Holdfast needs Python 3.11 or newer: make PYTHON=python3.12 run" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tools/install_system python3-venv
	@$(PYTHON) -m venv .venv

$(RUNS): pyproject.toml constraints.txt | $(BIN)/python
	@tools/install_system $(RUN_PACKAGES)
	@echo "Installing Holdfast into .venv (a few minutes the first time)"
	@$(PIP) install -qq --constraint constraints.txt --editable .
	@touch $@

$(TESTS): pyproject.toml constraints.txt $(RUNS)
	@$(PIP) install -qq --constraint constraints.txt --editable '.[test]'
	@touch $@
