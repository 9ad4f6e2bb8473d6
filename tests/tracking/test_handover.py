"""What the campaign page reads is what tasks pushed, and nothing that is pushed can break it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.tracking.handover import (
    COUNTS,
    Campaign,
    Delivery,
    read_campaign,
    read_delivery,
)
from airflow_provider_smspartner.tracking.verdict import Gates

ZONES = st.sampled_from([timezone(timedelta(hours=hours)) for hours in (-8, 0, 1, 2)])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=ZONES).map(
    lambda moment: moment.replace(microsecond=0)
)
NAMES = st.none() | st.text(max_size=20)
PEOPLE = st.integers(0, 2_000_000)
PRICES = st.decimals(0, 10_000, places=3)
CAMPAIGNS = st.builds(
    Campaign,
    at=MOMENTS,
    kind=st.sampled_from(["sms", "survey"]),
    campaign=NAMES,
    tag=NAMES,
    connection=st.text(max_size=20),
    ledger=NAMES,
    iteration=st.none() | st.integers(0, 99),
    operator=NAMES,
    execution=st.integers(0, 9),
    task=NAMES,
    recipients=PEOPLE,
    to_text=st.none() | PEOPLE,
    invalid=PEOPLE,
    duplicates=PEOPLE,
    excluded=PEOPLE,
    estimate=st.none() | st.fixed_dictionaries({"segments": PEOPLE, "cost": st.none() | PRICES.map(str)}),
    max_cost=st.none() | PRICES,
    sandbox=st.booleans(),
    redirected=st.booleans(),
    scheduled_for=st.none() | MOMENTS,
)
RESULTS = st.fixed_dictionaries(
    dict.fromkeys(COUNTS, PEOPLE) | {"delivery_rate": st.none() | st.floats(0, 1)}
)
DELIVERIES = st.builds(
    Delivery,
    at=MOMENTS,
    since=MOMENTS,
    final=st.booleans(),
    result=RESULTS,
    curve=st.lists(st.tuples(PEOPLE, PEOPLE), max_size=60).map(tuple),
    gates=st.builds(
        Gates,
        settled=st.floats(0, 1),
        min_delivery_rate=st.none() | st.floats(0, 1),
        max_stop_rate=st.none() | st.floats(0, 1),
    ),
    deadline=st.none() | MOMENTS,
    follows=st.lists(st.text(max_size=20), max_size=4).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)

CAMPAIGN = Campaign(
    at=datetime.fromisoformat("2026-11-20T10:00:00+01:00"),
    kind="sms",
    campaign="noel",
    tag="noel",
    connection="smspartner_default",
    ledger="ledger_default",
    task="0123456789abcdef0123456789abcdef",
    recipients=1200,
    invalid=3,
    duplicates=7,
    excluded=1,
    estimate={"segments": 1200, "cost": "45.600"},
    max_cost=Decimal("50.00"),
)
DELIVERY = Delivery(
    at=datetime.fromisoformat("2026-11-20T10:10:00+01:00"),
    since=datetime.fromisoformat("2026-11-20T10:00:04+01:00"),
    final=False,
    result={**dict.fromkeys(COUNTS, 1), "delivery_rate": 0.5},
    curve=((5, 700), (600, 1100)),
)


def through_airflow(value: dict[str, Any]) -> Any:
    return json.loads(json.dumps(value))


@given(CAMPAIGNS)
def test_a_campaign_is_read_as_it_was_pushed(campaign: Campaign) -> None:
    assert read_campaign(through_airflow(campaign.as_dict())) == campaign


@given(DELIVERIES)
def test_a_delivery_is_read_as_it_was_pushed(delivery: Delivery) -> None:
    assert read_delivery(through_airflow(delivery.as_dict())) == delivery


def test_what_a_newer_task_adds_is_left_aside() -> None:
    assert read_campaign({**CAMPAIGN.as_dict(), "weather": "fine"}) == CAMPAIGN
    assert read_delivery({**DELIVERY.as_dict(), "weather": "fine", "gates": {"speed": 1}}) == DELIVERY


def test_the_documented_delivery_is_one_that_is_read() -> None:
    page = Path(__file__).parents[2] / "docs" / "sensor.md"
    (shown,) = [text for text in page.read_text().split("```json\n") if '"curve"' in text]
    example = json.loads(shown.split("```")[0])

    told = read_delivery(example)

    assert told is not None
    assert told.as_dict() == example
    assert told.result["delivered"] == told.curve[-1][1]


@pytest.mark.parametrize("read", [read_campaign, read_delivery])
@given(value=JSON)
def test_anything_else_reads_as_nothing(read: Callable[[Any], object], value: Any) -> None:
    assert read(value) is None


TOLD_LATER = (
    *("iteration", "operator", "execution", "to_text", "held_out"),
    *("sender", "unicode", "stop_sms"),
)
"""What older versions have not told, and whose hand-overs are read all the same."""


@pytest.mark.parametrize(("whole", "read"), [(CAMPAIGN, read_campaign), (DELIVERY, read_delivery)])
@given(data=st.data(), value=JSON)
def test_a_value_in_a_wrong_place_breaks_nothing(
    whole: Campaign | Delivery, read: Callable[[Any], object], data: st.DataObject, value: Any
) -> None:
    pushed = whole.as_dict()
    name = data.draw(st.sampled_from(sorted(pushed)))

    got = read({**pushed, name: value})

    assert got is None or isinstance(got, type(whole))
    without = read({key: pushed[key] for key in pushed if key != name})
    assert (without is None) == (name not in TOLD_LATER)


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "2026-11-20T10:00:00"},
        {"at": None},
        {"recipients": "many"},
        {"recipients": None},
        {"recipients": float("inf")},
        {"recipients": -1},
        {"recipients": 10**12},
        {"scheduled_for": "9999-12-31T23:30:00+00:00"},
        {"estimate": {"segments": 1}},
        {"estimate": {"segments": 1, "cost": "NaN"}},
        {"max_cost": "a lot"},
        {"max_cost": "Infinity"},
        {"scheduled_for": "tomorrow"},
    ],
)
def test_a_campaign_with_a_fault_reads_as_nothing(changes: dict[str, Any]) -> None:
    assert read_campaign({**CAMPAIGN.as_dict(), **changes}) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"result": {}},
        {"result": None},
        {"curve": [[1, 10**12]]},
        {"curve": [[1]]},
        {"curve": 5},
        {"curve": [["x", 1]]},
        {"gates": 5},
        {"gates": {"settled": 2}},
        {"gates": {"min_delivery_rate": "most"}},
        {"follows": 5},
        {"follows": [{}]},
        {"since": ""},
    ],
)
def test_a_delivery_with_a_fault_reads_as_nothing(changes: dict[str, Any]) -> None:
    assert read_delivery({**DELIVERY.as_dict(), **changes}) is None
