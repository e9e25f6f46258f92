# Two commands: `make book` and `make test`. Each does all its own set-up in .venv/.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
UV := $(shell command -v uv 2>/dev/null)

UNSEEN := -name '*.pyc' -o -name '*.lock' -o -path '*/__pycache__*' -o -path '*.egg-info*' -o -path '*/.*'
BOOK := $(shell find src notebooks book runs benchmarks/results index.md _config.yml _toc.yml CITATION.cff \
  -type f -not \( $(UNSEEN) \))
TESTED := $(BOOK) $(shell find tests benchmarks -name '*.py') \
  README.md CONTRIBUTING.md environment.yml pyproject.toml requirements.lock $(wildcard .github/workflows/*.yml)

.PHONY: help book test test-slow archive gpu lock notebooks format clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

book: _build/html/index.html  ## execute the chapters and build the site at _build/html/index.html

CHECKED = @test -w . || { echo "This checkout cannot be written to: copy it to a folder of your own,\
 or build elsewhere with residual book --output DIR." >&2; exit 1; }

_build/html/index.html: $(READY) $(BOOK)
	$(CHECKED)
	$(BIN)/residual book

test: _build/tests-passed  ## unit tests, browser tests and pytest --nbval on the four notebooks
	@echo "All tests passed for these files; make -B test runs them again."

# In some processes at once, with a thread each; the tests of a file stay together.
_build/tests-passed: $(READY) $(TESTED)
	$(CHECKED)
	OMP_NUM_THREADS=1 $(BIN)/pytest --nbval -n auto --maxprocesses 4 --dist loadfile
	@mkdir -p _build && touch $@

test-slow: $(READY)  ## what takes minutes: training from an empty store, many kills
	$(BIN)/pytest -m slow

archive: _build/html/index.html  ## one zip to deposit: sources, records, site, with an RO-Crate's metadata
	$(BIN)/python -m companion.archive

gpu: $(READY)  ## checks, speed and the paper's networks on a GPU; again, to go on; gpu-report.json
	$(BIN)/python -m benchmarks.gpu

$(READY): requirements.lock pyproject.toml
	$(CHECKED)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
ifeq ($(UV),)
	$(BIN)/python -m pip install --quiet uv
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
else
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --no-build-isolation -e .
endif
	$(BIN)/python -c "from companion.npm import main; main()"
	@touch $@

lock:  ## resolve pyproject.toml anew into requirements.lock: names, versions and hashes only
	$(or $(UV),$(BIN)/uv) pip compile --quiet --universal --generate-hashes --all-extras \
	  --python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements.lock

notebooks: $(READY)  ## execute the source notebooks in place and store what tests compare
	$(BIN)/python -m companion.build

format: $(READY)  ## ruff, on everything
	$(BIN)/ruff format && $(BIN)/ruff check --fix

clean:  ## remove what was built, but not the environment
	rm -rf _build
