"""`make demo` and `make ui` are never silent for long, and say what a newcomer asks."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from airflow_provider_smspartner.links import smspartner as links
from scripts import demo, progress, ui
from scripts.local_airflow import LocalAirflow
from scripts.shop import DAGS, Shop
from tests.pages import ROOT


def test_what_goes_on_is_said_again_and_again(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.told("It starts", silence=0.05):
        time.sleep(0.5)

    first, *more = capsys.readouterr().out.splitlines()
    assert first == "It starts ..."
    assert len(more) >= 3
    assert {line.split(" s  ")[1] for line in more} == {"It starts"}
    assert progress.SILENCE + progress.GLANCE < 10


def test_what_changes_is_said_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "GLANCE", 0.02)
    states = iter(["", "send: running", "send: running", "send: success"])
    with progress.told("It runs", lambda: next(states, "send: success")):
        time.sleep(0.4)

    said = [line.split(" s  ")[1] for line in capsys.readouterr().out.splitlines()[1:]]
    assert said == ["send: running", "send: success"]


@pytest.mark.parametrize("status", [0, 3])
def test_a_command_keeps_its_status_and_needs_no_environment(status: int) -> None:
    command = ("-S", "-c", f"raise SystemExit({status})")
    told = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "progress.py"), "It is made", sys.executable]

    done = subprocess.run([*told, *command], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (status, "It is made ...\n", "")


@pytest.mark.parametrize("module", ["scripts.demo", "scripts.ui"])
def test_nothing_slow_comes_before_the_first_line(module: str) -> None:
    """Importing Airflow takes seconds, and a busy machine makes a quarter of a minute of them."""
    code = f"import sys, {module}; sys.exit('airflow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_tab_is_where_the_page_is() -> None:
    assert ui.CAMPAIGN_TAB == links.CAMPAIGN_TAB


def test_no_step_of_setting_up_is_silent() -> None:
    rule = (ROOT / "Makefile").read_text().split("\n.venv/.installed:")[1].split("\n\n")[0]
    steps = [line for line in rule.splitlines()[1:] if line.strip() != "touch $@"]
    assert steps
    assert [line for line in steps if not line.startswith("\t@$(TOLD) ")] == []


def test_a_database_that_is_not_there_yet_tells_nothing(tmp_path: Path) -> None:
    assert demo.task_states(tmp_path / "airflow.db") == ""
    assert not list(tmp_path.iterdir())


def test_the_welcome_says_what_is_off_and_where_to_go(tmp_path: Path) -> None:
    airflow: Any = SimpleNamespace(
        url="http://127.0.0.1:1", username="admin", password="secret", home=tmp_path / "airflow"
    )
    shop: Any = SimpleNamespace(
        simulator=SimpleNamespace(url="http://127.0.0.1:2/v1"),
        warehouse=SimpleNamespace(people=frozenset({"+33611000001", "+33611000002"})),
    )

    text = ui.welcome(cast(LocalAirflow, airflow), cast(Shop, shop), "manual__2026-11-27T10:00:00+00:00")
    words = " ".join(text.split())

    tab = "runs/manual__2026-11-27T10%3A00%3A00%2B00%3A00/plugin/smspartner-campaign"
    assert f"http://127.0.0.1:1/dags/sms_campaign/{tab}" in text
    assert f"A DAG of your own: put its file into {DAGS}" in text
    assert "Switched off: the clock" in text
    assert "curl http://127.0.0.1:2/simulator/reply" in text
    assert '{"number": "+33611000002", "text": "OUI"}' in text
    assert "each STOP of the campaign has started it already" in words
    assert "Admin > Connections does not list them" in words


def test_an_airflow_that_is_slow_to_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine: one late answer must not end the Airflow that somebody is looking at."""
    monkeypatch.setattr(ui, "GLANCE", 0)
    answers: list[Any] = [requests.ReadTimeout(), "running", requests.ConnectionError(), "success"]

    def state(*_: str) -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    airflow: Any = SimpleNamespace(
        check=lambda: None, state=state, task_states=lambda *_: {"send": "running"}
    )
    ui.follow(cast(LocalAirflow, airflow), "run")

    assert not answers


def test_the_test_button_of_make_ui_is_on() -> None:
    assert ui.SETTINGS["AIRFLOW__CORE__TEST_CONNECTION"] == "Enabled"
