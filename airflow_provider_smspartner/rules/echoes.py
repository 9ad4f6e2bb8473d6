"""Numbers as the platform writes them: which people a spelling in one of its lists may stand for.

Documents and captures show ``+33…``, digits without "+", a blank in place of the "+", and the national form.
Which of them lists use for foreign numbers is not documented, so each is read; a spelling that hides digits
or may stand for several people is nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
from airflow_provider_smspartner.rules import phone

_NOT_IN_NUMBERS: Final = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff().\-\u2010-\u2013/]")
_INTERNATIONAL: Final = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})")
_DIGITS: Final = re.compile(r"[0-9]{6,15}")
_TRUNKS: Final = ("0", "", "8", "06")
"""What countries write before a national number in place of their code; "" where they write nothing."""


def read_number(
    written: str, *, ours: Callable[[str], bool] | None = None, regions: Iterable[str] = ("FR",)
) -> str | None:
    """Return the E.164 number that a spelling of the platform stands for, None when nobody can tell.

    :param ours: says whether the platform was asked to text an E.164 number. With it, the national form of
        every country is read, and a spelling that fits two of our people is nobody's.
    :param regions: without ``ours``: the countries whose national form is read.
    """
    likely = _readings(written, regions)
    if ours is None:
        return likely.pop() if len(likely) == 1 else None
    known = set(filter(ours, {*likely, *_national_readings(written)})) or likely
    return known.pop() if len(known) == 1 else None


def is_digits(written: str) -> bool:
    """Tell whether a spelling is digits and nothing else, so that nothing of it is hidden."""
    return _compact(written).isdecimal()


def _readings(written: str, regions: Iterable[str]) -> set[str]:
    """Return what a spelling stands for by itself: its country code, or the national form of a region."""
    text = _compact(written)
    if match := _INTERNATIONAL.fullmatch(text):
        number = f"+{match[1]}"
        return _normalised(number) or {number}  # a number that our library does not know yet is somebody's
    if not _DIGITS.fullmatch(text):
        return set()
    if text.startswith("0"):
        return set().union(*(_normalised(text, region) for region in regions))
    return _normalised(f"+{text}")


def _national_readings(written: str) -> Iterator[str]:
    """Yield the number that a spelling is in each country of the world, valid there or not."""
    text = _compact(written)
    if not _DIGITS.fullmatch(text):
        return
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    for trunk in _TRUNKS:
        if text.startswith(trunk):
            rest = text[len(trunk) :]
            yield from (f"+{code}{rest}" for code in COUNTRY_CODE_TO_REGION_CODE)


def _compact(written: str) -> str:
    """Take out what separates digits; a blank in front is a "+" that a form has decoded."""
    return _NOT_IN_NUMBERS.sub("", written)


def _normalised(text: str, region: str = "FR") -> set[str]:
    try:
        return {phone.normalize(text, region)}
    except InvalidPhoneNumber:
        return set()
