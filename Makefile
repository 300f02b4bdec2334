# Tailorbird: `make demo` and `make test` do everything, set-up included.

PYTHON ?= python3
TEST_WORKERS ?= 2
DEMO_SOURCE ?= commons-codec:commons-codec:1.16.0
DEMO_OUT ?= demo
BASE ?= smollm2-135m
# Enough to see what each strategy does, in a quarter of an hour on 2 cores; `compare` alone takes all.
DEMO_EPOCHS ?= 0.1
DEMO_METHODS ?= 6
DEMO_VALIDATION ?= 24
DEMO_SAMPLES ?= 5

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint format docs constraints clean

help: ## Say what there is.
	@echo "make demo         set up, then compare the four strategies on $(DEMO_SOURCE) (about 15 minutes on 2 cores)"
	@echo "make test         set up, then run every test (needs a JDK 17+, Maven and a network the first time)"
	@echo "make check        set up, then linters, types, layers and the fast tests"
	@echo "make lint         set up, then linters, types and layers only"
	@echo "make setup        make $(VENV), install Tailorbird with all extras into it, and fetch the base $(BASE) (93 MB)"
	@echo "make format       let ruff format and repair what it can"
	@echo "make docs         write docs/formats.md and docs/settings.md from the code"
	@echo "make constraints  resolve constraints.txt anew"
	@echo "make clean        remove caches and what the demo made ($(VENV) stays)"

setup: $(STAMP) ## Make the virtual environment.

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Tailorbird needs Python 3.11 or newer, and $(PYTHON) is not: install one and run make PYTHON=/path/to/python3.11 ..." >&2; \
	  exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) -m venv failed: install Python's venv module (on Debian and Ubuntu: apt install python3-venv)." >&2; \
	  rm -rf $(VENV); exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[dev]'
	@$(BIN)/tailorbird base get $(BASE) >/dev/null || \
	  echo "Set-up goes on without the base $(BASE): run $(BIN)/tailorbird base get $(BASE) when there is a network." >&2
	@touch $@

demo: setup ## The main job on a real library; prints the path of the report last.
	@echo "The demo trains each strategy on a share of $(DEMO_EPOCHS) of the project's pairs, and writes $(DEMO_SAMPLES) tests for each of $(DEMO_METHODS) of its"
	@echo "held-out methods. tailorbird compare $(DEMO_SOURCE) --out DIR takes all of them, and hours."
	@$(BIN)/tailorbird compare $(DEMO_SOURCE) --out $(DEMO_OUT) --epochs $(DEMO_EPOCHS) --methods $(DEMO_METHODS) \
	  --candidates $(DEMO_SAMPLES) --set neighbour=without --set validations=1 --set validation_pairs=$(DEMO_VALIDATION)

# One thread for each worker: two that share the cores with two threads each wait for one another most of the time.
test: setup ## Every test; pytest's summary comes last.
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile

check: lint ## What must hold before a commit.
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile -m "not real and not slow"

lint: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: setup ## Write docs/formats.md and docs/settings.md from the code.
	@$(BIN)/python docs/generate_pages.py

format: setup
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

constraints: setup
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make constraints" --quiet -o constraints.txt

clean:
	rm -rf $(DEMO_OUT) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
