"""What is asked next and when, and what all of it comes to: the part of waiting that needs no clock."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.answers import Statuses
from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    AuthenticationError,
    InvalidMessage,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
    SMSPartnerError,
)
from airflow_provider_smspartner.rules.delivery import DeliveryStatus, Report
from airflow_provider_smspartner.watching import (
    PATIENCE,
    Progress,
    Watch,
    watch_ids,
    watch_sent,
)

SENT_AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # a Friday
NOW = SENT_AT + timedelta(minutes=1)
BLIP = OutcomeUnknownError("GET /bulk-status left this machine")
MISSING = NotFoundError("/bulk-status", 4)

Answer = Statuses | SMSPartnerError


def result(**changes: Any) -> dict[str, Any]:
    """What a send operator returns, as far as a sensor reads it."""
    plain = {"message_ids": ["1"], "counts": {"1": 2}, "sent_at": SENT_AT.isoformat(), "scheduled_for": None}
    return {**plain, "sandbox": False, **changes}


def statuses(*words: str, first: int = 0, stop: bool = False) -> Statuses:
    """An answer with a row for each word, of distinct people."""
    return Statuses(
        reports=tuple(
            Report(number=f"+336{first + n:08}", status=DeliveryStatus(word), stop=stop, reported_at=None)
            for n, word in enumerate(words)
        )
    )


def progress(counts: Mapping[str, int | None], **watch: Any) -> Progress:
    return Progress(watch=Watch(counts=counts, since=SENT_AT, **watch))


# ---- what is followed ------------------------------------------------------------------------------


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
        ((result(sandbox=True), result(message_ids=["2"], counts={"2": 1})), {"1": 2, "2": 1}, {"1"}),
        (result(message_ids=[], counts={}), {}, set()),
        (result(tags=["noel-1"], counts={"1": 2, "noel-1": 3}), {"1": 2, "noel-1": 3}, set()),
        (result(message_ids=[], tags=["t"], counts={"t": 3}, sandbox=True), {"t": 3}, {"t"}),
        ([], {}, set()),
        (str(result()), {"1": 2}, set()),
        (f" {[result()]} ", {"1": 2}, set()),
    ],
)
def test_what_operators_returned_says_whom_to_follow(
    sent: object, counts: dict[str, int], sandbox: set[str]
) -> None:
    watch = watch_sent(sent, now=NOW)

    assert watch.counts == counts
    assert watch.sandbox == sandbox
    assert watch.tags == {name for name in counts if not name.isdecimal()}
    assert watch.since == (SENT_AT if sent and sent != [] else NOW)


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ({}, "2026-11-20T10:00:00+00:00"),
        ({"scheduled_for": "2026-11-21T09:00:00+01:00"}, "2026-11-21T08:00:00+00:00"),
        ({"scheduled_for": "2026-11-19T09:00:00+01:00"}, "2026-11-20T10:00:00+00:00"),
        ({"stop_sms": True}, "2026-11-20T10:00:00+00:00"),
        ({"stop_sms": True, "sent_at": "2026-11-20T22:30:00+01:00"}, "2026-11-21T08:00:00+01:00"),
        ({"stop_sms": True, "sent_at": "2026-11-21T22:30:00+01:00"}, "2026-11-23T08:00:00+01:00"),
        ({"stop_sms": True, "scheduled_for": "2026-12-25T10:00:00+01:00"}, "2026-12-26T08:00:00+01:00"),
        ({"sent_at": "2026-11-20T22:30:00+01:00"}, "2026-11-20T22:30:00+01:00"),
    ],
)
def test_waiting_counts_from_when_the_texts_may_leave(changes: dict[str, Any], since: str) -> None:
    assert watch_sent(result(**changes), now=NOW).since == datetime.fromisoformat(since)


def test_of_several_results_the_latest_counts() -> None:
    later = result(sent_at=(SENT_AT + timedelta(hours=2)).isoformat())

    assert watch_sent([later, result()], now=NOW).since == SENT_AT + timedelta(hours=2)


@pytest.mark.parametrize(
    "sent",
    [
        None,
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


# ---- what an answer ends ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "answer", "later", "ends"),
    [
        (2, statuses("delivered", "not delivered"), 0, True),
        (2, statuses("delivered", "waiting"), 0, False),
        (2, statuses("delivered", "unknown"), 0, False),
        (3, statuses("delivered", "ko"), 0, False),  # one row is still missing
        (1, statuses("delivered", "ko"), 0, True),
        (None, statuses("delivered", "ko"), 0, True),
        (None, statuses("delivered", "waiting"), 0, False),
        (None, statuses(), 0, False),
        (2, statuses(), 48, False),
        (2, MISSING, 0.99, False),
        (2, MISSING, 1, True),
        (2, BLIP, 48, False),
    ],
)
def test_an_id_ends_when_nothing_more_can_come(
    people: int | None, answer: Answer, later: float, ends: bool
) -> None:
    known = progress({"1": people, "2": 1})
    now = SENT_AT + timedelta(hours=later)

    known.learn([("1", answer), ("2", statuses())], now=now)

    assert known.open_ids == (["2"] if ends else ["1", "2"])


@pytest.mark.parametrize("answer", [statuses(), statuses("waiting"), MISSING])
def test_a_sandbox_id_is_looked_at_once(answer: Answer) -> None:
    known = progress({"1": 1}, sandbox=frozenset("1"))

    known.learn([("1", answer)], now=NOW)

    assert known.open_ids == []
    assert known.result()["waiting"] == 1


def test_a_later_answer_replaces_the_earlier_one() -> None:
    known = progress({"1": 2})

    known.learn([("1", statuses("waiting", "waiting"))], now=NOW)
    known.learn([("1", statuses("delivered", "ko", stop=True))], now=NOW)

    assert known.result() == {
        "messages": 1,
        "recipients": 2,
        "delivered": 1,
        "not_delivered": 1,
        "waiting": 0,
        "stop": 2,
        "delivery_rate": 0.5,
    }


def test_nobody_has_no_rate() -> None:
    assert progress({}).open_ids == []
    assert progress({}).result() == {
        **dict.fromkeys(("messages", "recipients", "delivered", "not_delivered", "waiting", "stop"), 0),
        "delivery_rate": None,
    }


def test_more_rows_than_people_do_not_make_more_people() -> None:
    known = progress({"1": 2})

    known.learn([("1", statuses("delivered", "delivered", "ko", "waiting"))], now=NOW)

    assert (known.result()["recipients"], known.result()["delivered"], known.result()["waiting"]) == (2, 2, 0)


words = st.lists(st.sampled_from(list(DeliveryStatus)), max_size=4)
looks = st.dictionaries(
    st.sampled_from("12345"),
    words.map(lambda given: statuses(*given)) | st.just(MISSING) | st.just(BLIP),
)


@given(
    counts=st.dictionaries(st.sampled_from("12345"), st.none() | st.integers(0, 3)),
    stories=st.lists(looks, max_size=4),
)
def test_the_result_always_adds_up(counts: dict[str, int | None], stories: list[dict[str, Answer]]) -> None:
    known = progress(counts)
    for look in stories:
        known.learn([(id_, look[id_]) for id_ in known.open_ids if id_ in look], now=NOW)

    total = known.result()

    assert total["messages"] == len(counts)
    assert total["recipients"] == total["delivered"] + total["not_delivered"] + total["waiting"]
    assert total["recipients"] >= sum(people or 0 for people in counts.values())
    assert total["delivery_rate"] is None or 0 <= total["delivery_rate"] <= 1
    assert set(known.open_ids) <= counts.keys()


@given(st.permutations([("1", statuses("ko")), ("2", BLIP), ("3", MISSING), ("4", statuses("delivered"))]))
def test_the_order_of_answers_is_irrelevant(answers: list[tuple[str, Answer]]) -> None:
    known = progress({"1": 1, "2": 2, "3": 3, "4": None})

    known.learn(answers, now=NOW)

    assert known.open_ids == ["2", "3"]
    assert known.problem is None
    assert list(known.result().values()) == [4, 7, 1, 1, 5, 0, 1 / 7]


# ---- patience --------------------------------------------------------------------------------------


def test_nothing_readable_is_borne_for_less_than_fifteen_minutes() -> None:
    known = progress({"1": 1, "2": 1})
    known.learn([("1", BLIP), ("2", BLIP)], now=NOW)
    known.learn([("1", BLIP), ("2", BLIP)], now=NOW + PATIENCE - timedelta(seconds=1))
    assert known.problem is BLIP

    with pytest.raises(OutcomeUnknownError):
        known.learn([("1", BLIP), ("2", BLIP)], now=NOW + PATIENCE)


@pytest.mark.parametrize("answer", [statuses(), MISSING])
def test_one_readable_answer_ends_the_trouble(answer: Answer) -> None:
    known = progress({"1": 1, "2": 1})
    known.learn([("1", BLIP), ("2", BLIP)], now=NOW)
    known.learn([("1", BLIP), ("2", answer)], now=NOW + timedelta(minutes=10))
    assert known.problem is None

    known.learn([("1", BLIP), ("2", BLIP)], now=NOW + timedelta(minutes=20))
    known.learn([("1", BLIP), ("2", BLIP)], now=NOW + timedelta(minutes=34))
    assert known.problem is BLIP


@pytest.mark.parametrize(
    "error", [APIConnectionError("DNS"), RateLimitError("/bulk-status"), SMSPartnerError()]
)
def test_any_other_error_is_borne_too(error: SMSPartnerError) -> None:
    known = progress({"1": 1})

    known.learn([("1", error)], now=NOW)

    assert (known.problem, known.open_ids) == (error, ["1"])


def test_a_refused_key_is_not_borne() -> None:
    with pytest.raises(AuthenticationError):
        progress({"1": 1}).learn([("1", AuthenticationError("/bulk-status", 10))], now=NOW, last=True)


def test_the_last_look_leaves_the_verdict_to_its_reader() -> None:
    known = progress({"1": 1})
    known.learn([("1", BLIP)], now=NOW)

    known.learn([("1", BLIP)], now=NOW + PATIENCE, last=True)

    assert known.problem is BLIP


# ---- waits -----------------------------------------------------------------------------------------


@given(
    elapsed=st.floats(-1e6, 1e6),
    poke_interval=st.floats(0, 86_400),
    trouble=st.none() | st.floats(0, 1e6),
)
def test_a_wait_is_bounded(elapsed: float, poke_interval: float, trouble: float | None) -> None:
    known = progress({"1": 1})
    now = SENT_AT + timedelta(seconds=elapsed)
    if trouble is not None:
        known.unreadable_since = now - timedelta(seconds=trouble)

    wait = known.wait(poke_interval, now=now)

    before = max(0.0, (SENT_AT - now).total_seconds())
    assert poke_interval <= wait <= max(poke_interval, 1800.0) + before


def test_waits_grow_from_the_poke_interval_to_half_an_hour() -> None:
    known, now, waits = progress({"1": 1}), SENT_AT, []
    while now < SENT_AT + timedelta(hours=48):
        waits.append(known.wait(15, now=now))
        now += timedelta(seconds=waits[-1])

    assert 15 <= waits[0] <= 18
    assert all(later >= earlier / 1.2 for earlier, later in itertools.pairwise(waits))
    assert max(waits) == 1800
    assert len(waits) < 130


def test_a_scheduled_send_is_first_looked_at_after_its_time() -> None:
    assert progress({"1": 1}).wait(15, now=SENT_AT - timedelta(hours=3)) == 3 * 3600 + 15


def test_trouble_is_looked_at_often_even_two_days_after_the_send() -> None:
    known, now = progress({"1": 1}), SENT_AT + timedelta(hours=40)
    known.learn([("1", BLIP)], now=now)
    looks, first = 0, now
    while now < first + PATIENCE:
        now += timedelta(seconds=known.wait(15, now=now))
        looks += 1

    assert looks >= 5
