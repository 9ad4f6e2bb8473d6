"""What each kind of argument takes, and that all else is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules import arguments


class Scalar:
    """A number of numpy or pandas, which the tests do without: no int, and a plain value inside."""

    dtype, ndim = "some", 0

    def __init__(self, value: object) -> None:
        self._value = value

    def item(self) -> object:
        return self._value


Read = Callable[[Any, str], Any]
BOOLEAN, RATE, WHOLE = arguments.boolean, arguments.rate, arguments.whole
SECONDS: Read = partial(arguments.seconds, most=300)
FEW: Read = partial(arguments.whole, most=64, texts=False)
MONEY, NAME = arguments.money, arguments.name


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (BOOLEAN, True, True),
        (BOOLEAN, False, False),
        (BOOLEAN, Scalar(True), True),
        (RATE, 0, 0),
        (RATE, 1, 1),
        (RATE, 0.25, 0.25),
        (RATE, Decimal("0.25"), 0.25),
        (RATE, Scalar(0.5), 0.5),
        (RATE, Scalar(1), 1),
        (SECONDS, 300, 300),
        (SECONDS, timedelta(minutes=1), 60),
        (SECONDS, Scalar(7), 7),
        (WHOLE, 1, 1),
        (WHOLE, "1000", 1000),
        (WHOLE, " 7 ", 7),
        (WHOLE, 7.0, 7),
        (WHOLE, "7.0", 7),
        (WHOLE, Scalar(7), 7),
        (WHOLE, Scalar(7.0), 7),
        (WHOLE, Decimal("7.00"), 7),
        (WHOLE, Decimal("1E3"), 1000),
        (FEW, 64, 64),
        (FEW, Scalar(64), 64),
        (MONEY, "49.50", Decimal("49.50")),
        (MONEY, 0, Decimal(0)),
        (MONEY, Scalar(49.5), Decimal("49.5")),
        (MONEY, Scalar(49), Decimal(49)),
        (NAME, "smspartner_default", "smspartner_default"),
    ],
)
def test_values_of_any_type_that_mean_it_are_read(read: Read, value: Any, expected: Any) -> None:
    found = read(value, "argument")

    assert found == expected
    assert type(found).__module__ in ("builtins", "decimal")


@pytest.mark.parametrize(
    ("read", "value"),
    [
        *((BOOLEAN, value) for value in ("false", "true", "", 0, 1, None, Scalar(1), [], object())),
        *((RATE, value) for value in ("0.1", "", None, True, -0.1, 1.01, float("nan"), [0.1], 10**400, b"1")),
        *((RATE, value) for value in (Scalar(float("nan")), Scalar(True), Decimal("NaN"))),
        *((SECONDS, value) for value in ("300", None, True, -1, 301, timedelta(days=1), [300])),
        *((WHOLE, value) for value in (0, -1, 2.5, "many", "", "2.5", True, None, [7], "1e3", 10**13, b"7")),
        *((WHOLE, value) for value in (Scalar(True), Scalar(float("nan")), Decimal("NaN"), float("inf"))),
        *((FEW, value) for value in ("4", 65, 0, 2.5)),
        *((MONEY, value) for value in ("ten", -1, "NaN", True, None, [1], "", Scalar(float("nan")))),
        *((NAME, value) for value in ("", " ", None, 5, True, ["a"], b"a")),
    ],
)
def test_everything_else_is_refused_by_name(read: Read, value: Any) -> None:
    with pytest.raises(InvalidMessage, match=r"^argument: "):
        read(value, "argument")


def test_a_refusal_shows_no_number_in_full_and_no_endless_text() -> None:
    with pytest.raises(InvalidMessage) as refusal:
        arguments.boolean("+33612345678 " * 1000, "sandbox")

    assert "12345678" not in str(refusal.value).replace(" ", "")
    assert len(str(refusal.value)) < 200
