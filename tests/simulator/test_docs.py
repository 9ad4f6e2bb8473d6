"""docs/simulator.md: its examples run, and its tables name what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.control import DEEDS, LOOKS
from airflow_provider_smspartner.simulator.faults import KINDS, LATENCY

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "simulator.md").read_text()


def _section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def _first_cells(title: str) -> set[str]:
    cells = re.findall(r"^\| (`[^|]*) \|", _section(title), re.MULTILINE)
    return {name for cell in cells for name in re.findall("`([^`]+)`", re.sub(r"\([^)]*\)", "", cell))}


def test_the_page_starts_with_what_is_not_imitated() -> None:
    assert re.findall("^## (.*)", PAGE, re.MULTILINE)[0] == "What it does not imitate"


def test_every_setting_is_explained() -> None:
    assert _first_cells("Settings") == {field.name for field in fields(Settings)}


def test_every_fault_is_explained() -> None:
    assert _first_cells("Faults") == {LATENCY, *KINDS}


def test_every_control_endpoint_is_explained() -> None:
    written = {path.split(" ")[-1] for path in _first_cells("Control endpoints")} - {"GET"}
    assert written == {"/simulator" + path for path in [*LOOKS, *DEEDS, "/pause"]}


@pytest.mark.airflow
def test_examples_run(tmp_path: Path) -> None:
    example = tmp_path / "test_example.py"
    example.write_text("\n\n".join(re.findall("```python\n(.*?)```", PAGE, re.DOTALL)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(example)]
    env = os.environ | {"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
