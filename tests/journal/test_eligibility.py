"""Who may be texted: what the row of a person means for a task, and which tries and names a ledger takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.journal.eligibility import (
    Claimant,
    Seen,
    Standing,
    check_events,
    owner_of,
    reason,
    standing,
    try_of,
)
from airflow_provider_smspartner.journal.table import moment
from airflow_provider_smspartner.rules.people import Person

NOW = 2_000_000_000.0
FREE, OURS, HELD, LAPSED, DONE = Standing.FREE, Standing.OURS, Standing.HELD, Standing.LAPSED, Standing.DONE


def claimant(**changes: Any) -> Claimant:
    usual: dict[str, Any] = {
        "connection": "smspartner_default",
        "sandbox": False,
        "campaign": "sale",
        "task": "monday",
        "owner": "2:b",
        "secret": "secret",
        "longest_request": 10.0,
        "verify_timeout": 20.0,
    }
    return Claimant(**usual | changes)


def row(state: str, **changes: Any) -> Seen:
    usual: dict[str, Any] = {"task": "tuesday", "owner": "1:a", "lease_until": moment(NOW)}
    of_batch: dict[str, Any] = {"batch": 1, "batch_state": state, "ordinal": 0, "tag": "a"}
    shown: dict[str, Any] = {"is_erased": False, "invisible": False, "unseen_until": None}
    return Seen(state=state, **usual | of_batch | shown | changes)


MINE, OTHER_TRY, ERASED = {"task": "monday", "owner": "2:b"}, {"task": "monday"}, {"is_erased": True}


@pytest.mark.parametrize(
    ("states", "changes", "late", "expected"),
    [
        (["claimed", "unknown", "refused"], {}, 0, HELD),
        (["claimed", "unknown", "refused"], {}, 1, LAPSED),
        (["claimed", "unknown", "refused"], OTHER_TRY, 0, HELD),
        (["claimed", "unknown", "refused"], OTHER_TRY, 1, LAPSED),
        (["claimed", "unknown", "refused"], MINE, 1, OURS),
        (["accepted", "cancelling", "rejected", "of a later version"], {}, 1, DONE),
        (["accepted", "cancelling", "rejected", "absent", "cancelled"], OTHER_TRY, 1, OURS),
        (["absent", "cancelled"], {}, 0, FREE),
        (["absent", "claimed", "accepted"], ERASED, 1, DONE),
        (["absent", "claimed", "accepted"], {**MINE, **ERASED}, 1, DONE),
    ],
)
def test_a_row_means_what_its_state_its_task_and_its_lease_say(
    states: list[str], changes: dict[str, Any], late: float, expected: Standing
) -> None:
    found = {state: standing(row(state, **changes), claimant(), NOW + late) for state in states}

    assert found == dict.fromkeys(states, expected)


def test_a_person_without_a_row_is_free() -> None:
    assert standing(None, claimant(), NOW) is FREE


def test_a_lease_outlasts_request_look_and_the_difference_of_two_clocks() -> None:
    assert claimant().lease_until(NOW) == moment(NOW + 10 + 20 + 60)


@pytest.mark.parametrize(("changes", "word"), [({}, "campaign"), (ERASED, "erased")])
def test_who_is_left_out_is_so_for_a_reason(changes: dict[str, Any], word: str) -> None:
    assert reason(row("accepted", **changes)) == word


@pytest.mark.parametrize(
    ("mine", "other", "expected"),
    [
        ("1:a", "2:b", True),
        ("9:a", "10:b", True),
        ("2:b", "2:b", False),
        ("2:b", "1:a", False),
        ("1:c", "2:b", False),
        ("2:a", "1:b", False),
        ("1:a", "without a number", False),
    ],
)
def test_a_try_is_older_when_its_number_and_its_id_say_so(mine: str, other: str, expected: bool) -> None:
    assert claimant(owner=mine).is_older_than(other) is expected


@given(st.integers(0, 10_000), st.text())
def test_the_name_of_a_try_tells_its_number_and_id(number: int, id_: str) -> None:
    assert try_of(owner_of(number, id_)) == (number, id_)


@pytest.mark.parametrize(("instance", "expected"), [("", "monday"), ("any connection", "any connection")])
def test_a_task_is_known_whatever_connection_it_sends_under(instance: str, expected: str) -> None:
    assert claimant(instance=instance).known_as == expected


def test_campaigns_and_batches_have_numbers_of_their_own() -> None:
    changes: list[dict[str, Any]] = [{}, {"sandbox": True}, {"connection": "another"}, {"campaign": "Sale"}]

    assert len({claimant(**change).campaign_id for change in changes}) == len(changes)
    assert claimant(owner="3:c").campaign_id == claimant().campaign_id
    assert len({claimant(task=task).batch_id(n) for task in ("monday", "tuesday") for n in (0, 1)}) == 4


@pytest.mark.parametrize("changes", [{"campaign": "é" * 200}, {"connection": "c" * 100}])
def test_the_longest_names_are_taken(changes: dict[str, Any]) -> None:
    claimant(**changes)
    check_events([Person("+33612345678"), Person("+33612345678", "e" * 200)])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"campaign": ""}, "^campaign: 0 characters"),
        ({"campaign": " \t"}, "^campaign: 2 characters"),
        ({"campaign": "c" * 201}, "^campaign: 201 characters"),
        ({"campaign": "a\0"}, "^campaign: .*NUL"),
        ({"campaign": "a\ud83d"}, "^campaign: .*surrogate"),
        ({"connection": "c" * 101}, "^smspartner_conn_id: 101 characters"),
    ],
)
def test_a_name_that_no_table_keeps_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        claimant(**changes)


@pytest.mark.parametrize(("event", "words"), [("e" * 201, "200"), ("a\0", "NUL"), ("\udc00", "NUL")])
def test_an_event_that_no_table_keeps_is_refused(event: str, words: str) -> None:
    with pytest.raises(InvalidMessage, match=f"^event_column: .*{words}"):
        check_events([Person("+33612345678"), Person("+33612345679", event)])
