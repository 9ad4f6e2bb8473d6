"""What belongs to a person, a text of their own and an event, comes back with them in little memory."""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.audience import Columns, Rows, Rules, from_given, gather
from airflow_provider_smspartner.journal.schema import PEOPLE
from airflow_provider_smspartner.rules.people import LONGEST_EVENT, Person
from tests.audience.people import ANN, BOB, BY_ORDER, clean, letters
from tests.rules.frames import numpy_scalar, pandas_missing

# ---- personal texts --------------------------------------------------------------------------------


def test_texts_come_back_with_their_people_and_the_first_row_of_a_person_counts() -> None:
    found = clean([ANN, None, BOB, "0600000001"], [["Ann"], ["x"], [2], ["Anna"]], write=letters)

    assert list(found.people) == [Person(ANN, "", "Ann"), Person(BOB, "", "2")]
    assert (len(found), found.duplicates, found.invalid) == (2, 1, 1)


@given(st.lists(st.text(), max_size=20), st.integers(1, 5))
def test_any_text_comes_back_as_it_was_however_rows_are_cut(texts: list[str], size: int) -> None:
    numbers = [f"+336{row:08}" for row in range(len(texts))]
    parts = [
        Rows(numbers[at : at + size], [[text] for text in texts[at : at + size]])
        for at in range(0, len(texts), size)
    ]

    found = gather(parts, Rules(write=lambda rows: [(str(row[0]), 1) for row in rows]))

    assert [person.text for person in found.people] == texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (Decimal("12.50"), "12.50"),
        (date(2026, 11, 20), "2026-11-20"),
        (" Ann\r\n", "Ann"),
    ],
)
def test_a_value_becomes_text(value: object, text: str) -> None:
    assert next(clean([ANN], [[value]], write=letters).people).text == text


@pytest.mark.parametrize("value", [b"Ann", bytearray(b"Ann"), memoryview(b"Ann")])
def test_bytes_are_no_text(value: object) -> None:
    found = clean([ANN], [[value]], write=letters)

    assert (len(found), found.invalid) == (0, 1)
    assert found.explained == ["row 1: column name holds bytes; cast it to text in the query"]


def test_a_row_without_a_text_is_invalid_and_another_row_of_its_person_is_not() -> None:
    found = clean([ANN, ANN, BOB, ANN], [[None], ["Ann"], [""], ["Anna"]], write=letters)

    assert list(found.people) == [Person(ANN, "", "Ann")]
    assert (found.invalid, found.duplicates, found.segments) == (2, 1, 3)
    assert [reason.split(";")[0] for reason in found.explained] == [
        "row 1: column name is empty",
        "row 3: column name is empty",
    ]


def test_reasons_come_in_the_order_of_the_rows_whatever_they_are_about() -> None:
    found = clean(["none", ANN, "", BOB], [["x"], [None], ["x"], ["Bob"]], write=letters)

    assert [reason.split(":")[0] for reason in found.explained] == ["row 1", "row 2", "row 3"]
    assert (found.invalid, found.without_text) == (3, 1)


def test_segments_are_those_of_the_people_who_are_left() -> None:
    rows = [["7", "Ann"], ["8", "Ann"], ["7", "Annabel"], ["7", "B"]]

    assert clean([ANN, ANN, ANN, BOB], rows, events=True, write=letters).segments == 3 + 3 + 1
    assert clean([ANN, BOB], rows[:2], events=True).segments == 0
    assert clean([ANN, ANN]).segments == 0


@pytest.mark.parametrize("repeat", [0, 3])
def test_people_may_be_asked_for_again_and_by_several_at_once(
    repeat: int,
) -> None:
    numbers = [f"+336{row:08}" for row in range(50)]
    numbers += numbers[:repeat]
    parts = [Rows(numbers[at : at + 7], [[f"Name {at + row}"] for row in range(7)]) for at in range(0, 49, 7)]
    parts.append(Rows(numbers[49:], [[f"Name {row}"] for row in range(49, len(numbers))]))
    found = gather(parts, Rules(write=letters))

    whole = list(found.people)
    first, second = found.people, found.people
    beginning = [next(first) for _ in range(20)]

    assert list(second) == whole
    assert beginning + list(first) == whole
    assert [person.text for person in whole] == [f"Name {row}" for row in range(50)]


def test_the_spool_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    found = clean([ANN], [["Ann"]], write=letters)

    assert list(tmp_path.iterdir()) == []
    assert len(list(found.people)) == 1


# ---- events ----------------------------------------------------------------------------------------


def test_two_events_of_a_person_are_two_texts_and_one_twice_is_a_duplicate() -> None:
    rows = [
        {"phone_number": number, "order_id": order}
        for number in (ANN, BOB)
        for order in (7, "8", 7, " ", None)
    ]

    found = gather(from_given(rows, BY_ORDER), Rules(events=True))

    assert list(found.people) == [Person(ANN, "7"), Person(ANN, "8"), Person(BOB, "7"), Person(BOB, "8")]
    assert (found.rows, found.duplicates, found.invalid) == (10, 2, 4)
    assert found.explained[0] == "row 4: its event column is empty"


def test_spellings_of_an_event_are_one_event() -> None:
    events = [123, 123.0, Decimal("123.00"), "123", "123.0", numpy_scalar(123)]
    missing = [None, float("nan"), Decimal("NaN"), *pandas_missing(), ""]

    found = clean([ANN] * 12, [[event] for event in events + missing], events=True)

    assert list(found.people) == [Person(ANN, "123")]
    assert (found.duplicates, found.invalid) == (5, 6)


@pytest.mark.parametrize("bad", ["a\0b", "\ud800", "x\udfff"])
@pytest.mark.parametrize("events", [True, False])
def test_what_is_no_text_makes_one_row_invalid(bad: str, events: bool) -> None:
    rules = {"events": True} if events else {"write": letters}

    found = clean([ANN, BOB, ANN], [["7"], [bad], ["8"]], **rules)

    assert (len(found) + found.duplicates, found.invalid) == (2, 1)
    assert "that is no text" in found.explained[0]


def test_an_event_has_its_text_beside_it() -> None:
    columns = Columns("phone_number", "order_id", ("name", "city"))
    row = {"city": "Paris", "name": "Ann", "phone_number": ANN, "order_id": 7}

    found = gather(from_given([row], columns), Rules(events=True, write=letters))

    assert list(found.people) == [Person(ANN, "7", "Ann")]


def test_an_event_is_as_long_as_the_ledger_allows() -> None:
    events = ["x" * LONGEST_EVENT, "x" * (LONGEST_EVENT + 1), "x" * 50_000_000]

    found = clean([ANN] * 3, [[event] for event in events], events=True)

    assert (len(found), found.invalid) == (1, 2)
    assert "50000000 characters" in found.explained[1]
    assert vars(PEOPLE.c.event.type)["length"] == LONGEST_EVENT
