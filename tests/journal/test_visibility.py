"""Until when the platform may list nobody of a batch, in two columns and back, and what that hides."""

from __future__ import annotations

import math
import time
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.journal.eligibility import Claimant, Seen
from airflow_provider_smspartner.journal.schema import BATCHES
from airflow_provider_smspartner.journal.table import moment
from airflow_provider_smspartner.journal.visibility import (
    is_as_hidden,
    is_seen,
    unseen_until,
    unseen_written,
)

NOW = 2_000_000_000.0
MOMENTS = (None, NOW, NOW + 1, math.inf)
"""From when batches can be seen: at once, from a moment, never."""


def claimant(*, invisible: bool = False) -> Claimant:
    return Claimant(
        connection="smspartner_default",
        sandbox=False,
        campaign="sale",
        task="monday",
        owner="1:a",
        secret="secret",
        longest_request=10.0,
        verify_timeout=20.0,
        invisible=invisible,
    )


def columns(until: float | None, *, invisible: bool = False) -> dict[str, Any]:
    return unseen_written(Batch(ordinal=0, tag="a", unseen_until=until), claimant(invisible=invisible))


def row(until: float | None) -> Seen:
    fixed: dict[str, Any] = {"is_erased": False, "batch_state": "claimed", "lease_until": moment(NOW)}
    named: dict[str, Any] = {"batch": 1, "state": "claimed", "task": "", "ordinal": 0, "tag": "", "owner": ""}
    return Seen(**fixed, **named, **columns(until))


@given(st.none() | st.just(math.inf) | st.integers(1, 2**33).map(float), st.booleans())
def test_what_is_written_of_a_batch_is_read_as_it_was(until: float | None, invisible: bool) -> None:
    read: Any = SimpleNamespace(**columns(until, invisible=invisible))

    assert unseen_until(read) == (math.inf if until is None and invisible else until)


def test_the_clock_of_the_machine_changes_no_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with monkeypatch.context() as abroad:
            abroad.setenv("TZ", "Asia/Tokyo")
            time.tzset()
            read: Any = SimpleNamespace(**columns(NOW))
            assert unseen_until(read) == NOW
    finally:
        time.tzset()


@pytest.mark.parametrize("by", [NOW, NOW + 0.5, NOW + 1, NOW + 2])
@pytest.mark.parametrize("until", MOMENTS)
def test_a_batch_is_seen_after_its_moment(until: float | None, by: float) -> None:
    assert is_seen(row(until), by=by) is (until is None or until < by)


@pytest.mark.parametrize("until", [NOW, NOW + 1, math.inf])
def test_those_are_as_hidden_that_are_seen_no_earlier(until: float) -> None:
    engine = sa.create_engine("sqlite://")
    named: dict[str, Any] = {"campaign": 1, "task": "", "tag": "", "owner": "", "state": "accepted"}
    counted: dict[str, Any] = {"people": 0, "rejected": 0}
    times: dict[str, Any] = {"claimed_at": moment(NOW), "lease_until": moment(NOW)}
    others = [
        {"id": place, "ordinal": place, **named, **counted, **times, **columns(other)}
        for place, other in enumerate(MOMENTS)
    ]

    with engine.begin() as connection:
        BATCHES.create(connection)
        connection.execute(sa.insert(BATCHES), others)
        found = connection.scalars(sa.select(BATCHES.c.id).where(is_as_hidden(row(until)))).all()
    engine.dispose()

    assert [MOMENTS[place] for place in found] == [
        other for other in MOMENTS if other is not None and other >= until
    ]
