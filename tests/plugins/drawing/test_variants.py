"""Sends of one campaign side by side, each with the reports of the task that follows it alone."""

from __future__ import annotations

from typing import Any

from airflow_provider_smspartner.plugins.drawing.story import run_story
from airflow_provider_smspartner.plugins.drawing.variants import Comparison
from airflow_provider_smspartner.plugins.facts import TaskFact
from tests.plugins.facts import AT, follow, run, told

WINTER: dict[str, Any] = {"campaign": "winter 2026", "ledger": "ledger_default"}


def half(task_id: str, people: int = 1_000, **campaign: Any) -> TaskFact:
    result = {"recipients": people, "batches": 2}
    given = told(people, **WINTER | campaign)
    return TaskFact(task_id=task_id, sends=True, state="success", campaign=given, result=result)


def compared(*tasks: TaskFact) -> list[Comparison]:
    return list(run_story(run(*tasks), now=AT).comparisons)


def test_two_variants_are_side_by_side() -> None:
    [comparison] = compared(
        half("price"),
        half("gift", 980),
        follow(
            task_id="price_delivery", after=("price",), delivered=900, not_delivered=100, waiting=0, stop=8
        ),
        follow(task_id="gift_delivery", after=("gift", "load"), recipients=980, delivered=931, stop=0),
    )

    price, gift = comparison.variants
    assert comparison.campaign == "winter 2026"
    assert (price.task_id, price.accepted, gift.task_id, gift.accepted) == ("price", 1_000, "gift", 980)
    assert (price.share("delivered"), price.share("stop")) == ("900 (90 %)", "8 (0.8 %)")
    assert (gift.share("delivered"), gift.share("stop")) == ("931 (95 %)", "0 (0 %)")


def test_what_nobody_follows_alone_is_not_known() -> None:
    [comparison] = compared(half("canary"), half("rest"), follow(after=("canary", "rest")))

    assert [variant.share("delivered") for variant in comparison.variants] == ["–", "–"]


def test_one_send_and_sends_of_several_campaigns_are_not_compared() -> None:
    assert compared(half("price")) == []
    assert compared(half("price"), half("other", campaign="spring 2027")) == []
    assert compared(half("price", ledger=None), half("gift", ledger=None)) == []
