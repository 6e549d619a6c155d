# make demo: inspect the samples, record them, serve the station at http://127.0.0.1:8000
# make test: set up all that the tests need, then lint, types and tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
MAKEFLAGS += --no-print-directory

.PHONY: demo test check training lock words clean

demo: $(VENV)/.runtime
	@$(BIN)/loupebox demo

test: $(VENV)/.test
	@.ci/browser
	@$(MAKE) check
	@$(BIN)/python -m pytest

check: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --pythonpath $(BIN)/python

# The optional extra: renders, data sets and training. It is large, and no other target needs it.
training: $(VENV)/.test
	@$(PIP) install -e '.[training]'

# After a change of a dependency in pyproject.toml; the files carry versions and hashes, no addresses.
# (The S3 server of the tests cannot do with a newer python-dateutil, and both files must agree.)
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links
lock: $(VENV)/.test
	@$(PIP) install --quiet uv
	@printf 'setuptools>=77\npython-dateutil<3\n' | $(LOCK) pyproject.toml - --output-file requirements.lock
	@$(LOCK) pyproject.toml --extra test --constraint requirements.lock --output-file requirements-test.lock

# After a change of what screens say: new sentences go into the catalogues, empty, for somebody to translate.
CATALOGUE := --no-location --sort-output --omit-header
words: $(VENV)/.test
	@mkdir -p build
	@$(BIN)/pybabel -q extract -F pyproject.toml $(CATALOGUE) -o build/words.pot .
	@$(BIN)/pybabel -q update -i build/words.pot -o api/locale/hi.po -l hi --no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	@sed -i -E '/^"(Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By):/d' api/locale/hi.po

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Loupebox needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.runtime: $(VENV)/.python requirements.lock pyproject.toml
	@echo "Setting up the environment in $(VENV) (once) ..."
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.runtime requirements-test.lock
	@echo "Setting up the test tools in $(VENV) (once) ..."
	@$(PIP) install --quiet --require-hashes -r requirements-test.lock
	@touch $@
