# `make demo` builds the default workbook and page, `make test` runs every test; `make` alone lists the rest.
# Python packages go to .venv, which is made with $(PYTHON) and renewed when pyproject.toml changes.
# pip takes its settings from the environment and its configuration files, as anywhere.

PYTHON ?= python3
BIN := .venv/bin
CASES ?= 1000
ENGINE ?= ironcalc
WORKBOOK := cat-and-mouse.xlsx
PAGE := cat-and-mouse.html
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

PYTHON_VERSION = $(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
PYTHON_IS_NEW = $(shell "$(PYTHON)" -c 'import sys; print("yes" if sys.version_info >= (3, 11) else "")' 2>/dev/null)
PYTHON_HAS_VENV = $(shell "$(PYTHON)" -c 'import ensurepip, venv; print("yes")' 2>/dev/null)

.PHONY: help demo test quick lint docs site bench fuzz faults gallery train clean tools
.NOTPARALLEL:

help:
	@echo 'make demo     build the default workbook, $(WORKBOOK), and the same as a page, $(PAGE)'
	@echo 'make test     run every test, in spreadsheet programs and a browser too (installs LibreOffice and Chromium if it can)'
	@echo 'make quick    run the tests that take seconds, none in office programs or a browser: while one is working'
	@echo 'make lint     check style, format and types'
	@echo 'make docs     build the site of docs/ into build/docs/'
	@echo 'make site     build the site of all lessons as pages, with docs/ in it, into build/site/'
	@echo 'make bench    measure times and sizes'
	@echo 'make fuzz     random builds, edits and tampering: make fuzz CASES=10000 SEED=1 ENGINE=libreoffice'
	@echo 'make faults   kill builds at random moments, run many LibreOffices at once'
	@echo 'make gallery  build the workbooks in workbooks/, their pictures and their page'
	@echo 'make train    train every model that ships again, from its data (some minutes)'
	@echo 'make clean    remove what these commands made'
	@echo 'Another Python than python3: make demo PYTHON=python3.12'

demo: .venv/installed-page
	@$(BIN)/xlt build --force -o $(WORKBOOK)
	@$(BIN)/xlt build --force -o $(PAGE)
	@echo
	@echo 'Open this in a browser, and change a word or a number:'
	@echo '    $(CURDIR)/$(PAGE)'
	@echo 'The same as a workbook, for Excel, LibreOffice or WPS:'
	@echo '    $(CURDIR)/$(WORKBOOK)'

test: .venv/installed-test tools lint
	$(BIN)/python -m pytest -rs --numprocesses=auto --dist=loadfile --no-loadscope-reorder

quick: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -m "quick and not office and not browser" --numprocesses=auto --dist=loadfile

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/installed-docs
	@$(BIN)/python scripts/make-docs

site: .venv/installed-docs .venv/installed-page
	@$(BIN)/python scripts/make-site

bench: .venv/installed
	@$(BIN)/python bench/bench.py
	@$(BIN)/python bench/cells.py

fuzz: .venv/installed-test
	@$(BIN)/python tests/fuzz.py --cases $(CASES) --engine $(ENGINE) $(if $(SEED),--seed $(SEED))

faults: .venv/installed-test
	@$(BIN)/python tests/faults.py

gallery: .venv/installed-page
	@$(BIN)/python scripts/make-gallery

train: .venv/installed
	@$(BIN)/python scripts/train_models.py

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist $(WORKBOOK) $(PAGE)
	find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

tools:
	@scripts/install-test-tools

.venv/installed: pyproject.toml
	$(make-environment)
	@$(PIP_INSTALL) --editable .
	@touch $@

.venv/installed-test: pyproject.toml
	$(make-environment)
	@$(PIP_INSTALL) --editable '.[test]'
	@touch .venv/installed .venv/installed-page $@

.venv/installed-page: pyproject.toml
	$(make-environment)
	@$(PIP_INSTALL) --editable '.[page]'
	@touch .venv/installed $@

.venv/installed-docs: pyproject.toml
	$(make-environment)
	@$(PIP_INSTALL) --editable '.[docs]'
	@touch .venv/installed $@

define make-environment
$(if $(PYTHON_VERSION),,$(error There is no $(PYTHON) here: install Python 3.11 or newer, or name one: make demo PYTHON=/path/to/python3))
$(if $(PYTHON_IS_NEW),,$(error Python 3.11 or newer is needed and $(PYTHON) is $(PYTHON_VERSION): name a newer one: make demo PYTHON=python3.12))
$(if $(PYTHON_HAS_VENV),,$(error $(PYTHON) lacks its venv module: install it (Debian, Ubuntu: sudo apt-get install python3-venv)))
@echo 'Installing into .venv; the first time this takes a minute or two.'
@"$(PYTHON)" -m venv .venv
endef
