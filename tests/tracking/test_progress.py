"""What is asked next and when, and what all of it comes to: the part of waiting that needs no clock."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    AuthenticationError,
    OutcomeUnknownError,
    RateLimitError,
    SMSPartnerError,
)
from airflow_provider_smspartner.rules.delivery import DeliveryStatus
from airflow_provider_smspartner.tracking.progress import PATIENCE
from tests.tracking.polls import MISSING, NOW, SENT_AT, Answer, learn, progress, statuses

BLIP = OutcomeUnknownError("GET /bulk-status left this machine")


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

    learn(known, [("1", answer), ("2", statuses())], now=now)

    assert known.open_ids == (["2"] if ends else ["1", "2"])


@pytest.mark.parametrize("answer", [statuses(), statuses("waiting"), MISSING])
def test_a_sandbox_id_is_looked_at_once(answer: Answer) -> None:
    known = progress({"1": 1}, sandbox=frozenset("1"))

    learn(known, [("1", answer)], now=NOW)

    assert known.open_ids == []
    assert known.result()["waiting"] == 1


def test_a_later_answer_replaces_the_earlier_one() -> None:
    known = progress({"1": 2})

    learn(known, [("1", statuses("waiting", "waiting"))], now=NOW)
    learn(known, [("1", statuses("delivered", "ko", stop=True))], now=NOW)

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

    learn(known, [("1", statuses("delivered", "delivered", "ko", "waiting"))], now=NOW)

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
        learn(known, [(id_, look[id_]) for id_ in known.open_ids if id_ in look], now=NOW)

    total = known.result()

    assert total["messages"] == len(counts)
    assert total["recipients"] == total["delivered"] + total["not_delivered"] + total["waiting"]
    assert total["recipients"] >= sum(people or 0 for people in counts.values())
    assert total["delivery_rate"] is None or 0 <= total["delivery_rate"] <= 1
    assert set(known.open_ids) <= counts.keys()


@given(st.permutations([("1", statuses("ko")), ("2", BLIP), ("3", MISSING), ("4", statuses("delivered"))]))
def test_the_order_of_answers_is_irrelevant(answers: list[tuple[str, Answer]]) -> None:
    known = progress({"1": 1, "2": 2, "3": 3, "4": None})

    learn(known, answers, now=NOW)

    assert known.open_ids == ["2", "3"]
    assert known.problem is None
    assert list(known.result().values()) == [4, 7, 1, 1, 5, 0, 1 / 7]


# ---- patience --------------------------------------------------------------------------------------


def test_nothing_readable_is_borne_for_less_than_fifteen_minutes() -> None:
    known = progress({"1": 1, "2": 1})
    learn(known, [("1", BLIP), ("2", BLIP)], now=NOW)
    learn(known, [("1", BLIP), ("2", BLIP)], now=NOW + PATIENCE - timedelta(seconds=1))
    assert known.problem is BLIP

    with pytest.raises(OutcomeUnknownError):
        learn(known, [("1", BLIP), ("2", BLIP)], now=NOW + PATIENCE)


@pytest.mark.parametrize("answer", [statuses(), MISSING])
def test_one_readable_answer_ends_the_trouble(answer: Answer) -> None:
    known = progress({"1": 1, "2": 1})
    learn(known, [("1", BLIP), ("2", BLIP)], now=NOW)
    learn(known, [("1", BLIP), ("2", answer)], now=NOW + timedelta(minutes=10))
    assert known.problem is None

    learn(known, [("1", BLIP), ("2", BLIP)], now=NOW + timedelta(minutes=20))
    learn(known, [("1", BLIP), ("2", BLIP)], now=NOW + timedelta(minutes=34))
    assert known.problem is BLIP


@pytest.mark.parametrize(
    "error", [APIConnectionError("DNS"), RateLimitError("/bulk-status"), SMSPartnerError()]
)
def test_any_other_error_is_borne_too(error: SMSPartnerError) -> None:
    known = progress({"1": 1})

    learn(known, [("1", error)], now=NOW)

    assert (known.problem, known.open_ids) == (error, ["1"])


def test_a_refused_key_is_not_borne() -> None:
    with pytest.raises(AuthenticationError):
        learn(progress({"1": 1}), [("1", AuthenticationError("/bulk-status", 10))], now=NOW, last=True)


def test_the_last_look_leaves_the_verdict_to_its_reader() -> None:
    known = progress({"1": 1})
    learn(known, [("1", BLIP)], now=NOW)

    learn(known, [("1", BLIP)], now=NOW + PATIENCE, last=True)

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


def test_texts_that_may_be_held_are_looked_at_as_if_they_were_not_and_often_when_they_leave() -> None:
    slot = SENT_AT + timedelta(hours=10)
    held, free = progress({"1": 1}, held_until=slot), progress({"1": 1})
    assert held.wait(15, now=SENT_AT + timedelta(seconds=40)) < 30
    assert {known.wait(15, now=slot - timedelta(hours=2)) for known in (held, free)} == {1800}
    assert held.wait(15, now=slot - timedelta(minutes=5)) == 5 * 60 + 15
    assert 15 <= held.wait(15, now=slot) < 18


def test_an_id_may_be_unknown_for_as_long_as_its_text_may_be_held_and_an_hour_more() -> None:
    known = progress({"1": 1}, held_until=SENT_AT + timedelta(hours=10))

    learn(known, [("1", MISSING)], now=SENT_AT + timedelta(hours=10.9))
    assert known.open_ids == ["1"]

    learn(known, [("1", MISSING)], now=SENT_AT + timedelta(hours=11))
    assert known.open_ids == []


def test_trouble_is_looked_at_often_even_two_days_after_the_send() -> None:
    known, now = progress({"1": 1}), SENT_AT + timedelta(hours=40)
    learn(known, [("1", BLIP)], now=now)
    looks, first = 0, now
    while now < first + PATIENCE:
        now += timedelta(seconds=known.wait(15, now=now))
        looks += 1

    assert looks >= 5
