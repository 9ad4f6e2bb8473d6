"""What people and tables hold for a phone number: a text out of any value, and the digits of a text."""

from __future__ import annotations

import re
from decimal import Decimal
from numbers import Integral
from typing import Final, NamedTuple, TypeGuard
from unicodedata import category

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
from airflow_provider_smspartner.rules.values import is_missing

LONGEST: Final = 250
"""libphonenumber reads no longer text, and so nothing of that size is looked at here either."""

HIDING: Final = "*#?_•●∙▪■█×…"
"""Signs that stand for digits in a masked number."""
FLOAT: Final = re.compile(r"([1-9][0-9]{0,14})\.0+")
"""A number that was a float or an amount when its column became text: those zeros are no digits of it."""

URI: Final = re.compile("tel:", re.IGNORECASE)

# What libphonenumber passes over between digits, without the "x", which is a letter here; blanks are spaces
_BETWEEN: Final = r"\-/ ().\[\]\u2010-\u2015\u2212\uff08\uff09\uff0d-\uff0f\uff3b\uff3d"
_BEFORE: Final = rf"[^+\uff0b\w{re.escape(HIDING)}]*"
_BEHIND: Final = rf"[^\w{re.escape(HIDING)}]*"
_one_number = re.compile(rf"{_BEFORE}(\+*)[{_BETWEEN}]*([0-9][0-9{_BETWEEN}]*){_BEHIND}").fullmatch
is_cut = re.compile(
    r"(?:\.{2}|[-\u2010-\u2015\u2212] *[-\u2010-\u2015\u2212]|[@$·∗⁎⋯＊＃？＿\u2580-\u25ff])\D*\Z"
).search
"""Finds an end that was cut off, or is hidden by signs that may also be bullets, such as shapes and blocks.

Where numbers have no one length, what is left may be somebody else's.
"""
_without_signs = re.compile(f"[{_BETWEEN}]+").sub
_RARE: Final = "\N{FULLWIDTH PLUS SIGN}~\N{SWUNG DASH}\N{TILDE OPERATOR}\N{FULLWIDTH TILDE}"
"""A plus sign, and signs that may stand before an extension."""


class Written(NamedTuple):
    """The digits of one number."""

    digits: str
    plus: bool
    """Whether a plus sign stands in front of them."""
    cut: bool = False
    """Whether some more may have followed them."""


def text_of(number: object) -> str:
    """Return a value as the text of a number; a whole one of any type has lost its zero or plus in a table.

    :raises InvalidPhoneNumber: no text can be a number that is so long, or of that type.
    """
    text = number if type(number) is str and len(number) <= LONGEST else _text(number)
    if text.endswith("0") and (was_float := FLOAT.fullmatch(text)):
        return was_float[1]
    return text


def visible(text: str) -> str:
    """Return a text with a blank for each character that is one in print or leaves no trace there."""
    if text.isascii() and "\t" not in text:
        return text
    return "".join(" " if char == "\t" or category(char) in ("Zs", "Cf") else char for char in text)


def written(text: str) -> Written | None:
    """Return the digits that libphonenumber reads out of a text; None where it reads none, or ``is_rare``."""
    shown = visible(text).strip()
    match = _one_number(shown[4:] if shown[:1] in "tT" and URI.match(shown) else shown)
    if match is None:
        return None
    cut = not shown[-1].isdecimal() and is_cut(shown) is not None  # most end with a digit, and need no search
    return Written(_without_signs("", match[2]), bool(match[1]), cut)


def is_rare(text: str) -> bool:
    """Tell whether a text holds what only libphonenumber can read, such as digits of other scripts."""
    if text.isascii():
        return "~" in text
    return any(char in _RARE or (char.isnumeric() and not char.isascii()) for char in text)


def several(text: str) -> list[str]:
    """Take a text of several numbers apart, joined as the platform's own ``phoneNumbers``; else return none.

    Commas, semicolons and newlines part them. A part with fewer than six digits is an extension, say.
    """
    parts = [part.strip() for part in re.split("[,;\n]", text) if part.strip()]
    numbers = all(sum(map(str.isdecimal, part)) >= 6 for part in parts)
    return parts if len(parts) > 1 and numbers else []


def _text(number: object) -> str:
    if isinstance(number, str):
        if len(number) > LONGEST:
            raise InvalidPhoneNumber(
                f"number: {len(number)} characters are too many for a phone number; give one number at a time"
            )
        return str(number)
    kind = type(number).__name__
    if is_missing(number):
        raise InvalidPhoneNumber(f"number: it is missing (a value of type {kind}); leave this recipient out")
    if _is_whole(number):
        if 0 < number < 10**15:
            return str(int(number))
        raise InvalidPhoneNumber(
            f"number: this {kind} is not a phone number, which has 1 to 15 digits; give text"
        )
    raise InvalidPhoneNumber(
        f'number: a value of type {kind} is not a phone number; give text such as "+33 6 …"'
    )


def _is_whole(number: object) -> TypeGuard[int | float | Decimal]:
    """Tell whether a value is a whole number that has kept all digits of a phone number."""
    if isinstance(number, float):  # numpy's shorter floats are none of these: they round a number to another
        return number.is_integer()
    if isinstance(number, Decimal):
        return number.is_finite() and number == number.to_integral_value()
    return isinstance(number, Integral) and not isinstance(number, bool)
