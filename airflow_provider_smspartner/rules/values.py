"""Values out of a warehouse or a data frame: which are missing, which are numbers, and one spelling for each.

The types of numpy and pandas are told by what they do, so that neither is needed here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from numbers import Integral, Rational, Real
from typing import Final
from uuid import UUID

from airflow_provider_smspartner.exceptions import InvalidMessage

_LONGEST_SPELLED: Final = 64
"""Characters; a longer text is neither a figure nor a moment nor a UUID."""
_WIDEST: Final = 400
"""Digits; a decimal may write a billion of them in ten characters."""

_WHOLE: Final = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")
_MOMENT: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[T ](?P<minute>\d\d:\d\d)(?P<second>:\d\d)?(?:\.(?P<fraction>\d{1,9}))?"
    r"(?: ?(?P<zone>Z|UTC|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_UUID: Final = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.ASCII | re.IGNORECASE)
_PRICE: Final = re.compile(r"-?[0-9]{1,400}\.[0-9]{1,2}")
_PRICES: Final = re.compile(r"(?:[0-9]{1,400}(?:\.[0-9]{1,2})?\n)+")
_AS_PRINTED: Final = frozenset({date, datetime, time, UUID})
"""Types whose values people write as Python prints them."""
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")


def is_missing(value: object) -> bool:
    """Tell whether a value stands for none: None, NaN of any type, and the NaT and NA of a data frame."""
    if value is None:
        return True
    if isinstance(value, str | int | bytes):
        return False
    if isinstance(value, Decimal):
        return value.is_nan()
    if type(value).__name__ in ("NaTType", "NAType"):  # NA is not even equal or unequal to itself
        return True
    scalar = isinstance(value, float) or (
        type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0
    )
    return scalar and bool(value != value)  # that is what makes it none


def as_number(value: object) -> int | Decimal | None:
    """Return a number of any type as an int when it is whole, else as a Decimal; None for all other values.

    A float is the shortest decimal that it prints as. Booleans, infinite and missing values, and text are
    no numbers here.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | Real) or is_missing(value):
        return None
    if isinstance(value, Integral):  # numpy says so of a timedelta64 too
        return int(value) if type(value).__name__ != "timedelta64" else None
    if isinstance(value, Rational):  # its digits may never end
        return None
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    if not exact.is_finite() or abs(exact.adjusted()) > _WIDEST:
        return None
    return int(exact) if exact == exact.to_integral_value() else exact


def as_text(value: object, subject: str) -> str | None:
    """Return a value as people write it in a text; None when it is missing.

    A number has no exponent: 1e16 is ``"10000000000000000"``, 12.0 is ``"12"``. A decimal keeps the zeros of
    two decimal places, as prices have them (``Decimal("12.50")`` is ``"12.50"``), and loses those of more
    (``Decimal("0E-9")`` is ``"0"``).

    :raises InvalidMessage: it is bytes, a list, a mapping, or true or false, which have no words, or a number
        without end; the sentence begins with ``subject``.
    """
    if type(value) is str:
        return value
    if type(value) in _AS_PRINTED:
        return str(value)
    if isinstance(value, Decimal) and _PRICE.fullmatch(price := str(value)):
        return price if value else price.removeprefix("-")
    if is_missing(value):
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        raise InvalidMessage(f"{subject} holds bytes; cast it to text in the query")
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):  # numpy's is none of Python's
        raise InvalidMessage(f"{subject} holds true or false; write a word in the query")
    if isinstance(value, Collection):
        raise InvalidMessage(f"{subject} holds a {type(value).__name__}; write a text in the query")
    number = as_number(value)
    if number is None and isinstance(value, Decimal | Real) and not isinstance(value, Integral | Rational):
        raise InvalidMessage(f"{subject} holds a number that nobody writes; round it in the query")
    return str(value) if number is None else _plain(number, subject)


def as_texts(values: Sequence[object]) -> Sequence[str] | None:
    """Return what ``as_text`` makes of each of many values; None where each must be looked at alone.

    A column holds one type as a rule, and is then written in a tenth of the time.
    """
    kinds = set(map(type, values))
    if kinds == {str}:
        return values  # type: ignore[return-value]
    if len(kinds) != 1 or not kinds <= {int, Decimal, *_AS_PRINTED}:
        return None
    if kinds == {int} and max(map(abs, values)) >= 10**_WIDEST:  # type: ignore[arg-type]
        return None
    texts = list(map(str, values))
    if kinds == {Decimal} and not _PRICES.fullmatch("\n".join([*texts, ""])):
        return None
    return texts


def check_characters(text: str, subject: str) -> None:
    """Refuse half a surrogate and NUL: no request can carry the one, and no database keeps the other.

    :raises InvalidMessage: the sentence begins with ``subject``.
    """
    if not text.isprintable() and (bad := _NO_TEXT.search(text)):
        named = "NUL" if bad[0] == "\0" else "half a surrogate pair"
        raise InvalidMessage(f"{subject} holds a character that is no text ({named})")


def event_name(value: object) -> str | None:
    """Return the one spelling of an event, whatever type its column has; None when it is missing.

    - A number has no exponent and no zeros at its end: 123, 123.0, ``Decimal("123.00")`` and ``"123.0"`` are
      ``"123"``, ``Decimal("7.50")`` is ``"7.5"``. In text, only zeros after a whole number are dropped.
    - A moment is ``"2026-11-27 10:00:00"``, with six or nine digits of a fraction that is not zero; one with
      an offset is written in UTC, with ``+00:00``; midnight without an offset is its date.
    - A UUID is written in lower case without braces.
    - Everything else is its text as it stands: letter case, blanks and zeros in front count.

    :raises InvalidMessage: it is bytes, or a number that is too long to print.
    """
    if type(value) is not str:
        if is_missing(value):
            return None
        if isinstance(value, bytes | bytearray | memoryview):
            raise InvalidMessage("its event column holds bytes; cast it to text in the query")
        if (number := spelled(value, "its event")) is not None:
            return number
        value = str(value)
    if len(value) > _LONGEST_SPELLED:
        return value
    if match := _WHOLE.fullmatch(value):
        return "0" if match[1] == "-0" else match[1]
    if match := _UUID.fullmatch(value):
        return match[1].lower()
    match = _MOMENT.fullmatch(value)
    return _moment(match) if match else value


def spelled(value: object, subject: str) -> str | None:
    """Return the one spelling of a number: 7, 7.0 and ``Decimal("7.00")`` are "7"; None for what is none.

    :raises InvalidMessage: it is too long to print; the sentence begins with ``subject``.
    """
    number = as_number(value)
    return None if number is None else _plain(number, subject)


def _plain(number: int | Decimal, subject: str) -> str:
    if abs(number) >= 10**_WIDEST:  # Python prints no int of more than some thousand digits
        raise InvalidMessage(f"{subject} has more than {_WIDEST} digits")
    return str(number) if isinstance(number, int) else f"{number:f}".rstrip("0")


def _moment(match: re.Match[str]) -> str:
    fraction = (match["fraction"] or "").rstrip("0")
    rest = f".{fraction:0<{6 if len(fraction) <= 6 else 9}}" if fraction else ""
    whole = f"{match['day']} {match['minute']}{match['second'] or ':00'}"
    if match["zone"] is None:
        return match["day"] if whole.endswith(" 00:00:00") and not rest else whole + rest
    try:
        moment = datetime.fromisoformat(whole + match["zone"].replace("UTC", "Z")).astimezone(UTC)
    except (ValueError, OverflowError):
        return match[0]  # no such day
    return f"{moment.replace(tzinfo=None).isoformat(' ')}{rest}+00:00"
