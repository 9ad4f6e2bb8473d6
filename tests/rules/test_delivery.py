"""Tests for airflow_provider_smspartner.rules.delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.delivery import (
    FINAL,
    DeliveryStatus,
    Report,
    Tally,
    status,
    tally,
    tally_and_dates,
    total,
)

DELIVERED, NOT_DELIVERED, KO, WAITING, UNKNOWN = DeliveryStatus
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADA, BOB, EVE = "+33612345601", "+33612345602", "+33612345603"


def report(number: str, became: DeliveryStatus, *, stop: bool = False, minute: int | None = None) -> Report:
    at = None if minute is None else NOON + timedelta(minutes=minute)
    return Report(number=number, status=became, stop=stop, reported_at=at)


REPORTS = st.lists(
    st.builds(
        report,
        st.sampled_from([ADA, BOB, EVE, "06 12 34 56 01", "0612345602", "+4915123456789", "no number"]),
        st.sampled_from(DeliveryStatus),
        stop=st.booleans(),
        minute=st.none() | st.integers(0, 3),
    )
)
RECIPIENTS = st.none() | st.integers(0, 8)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("delivered", DELIVERED),
        ("Delivered", DELIVERED),
        (" DELIVERED\n", DELIVERED),
        ("Not delivered", NOT_DELIVERED),
        ("not \N{NO-BREAK SPACE} Delivered", NOT_DELIVERED),
        ("KO", KO),
        ("Waiting", WAITING),
        ("DELIVRD", UNKNOWN),
        ("unknown", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_word_of_the_platform_is_read_in_any_case_and_spacing(word: str, expected: DeliveryStatus) -> None:
    assert status(word) is expected


@given(st.text())
def test_a_word_that_we_do_not_know_stays_open(word: str) -> None:
    assert status(word) not in FINAL or " ".join(word.casefold().split()) in FINAL


def test_everyone_is_counted_once_and_those_without_a_row_are_waiting() -> None:
    rows = [
        report(ADA, DELIVERED),
        report(BOB, KO, stop=True),
        report(EVE, NOT_DELIVERED),
        report("+33612345604", WAITING),
        report("+33612345605", UNKNOWN),
    ]
    counted = tally(rows, recipients=7)
    assert counted == Tally(recipients=7, delivered=1, not_delivered=2, waiting=4, stop=1)
    assert not counted.is_final
    assert counted.delivery_rate == 1 / 7


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([report(ADA, WAITING, minute=2), report(ADA, DELIVERED, minute=1)], DELIVERED),
        ([report(ADA, WAITING, minute=1), report(ADA, KO)], KO),
        ([report(ADA, KO, minute=1), report(ADA, DELIVERED, minute=2)], DELIVERED),
        ([report(ADA, DELIVERED, minute=1), report(ADA, NOT_DELIVERED, minute=2)], NOT_DELIVERED),
        ([report(ADA, DELIVERED), report(ADA, NOT_DELIVERED)], DELIVERED),
        ([report(ADA, DELIVERED), report("06 12 34 56 01", NOT_DELIVERED, minute=1)], NOT_DELIVERED),
        ([report(ADA, UNKNOWN), report("0033612345601", WAITING)], WAITING),
    ],
)
def test_the_latest_final_row_of_a_person_holds(rows: list[Report], expected: DeliveryStatus) -> None:
    one_row = tally([report(ADA, expected)], recipients=1)
    assert tally(rows, recipients=1) == one_row
    assert tally(reversed(rows), recipients=1) == one_row
    assert one_row.is_final is (expected in FINAL)


def test_one_stop_is_enough_whichever_row_carries_it() -> None:
    rows = [report(ADA, WAITING, stop=True), report("0612345601", DELIVERED)]
    assert tally(rows, recipients=2) == Tally(recipients=2, delivered=1, waiting=1, stop=1)


def test_a_list_with_more_people_than_were_sent_to_counts_no_more_of_them() -> None:
    rows = [report(ADA, NOT_DELIVERED, stop=True), report(BOB, DELIVERED, stop=True), report(EVE, WAITING)]
    assert tally(rows, recipients=1) == Tally(recipients=1, delivered=1, stop=1)
    assert tally(rows, recipients=2) == Tally(recipients=2, delivered=1, not_delivered=1, stop=2)


def test_without_a_number_of_recipients_they_are_those_whom_the_platform_lists() -> None:
    rows = [report(ADA, DELIVERED), report("0612345601", DELIVERED), report(BOB, WAITING)]
    assert tally(rows, recipients=None) == Tally(recipients=2, delivered=1, waiting=1)


def test_a_text_to_nobody_is_final_and_has_no_rate() -> None:
    nobody = tally([], recipients=0)
    assert nobody == Tally()
    assert nobody.is_final
    assert nobody.delivery_rate is None


def test_fewer_people_than_none_are_refused() -> None:
    with pytest.raises(InvalidMessage, match=r"^recipients: -1 "):
        tally([], recipients=-1)


@given(REPORTS, RECIPIENTS)
def test_outcomes_always_add_up_to_the_recipients(rows: list[Report], recipients: int | None) -> None:
    counted = tally(rows, recipients=recipients)
    assert counted.delivered + counted.not_delivered + counted.waiting == counted.recipients
    assert min(counted.delivered, counted.not_delivered, counted.waiting, counted.stop) >= 0
    assert counted.stop <= counted.recipients
    assert counted.recipients == recipients or recipients is None
    assert counted.delivery_rate is None or 0 <= counted.delivery_rate <= 1


@given(REPORTS, RECIPIENTS)
def test_dates_are_those_of_people_who_are_counted_as_delivered(
    rows: list[Report], recipients: int | None
) -> None:
    counted, dates = tally_and_dates(rows, recipients=recipients)

    assert counted == tally(rows, recipients=recipients)
    assert len(dates) <= counted.delivered
    assert list(dates) == sorted(dates)
    assert set(dates) <= {row.reported_at for row in rows if row.status is DELIVERED}


def test_the_date_of_a_person_is_that_of_the_row_that_holds() -> None:
    rows = [report(ADA, DELIVERED, minute=1), report("0612345601", DELIVERED, minute=2)]
    others = [report(BOB, DELIVERED, minute=5), report(BOB, KO, minute=6), report(EVE, DELIVERED)]

    assert tally_and_dates(rows + others, recipients=3)[1] == [NOON + timedelta(minutes=2)]


@given(REPORTS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows + rows[:2]))), RECIPIENTS)
def test_order_and_repetition_of_rows_change_nothing(
    rows: tuple[list[Report], list[Report]], recipients: int | None
) -> None:
    assert tally(rows[0], recipients=recipients) == tally(rows[1], recipients=recipients)


@given(REPORTS, st.sampled_from([ADA, BOB]), st.integers(0, 8))
def test_a_further_row_never_makes_a_decided_person_wait(
    rows: list[Report], who: str, recipients: int
) -> None:
    before = tally(rows, recipients=recipients)
    after = tally([*rows, report(who, WAITING, minute=9)], recipients=recipients)
    assert after == before


@given(st.lists(st.tuples(REPORTS, st.integers(0, 8)), max_size=4))
def test_the_total_of_messages_is_the_sum_of_each_count(messages: list[tuple[list[Report], int]]) -> None:
    tallies = [tally(rows, recipients=recipients) for rows, recipients in messages]
    everyone = total(tallies)
    assert everyone.recipients == sum(recipients for _, recipients in messages)
    assert everyone.delivered + everyone.not_delivered + everyone.waiting == everyone.recipients
    assert everyone.is_final is all(one.is_final for one in tallies)
    assert total([everyone]) == everyone
    assert total([*tallies, *tallies]) == total([everyone, everyone])


def test_no_number_is_in_the_text_of_a_report() -> None:
    assert ADA not in repr(report(ADA, DELIVERED))
