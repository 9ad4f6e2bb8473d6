"""Phone numbers hidden from readers: one number, those in a sentence, those that an error quotes.

Figures that nobody can be called by stay as far as that can be told: dates, times, short ids, amounts.
"""

from __future__ import annotations

import re
from typing import Final
from unicodedata import decimal

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")

_INVISIBLE: Final = "\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe0f\ufeff"
_ESCAPED: Final = (
    r"%(?:0[9AD]|2[0-9A-F]|[89A-F][0-9A-F]) | =(?:20|C2|A0) | \\x[0-9A-F]{2} | \\u[0-9A-F]{4} | \\[nrt]"
    r" | &[a-z]{2,8}; | &\#x?[0-9A-F]{1,6};"
)
"""Blanks as URLs, mails, Python and HTML write them."""
_BLANKS: Final = re.compile(_ESCAPED, re.VERBOSE | re.IGNORECASE)
_CLOSE: Final = rf"(?: [\s()./_\-‐-―−~·•．\\{_INVISIBLE}] | {_ESCAPED} ){{0,6}}"
"""What stands between the digits of one number in any writing."""
_PIECE: Final = rf"\d (?: {_CLOSE} \d ){{0,5}}"

_DATE_OR_NUMBER: Final = re.compile(
    rf"""
    (?P<date> (?<![\d/.-])
        (?: (?:0?[1-9]|[12]\d|3[01]) / (?:0?[1-9]|1[0-2]) / (?:19|20)\d\d
          | (?:19|20)\d\d - (?:0[1-9]|1[0-2]) - (?:0[1-9]|[12]\d|3[01]) )
        (?! [\s()./–-]*\d (?!\d?[:h]) ) )   # more digits make it part of a number, but for a time of day
    | \+? \d (?: {_CLOSE} \d ){{5,}}
    """,
    re.VERBOSE | re.IGNORECASE,
)

_LISTED: Final = re.compile(
    rf"""
    (?<!\d) (?P<plus> \+ | ＋ | %2B )? (?(plus) | (?= [0０] | [3３]{{2}} ) ) {_PIECE}
    (?! {_CLOSE} \d )
    (?P<gap> (?: <br\s*/?> | {_ESCAPED} | [^\w%] ){{1,8}} ) {_PIECE} (?: (?P=gap) {_PIECE} )*
    (?! (?: {_CLOSE} | (?P=gap) ) \d )
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Groups of digits with the same thing between them, whatever it is: a list of figures, or a number."""
_WHOLE: Final = re.compile(r"(?:(?:00)?33)?0?[1-9]\d{8}|00[1-9]\d{8,13}")


def mask(number: str) -> str:
    """Hide a number from readers: ``"+33612345678"`` becomes ``"+33 6 •• •• •• 78"``.

    E.164 keeps country code, first digit and the last two; any other text at most two digits at its end,
    and none when it is shorter than six characters. The bullets do not tell how many digits they hide.
    """
    if E164.fullmatch(number):
        code = _country_code(number)
        national = number[1 + len(code) :]
        if code and len(national) >= 6:
            return f"+{code} {national[0]} •• •• •• {national[-2:]}"
    end = number[-2:]
    shown = len(number) >= 6 and end.isascii() and end.isdigit()
    return f"•• •• •• {end}" if shown else "••"


def mask_numbers(text: str) -> str:
    """Mask every run of six digits or more in a free text, such as an error sentence of the platform.

    Blanks of any kind, dots, dashes, slashes and parentheses between the digits do not end a run, nor does
    a blank that is escaped. Groups of digits with another separator are masked when they make up a phone
    number: after a plus sign or ``00``, or as France writes them. Dates such as ``21/11/2014`` and
    ``2014-11-21`` stay; other long figures, an amount or an id, are masked as well.
    """
    text = _LISTED.sub(_masked_list, text)
    return _DATE_OR_NUMBER.sub(lambda match: match["date"] or mask(match[0]), text)


def mask_error(error: BaseException) -> None:
    """Mask the numbers in an error of somebody else's library, and in those that it came from, in place.

    A database quotes the value that it could not take, and SQLAlchemy the statement besides.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.args = tuple(map(_masked_argument, current.args))
        if isinstance(statement := getattr(current, "statement", None), str):
            current.statement = mask_numbers(statement)  # type: ignore[attr-defined]
        waiting += [current.__cause__, current.__context__]


def _masked_argument(value: object) -> object:
    # Some drivers give an object that prints as the sentence
    return value if value is None or isinstance(value, int | float) else mask_numbers(str(value))


def _masked_list(match: re.Match[str]) -> str:
    text, gap = match[0], match["gap"]
    bare = _BLANKS.sub("", text.removeprefix("%2B"))
    digits = "".join(str(decimal(char)) for char in bare if char.isdecimal())
    if match["plus"]:
        return mask(text) if 8 <= len(digits) <= 15 else text
    times = ":" in gap and " " in text and text[0] == "0" and text[1] != "0"
    return mask(text) if _WHOLE.fullmatch(digits) and not times else text


def _country_code(number: str) -> str:
    """The digits of an E.164 number that name its country; none when no country has them."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    codes = (number[1:length] for length in (2, 3, 4))  # no code begins another
    return next((code for code in codes if int(code) in COUNTRY_CODE_TO_REGION_CODE), "")
