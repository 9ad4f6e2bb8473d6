"""Arguments of a DAG: what is read, and what is refused by the argument's name. No I/O here.

What is of the wrong type is refused rather than interpreted: to Python the text "false" is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from numbers import Integral, Real
from typing import TypeVar

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.phone import mask_numbers

T = TypeVar("T")

_LONGEST_SHOWN = 40
_WHOLE = re.compile(r"([0-9]{1,12})(?:\.0*)?")


def optional(read: Callable[[object, str], T], value: object, argument: str) -> T | None:
    """Return what one of the readers below makes of an argument, and None for one that is not given."""
    return None if value is None else read(value, argument)


def boolean(value: object, argument: str) -> bool:
    """Return a switch, which is True or False and nothing else.

    :raises InvalidMessage: it is something else, text above all.
    """
    value = scalar(value)
    if not isinstance(value, bool):
        raise InvalidMessage(
            f"{argument}: {shown(value)} is neither True nor False; text is not read here, and no template"
        )
    return value


def rate(value: object, argument: str) -> float:
    """Return a share, 0 to 1.

    :raises InvalidMessage: it is no number, or not between the two.
    """
    return _between(
        value, 0, 1, f"{argument}: {shown(value)} is not between 0 and 1; give a number such as 0.5"
    )


def seconds(value: object, argument: str, *, most: int) -> float:
    """Return a time in seconds, given as a number or as a timedelta.

    :raises InvalidMessage: it is neither, below 0 or above ``most``.
    """
    given = value.total_seconds() if isinstance(value, timedelta) else value
    return _between(
        given, 0, most, f"{argument}: {shown(value)} is not from 0 to {most} seconds; give a number"
    )


def whole(value: object, argument: str, *, most: int | None = None, texts: bool = True) -> int:
    """Return a whole number above 0, of whatever type.

    :param texts: whether its digits may be text, which a template makes of them.
    :raises InvalidMessage: it is something else, or above ``most``.
    """
    value = scalar(value)
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    kinds = str | Real | Decimal if texts else Real | Decimal
    match = _WHOLE.fullmatch(text.strip()) if isinstance(value, kinds) else None
    read = int(match[1]) if match and not isinstance(value, bool) else 0
    if not 0 < read <= (most or read):
        allowed = f"from 1 to {most}" if most else "above 0"
        raise InvalidMessage(f"{argument}: {shown(value)} is not a whole number {allowed}")
    return read


def money(value: object, argument: str) -> Decimal:
    """Return an amount of 0 or more, which a template may have turned into text.

    :raises InvalidMessage: it is no amount.
    """
    value = scalar(value)
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(value, bool) or not amount.is_finite() or amount < 0:
        raise InvalidMessage(f"{argument}: {shown(value)} is not an amount such as 49.50")
    return amount


def name(value: object, argument: str) -> str:
    """Return a name: text that is not empty.

    :raises InvalidMessage: it is something else.
    """
    if not isinstance(value, str):
        raise InvalidMessage(f"{argument}: {shown(value)} is not text; give a name in quotes")
    if not value.strip():
        raise InvalidMessage(f"{argument}: is empty; give a name")
    return value


def one_of(value: object, allowed: Collection[str], argument: str) -> str:
    """Return a word that is one of those allowed.

    :raises InvalidMessage: it is something else.
    """
    if not isinstance(value, str) or value not in allowed:
        raise InvalidMessage(f"{argument}: {shown(value)} is none of {', '.join(map(repr, allowed))}")
    return value


def values(value: object, argument: str) -> None:
    """Refuse what cannot be the parameters of a query: they are a list or a mapping.

    :raises InvalidMessage: it is something else, a single text for instance.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Mapping | Iterable):
        kind = type(value).__name__
        raise InvalidMessage(f"{argument}: {kind} is neither a list nor a mapping; give [value], or names")


def people(value: object, argument: str) -> None:
    """Refuse what can be neither a number nor numbers or rows.

    :raises InvalidMessage: it cannot.
    """
    is_either = isinstance(value, str | Integral | Iterable)
    if isinstance(value, bool | bytes | bytearray) or not is_either:
        kind = type(value).__name__
        raise InvalidMessage(f"{argument}: {kind} is neither a number nor a list of numbers or rows")


def scalar(value: object) -> object:
    """Return the plain value inside a scalar of numpy or pandas, and anything else as it is."""
    is_scalar = hasattr(value, "dtype") and hasattr(value, "item") and getattr(value, "ndim", 1) == 0
    return value.item() if is_scalar and hasattr(value, "item") else value


def shown(value: object) -> str:
    """Return a value for an error's sentence: cut, and no phone number in full."""
    return mask_numbers(repr(value))[:_LONGEST_SHOWN]


def _between(value: object, least: float, most: float, sentence: str) -> float:
    given = scalar(value)
    if isinstance(given, bool) or not isinstance(given, int | float | Real | Decimal):
        raise InvalidMessage(sentence)
    try:
        read = float(given)
    except (ValueError, OverflowError):  # a signalling NaN, or digits without end
        raise InvalidMessage(sentence) from None
    if not least <= read <= most:  # NaN is on neither side
        raise InvalidMessage(sentence)
    return given if isinstance(given, int) else read


def literal(value: object) -> bool:
    """Tell whether an argument is known when the DAG is parsed: no template and no XComArg."""
    if isinstance(value, str):
        return "{{" not in value and "{%" not in value
    return not (hasattr(value, "resolve") and hasattr(value, "iter_references"))
