"""The text to whoever approves a campaign: its link survives the wire, whatever the run is called."""

from __future__ import annotations

from runpy import run_path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from airflow_provider_smspartner.simulator import Simulator
from scripts.shop import DAGS


@pytest.mark.parametrize("run_id", ["manual__2026-11-27T10:00:00.123456+00:00", "by-hand~10:00+01:00"])
def test_the_link_leads_to_the_question(run_id: str, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com")
    approval = run_path(str(DAGS / "sms_campaign_approved.py"))["approval"]
    [notifier] = approval.notifiers
    address = {"dag_id": "sms_campaign_approved", "run_id": run_id, "task_id": "approval", "map_index": -1}
    ti = SimpleNamespace(**address, xcom_pull=lambda task_ids: {"recipients": 1060})
    context: Any = {"task": approval, "ti": ti, "task_instance": ti, "dag": approval.dag, "run_id": run_id}

    notifier(context)

    [text] = sim.sent
    sentence, link = text.text.split(": ", 1)
    assert (text.number, sentence) == ("+33600000002", "1060 people wait for your yes")
    page = urlsplit(link)
    assert (page.netloc, page.query) == ("airflow.example.com", "map_index=-1")
    assert unquote(page.path) == f"/dags/sms_campaign_approved/runs/{run_id}/tasks/approval/required_actions"
