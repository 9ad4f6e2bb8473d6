"""The last run of a DAG against those before: over people, only of runs that are over and reach phones."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smspartner.plugins.drawing.campaigns import CampaignRow, campaign_row
from airflow_provider_smspartner.plugins.drawing.comparing import Compared, compared
from airflow_provider_smspartner.plugins.facts import TaskFact
from tests.plugins.facts import AT, batch, follow, run, send, told


def row(*tasks: TaskFact) -> CampaignRow:
    return campaign_row(run(*tasks, state="success"), now=AT)


def ended(
    delivered: int, *, stop: int = 0, people: int = 1000, currency: str = "EUR", **more: Any
) -> CampaignRow:
    result = {"recipients": people, "batches": 2, "cost": "40", "currency": currency}
    lost = people - delivered
    return row(
        send("success", campaign=told(people, **more), result=result),
        follow(recipients=people, delivered=delivered, not_delivered=lost, waiting=0, stop=stop),
    )


def figures(*rows: CampaignRow) -> list[tuple[str, str, str]]:
    return [(one.label, one.value, one.hint) for one in compared(rows).figures]


def test_the_newest_stands_beside_those_before() -> None:
    assert figures(ended(800, stop=20), ended(1000, stop=10), ended(900)) == [
        ("Delivered", "80 %", "95 % in the 2 runs before"),
        ("STOP", "2 %", "0.5 % in the 2 runs before"),
        ("Cost of a delivered text", "0.05 EUR", "0.042 EUR in the 2 runs before"),
    ]


def test_a_large_run_weighs_more_than_a_small_one() -> None:
    before = (ended(0, people=10), ended(990, people=990))

    assert figures(ended(1000), *before)[0] == ("Delivered", "100 %", "99 % in the 2 runs before")


def test_only_ten_are_compared() -> None:
    rows = [ended(1000)] * 11 + [ended(0)]

    assert figures(*rows)[0] == ("Delivered", "100 %", "100 % in the 10 runs before")


@pytest.mark.parametrize(
    "other",
    [
        row(send("running", [batch(0)], told(), logged=True)),
        row(send("success", campaign=told(), result={"recipients": 5}), follow("deferred", final=False)),
        ended(0, sandbox=True),
        ended(0, redirected=True),
        row(send("success", result={"recipients": 8, "batches": 1, "dry_run": True})),
        row(send("failed", campaign=told())),
    ],
)
def test_what_is_not_over_or_reaches_no_phone_is_not_compared(other: CampaignRow) -> None:
    assert figures(other, ended(800), other, ended(900)) == figures(ended(800), ended(900))
    assert len(compared([other, ended(800)]).lines) == 2


def test_a_first_run_has_nothing_beside_it() -> None:
    assert figures(ended(800)) == [
        ("Delivered", "80 %", ""),
        ("STOP", "0 %", ""),
        ("Cost of a delivered text", "0.05 EUR", ""),
    ]
    assert compared([]) == Compared(figures=[], lines=[])


def test_what_is_not_known_has_no_price() -> None:
    mixed = figures(ended(800), ended(800), ended(800, currency="CHF"))

    assert mixed[-1] == ("Cost of a delivered text", "0.05 EUR", "")
    assert [label for label, *_ in figures(ended(0))] == ["Delivered", "STOP"]


def test_each_run_has_its_line() -> None:
    story = compared([ended(800, stop=20), row(send("running", [batch(0)], told(), logged=True))])

    assert [(line.stop, line.each) for line in story.lines] == [("2 %", "0.05 EUR"), ("–", "–")]
    assert [line.bar is None for line in story.lines] == [False, True]
