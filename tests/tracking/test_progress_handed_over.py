"""What is told while it waits: when, what is carried on to the next trigger, and the curve."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.api.answers import Statuses
from airflow_provider_smspartner.rules.delivery import DeliveryStatus, Report
from airflow_provider_smspartner.tracking.progress import Progress, read_settled
from airflow_provider_smspartner.tracking.watch import Watch
from tests.tracking.polls import MISSING, NOW, SENT_AT, Answer, learn, progress, statuses

# ---- hand-overs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "now", "due"),
    [
        (0, 59, False),
        (0, 60, True),
        (61, 599, False),
        (61, 600, True),
        (640, 3599, False),
        (640, 3600, True),
        (3700, 6 * 3600 - 1, False),
        (3700, 6 * 3600, True),
        (6 * 3600 + 900, 12 * 3600 - 1, False),
        (6 * 3600 + 900, 12 * 3600, True),
        (0, 40 * 3600, True),  # a triggerer that was away for long
        (-86_400, 59, False),  # a scheduled send
        (-86_400, 60, True),
    ],
)
def test_it_is_told_after_1_10_and_60_minutes_and_then_every_6_hours(told: int, now: int, due: bool) -> None:
    known = progress({"1": 1})

    before, moment = SENT_AT + timedelta(seconds=told), SENT_AT + timedelta(seconds=now)

    assert known.hand_over_due(before, now=moment) is due


def test_hand_overs_count_from_the_first_look_when_that_is_late() -> None:
    began = SENT_AT + timedelta(days=1)
    known = progress({"1": 1}, began=began)

    assert not known.hand_over_due(began, now=began + timedelta(seconds=59))
    assert known.hand_over_due(began, now=began + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("told", "now", "due"),
    [
        (61, 599, False),
        (61, 600, True),  # as for texts that nobody holds back
        (3700, 6 * 3600, True),
        (7 * 3600, 10 * 3600 + 59, False),
        (7 * 3600, 10 * 3600 + 60, True),
        (10 * 3600 + 61, 10 * 3600 + 599, False),
        (10 * 3600 + 61, 10 * 3600 + 600, True),
    ],
)
def test_hand_overs_begin_anew_when_texts_leave_that_may_have_been_held(
    told: int, now: int, due: bool
) -> None:
    known = progress({"1": 1}, held_until=SENT_AT + timedelta(hours=10))

    assert known.hand_over_due(SENT_AT + timedelta(seconds=told), now=SENT_AT + timedelta(seconds=now)) is due


def handed_over(known: Progress) -> Progress:
    """Go on with what is left, as another trigger does after a trip through the database."""
    left = json.loads(json.dumps(known.remaining()))
    watch = Watch(
        counts=left["counts"],
        since=datetime.fromisoformat(left["since"]),
        began=datetime.fromisoformat(left["began"]) if left["began"] else None,
        held_until=datetime.fromisoformat(left["held_until"]) if left["held_until"] else None,
        tags=frozenset(left["tags"]),
        sandbox=frozenset(left["sandbox"]),
    )
    return Progress(watch=watch, settled=read_settled(left["settled"]))


def test_what_is_final_is_carried_on_as_counts_alone() -> None:
    known = progress({"1": 2, "2": 1, "t": 1}, tags=frozenset("t"), sandbox=frozenset("2"))
    learn(known, [("1", statuses("delivered", "ko", stop=True)), ("2", statuses("waiting"))], now=NOW)

    left = known.remaining()

    assert (left["counts"], left["tags"], left["sandbox"]) == ({"t": 1}, ["t"], [])
    assert left["settled"] == {
        "messages": 2,
        "tally": {"recipients": 3, "delivered": 1, "not_delivered": 1, "waiting": 1, "stop": 2},
        "dated": [],
        "undated": [[73, 1]],
        "zero": SENT_AT.isoformat(),
    }
    assert handed_over(known).result() == known.result()


def test_a_trigger_of_the_first_versions_has_settled_nothing() -> None:
    assert Progress(watch=Watch(counts={"1": 1}, since=SENT_AT), settled=read_settled(None)).result() == {
        **dict.fromkeys(("messages", "recipients", "waiting"), 1),
        **dict.fromkeys(("delivered", "not_delivered", "stop"), 0),
        "delivery_rate": 0.0,
    }


dated = st.builds(
    lambda word, second, person: Report(
        number=f"+336000000{person:02}",
        status=DeliveryStatus(word),
        stop=False,
        reported_at=None if second is None else SENT_AT + timedelta(seconds=second),
    ),
    st.sampled_from(DeliveryStatus),
    st.none() | st.integers(-60, 90_000),
    st.integers(0, 5),
)
answers = st.lists(dated, max_size=6).map(lambda rows: Statuses(reports=tuple(rows))) | st.just(MISSING)
full_looks = st.fixed_dictionaries(dict.fromkeys("123", answers))


@given(
    counts=st.fixed_dictionaries(dict.fromkeys("123", st.none() | st.integers(0, 4))),
    stories=st.lists(st.tuples(full_looks, st.booleans()), max_size=5),
    held=st.none() | st.just(SENT_AT + timedelta(hours=11)),
)
def test_handing_over_loses_nothing_and_asks_for_nothing_again(
    counts: dict[str, int | None], stories: list[tuple[dict[str, Answer], bool]], held: datetime | None
) -> None:
    whole, parts, now = progress(counts, held_until=held), progress(counts, held_until=held), SENT_AT
    for look, hands_over in stories:
        now += timedelta(hours=5)
        for known in (whole, parts):
            learn(known, [(id_, look[id_]) for id_ in known.open_ids], now=now)
        if hands_over:
            assert parts.delivery(now=now, final=False) == whole.delivery(now=now, final=False)
            parts = handed_over(parts)

        assert parts.open_ids == whole.open_ids
        assert hands_over or parts.delivery(now=now, final=True) == whole.delivery(now=now, final=True)


# ---- the curve -------------------------------------------------------------------------------------


def arrived(*seconds: int | None) -> Statuses:
    """An answer in which people had their text so many seconds after the send."""
    reports = statuses(*["delivered"] * len(seconds)).reports
    times = [None if at is None else SENT_AT + timedelta(seconds=at) for at in seconds]
    return Statuses(
        reports=tuple(
            Report(number=one.number, status=one.status, stop=False, reported_at=at)
            for one, at in zip(reports, times, strict=True)
        )
    )


@pytest.mark.parametrize(
    ("seconds", "curve"),
    [
        ([], ()),
        ([1, 5, 30, 31], ((5, 2), (30, 3), (37, 4))),
        ([-5, 0], ((0, 2),)),
        ([59], ((60, 1),)),  # the next step would be after the look
        ([3600], ((60, 1),)),  # as would a report of the future
        ([5, None], ((5, 1), (60, 2))),
    ],
)
def test_the_curve_follows_the_dates_of_the_reports(
    seconds: list[int | None], curve: tuple[tuple[int, int], ...]
) -> None:
    known = progress({"1": 9, "2": 9})

    learn(known, [("1", arrived(*seconds)), ("2", statuses("ko"))], now=NOW)

    assert known.delivery(now=NOW, final=False).curve == curve


def test_people_without_a_date_count_from_when_they_were_seen_even_after_a_hand_over() -> None:
    known = progress({"1": 3, "2": 3})
    learn(known, [("1", arrived(None, None)), ("2", arrived(None))], now=NOW)
    known = handed_over(known)
    learn(known, [("2", arrived(None))], now=NOW + timedelta(hours=1))
    assert known.delivery(now=NOW + timedelta(hours=1), final=False).curve == ((73, 1),)

    later = NOW + timedelta(hours=6)
    learn(known, [("1", arrived(None, None, None)), ("2", arrived(5))], now=later)

    assert known.delivery(now=later, final=False).curve == ((5, 1), (73, 4))


@pytest.mark.parametrize(
    ("seconds", "since", "curve"),
    [
        ([36_005, None, 36_031], 36_000, ((5, 1), (37, 2), (847, 3))),
        ([3_600, 36_030, None], 0, ((4039, 1), (36_931, 3))),  # this account holds nothing back
    ],
)
def test_the_curve_of_texts_that_were_held_begins_when_they_left(
    seconds: list[int | None], since: int, curve: tuple[tuple[int, int], ...]
) -> None:
    slot = SENT_AT + timedelta(seconds=36_000)
    known = progress({"1": 3, "2": 1}, held_until=slot)
    learn(known, [("1", statuses("waiting")), ("2", statuses("waiting"))], now=NOW)
    assert known.delivery(now=NOW, final=False).curve == ()

    learn(known, [("1", arrived(*seconds)), ("2", statuses("waiting"))], now=slot + timedelta(seconds=800))
    known, later = handed_over(known), slot + timedelta(seconds=931)
    learn(known, [("2", statuses("ko"))], now=later)

    told = known.delivery(now=later, final=True)
    assert told.since == SENT_AT + timedelta(seconds=since)
    assert told.curve == curve


@given(counts=st.integers(0, 4), look=st.lists(dated, max_size=6), hours=st.floats(0, 500))
def test_a_curve_ends_with_all_who_are_delivered(counts: int, look: list[Report], hours: float) -> None:
    known, now = progress({"1": counts}), SENT_AT + timedelta(hours=hours)

    learn(known, [("1", Statuses(reports=tuple(look)))], now=now)

    told = known.delivery(now=now, final=True)
    assert [many for _, many in told.curve][-1:] == [told.result["delivered"]] * bool(told.curve)
    assert bool(told.curve) == (told.result["delivered"] > 0)
    assert len(told.curve) <= 60
    assert all(0 <= at <= math.ceil((now - SENT_AT).total_seconds()) for at, _ in told.curve)


def test_what_a_campaign_of_any_size_leaves_to_a_trigger_besides_its_open_ids_is_small() -> None:
    known = progress(dict.fromkeys(map(str, range(500)), 60))
    rows = arrived(*(5 * 2**n for n in range(18)), None, None)
    for name in known.open_ids:
        known.take(name, rows, now=NOW)
    known.ended |= set(known.open_ids[:499])

    left = known.remaining()

    assert left.pop("counts") == {"499": 60}
    assert len(json.dumps(left)) < 2_000
