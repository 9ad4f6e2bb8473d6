"""Who is to be texted: lists and rows become distinct people, and mistakes become sentences."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner import audience
from airflow_provider_smspartner.audience import (
    LONGEST_EVENT,
    MOST_EXPLAINED,
    Audience,
    Columns,
    Rows,
    Rules,
    check_quality,
    from_given,
    gather,
)
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.send_log.table import LONGEST_NAME

ANN, BOB = "+33600000001", "+33600000002"
BELGIAN, REUNION = "+32470123456", "+262692123456"
BY_NAME, BY_ORDER = Columns("phone_number"), Columns("phone_number", "order_id")
VALUES = st.none() | st.text()


def clean(numbers: Sequence[object], others: Any = None, **rules: Any) -> Audience:
    """Clean all rows at once."""
    return gather([Rows(numbers, others)], Rules(**rules))


def numbers_of(found: Audience) -> list[str]:
    return [person.number for person in found.people]


def in_parts(numbers: list[Any], others: list[Any] | None, size: int) -> Iterator[Rows]:
    for start in range(0, len(numbers), size):
        part = slice(start, start + size)
        yield Rows(numbers[part], others[part] if others is not None else None)


# ---- cleaning --------------------------------------------------------------------------------------


def test_spellings_of_a_number_are_one_person_in_the_order_of_the_rows() -> None:
    found = clean(["06 00 00 00 02", ANN, "0033600000002", "(+33) 6.00.00.00.02", 600000001])

    assert list(found.people) == [Person(BOB), Person(ANN)]
    assert (len(found), found.rows, found.duplicates, found.invalid) == (2, 5, 3, 0)


def test_a_national_number_belongs_to_its_region() -> None:
    assert numbers_of(clean(["0470 12 34 56"], region="BE")) == [BELGIAN]
    assert numbers_of(clean(["0692 12 34 56", "0470 12 34 56"])) == [REUNION]


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "n/a", "01 23 45 67 89", True, 0.5, Decimal(600000001), b"06", [ANN]),
        *("\n", "06000\n00002", f"{ANN}\n{BOB}", f"{ANN}\u2028{BOB}"),
        pytest.param("6" * 50_000_000, id="50 MB"),
        pytest.param("0600000002" + "\n" * 50_000_000, id="50 MB of lines"),
    ],
)
def test_what_is_no_mobile_number_is_counted_and_explained(value: object) -> None:
    found = clean([ANN, value, BOB])

    assert (numbers_of(found), found.invalid) == ([ANN, BOB], 1)
    assert found.explained[0].startswith("row 2: number: ")
    assert len(found.explained[0]) < 200


def test_explanations_are_few_and_show_no_number() -> None:
    found = clean([f"01 23 45 {row:02} 89" for row in range(MOST_EXPLAINED + 5)])

    assert (found.invalid, len(found.explained)) == (MOST_EXPLAINED + 5, MOST_EXPLAINED)
    assert not [reason for reason in found.explained if "23" in reason.split(":", 1)[1]]
    assert "600000001" not in repr(clean([ANN]))


@pytest.mark.parametrize(
    ("countries", "left"),
    [
        (None, [ANN, BELGIAN, REUNION, BOB]),
        ({"FR"}, [ANN, BOB]),
        ({"FR", "RE"}, [ANN, REUNION, BOB]),
        ({"BE"}, [BELGIAN]),
        (set(), []),
    ],
)
def test_only_people_of_the_countries_belong_to_the_audience(
    countries: set[str] | None, left: list[str]
) -> None:
    found = clean([ANN, BELGIAN, REUNION, BOB], countries=countries)

    assert numbers_of(found) == left
    assert (found.excluded, found.invalid) == (4 - len(left), 0)


@pytest.mark.parametrize("others", [None, [["Ann"], ["Ann"], [None], ["Ann"]]])
def test_people_who_want_no_texts_are_left_out_in_whatever_spelling(others: Any) -> None:
    found = clean(["06 00 00 00 01", ANN, BELGIAN, BOB], others, left_out={33600000001, 32470123456})

    assert (numbers_of(found), found.excluded, found.duplicates) == ([BOB], 3, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ANN, BOB, "0600000001", "06 00 00 00 03", BELGIAN, "none", "a\nb", None, 7]),
            st.sampled_from(["7", "8", None, ""]),
            st.sampled_from(["Ann", None]),
        )
    ),
    st.integers(1, 5),
    st.booleans(),
    st.booleans(),
)
def test_every_row_is_a_person_a_duplicate_left_out_or_invalid_however_rows_are_cut(
    rows: list[tuple[Any, Any, Any]], size: int, with_others: bool, events: bool
) -> None:
    numbers = [row[0] for row in rows]
    others = [row[1:] for row in rows] if with_others else None
    rules = Rules(left_out={33600000003}, countries={"FR"}, events=events and with_others)

    found, at_once = gather(in_parts(numbers, others, size), rules), gather([Rows(numbers, others)], rules)

    people = list(found.people)
    assert found.rows == len(rows) == len(found) + found.duplicates + found.excluded + found.invalid
    assert len(people) == len(found) == len({(person.number, person.event) for person in people})
    assert people == list(at_once.people)
    assert found.explained == at_once.explained


# ---- quality ---------------------------------------------------------------------------------------


def audience_of(*, valid: int, invalid: int) -> Audience:
    numbers = [f"06 00 00 {row // 100:02} {row % 100:02}" for row in range(valid)]
    return clean([*numbers, *["none"] * invalid])


@pytest.mark.parametrize(
    ("valid", "invalid", "on_invalid", "rate"),
    [(0, 0, "fail", 0.0), (5, 0, "fail", 0.0), (1, 1, "skip", 0.5), (1, 99, "skip", 1.0)],
)
def test_an_audience_within_its_limits_passes(valid: int, invalid: int, on_invalid: str, rate: float) -> None:
    check_quality(audience_of(valid=valid, invalid=invalid), on_invalid=on_invalid, max_invalid_rate=rate)


def test_people_who_are_left_out_show_that_the_column_is_right() -> None:
    check_quality(clean([BELGIAN, None], countries={"FR"}), on_invalid="skip", max_invalid_rate=0.5)


@pytest.mark.parametrize(
    ("valid", "invalid", "on_invalid", "rate", "words"),
    [
        (0, 3, "skip", 1.0, ["3 of 3", "phone_column"]),
        (99, 1, "fail", 0.5, ["1 of 100", "on_invalid"]),
        (49, 51, "skip", 0.5, ["51 of 100", "max_invalid_rate=0.5", "phone_column"]),
        (9, 1, "skip", 0.0, ["1 of 10", "max_invalid_rate=0.0"]),
    ],
)
def test_an_audience_that_shows_a_mistake_is_refused(
    valid: int, invalid: int, on_invalid: str, rate: float, words: list[str]
) -> None:
    with pytest.raises(InvalidMessage, match="recipients: ") as refusal:
        check_quality(audience_of(valid=valid, invalid=invalid), on_invalid=on_invalid, max_invalid_rate=rate)

    assert not [word for word in words if word not in str(refusal.value)]


# ---- personal texts --------------------------------------------------------------------------------


def test_values_come_back_with_their_people_and_the_first_row_of_a_person_counts() -> None:
    found = clean([ANN, None, BOB, "0600000001"], [["Ann", "1"], ["x", "x"], [None, 2], ["Anna", "3"]])

    assert list(found.people) == [Person(ANN, "", ("Ann", "1")), Person(BOB, "", (None, "2"))]
    assert (len(found), found.duplicates, found.invalid) == (2, 1, 1)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=20))
def test_any_text_comes_back_as_it_was(rows: list[tuple[str | None, str | None]]) -> None:
    found = clean([f"+336{row:08}" for row in range(len(rows))], rows)

    assert [person.values for person in found.people] == rows


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (float("nan"), None),
        (Decimal("NaN"), None),
        (0, "0"),
        (0.5, "0.5"),
        (Decimal("12.50"), "12.50"),
        (date(2026, 11, 20), "2026-11-20"),
        (" Ann\r\n", " Ann\r\n"),
    ],
)
def test_a_value_becomes_text(value: object, text: str | None) -> None:
    assert next(clean([ANN], [[value]]).people).values == (text,)


@pytest.mark.parametrize("value", [b"Ann", bytearray(b"Ann"), memoryview(b"Ann")])
def test_bytes_are_no_text(value: object) -> None:
    found = clean([ANN], [[value]])

    assert (len(found), found.invalid) == (0, 1)
    assert found.explained == [
        "row 1: a column that is needed of it holds bytes; cast it to text in the query"
    ]


def measure(values: Sequence[object]) -> int:
    """Refuse an empty text; one segment for each letter."""
    if not values[0]:
        raise InvalidMessage("column name is empty")
    return len(str(values[0]))


def test_a_row_without_a_text_is_invalid_and_another_row_of_its_person_is_not() -> None:
    found = clean([ANN, ANN, BOB, ANN], [[None], ["Ann"], [""], ["Anna"]], measure=measure)

    assert list(found.people) == [Person(ANN, "", ("Ann",))]
    assert (found.invalid, found.duplicates, found.segments) == (2, 1, 3)
    assert found.explained == ["row 1: column name is empty", "row 3: column name is empty"]


def test_segments_are_those_of_the_people_who_are_left() -> None:
    rows = [["7", "Ann"], ["8", "Ann"], ["7", "Annabel"], ["7", "B"]]

    assert clean([ANN, ANN, ANN, BOB], rows, events=True, measure=measure).segments == 3 + 3 + 1
    assert clean([ANN, BOB], rows[:2], events=True).segments == 0
    assert clean([ANN, ANN]).segments == 0


@pytest.mark.parametrize("repeat", [0, 3])
def test_people_may_be_asked_for_again_and_by_several_at_once(
    repeat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audience, "SPOOL_AT_ONCE", 64)
    numbers = [f"+336{row:08}" for row in range(50)]
    found = clean(numbers + numbers[:repeat], [[f"Name {row}"] for row in range(50 + repeat)])

    whole = list(found.people)
    first, second = found.people, found.people
    beginning = [next(first) for _ in range(20)]

    assert list(second) == whole
    assert beginning + list(first) == whole
    assert [person.values for person in whole] == [(f"Name {row}",) for row in range(50)]


def test_the_spool_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    found = clean([ANN], [["Ann"]])

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


def test_an_event_has_its_values_beside_it() -> None:
    columns = Columns("phone_number", "order_id", ("name", "city"))
    row = {"city": "Paris", "name": "Ann", "phone_number": ANN, "order_id": 7}

    found = gather(from_given([row], columns), Rules(events=True, measure=measure))

    assert list(found.people) == [Person(ANN, "7", ("Ann", "Paris"))]


def test_an_event_is_as_long_as_the_ledger_allows() -> None:
    events = ["x" * LONGEST_EVENT, "x" * (LONGEST_EVENT + 1), "x" * 50_000_000]

    found = clean([ANN] * 3, [[event] for event in events], events=True)

    assert (len(found), found.invalid) == (1, 2)
    assert "50000000 characters" in found.explained[1]
    assert LONGEST_EVENT == LONGEST_NAME


# ---- lists -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipients", "numbers"),
    [
        (ANN, [ANN]),
        (33600000001, [33600000001]),
        ([ANN, BOB], [ANN, BOB]),
        ((ANN,), [ANN]),
        ([], []),
        ("[]", []),
        ([(ANN,), [BOB]], [ANN, BOB]),
        ([{"phone_number": ANN, "name": "Ann"}, {"phone_number": None}], [ANN, None]),
        (f" ['{ANN}', '{BOB}'] ", [ANN, BOB]),
        (f"('{ANN}',)", [ANN]),
        (f"[{{'phone_number': '{ANN}'}}]", [ANN]),
        ("(+33) 6 00 00 00 01", ["(+33) 6 00 00 00 01"]),
        ("(33)", ["(33)"]),
        (iter([ANN, BOB]), [ANN, BOB]),
    ],
)
def test_a_number_a_list_and_rows_are_welcome(recipients: object, numbers: list[object]) -> None:
    parts = list(from_given(recipients, BY_NAME))

    assert [number for part in parts for number in part.numbers] == numbers
    assert {part.others for part in parts} <= {None}


def test_a_long_list_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "ROWS_AT_ONCE", 2)
    rows = [{"phone_number": row, "order_id": -row} for row in range(5)]

    assert list(from_given(iter(rows), BY_ORDER)) == [
        Rows([0, 1], [[0], [-1]]),
        Rows([2, 3], [[-2], [-3]]),
        Rows([4], [[-4]]),
    ]
    with pytest.raises(InvalidMessage, match="row 6 has no column"):
        list(from_given([*rows, {}], BY_ORDER))


@pytest.mark.parametrize(
    ("recipients", "words"),
    [
        (None, "recipients: NoneType"),
        (True, "recipients: bool"),
        (0.5, "recipients: float"),
        (ANN.encode(), "recipients: bytes"),
        ({"phone_number": ANN}, "recipients: dict"),
        (
            [{"phone": ANN, "name": "Ann"}],
            "row 1 has no column 'phone_number' .phone_column.; it has name, phone",
        ),
        ([{ANN: "Ann"}], "row 1 has no column 'phone_number' .phone_column.; it has .33 6 "),
        ([{"phone_number": ANN}, {}], "row 2 has no column 'phone_number' .phone_column.; it has none"),
        ([(ANN, "Ann")], "row 1 is a tuple of 2 values"),
    ],
)
def test_anything_else_is_refused_with_its_row_and_without_its_values(recipients: object, words: str) -> None:
    with pytest.raises(InvalidMessage, match=words) as refusal:
        list(from_given(recipients, BY_NAME))

    assert ANN not in str(refusal.value)


@pytest.mark.parametrize(
    ("row", "columns", "words"),
    [
        (
            {"phone_number": ANN},
            BY_ORDER,
            r"row 1 has no column 'order_id' \(event_column\); it has phone_number",
        ),
        (ANN, BY_ORDER, r"row 1 is no mapping, so it has no column 'order_id' \(event_column\)"),
        ([ANN], Columns("phone_number", None, ("name",)), r"row 1 is no mapping.* 'name' \(message\)"),
    ],
)
def test_a_row_without_what_is_needed_of_it_is_refused(row: object, columns: Columns, words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        list(from_given([row], columns))
