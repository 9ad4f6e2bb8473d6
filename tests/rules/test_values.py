"""Which values are missing, which are numbers, and the one spelling of an event."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.values import (
    as_number,
    as_text,
    as_texts,
    check_characters,
    event_name,
    is_missing,
)
from tests.rules.frames import Timestamp, numpy_scalar, pandas_missing

NAN = float("nan")
MISSING = [None, NAN, Decimal("NaN"), Decimal("sNaN"), *pandas_missing(), numpy_scalar(NAN)]
PARIS = timezone(timedelta(hours=1))
AN_ID = "0b5f4ad2-7a3c-4a55-9f0c-1e2d3c4b5a69"


@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_a_missing_value_is_missing_in_every_type(value: object) -> None:
    assert is_missing(value)
    assert as_number(value) is None
    assert event_name(value) is None


@pytest.mark.parametrize(
    "value", ["", "nan", 0, 0.0, False, Decimal(0), float("inf"), b"", [], {}, numpy_scalar(0.0)]
)
def test_an_empty_value_is_not_a_missing_one(value: object) -> None:
    assert not is_missing(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *((7, 7), (7.0, 7), (Decimal("7.00"), 7), (1e16, 10**16), (-0.0, 0)),
        *((numpy_scalar(7), 7), (numpy_scalar(7.0), 7), (numpy_scalar(0.1), Decimal("0.1"))),
        *((0.1, Decimal("0.1")), (Decimal("0E-9"), 0), (Decimal("1E+3"), 1000)),
        *((True, None), ("7", None), (float("inf"), None), (Decimal("-Infinity"), None), (1j, None)),
        *((Fraction(1, 2), None), (Decimal("1E+999999999"), None), (None, None), (b"7", None)),
    ],
)
def test_a_number_is_whole_or_a_decimal_whatever_its_type(value: object, number: object) -> None:
    read = as_number(value)

    assert read == number
    assert type(read) is type(number)


@pytest.mark.parametrize(
    ("spellings", "name"),
    [
        ([123, 123.0, Decimal("123.00"), "123", "123.0", "123.000", numpy_scalar(123)], "123"),
        ([7.5, Decimal("7.50"), Decimal("7.5"), "7.5", numpy_scalar(7.5)], "7.5"),
        ([1e-7, Decimal("1E-7"), "0.0000001"], "0.0000001"),
        ([1e16, Decimal("1E+16"), 10**16], "1" + 16 * "0"),
        ([0, 0.0, -0.0, Decimal("0E-9"), "0.0", "-0.0"], "0"),
        ([-3, -3.0, "-3.0"], "-3"),
        ([True, "True"], "True"),
        ([UUID(AN_ID), AN_ID, AN_ID.upper(), "{" + AN_ID.upper() + "}"], AN_ID),
        (
            [
                date(2026, 11, 27),
                datetime(2026, 11, 27),
                Timestamp(2026, 11, 27),
                "2026-11-27",
                "2026-11-27T00:00:00",
                "2026-11-27 00:00:00.000",
            ],
            "2026-11-27",
        ),
        (
            [
                datetime(2026, 11, 27, 10),
                Timestamp(2026, 11, 27, 10),
                "2026-11-27 10:00",
                "2026-11-27T10:00:00.000000000",
            ],
            "2026-11-27 10:00:00",
        ),
        (
            [
                datetime(2026, 11, 27, 10, tzinfo=UTC),
                "2026-11-27 10:00:00 UTC",
                "2026-11-27 10:00:00.000 +0000",
                "2026-11-27T11:00:00 +01",
            ],
            "2026-11-27 10:00:00+00:00",
        ),
        ([datetime(2026, 11, 27, 10, 0, 0, 500_000), "2026-11-27T10:00:00.5"], "2026-11-27 10:00:00.500000"),
        (["2026-11-27T10:00:00.123456789"], "2026-11-27 10:00:00.123456789"),
        (
            [
                datetime(2026, 11, 27, 0, tzinfo=PARIS),
                datetime(2026, 11, 26, 23, tzinfo=UTC),
                "2026-11-27T00:00:00+01:00",
                "2026-11-26 23:00:00Z",
                "2026-11-26 23:00:00+00",
            ],
            "2026-11-26 23:00:00+00:00",
        ),
    ],
)
def test_a_value_of_an_event_has_one_spelling(spellings: list[Any], name: str) -> None:
    assert [event_name(value) for value in spellings] == [name] * len(spellings)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "aB3x", "x ", "007", "007.0", "1.10", "1e3", "1E+3", "+7.0", "7.", "11.01", "v1.0"),
        *("2026-13-01T10:00:00Z", "0001-01-01T00:00:00+01:00", "26-11-27", "10:00:00", AN_ID[:-1]),
        *("é", "e\u0301", "１.0", "9" * 5_000, "\0", "\ud800"),
    ],
)
def test_other_text_is_an_event_as_it_stands(text: str) -> None:
    assert event_name(text) == text


@given(st.text() | st.integers() | st.floats() | st.decimals() | st.datetimes() | st.dates() | st.uuids())
def test_the_spelling_of_an_event_is_a_fixed_point(value: object) -> None:
    name = event_name(value)

    assert name is None or event_name(name) == name


@given(st.integers(-(2**53), 2**53))
def test_a_column_that_gained_a_missing_value_names_the_same_events(value: int) -> None:
    assert event_name(float(value)) == event_name(Decimal(value)) == event_name(value) == str(value)


@pytest.mark.parametrize(
    "value", [b"7", bytearray(b"7"), memoryview(b"7"), pytest.param(10**5_000, id="long")]
)
def test_an_event_that_cannot_be_written_is_refused(value: object) -> None:
    with pytest.raises(InvalidMessage, match=r"^its event (column holds bytes|has more than 400 digits)"):
        event_name(value)


def test_what_is_no_text_is_refused_by_name() -> None:
    for text in ("", "Zoé", "\n\t", "\U0001f600", "\u202f"):
        check_characters(text, "its event")
    with pytest.raises(InvalidMessage, match=r"^its event holds .*NUL"):
        check_characters("a\0b", "its event")
    with pytest.raises(InvalidMessage, match=r"^column name holds .*half a surrogate"):
        check_characters("a\udc80", "column name")


def test_neither_numpy_nor_pandas_is_needed() -> None:
    code = (
        "import sys, airflow_provider_smspartner.rules.values as v; v.event_name(1.0);"
        "sys.exit(bool({'numpy', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---- in a text -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(("Ann", "Ann"), ("1E+3", "1E+3"), ("nan", "nan"), ("", "")),
        *(
            (0, "0"),
            (-12, "-12"),
            (12.0, "12"),
            (12.5, "12.5"),
            (0.1, "0.1"),
            (-0.0, "0"),
            (1e16, "10000000000000000"),
        ),
        *((1e-7, "0.0000001"), (numpy_scalar(3), "3"), (numpy_scalar(0.5), "0.5"), (Fraction(1, 2), "1/2")),
        *(
            (Decimal("0E-9"), "0"),
            (Decimal("1E+3"), "1000"),
            (Decimal("12.50"), "12.50"),
            (Decimal("12.0"), "12.0"),
        ),
        *((Decimal("12.500000000"), "12.5"), (Decimal("-0.00"), "0.00"), (Decimal("7.000"), "7")),
        *((date(2026, 11, 27), "2026-11-27"), (datetime(2026, 11, 27, 10), "2026-11-27 10:00:00")),
        *((missing, None) for missing in (None, float("nan"), Decimal("NaN"), *pandas_missing())),
        (numpy_scalar(float("nan")), None),
    ],
)
def test_a_value_stands_in_a_text_as_people_write_it(value: object, text: str | None) -> None:
    assert as_text(value, "it") == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (["Ann", ""], ["Ann", ""]),
        ([0, -12, 10**399], ["0", "-12", "1" + "0" * 399]),
        ([Decimal("12.50"), Decimal("7"), Decimal("0.0")], ["12.50", "7", "0.0"]),
        ([date(2026, 11, 27)], ["2026-11-27"]),
        ([datetime(2026, 11, 27, 10, tzinfo=PARIS)], ["2026-11-27 10:00:00+01:00"]),
        ([UUID(int=1)], ["00000000-0000-0000-0000-000000000001"]),
        *(([value], None) for value in (10**400, True, 1.0, None, Decimal("NaN"), Timestamp(2026, 11, 27))),
        *(([Decimal("1.5"), Decimal(odd)], None) for odd in ("1.500", "-0.00", "1E+3", "0E-9", "Infinity")),
        (["Ann", None], None),
        ([], None),
    ],
)
def test_a_column_of_one_type_is_written_at_once(values: list[object], texts: list[str] | None) -> None:
    assert as_texts(values) == texts
    assert texts is None or [as_text(value, "it") for value in values] == texts


@pytest.mark.parametrize("value", [True, b"a", bytearray(b"a"), [1], (1,), {"a": 1}, {1}, float("inf")])
def test_a_value_that_nobody_writes_like_that_stands_in_no_text(value: object) -> None:
    with pytest.raises(InvalidMessage, match=r"^column a holds "):
        as_text(value, "column a")


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=6)
    | st.floats(allow_nan=False, allow_infinity=False)
)
def test_a_number_in_a_text_is_the_number_without_an_exponent(number: Decimal | float) -> None:
    written = as_text(number, "it")

    assert written is not None
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", written)
    assert Decimal(written) == Decimal(str(number))
