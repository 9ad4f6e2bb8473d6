# Every target sets up .venv itself. Python 3.11 and make are all it takes.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo ui test quick faults bench lint format constraints clean

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --build-constraint constraints.txt --editable ".[dev]"
	touch $@

install: .venv/.installed  ## the environment, with every version pinned

demo: install  ## a campaign from an SQLite warehouse to a local SMS Partner, and its report
	$(BIN)/python -m scripts.demo

ui: install  ## a whole Airflow with the same DAGs; Ctrl-C stops it
	$(BIN)/python -m scripts.ui

test: install  ## everything, Airflow processes included
	$(BIN)/python -m pytest

quick: install  ## what needs no Airflow process; under a minute
	$(BIN)/python -m pytest -m "not airflow"

faults: install  ## campaigns that go wrong in every way we know; writes docs/faults.md
	$(BIN)/python -m faults

bench: install  ## what it costs, against what one would use instead; writes docs/benchmarks.md
	$(BIN)/python -m benchmarks

lint: install  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

constraints:  ## pin the newest versions that fit Airflow 3.3.2 and Python 3.11
	$(BIN)/uv pip compile --quiet --python-version 3.11 --all-extras --no-annotate --no-header \
		--output-file constraints.txt pyproject.toml constraints.in

clean:
	rm -rf .venv .demo .ui dist .mypy_cache .ruff_cache .pytest_cache
