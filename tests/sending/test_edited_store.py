"""Somebody edits the task state store between two tries: what is noticed, and what makes nobody free."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import (
    NeedsPerson,
)
from faults.campaign import Campaign
from faults.fates import Fate
from tests.airflow_versions import needs_task_state_store
from tests.sending.conftest import (
    BATCHES,
    EVERYBODY,
    assert_everyone_once,
    campaign,
    half_sent,
)


def edit(sent: Campaign, key: str, change: Callable[[dict[str, Any]], object]) -> None:
    value = sent.store.values()[key]
    change(value)
    sent.store.database.execute("UPDATE store SET value = ? WHERE key = ?", (json.dumps(value), key))


@needs_task_state_store
def test_an_edit_of_the_store_stops_the_task_and_texts_nobody() -> None:
    sent = half_sent("task state")
    before = sent.store.texts()["batch:000000"]
    edit(sent, "batch:000000", lambda value: value.update(state="absent"))

    with pytest.raises(NeedsPerson, match=r"batch:000000.*edited"):
        sent.attempt(EVERYBODY)
    assert not sent.doubles
    sent.store.database.execute("UPDATE store SET value = ? WHERE key = 'batch:000000'", (before,))

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
@pytest.mark.parametrize("keeps", [{}, {"check": "0123456789abcdef"}])
@pytest.mark.parametrize("everywhere", [False, True])
def test_an_entry_without_a_seal_makes_nobody_free(keeps: dict[str, str], everywhere: bool) -> None:
    sent = half_sent("task state")
    unsealed = json.dumps({"state": "absent", "people": 3, **keeps})
    if everywhere:  # as an earlier version has left it
        for key in sent.store.texts():
            edit(sent, key, lambda value: value.pop("seal"))
    sent.store.database.execute("UPDATE store SET value = ? WHERE key = 'batch:000000'", (unsealed,))

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
@pytest.mark.parametrize(
    ("kind", "place"),
    [("campaign", 0), *((kind, place) for kind in ("claims:", "batch:") for place in (0, 1, -2, -1))],
)
def test_a_key_of_the_store_that_somebody_deletes_makes_nobody_free(kind: str, place: int) -> None:
    sent = campaign()
    sent.attempt(EVERYBODY)
    # How many claims share a value depends on how quickly the answers come
    key = sorted(key for key in sent.store.texts() if key.startswith(kind))[place]
    sent.store.database.execute("DELETE FROM store WHERE key = ?", (key,))

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@needs_task_state_store
def test_whose_claim_and_outcome_are_both_deleted_gets_the_text_again() -> None:
    sent = campaign()
    sent.attempt(EVERYBODY)
    last = max(key for key in sent.store.texts() if key.startswith("claims:"))
    first = int(last.removeprefix("claims:"))
    for key in [last, *(f"batch:{ordinal:06}" for ordinal in range(first, BATCHES))]:
        sent.store.database.execute("DELETE FROM store WHERE key = ?", (key,))

    sent.attempt(EVERYBODY)

    assert set(sent.doubles) == set(EVERYBODY[3 * first :])


@needs_task_state_store
def test_a_seal_of_one_batch_does_not_hold_for_another() -> None:
    sent = campaign()
    sent.line.fates = deque([Fate.THROTTLED, Fate.ANSWERED, Fate.UNREACHABLE])
    sent.attempt_anyway(EVERYBODY)
    values = sent.store.values()
    absent = next(text for text in map(json.dumps, values.values()) if '"absent"' in text)
    accepted = next(key for key, value in values.items() if value.get("state") == "accepted")
    sent.store.database.execute("UPDATE store SET value = ? WHERE key = ?", (absent, accepted))

    with pytest.raises(NeedsPerson, match="edited"):
        sent.attempt(EVERYBODY)
    assert not sent.doubles
