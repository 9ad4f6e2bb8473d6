"""Who is to be texted, out of a list that a DAG gives."""

from __future__ import annotations

import pytest

from airflow_provider_smspartner.audience import Columns, Rows, from_given, lists
from airflow_provider_smspartner.exceptions import InvalidMessage
from tests.audience.people import ANN, BOB, BY_NAME, BY_ORDER
from tests.rules.frames import numpy_scalar


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
        ({"phone_number": ANN, "name": "Ann"}, [ANN]),
        ({"PHONE_NUMBER": ANN}, [ANN]),
        ({"PHONE_NUMBER": BOB, "phone_number": ANN}, [ANN]),
        (f"{{'phone_number': '{ANN}'}}", [ANN]),
        ([[ANN, BOB], [ANN]], [ANN, BOB, ANN]),
        ([[33600000001, None], [33600000002.0]], [33600000001, None, 33600000002.0]),
        (iter([[ANN], [], [{"phone_number": BOB}]]), [ANN, BOB]),
        ([ANN, [BOB]], [ANN, BOB]),
        (f"{ANN},{BOB}", [ANN, BOB]),
        (f"{ANN}; 06 00 00 00 02;", [ANN, "06 00 00 00 02"]),
        (f"\n{ANN}\n{BOB}\n", [ANN, BOB]),
        ("0600000001,12", ["0600000001,12"]),
        (600000001.0, [600000001.0]),
        (numpy_scalar(600000001), [numpy_scalar(600000001)]),
    ],
)
def test_a_number_a_list_and_rows_are_welcome(recipients: object, numbers: list[object]) -> None:
    parts = list(from_given(recipients, BY_NAME))

    assert [number for part in parts for number in part.numbers] == numbers
    assert {part.others for part in parts} <= {None}


def test_a_long_list_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "ROWS_AT_ONCE", 2)
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
        ({"phone": ANN}, "row 1 has no column 'phone_number'"),
        ({"Phone_Number": ANN, "PHONE_NUMBER": BOB}, "phone_column: row 1 of recipients has 2 columns that"),
        (float("nan"), "recipients: float"),
        (
            [[612345678, ANN], [698765432, BOB]],
            "item 1 is a list of text and numbers, which looks like a row",
        ),
        ([[ANN], [0, BOB, None]], "item 2 is a list of text and numbers"),
        ([[(ANN, "Ann")]], "row 1 is a tuple of 2 values"),
        ([[[ANN, BOB]]], "row 1 is a list of 2 values"),
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
        (ANN, BY_ORDER, r"row 1 is not a mapping, so it has no column 'order_id' \(event_column\)"),
        ([ANN], Columns("phone_number", None, ("name",)), r"row 1 is not a mapping.* 'name' \(message\)"),
    ],
)
def test_a_row_without_what_is_needed_of_it_is_refused(row: object, columns: Columns, words: str) -> None:
    with pytest.raises(InvalidMessage, match=words):
        list(from_given([row], columns))
