"""The example campaign under scheduler, LocalExecutor and triggerer, as users run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import sessions
from scripts.local_airflow import LocalAirflow
from scripts.shop import DAGS, open_shop


@pytest.mark.airflow
def test_campaign_under_scheduler(tmp_path: Path) -> None:
    home = tmp_path / "airflow"
    with (
        open_shop(tmp_path) as shop,
        LocalAirflow(home, dags=DAGS, env=shop.connections) as airflow,
    ):
        services = airflow.pids
        run = airflow.trigger("sms_campaign")

        assert airflow.wait("sms_campaign", run) == "success", airflow.task_states("sms_campaign", run)

        sent = airflow.xcom("sms_campaign", run, "send")
        delivered = airflow.xcom("sms_campaign", run, "delivery")
        log = airflow.task_log("sms_campaign", run, "delivery")
    assert shop.complaints() == []
    assert sent["recipients"] == delivered["recipients"] == len(shop.warehouse.people)
    assert (sent["invalid"], sent["duplicates"]) == (shop.warehouse.invalid, shop.warehouse.duplicates)
    assert "trigger completed" in log  # the wait was the triggerer's
    assert sessions.members(services.values()) == []
