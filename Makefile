# Two commands do all set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo test test-slow check docs benchmark clean

help:
	@echo "make demo       melt and quench ZIF-4, analyse the glass, write the report"
	@echo "make test       run the quick tests"
	@echo "make test-slow  run the slow tests"
	@echo "make check      style, types, docstrings, documentation"
	@echo "make docs       build the documentation into site/"
	@echo "make benchmark  time mofglass beside its peers"

$(VENV)/.core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing mofglass into $(VENV) (a minute or two)"
	$(PIP) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.core
	$(PIP) -e '.[test,pores,torch]'
	@touch $@

$(VENV)/.check: $(VENV)/.core
	$(PIP) -e '.[check,docs]'
	@touch $@

$(VENV)/.benchmark: $(VENV)/.core
	$(PIP) -e '.[benchmark,pores]'
	@touch $@

demo: $(VENV)/.core
	$(BIN)/mofglass melt-quench ZIF-4 --quick -o runs/demo
	$(BIN)/mofglass analyse runs/demo -o runs/demo-analysis
	$(BIN)/mofglass report runs/demo -o runs/demo-report.html
	@echo
	@echo "the report is at  $(CURDIR)/runs/demo-report.html"

test: $(VENV)/.test
	$(BIN)/python -m pytest

test-slow: $(VENV)/.test
	$(BIN)/python -m pytest -m slow --timeout 3600

check: $(VENV)/.check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/numpydoc lint $$(git ls-files 'src/*.py' ':!src/mofglass/cli')
	$(BIN)/sphinx-build -q -W -b html docs site

docs: $(VENV)/.check
	$(BIN)/sphinx-build -q -W -b html docs site
	@echo "open site/index.html"

benchmark: $(VENV)/.benchmark
	for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:
	rm -rf site build .pytest_cache .mypy_cache .ruff_cache
