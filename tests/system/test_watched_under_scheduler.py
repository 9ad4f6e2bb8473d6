"""What a person sees of a campaign while it runs: the links in each state, and what tasks hand over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.tracking.handover import (
    CAMPAIGN_KEY,
    DELIVERY_KEY,
    Delivery,
    read_campaign,
    read_delivery,
)
from scripts.local_airflow import LocalAirflow
from tests.airflow_versions import since

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

DAGS = Path(__file__).parent / "dags"
RUN = "by-hand~10:00+01:00"
PAGE = "dags/watched/runs/by-hand~10%3A00%2B01%3A00/plugin/smspartner-campaign"
LINKS = {"SMS campaign": PAGE, "SMS Partner": "https://my.smspartner.fr/connexion"}


def wait_until(what: str, condition: Callable[[], object], *, timeout: float = 240) -> None:
    """Wait for something to happen."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:.0f} s for {what}"
        time.sleep(0.2)


def test_links_and_hand_overs_are_there_while_tasks_run_and_when_they_have_ended(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.deliver("+33600000002", after_seconds=30)
    simulator.deliver("+33600000003", status=None)
    simulator.faults.add("/send", "latency", seconds=10)
    env = {
        "AIRFLOW_CONN_SMSPARTNER_DEFAULT": simulator.airflow_connection,
        "AIRFLOW_CONN_SMSPARTNER_DOWN": simulator.airflow_connection,
        "AIRFLOW_CONN_LEDGER_DOWN": json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "no" / "db")}),
    }
    with LocalAirflow(tmp_path / "airflow", dags=DAGS, env=env) as airflow:

        def state(task_id: str) -> str | None:
            return airflow.task_states("watched", RUN)[task_id]

        def told() -> Delivery | None:
            known = DELIVERY_KEY in airflow.xcom_keys("watched", RUN, "delivery")
            return (
                read_delivery(airflow.xcom("watched", RUN, "delivery", key=DELIVERY_KEY)) if known else None
            )

        def see_links(task_id: str, expected: str, links: Mapping[str, str | None] = LINKS) -> None:
            wait_until(f"{task_id} {expected}", lambda: state(task_id) == expected)
            assert airflow.links("watched", RUN, task_id) == links, task_id

        airflow.trigger("watched", run_id=RUN)

        wait_until("the hand-over", lambda: CAMPAIGN_KEY in airflow.xcom_keys("watched", RUN, "send"))
        see_links("send", "running")
        campaign = read_campaign(airflow.xcom("watched", RUN, "send", key=CAMPAIGN_KEY))
        assert campaign
        assert (campaign.recipients, simulator.texts_per_number()) == (3, {})

        for name in ("failed", "skipped"):
            see_links(name, name)

        wait_until("the first look", told)
        see_links("delivery", "deferred")
        # after a minute the trigger lets the task tell: two have their text, the third has not
        wait_until("a hand-over", lambda: (now := told()) and now.result["delivered"] == 2)
        wait_until("the wait", lambda: state("delivery") == "deferred")
        assert (now := told())
        assert not now.final
        assert now.curve[-1][1] == 2

        simulator.deliver("+33600000003")  # only now, however late the hand-over was
        see_links("delivery", "success")
        # The same message, and a ledger that is not there. In Airflow 3.4 links are of a try that has begun
        see_links("up_for_retry", "up_for_retry", dict.fromkeys(LINKS) if since("3.4") else LINKS)
        assert (now := told())
        result = airflow.xcom("watched", RUN, "delivery")
        assert (now.final, now.result, result["delivered"]) == (True, result, 3)
        log = airflow.task_log("watched", RUN, "delivery")
    assert now.curve[-1][1] == 3
    assert not [secret for secret in ("60000000", simulator.api_key) if secret in log]
