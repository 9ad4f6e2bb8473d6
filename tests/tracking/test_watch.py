"""What a sensor follows: what send operators returned, or bare ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.tracking.watch import Watch, watch_ids, watch_sent

SENT_AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # a Friday
NOW = SENT_AT + timedelta(minutes=1)


def result(**changes: Any) -> dict[str, Any]:
    """What a send operator returns, as far as a sensor reads it."""
    plain = {"message_ids": ["1"], "counts": {"1": 2}, "sent_at": SENT_AT.isoformat(), "scheduled_for": None}
    return {**plain, "sandbox": False, **changes}


@pytest.mark.parametrize(
    ("sent", "counts", "sandbox"),
    [
        (result(), {"1": 2}, set()),
        (
            [result(), result(message_ids=["2", "3"], counts={"2": 500, "3": 1})],
            {"1": 2, "2": 500, "3": 1},
            set(),
        ),
        ([result(), None], {"1": 2}, set()),
        (None, {}, set()),
        ([None, None], {}, set()),
        ((result(sandbox=True), result(message_ids=["2"], counts={"2": 1})), {"1": 2, "2": 1}, {"1"}),
        (result(message_ids=[], counts={}), {}, set()),
        (result(tags=["noel-1"], counts={"1": 2, "noel-1": 3}), {"1": 2, "noel-1": 3}, set()),
        (result(message_ids=[], tags=["t"], counts={"t": 3}, sandbox=True), {"t": 3}, {"t"}),
        ([], {}, set()),
        (str(result()), {"1": 2}, set()),
        (f" {[result()]} ", {"1": 2}, set()),
        ([result(), [result(), result()]], {"1": 2}, set()),  # of a task, and of a mapped one
    ],
)
def test_what_operators_returned_says_whom_to_follow(
    sent: Any, counts: dict[str, int], sandbox: set[str]
) -> None:
    watch = watch_sent(sent, now=NOW)

    assert watch.counts == counts
    assert watch.sandbox == sandbox
    assert watch.tags == {name for name in counts if not name.isdecimal()}
    assert watch.since == (SENT_AT if sent and any(sent) else NOW)


@pytest.mark.parametrize(
    ("changes", "since", "leaves"),
    [
        ({}, "2026-11-20T10:00:00+00:00", None),
        ({"scheduled_for": "2026-11-21T09:00:00+01:00"}, "2026-11-21T08:00:00+00:00", None),
        ({"scheduled_for": "2026-11-19T09:00:00+01:00"}, "2026-11-20T10:00:00+00:00", None),
        ({"stop_sms": True}, "2026-11-20T10:00:00+00:00", None),
        (
            {"stop_sms": True, "sent_at": "2026-11-20T22:30:00+01:00"},
            *("2026-11-20T22:30:00+01:00", "2026-11-21T08:00:00+01:00"),
        ),
        (
            {"stop_sms": True, "sent_at": "2026-11-21T22:30:00+01:00"},
            *("2026-11-21T22:30:00+01:00", "2026-11-23T08:00:00+01:00"),
        ),
        (
            {"stop_sms": True, "scheduled_for": "2026-12-25T10:00:00+01:00"},
            *("2026-12-25T10:00:00+01:00", "2026-12-26T08:00:00+01:00"),
        ),
        ({"sent_at": "2026-11-20T22:30:00+01:00"}, "2026-11-20T22:30:00+01:00", None),
    ],
)
def test_there_is_something_to_see_from_since_on_and_all_of_it_leaves_by_the_next_slot(
    changes: dict[str, Any], since: str, leaves: str | None
) -> None:
    watch = watch_sent(result(**changes), now=NOW)

    assert watch.since == datetime.fromisoformat(since)
    assert watch.leaves_by == datetime.fromisoformat(leaves or since)
    assert (watch.held_until is None) == (leaves is None)


def test_of_several_results_the_latest_counts() -> None:
    later = result(sent_at=(SENT_AT + timedelta(hours=2)).isoformat())

    assert watch_sent([later, result()], now=NOW).since == SENT_AT + timedelta(hours=2)


@pytest.mark.parametrize(
    ("marketing", "plain", "since", "held_until"),
    [
        ("2026-11-20T10:00:00+01:00", "2026-11-20T22:30:00+01:00", "2026-11-20T22:30:00+01:00", None),
        (
            *("2026-11-21T22:30:00+01:00", "2026-11-22T12:00:00+01:00"),
            *("2026-11-22T12:00:00+01:00", "2026-11-23T08:00:00+01:00"),
        ),
    ],
)
def test_each_result_has_its_own_slot(marketing: str, plain: str, since: str, held_until: str | None) -> None:
    watch = watch_sent([result(sent_at=marketing, stop_sms=True), result(sent_at=plain)], now=NOW)

    assert watch.since == datetime.fromisoformat(since)
    assert watch.held_until == (datetime.fromisoformat(held_until) if held_until else None)


@pytest.mark.parametrize(
    "sent",
    [
        5120,
        b"5120",
        "5120",
        "None",
        "nonsense (",
        "[{[]: 1}]",
        "[" * 999,
        ["5120"],
        {},
        {"message_ids": ["1"]},
        result(counts={}),
        result(tags=["noel-1"]),
        result(counts={"1": "many"}),
        result(message_ids=["+33600000001"]),
        result(message_ids="1x", counts={"1": 1}),
        result(sent_at="2026-11-20T10:00:00"),
        result(sent_at=None),
        result(scheduled_for="tomorrow"),
    ],
)
def test_anything_else_is_refused(sent: object) -> None:
    with pytest.raises(InvalidMessage, match="sent: "):
        watch_sent(sent, now=NOW)


@pytest.mark.parametrize(
    ("message_ids", "ids"),
    [
        (5120, ["5120"]),
        ("5120", ["5120"]),
        ([5120, "5121", 5120], ["5120", "5121"]),
        (("5120",), ["5120"]),
        ("['5120', 5121]", ["5120", "5121"]),
        (" (5120,) ", ["5120"]),
        ([], []),
        ("[]", []),
    ],
)
def test_bare_ids_are_followed_from_now_on(message_ids: object, ids: list[str]) -> None:
    assert watch_ids(message_ids, now=NOW) == Watch(counts=dict.fromkeys(ids), since=NOW)


@pytest.mark.parametrize(
    "message_ids", [None, True, 5.0, "", "5120, 5121", "[5120", "[{[]: 1}]", "[" * 999, ["x"], [None], [""]]
)
def test_what_is_no_id_is_refused(message_ids: object) -> None:
    with pytest.raises(InvalidMessage, match=r"message_ids?: "):
        watch_ids(message_ids, now=NOW)
