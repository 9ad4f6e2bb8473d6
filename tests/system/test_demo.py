"""`make demo` reports what really happened, and fails when somebody got no text or two."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from scripts import sessions

ROOT = Path(__file__).parents[2]


@pytest.mark.airflow
def test_demo(tmp_path: Path) -> None:
    folder, log = tmp_path / "demo", tmp_path / "report"

    status = sessions.run(
        [sys.executable, "-m", "scripts.demo", "--folder", str(folder)],
        env=os.environ,
        cwd=ROOT,
        log=log,
        timeout=240,
        patience=30,  # the demo ends its own Airflow first
    )

    report = log.read_text()
    assert status == 0, report
    figures = dict(re.findall(r"^  (\w[\w ]*?) {2,}([\d.,]+)", report, re.MULTILINE))
    numbers = {name: float(value.replace(",", "")) for name, value in figures.items()}
    assert numbers.pop("time") > 0
    assert numbers == {
        "customers": 1200,
        "without consent": 40,
        "recipients": 1060,
        "invalid numbers": 30,
        "duplicates": 70,
        "requests": 3,
        "cost": 47.7,
        "delivered": 1038,
        "not delivered": 22,
        "STOP": 11,
        "waiting": 0,
    }
    assert str(folder / "campaign.log") in report
