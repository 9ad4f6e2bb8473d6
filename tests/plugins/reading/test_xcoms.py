"""What tasks have pushed is read once, and anything that is none of ours does no harm."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_smspartner.plugins.reading import xcoms
from airflow_provider_smspartner.plugins.reading.xcoms import RESULT_KEY, said_in
from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY, DELIVERY_KEY, Campaign
from benchmarks import campaigns_db as db

pytestmark = pytest.mark.airflow

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def campaign(people: int, **more: Any) -> str:
    return json.dumps(db.campaign(people, at=AT, **more)[CAMPAIGN_KEY])


def test_a_value_that_has_not_changed_is_read_once() -> None:
    first, again = (said_in(CAMPAIGN_KEY, campaign(10)).value for _ in range(2))

    assert isinstance(first, Campaign)
    assert again is first
    assert said_in(CAMPAIGN_KEY, campaign(11)).value.recipients == 11
    assert said_in(DELIVERY_KEY, campaign(10)).illegible


def test_a_large_value_is_read_and_not_kept() -> None:
    large = json.dumps(db.result(500_000, 1_000, at=AT)[RESULT_KEY])
    before = xcoms.kept.cache_info().currsize

    assert said_in(RESULT_KEY, large).value.result["recipients"] == 500_000
    assert xcoms.kept.cache_info().currsize == before


@pytest.mark.parametrize(
    ("text", "elsewhere", "illegible"),
    [
        ("null", False, True),
        ("", False, True),
        ("{", False, True),
        ("[" * 100_000, False, True),
        ('"s3://bucket/key"', True, False),
        (json.dumps(campaign(10)), False, False),
    ],
    ids=["null", "empty", "half", "deep", "elsewhere", "json-in-json"],
)
def test_a_value_is_read_or_said_to_be_none_of_ours(text: str, *, elsewhere: bool, illegible: bool) -> None:
    said = said_in(CAMPAIGN_KEY, text)

    assert (said.elsewhere, said.illegible) == (elsewhere, illegible)


@pytest.mark.parametrize("text", ["null", "7", '"text"', "[]", "{}"])
def test_what_a_task_of_somebody_else_returned_is_no_fault(text: str) -> None:
    said = said_in(RESULT_KEY, text)

    assert not said.illegible
    assert (said.value.counts, said.value.result) == (None, None)
