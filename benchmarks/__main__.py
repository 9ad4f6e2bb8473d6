"""``python -m benchmarks``: measure, print the table, keep the figures in ``docs/benchmarks.md``.

The measured processes find their bytecode compiled, as an installed package's is.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

from benchmarks.table import Figure, Sizes, keep, markdown

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
ROWS = (
    "cleaning",
    "reading",
    "untidy",
    "campaign",
    "personal",
    "ledger",
    "retry",
    "growth",
    "sqlite_ledger",
    "remembering",
    "habits",
    "polling",
    "triggerer",
    "imports",
    "page",
    "inbox",
)


def main() -> None:
    """Measure what is asked for."""
    given = parse()
    sizes = Sizes(**{field.name: getattr(given, field.name) for field in fields(Sizes)})
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as home:
        stay_in(home)
        for name in given.rows or ROWS:
            print(f"{name} ...", file=sys.stderr, flush=True)
            for figure in importlib.import_module(f"benchmarks.{name}").figures(sizes):
                print(markdown([figure])[0], flush=True)
                found.append(figure)
    if sizes == Sizes():
        keep(PAGE, found)


def parse() -> argparse.Namespace:
    """Read the command line: an option for each field of ``Sizes``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"some of {', '.join(ROWS)}; all by default")
    for field in fields(Sizes):
        kind = type(field.default)
        parser.add_argument(f"--{field.name}", type=kind, default=field.default, help="(%(default)s)")
    given = parser.parse_args()
    if unknown := set(given.rows) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    return given


def stay_in(home: str) -> None:
    """Let Airflow, and the bytecode of what is measured, live and go with this run."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"}
    os.environ["PYTHONPYCACHEPREFIX"] = f"{home}/bytecode"


if __name__ == "__main__":
    main()
