"""Phone numbers: any usual spelling to E.164, and never a whole one in a text that people read.

``normalize`` agrees with libphonenumber on every text, but for the differences that its docstring names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
from airflow_provider_smspartner.rules.masking import E164
from airflow_provider_smspartner.rules.masking import mask as mask
from airflow_provider_smspartner.rules.masking import mask_numbers as mask_numbers
from airflow_provider_smspartner.rules.numbering import REFUSED as REFUSED
from airflow_provider_smspartner.rules.numbering import (
    UNSETTLED,
    abroad,
    code_of,
    has_one_length,
    is_in_use,
    read,
    regions_of,
)
from airflow_provider_smspartner.rules.typed import (
    FLOAT,
    HIDING,
    LONGEST,
    URI,
    is_cut,
    is_rare,
    several,
    text_of,
    visible,
    written,
)

if TYPE_CHECKING:  # libphonenumber takes longer to load than this package: loaded with the first number
    from phonenumbers import PhoneNumber

_OVERSEAS: Final = (590, 594, 596, 262, 508)
"""Country codes that share the French numbering plan: Antilles, French Guiana, Réunion, Mayotte and others.

Saint-Pierre-et-Miquelon (508) shares it only with its numbers of nine digits.
"""

_SEPARATORS: Final = " .-()\N{NO-BREAK SPACE}"
_RARER: Final = (
    "/\t\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{ZERO WIDTH SPACE}"
    "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}"
)
"""Further signs between digits; looked for in many numbers at once, where that costs next to nothing."""

_FLOAT_ENDS: Final = tuple(f".{zeros}\n" for zeros in ("0", "00", "000", "0000", "00000", "000000"))

_FRANCE: Final = 33_000_000_000

_NATIONAL: Final = re.compile("0?([1-9][0-9]{8})")


def normalize(number: str | int, region: str = "FR") -> str:
    """Write the number of a mobile phone as E.164: ``"06 12 34 56 78"`` becomes ``"+33612345678"``.

    ``region`` is the country of numbers that name none, as two capital letters. Read are the spellings that
    libphonenumber reads: national, ``+33``, ``0033``, with blanks of any kind, dots, dashes or ``(0)``.
    An int, or a float or Decimal that is whole, is a number that lost its leading zero or its plus sign in a
    table. A kind of line that the country does not tell from mobiles, as in the United States, passes.

    The differences from libphonenumber:

    - Letters are never digits: a letter anywhere makes a number invalid, and so does a sign that hides a
      digit, such as ``*``, or an end that was cut off (``...``). libphonenumber reads ``06XXXXXX78`` as the
      keys of a telephone. Only the scheme ``tel:`` may stand in front.
    - Tabs, typographic and invisible characters between the digits are blanks.
    - An overseas mobile that is written the French way gets the country code of its territory:
      with region FR, ``"0692 ..."`` becomes ``"+262692..."``. libphonenumber calls it invalid.
    - A number with an extension is refused, as nobody can text an extension. libphonenumber drops it.
    - ``"33612345678.0"`` is a float that became text; the zero is no digit.

    Anything else raises InvalidPhoneNumber, whose text shows the number masked.
    """
    text = text_of(number)
    if region == "FR" and (match := _french_mobile()(_compact(text))):
        return "+33" + match[1]
    return f"+{known}" if (known := _settled(text, region)) else _read(visible(text), region)


def mobiles(numbers: Sequence[object], region: str = "FR") -> list[int]:
    """Return the digits of what ``normalize`` makes of each of many numbers, REFUSED (0) where it refuses.

    Few rows of a million are looked at alone, and libphonenumber itself is asked about next to none.
    """
    french = french_mobiles(numbers) if region == "FR" else [""] * len(numbers)
    pairs = zip(numbers, french, strict=True)
    return [_FRANCE + int(digits) if digits else _mobile(number, region) for number, digits in pairs]


def comparable(number: str) -> str:
    """Return what two spellings of a platform's number have in common: E.164, or its own where that is none.

    The platform has texted it all the same, so it counts as somebody.
    """
    try:
        return normalize(number)
    except InvalidPhoneNumber:
        return number.strip()


def comparables(numbers: Sequence[str]) -> list[str]:
    """Return what ``comparable`` makes of each of many numbers, most of which are French mobiles."""
    pairs = zip(numbers, french_mobiles(numbers), strict=True)
    return [f"+33{digits}" if digits else comparable(number) for number, digits in pairs]


def check_number(number: str, *, argument: str = "number") -> str:
    """Return an E.164 number, or refuse what is none."""
    if not E164.fullmatch(str(number)):
        raise InvalidPhoneNumber(
            f"{argument}: {mask(str(number))} is not an E.164 number; "
            "rules.phone.normalize makes one out of what people type"
        )
    return number


def french_mobiles(numbers: Sequence[object]) -> list[str]:
    """Return, for each of many numbers, the nine digits behind ``+33``, or "" where it needs ``normalize``.

    One pass over all of them: that is what makes a million rows quick. What it reads, ``normalize`` reads in
    the same way with region FR.
    """
    typed = [number if type(number) is str else _digits(number) for number in numbers]
    texts = list(map(str.strip, typed))
    joined = "\n".join(texts)
    if "." in joined and any(map(f"{joined}\n".__contains__, _FLOAT_ENDS)):
        texts = [match[1] if (match := FLOAT.fullmatch(text)) else text for text in texts]
        joined = "\n".join(texts)
    if joined.count("\n") >= len(texts) or max(map(len, typed), default=0) > LONGEST:
        pairs = zip(texts, typed, strict=True)
        texts = ["" if "\n" in text or len(whole) > LONGEST else text for text, whole in pairs]
        joined = "\n".join(texts)
    return _french_lines()(_compact(joined, _SEPARATORS + _RARER)) if texts else []


def country(number: str) -> str | None:
    """Return the two-letter country of an E.164 number, None for one that has none."""
    if number.startswith("+33"):
        return "FR"
    regions = regions_of(code_of(number[1:]))
    if len(regions) == 1:
        region: str | None = regions[0]
    else:
        from phonenumbers import parse, region_code_for_number

        region = region_code_for_number(parse(number))
    return None if region == "001" else region  # a satellite phone's


def _mobile(number: object, region: str) -> int:
    """Return the digits of what ``normalize`` makes of a number, and 0 where it would say why it refuses."""
    if number is None:
        return REFUSED
    try:
        text = text_of(number)
        known = _settled(text, region)
        return int(_read(visible(text), region)) if known is UNSETTLED else known
    except InvalidPhoneNumber:
        return REFUSED


def _settled(text: str, region: str) -> int | None:
    """Return the digits of a mobile's number without asking libphonenumber; see ``numbering.read``."""
    found = written(text)
    if found is None:
        return UNSETTLED if is_rare(text) else REFUSED
    number = read(found.digits, region, plus=found.plus)
    if number == REFUSED and region == "FR" and not found.plus:
        return _settled_overseas(found.digits)
    if number and found.cut and not has_one_length(int(code_of(str(number)))):
        return REFUSED
    return number


def _settled_overseas(digits: str) -> int:
    """Return the number that ``_overseas`` makes of digits which are no mobile's in France."""
    match = _NATIONAL.fullmatch(digits)
    if match is None or is_in_use(match[1], "FR"):
        return REFUSED
    return next(filter(None, (abroad(str(code), f"{code}{match[1]}") for code in _OVERSEAS)), REFUSED)


def _compact(text: str, separators: str = _SEPARATORS) -> str:
    for separator in separators:  # half the time of str.translate on so short a text
        text = text.replace(separator, "")
    return text


def _digits(number: object) -> str:
    return str(number) if type(number) is int and 0 < number < 10**15 else ""


@cache
def _french_lines() -> Callable[[str], list[str]]:
    """Find the mobile in each of many lines, "" in those that are none."""
    return re.compile(rf"(?m)^(?:'?{_french_pattern()}|.*)$").findall


@cache
def _french_mobile() -> Callable[[str], re.Match[str] | None]:
    """Match a French mobile without separators, by libphonenumber's own pattern and far faster than it."""
    return re.compile(_french_pattern()).fullmatch


def _french_pattern() -> str:
    from phonenumbers import PhoneMetadata

    france: Any = PhoneMetadata.metadata_for_region("FR")  # typed as optional, and France is there
    pattern = france.mobile.national_number_pattern.replace(r"\d", "[0-9]")
    return rf"(?:(?:\+|00)?33)?0?({pattern})"


def _read(text: str, region: str) -> str:
    from phonenumbers import PhoneNumberFormat, format_number, is_valid_number

    parsed = _parsed(text, region)
    shown = f'number: "{mask(text)}"'
    if parsed.extension:
        _refuse_several(text, shown)
        raise InvalidPhoneNumber(f"{shown} has an extension (region {region}); give the number without it")
    _refuse_hidden(text, shown)
    if is_cut(text) and not has_one_length(parsed.country_code or 0):
        raise InvalidPhoneNumber(f"{shown} seems to be cut off, or its end hidden; give it in full")
    parsed = _overseas(parsed) if region == "FR" else parsed
    if not is_valid_number(parsed):
        remedy = "write a number of another country with + and its country code"
        raise InvalidPhoneNumber(f"{shown} is not a number in use (region {region}); {remedy}")
    if not _is_mobile(parsed):
        raise InvalidPhoneNumber(f"{shown} is not the number of a mobile phone (region {region})")
    return format_number(parsed, PhoneNumberFormat.E164)


def _refuse_hidden(text: str, shown: str) -> None:
    """Refuse what libphonenumber has read as a number, or passed over, and what may stand for a digit."""
    said = URI.sub("", text, count=1) if URI.match(text.strip()) else text
    if any(char.isalpha() for char in said):
        raise InvalidPhoneNumber(f"{shown} holds a letter, which is never a digit; is the column masked?")
    if any(char in HIDING for char in said):
        raise InvalidPhoneNumber(f"{shown} holds a sign that hides a digit; is the column masked?")


def _refuse_several(text: str, shown: str) -> None:
    if count := len(several(text)):
        raise InvalidPhoneNumber(
            f"{shown} cannot be read as one number: it holds {count}; give them as a list"
        )


def _parsed(text: str, region: str) -> PhoneNumber:
    from phonenumbers import SUPPORTED_REGIONS, NumberParseException, parse

    if not text.strip():
        raise InvalidPhoneNumber("number: it is empty; leave this recipient out")
    try:
        return parse(text, region, keep_raw_input=True)
    except NumberParseException as error:
        shown = f'number: "{mask(text)}"'
        _refuse_several(text, shown)
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and region not in SUPPORTED_REGIONS:
            remedy = 'region takes two capital letters, such as "FR"'
            message = f"{shown} names no country and neither does region {region!r}; {remedy}"
        else:
            message = f"{shown} cannot be read as a phone number (region {region})"
        raise InvalidPhoneNumber(message) from None


def _overseas(parsed: PhoneNumber) -> PhoneNumber:
    """The same digits with the code of the territory where they are a mobile, if they are none in France."""
    from phonenumbers import CountryCodeSource, PhoneNumber, is_valid_number

    written_nationally = parsed.country_code_source == CountryCodeSource.FROM_DEFAULT_COUNTRY
    if not written_nationally or (parsed.national_number or 0) < 10**8 or is_valid_number(parsed):
        return parsed
    for code in _OVERSEAS:
        candidate = PhoneNumber()
        candidate.merge_from(parsed)
        candidate.country_code = code
        if is_valid_number(candidate) and _is_mobile(candidate):
            return candidate
    return parsed


def _is_mobile(parsed: PhoneNumber) -> bool:
    from phonenumbers import PhoneNumberType, number_type

    return number_type(parsed) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
