"""Single values of an answer: what the platform writes in several spellings, or None for what it is not.

What the platform echoes is data: nothing passes that a column, a log line or an XCom could not take.
"""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from decimal import Decimal
from typing import Final

from airflow_provider_smspartner.rules.phone import mask_numbers
from airflow_provider_smspartner.rules.schedule import PARIS

ID: Final = re.compile(r"(?=[0-9]*[1-9])[0-9]{1,20}")  # "0" names nothing
HIGHEST_CODE: Final = (
    9_999  # 992 is the vendor's highest; a longer one may be a phone number in the wrong place
)
MOST: Final = 10**18
WHOLE: Final = re.compile(r"\s*[0-9]{1,18}\s*")
LONGEST_TEXT: Final = 300
MOST_PARTS: Final = 2**31 - 1
"""What an integer column takes."""
MOST_MONEY: Final = Decimal(10**9)
"""Of any currency; nobody's account pays so much for one request."""


def text_id(value: object) -> str | None:
    """Return an id as text; the API writes it as a number here and as text there.

    0 and "" are none, and so is what is not made of digits: nobody could ask for it again, and a send whose
    answer brings it has an unknown outcome.
    """
    if isinstance(value, str):
        text = value.strip()
        return text if ID.fullmatch(text) else None
    number = whole(value)
    return str(number) if number else None


def whole(value: object) -> int | None:
    """Return a count or a code given as a number or as digits, else None."""
    if type(value) is int:  # the usual case needs no second look
        return value if 0 <= value < MOST else None
    return int(value) if isinstance(value, str) and WHOLE.fullmatch(value) else None


def error_code(value: object) -> int | None:
    """Return the API's own code of an error, given as a number or as digits, else None."""
    code = whole(value)
    return code if code is not None and code <= HIGHEST_CODE else None


def amount(value: object) -> Decimal | None:
    """Return an amount of money given as a number or as text, else None. Never a binary float."""
    if isinstance(value, Decimal):
        return value if value.is_finite() and -18 < value.adjusted() < 18 else None
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}(\.[0-9]{1,18})?\s*", value):
        return Decimal(value.strip())
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return Decimal(value)
    return None


def price(value: object) -> Decimal | None:
    """Return what a request cost, None when no account pays so much."""
    cost = amount(value)
    return cost if cost is not None and -MOST_MONEY < cost < MOST_MONEY else None


def parts(value: object) -> int | None:
    """Return a count of segments, None when no column takes so many."""
    count = whole(value)
    return count if count is not None and count <= MOST_PARTS else None


def currency(value: object) -> str | None:
    """Return a currency, which is three letters, else None."""
    text = word(value) or ""
    return text.upper() if len(text) == 3 and text.isascii() and text.isalpha() else None


def label(value: object) -> str | None:
    """Return a name that people may read: one printable line, the numbers in it masked."""
    line = "".join(char if char.isprintable() else " " for char in word(value) or "")
    return mask_numbers(" ".join(line.split())) or None


def spelling(value: object) -> str | None:
    """Return a phone number as the platform writes it, be it a text or an integer."""
    return str(value) if type(value) is int else word(value)


def word(value: object) -> str | None:
    """Return a short text, else None."""
    return value.strip()[:LONGEST_TEXT] or None if isinstance(value, str) else None


def flag(value: object) -> bool:
    """Read a flag that comes as true, 1, "1" or "true"; everything else is no."""
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("1", "true"))


def moment(value: object) -> datetime | None:
    """Read a date given as epoch seconds (number or text) or as ``Y-m-d H:i:s`` in Paris time."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        seconds = whole(value)
        read = datetime.fromtimestamp(seconds, UTC) if seconds else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    if not MINYEAR < read.year < MAXYEAR:  # a change of zone must not leave the calendar
        return None
    return read if read.tzinfo else read.replace(tzinfo=PARIS)
