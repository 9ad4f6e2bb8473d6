# Every target sets up .venv itself. Python 3.11 and make are all it takes; what the tests need besides, `system` brings.
PYTHON ?= python3
BIN := .venv/bin
TOLD := $(PYTHON) -m scripts.progress
FUZZ_SECONDS ?= 60
MINUTES ?= 10
QUICK := -m "not airflow" -n 3 --dist worksteal
PROCESSES := -m airflow -n 2 --dist loadscope

# Where nothing compiled is kept, as in many a container, each process of the tests compiles Airflow for itself: seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: system install demo ui docs test test-oldest test-next test-pythons test-distributed quick thorough faults soak bench lint format constraints messages fuzz live package pictures clean

# Each step says that it goes on: some take a minute where nothing is cached.
.venv/.installed: pyproject.toml constraints.txt
	@$(TOLD) "Creating .venv" $(PYTHON) -m venv .venv
	@$(TOLD) "Installing uv, which installs the rest" $(BIN)/pip install --quiet --constraint constraints.txt uv
	@$(TOLD) "Installing Airflow and the rest, which takes a minute or two" $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --build-constraint constraints.txt --compile-bytecode --editable ".[dev]"
	touch $@

.venv-%/.installed: pyproject.toml constraints-%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/pip install --quiet --constraint constraints-$*.txt uv
	.venv-$*/bin/uv pip install --quiet --python .venv-$*/bin/python --constraint constraints-$*.txt --build-constraint constraints.txt --compile-bytecode --editable ".[dev]"
	touch $@

system:  ## what the tests need of the machine: brought where it can be, else said
	@$(PYTHON) -m scripts.system

install: system .venv/.installed  ## the environment, with every version pinned

demo: .venv/.installed  ## a campaign from an SQLite warehouse to a local SMS Partner, and its report
	$(BIN)/python -m scripts.demo

ui: .venv/.installed  ## a whole Airflow with the same DAGs; Ctrl-C stops it
	$(BIN)/python -m scripts.ui

docs: .venv/.installed  ## the docs as a site, in site/; nothing is fetched for it, nor by its pages
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "site/index.html; with its search: $(BIN)/python -m http.server --bind 127.0.0.1 --directory site"

test: install  ## everything, Airflow processes included
	$(BIN)/python -m pytest $(QUICK)
	$(BIN)/python -m pytest $(PROCESSES)

quick: install  ## what starts no processes; three minutes on two cores
	$(BIN)/python -m pytest $(QUICK)

thorough: install  ## the same, further than each change needs: more examples, and a crash at more moments
	$(BIN)/python -m pytest $(QUICK) --hypothesis-profile thorough
	$(BIN)/python -m pytest -m airflow --hypothesis-profile thorough tests/journal tests/operators

test-oldest: system .venv-oldest/.installed  ## everything on Airflow 3.1.8, with the oldest of all that we name
	.venv-oldest/bin/python -m pytest $(QUICK)
	.venv-oldest/bin/python -m pytest $(PROCESSES)

test-next: system .venv-next/.installed  ## everything on the pre-release of the next Airflow
	.venv-next/bin/python -m pytest $(QUICK)
	.venv-next/bin/python -m pytest $(PROCESSES)

test-pythons: install  ## the quick tests on every Python that we name and this machine has
	$(BIN)/python -m scripts.pythons $(QUICK)

test-distributed: .venv/.installed  ## 100,000 people on two Celery workers, one of which is lost; minutes
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable ".[distributed]"
	$(BIN)/python -m pytest -m distributed -s tests/distributed

faults: .venv/.installed  ## campaigns and an inbox that go wrong in every way we know; writes docs/faults.md
	$(BIN)/python -m faults
	$(BIN)/python -m faults.inbox --seconds 86400

soak: .venv/.installed  ## campaigns, kills, restarts and blips at random, for MINUTES; writes into docs/faults.md
	$(BIN)/python -m soak --minutes $(MINUTES)

bench: .venv/.installed  ## what it costs, against what one would use instead; writes docs/benchmarks.md
	$(BIN)/python -m benchmarks

fuzz: .venv/.installed  ## every reader under a coverage-guided fuzzer, for FUZZ_SECONDS each; Linux only
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable ".[fuzz]"
	$(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS)

pictures: install  ## the screenshots of the docs, taken anew by the tests in a browser
	SMSPARTNER_PICTURES=1 $(BIN)/python -m pytest tests/browser

live: .venv/.installed  ## against the real service, in its sandbox: SMSPARTNER_API_KEY and SMSPARTNER_TEST_NUMBER
	$(BIN)/python -m pytest -m live -s tests/live

package: .venv/.installed  ## wheel and sdist, in dist/; the wheel fits each Airflow that we name
	rm -rf dist
	$(BIN)/uv build --quiet --build-constraint constraints.txt --out-dir dist
	$(BIN)/python -m scripts.beside dist

messages: .venv/.installed  ## the catalogues of the campaign page, brought up to date with what it says
	$(BIN)/python -m scripts.messages

lint: install  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

constraints:  ## pin the newest versions that fit Airflow 3.3.2, the oldest, and those of the next Airflow: one file for every Python
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header \
		--output-file constraints.txt pyproject.toml constraints.in
	$(BIN)/uv pip compile --quiet --python-version 3.11 --extra dev --no-annotate --no-header \
		--resolution lowest-direct --output-file constraints-oldest.txt pyproject.toml constraints-oldest.in
	$(BIN)/uv pip compile --quiet --python-version 3.11 --extra dev --no-annotate --no-header \
		--output-file constraints-next.txt pyproject.toml constraints-next.in

clean:
	rm -rf .venv .venv-* .demo .ui dist site .mypy_cache .ruff_cache .pytest_cache
