# Thin names over the real commands.
PYTHON ?= python3.11
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1

.PHONY: install demo test check bench clean system screenshots ohif interop walk

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pip setuptools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[train,serve,dev]'
	touch $@

demo: install
	$(BIN)/overread demo

# What the tests need of the system: a browser for the pages.
system:
	@command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium) >/dev/null

test: install system
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 20 tests

# OHIF, a full viewer for those who want one: 48 MB from npm, checked, in no other make target.
OHIF := @ohif/app@3.13.2
ohif: install
	npm pack --silent --pack-destination .venv $(OHIF)
	$(BIN)/overread ohif .venv/ohif-app-$(lastword $(subst @, ,$(OHIF))).tgz --into .ohif

# Programs of other makers against ours.
interop: install system ohif
	$(BIN)/pytest tests/interop

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.architecture.licences

# Memory, printed; then ratios against what one would otherwise run, into benchmarks/results.json, and their
# table. A peer that cannot be had is left out.
bench: install
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks.serving_memory
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv .ohif .mypy_cache .ruff_cache .pytest_cache *.egg-info

# Pictures of every page, from the folder that `make demo` leaves.
screenshots: install system
	$(BIN)/python -m tests.browser.screenshots overread-demo docs/screenshots

# Clicks and seconds of a correction and of a decision, in the folder that `make demo` leaves.
walk: install system
	$(BIN)/python -m benchmarks.timed_walk overread-demo
