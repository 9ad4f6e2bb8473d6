"""What an operator hands to a run: values that say what it was told, and show nobody."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_smspartner.operators.orders import Order
from airflow_provider_smspartner.rules.frequency import Frequency
from tests.operators.conftest import ANN, sms, survey

CONTEXT: Any = {"ti": SimpleNamespace(dag_id="shop")}


def order_of(**arguments: Any) -> Order:
    return sms(**arguments)._order(CONTEXT)


def test_an_order_says_what_the_operator_was_told() -> None:
    order = order_of(
        countries=["FR", "BE"],
        share=(0, 0.5),
        max_cost="12.5",
        campaign="doors",
        ledger_conn_id="ledger",
        at_most=(3, timedelta(days=1)),
        concurrency=2,
        sending_hours="wait",
        sending_region="FR",
    )

    assert (order.kind, order.connection, order.dry_run) == ("sms", "smspartner_default", False)
    assert order.recipients.countries == frozenset({"FR", "BE"})
    assert order.limits.max_cost == "12.5"
    assert order.durability.at_most == Frequency(texts=3, seconds=86_400)
    assert (order.policy.concurrency, order.hours.rule) == (2, "wait")


@pytest.mark.parametrize(
    ("arguments", "salt"), [({}, "shop"), ({"campaign": "doors", "ledger_conn_id": "ledger"}, "doors")]
)
def test_people_stand_in_the_order_of_the_campaign_or_else_of_the_dag(
    arguments: dict[str, str], salt: str
) -> None:
    share = order_of(share=(0, 0.5), **arguments).recipients.share

    assert share is not None
    assert share.salt == salt


def test_an_order_shows_nobody() -> None:
    order = order_of(recipients=[ANN])
    query = order_of(sql="SELECT 1", warehouse_conn_id="warehouse", parameters=[ANN])

    assert ANN in str(order.recipients.given)
    assert ANN not in repr(order) + repr(query)


@pytest.mark.parametrize("part", ["recipients", "limits", "durability", "policy", "hours"])
def test_an_order_cannot_change_under_a_run(part: str) -> None:
    order = survey()._order(CONTEXT)
    value = getattr(order, part)

    with pytest.raises(FrozenInstanceError):
        setattr(order, part, None)
    with pytest.raises(FrozenInstanceError):
        setattr(value, next(iter(value.__slots__)), None)
