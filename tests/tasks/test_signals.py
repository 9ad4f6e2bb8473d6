"""Metrics and events of outlet assets, as those who listen get them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest
from airflow.providers.common.compat import sdk
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import Asset, AssetAlias
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse
from airflow.sdk.execution_time.context import OutletEventAccessors

from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from faults.store import OF_THIS_AIRFLOW, Store
from tests.airflow_versions import needs_task_state_store
from tests.operators.conftest import Task, crowd, sms

PEOPLE = crowd(1_200)
TAGS = {"dag_id": "campaign", "task_id": "send", "connection": "smspartner_default"}


class Meter:
    """Adds up what Airflow's metrics are told."""

    def __init__(self) -> None:
        self.told = Counter[str]()
        self.tags: list[dict[str, str]] = []

    def incr(self, name: str, count: int, *, tags: dict[str, str]) -> None:
        self.told[name.removeprefix("smspartner.")] += count
        self.tags.append(tags)


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    meter = Meter()
    monkeypatch.setattr(sdk, "Stats", meter, raising=False)
    return meter


@pytest.fixture
def task(sim: Simulator) -> Iterator[Callable[..., Task]]:
    with closing(Store()) as store:
        known = store if OF_THIS_AIRFLOW else None
        yield lambda **arguments: Task(lambda: sms(concurrency=1, **arguments), known)


# ---- metrics ---------------------------------------------------------------------------------------


def test_a_send_counts_people_segments_and_cost(task: Callable[..., Task], meter: Meter) -> None:
    campaign = task(recipients=[*PEOPLE, PEOPLE[0], "01 02 03 04 05", "+32470000001"], countries=["FR"])

    result = campaign.attempt()

    assert meter.told == {
        "accepted": 1_200,
        "segments": 1_200,
        "cost_thousandths": 1_000 * float(result["cost"]),
        "invalid": 1,
        "duplicates": 1,
        "excluded": 1,
    }
    assert float(result["cost"]) > 0
    assert [tags for tags in meter.tags if tags != TAGS] == []


@needs_task_state_store  # or the second try would wait for minutes until the first one's requests are over
def test_no_try_counts_what_another_has_counted(
    task: Callable[..., Task], sim: Simulator, meter: Meter
) -> None:
    campaign = task(recipients=[*PEOPLE, "01 02 03 04 05"])
    sim.faults.add("/send", "refuse", code=11, skip=1)
    with pytest.raises(AirflowFailException):
        campaign.attempt()
    assert meter.told["accepted"] in (500, 700)  # a batch may leave before a failure is seen

    campaign.attempt()
    campaign.attempt()  # somebody cleared the task, though it had sent to all

    assert (meter.told["accepted"], meter.told["segments"], meter.told["invalid"]) == (1_200, 1_200, 1)


def test_people_whose_batch_is_in_doubt_at_the_end_of_a_try_are_unknown(
    task: Callable[..., Task], sim: Simulator, meter: Meter
) -> None:
    campaign = task(recipients=PEOPLE, on_unknown="fail")
    sim.faults.add("/send", "reset_after", skip=1)
    with pytest.raises(AirflowFailException, match="Nobody knows whether"):
        campaign.attempt()

    assert meter.told["unknown"] == 500
    assert meter.told["accepted"] in (500, 700)  # a batch may leave before a failure is seen


def test_refused_people_are_rejected(task: Callable[..., Task], sim: Simulator, meter: Meter) -> None:
    sim.add_to_stop_list(PEOPLE[7])

    task(recipients=PEOPLE).attempt()

    assert meter.told["rejected"] == 1


def test_the_sandbox_has_counters_of_its_own(task: Callable[..., Task], meter: Meter) -> None:
    task(recipients=PEOPLE[:2], sandbox=True).attempt()

    assert meter.told["sandbox.accepted"] == 2
    assert [name for name in meter.told if not name.startswith("sandbox.")] == []


def test_a_dry_run_counts_nothing(task: Callable[..., Task], meter: Meter) -> None:
    task(recipients=[*PEOPLE, "01 02 03 04 05"], dry_run=True).attempt()

    assert meter.told == {}


def test_a_status_task_counts_at_its_end(sim: Simulator, meter: Meter) -> None:
    ann, bob, eve = PEOPLE[:3]
    sim.deliver(bob, status="Not delivered", stop=True)
    sim.deliver(eve, status=None)
    sent = sms(recipients=[ann, bob, eve]).execute({})
    meter.told.clear()

    DeliveryStatusSensor(task_id="delivery", sent=sent, timeout=0).execute({})

    assert meter.told == {"delivered": 1, "not_delivered": 1, "waiting": 1, "stop": 1}


def test_the_counters_of_the_page_are_those_that_are_told(sim: Simulator, meter: Meter) -> None:
    ann, bob, eve, joe = PEOPLE[:4]
    sim.add_to_stop_list(joe)
    sim.deliver(bob, status="Not delivered", stop=True)
    sim.deliver(eve, status=None)
    rows = [ann, bob, eve, joe, bob, "01 02 03 04 05", "+32470000001"]
    sent = sms(recipients=rows, countries=["FR"]).execute({})
    DeliveryStatusSensor(task_id="delivery", sent=sent, timeout=0).execute({})
    sim.faults.add("/send", "reset_after")
    with pytest.raises(AirflowFailException):
        sms(on_unknown="fail").execute({})

    page = (Path(__file__).parents[2] / "docs" / "signals.md").read_text()
    assert set(re.findall(r"^\| `smspartner\.(\w+)` \|", page, re.MULTILINE)) == set(meter.told)


# ---- events of outlet assets -----------------------------------------------------------------------


def test_an_event_gets_what_is_small_in_the_result_and_keeps_what_the_author_put(sim: Simulator) -> None:
    events, asset = OutletEventAccessors(), Asset("autumn")
    events[asset].extra = {"campaign": "mine", "shop": "Lyon"}

    result = sms(recipients=PEOPLE[:2], outlets=[asset]).execute({"outlet_events": events})

    extra = events[asset].extra
    assert extra["campaign"] == "mine"
    assert extra["shop"] == "Lyon"
    told = ("recipients", "invalid", "unknown", "segments", "cost", "currency", "sandbox", "sent_at")
    assert [extra[name] for name in told] == [result[name] for name in told]
    assert [name for name in ("message_ids", "tags", "counts", "estimate") if name in extra] == []


def test_the_event_of_a_dry_run_says_so(sim: Simulator) -> None:
    events, asset = OutletEventAccessors(), Asset("autumn")

    sms(outlets=[asset], dry_run=True).execute({"outlet_events": events})

    assert events[asset].extra["dry_run"] is True
    assert "preview" not in events[asset].extra


def test_an_alias_has_the_events_that_its_author_adds(sim: Simulator) -> None:
    events, alias, unused = OutletEventAccessors(), AssetAlias("sent"), AssetAlias("unused")
    events[alias].add(Asset("autumn"), extra={"shop": "Lyon"})

    sms(outlets=[alias, unused, "a note"]).execute({"outlet_events": events})

    [event] = events[alias].asset_alias_events
    assert (event.extra["recipients"], event.extra["shop"]) == (1, "Lyon")
    assert events[unused].asset_alias_events == []


def test_an_asset_that_airflow_cannot_look_up_fails_nothing_after_the_texts_have_left(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_: Any) -> NoReturn:
        raise AirflowRuntimeError(ErrorResponse(error=ErrorType.ASSET_NOT_FOUND))

    events, known = OutletEventAccessors(), Asset("autumn")
    monkeypatch.setattr(events.__class__, "_get_asset_from_db", staticmethod(refuse))

    result = sms(outlets=[Asset.ref(name="nowhere"), known]).execute({"outlet_events": events})

    assert result["recipients"] == events[known].extra["recipients"] == 1
    assert "nowhere" in caplog.text
