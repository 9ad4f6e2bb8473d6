"""Phone numbers: any usual spelling to E.164, and never a whole one in a text that people read.

``normalize`` agrees with libphonenumber on every text, but for the two differences its docstring names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber

if TYPE_CHECKING:  # libphonenumber takes longer to load than this package: loaded with the first number
    from phonenumbers import PhoneNumber

_LONGEST: Final = 250
"""libphonenumber reads no longer text, and so nothing of that size is looked at here either."""

_OVERSEAS: Final = (590, 594, 596, 262, 508)
"""Country codes that share the French numbering plan: Antilles, French Guiana, Réunion, Mayotte and others.

Saint-Pierre-et-Miquelon (508) shares it only with its numbers of nine digits.
"""

_SEPARATORS: Final = " .-()\N{NO-BREAK SPACE}"

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")

_DATE_OR_NUMBER: Final = re.compile(
    r"""
    (?P<date> (?<![\d/.-])
        (?: (?:0?[1-9]|[12]\d|3[01]) / (?:0?[1-9]|1[0-2]) / (?:19|20)\d\d
          | (?:19|20)\d\d - (?:0[1-9]|1[0-2]) - (?:0[1-9]|[12]\d|3[01]) )
        (?! [\s()./–-]*\d (?!\d?[:h]) ) )   # more digits make it part of a number, but for a time of day
    | \+? \d (?: [\s()./_–-]{0,3} \d ){5,}
    """,
    re.VERBOSE,
)


def normalize(number: str | int, region: str = "FR") -> str:
    """Write the number of a mobile phone as E.164: ``"06 12 34 56 78"`` becomes ``"+33612345678"``.

    ``region`` is the country of numbers that name none, as two capital letters. Read are the spellings that
    libphonenumber reads: national, ``+33``, ``0033``, with spaces, dots, dashes or ``(0)``, vanity letters.
    An int is a number that lost its leading zero or its plus sign in a table. A kind of line that the
    country does not tell from mobiles, as in the United States, passes.

    Two differences from libphonenumber:

    - An overseas mobile that is written the French way gets the country code of its territory:
      with region FR, ``"0692 ..."`` becomes ``"+262692..."``. libphonenumber calls it invalid.
    - A number with an extension is refused, as nobody can text an extension. libphonenumber drops it.

    Anything else raises InvalidPhoneNumber, whose text shows the number masked.
    """
    text = number if type(number) is str and len(number) <= _LONGEST else _text(number)
    if region == "FR" and (match := _french_mobile()(_compact(text))):
        return "+33" + match[1]
    return _read(text, region)


def comparable(number: str) -> str:
    """Return what two spellings of a platform's number have in common: E.164, or its own where that is none.

    The platform has texted it all the same, so it counts as somebody.
    """
    try:
        return normalize(number)
    except InvalidPhoneNumber:
        return number.strip()


def check_number(number: str, *, argument: str = "number") -> str:
    """Return an E.164 number, or refuse what is none."""
    if not _E164.fullmatch(str(number)):
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
    texts = [number if type(number) is str else _digits(number) for number in numbers]
    joined = "\n".join(texts)
    if joined.count("\n") >= len(texts) or max(map(len, texts), default=0) > _LONGEST:
        texts = ["" if "\n" in text or len(text) > _LONGEST else text for text in texts]
        joined = "\n".join(texts)
    return _french_lines()(_compact(joined)) if texts else []


def country(number: str) -> str | None:
    """Return the two-letter country of an E.164 number, None for one that has none."""
    if number.startswith("+33"):
        return "FR"
    from phonenumbers import parse, region_code_for_number

    region = region_code_for_number(parse(number))
    return None if region == "001" else region  # a satellite phone's


def mask(number: str) -> str:
    """Hide a number from readers: ``"+33612345678"`` becomes ``"+33 6 •• •• •• 78"``.

    E.164 keeps country code, first digit and the last two; any other text at most two digits at its end,
    and none when it is shorter than six characters. The bullets do not tell how many digits they hide.
    """
    if _E164.fullmatch(number):
        code = _country_code(number)
        national = number[1 + len(code) :]
        if code and len(national) >= 6:
            return f"+{code} {national[0]} •• •• •• {national[-2:]}"
    end = number[-2:]
    shown = len(number) >= 6 and end.isascii() and end.isdigit()
    return f"•• •• •• {end}" if shown else "••"


def mask_numbers(text: str) -> str:
    """Mask every run of six digits or more in a free text, such as an error sentence of the platform.

    Spaces, dots, dashes, slashes and parentheses between the digits do not end a run. Dates such as
    ``21/11/2014`` and ``2014-11-21`` stay; other long figures, an amount or an id, are masked as well.
    """
    return _DATE_OR_NUMBER.sub(lambda match: match["date"] or mask(match[0]), text)


def _text(number: object) -> str:
    if isinstance(number, str):
        if len(number) > _LONGEST:
            raise InvalidPhoneNumber(
                f"number: {len(number)} characters are too many for a phone number; give one number at a time"
            )
        return number
    if isinstance(number, int) and not isinstance(number, bool):
        if 0 < number < 10**15:
            return str(number)
        raise InvalidPhoneNumber("number: this int is no phone number, which has 1 to 15 digits; give text")
    raise InvalidPhoneNumber(
        f'number: a value of type {type(number).__name__} is no phone number; give text such as "+33 6 …"'
    )


def _compact(text: str) -> str:
    for separator in _SEPARATORS:  # half the time of str.translate on so short a text
        text = text.replace(separator, "")
    return text


def _digits(number: object) -> str:
    return str(number) if type(number) is int and 0 < number < 10**15 else ""


@cache
def _french_lines() -> Callable[[str], list[str]]:
    """Find the mobile in each of many lines, "" in those that are none."""
    return re.compile(rf"(?m)^(?:{_french_pattern()}|.*)$").findall


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
        raise InvalidPhoneNumber(f"{shown} has an extension (region {region}); give the number without it")
    parsed = _overseas(parsed) if region == "FR" else parsed
    if not is_valid_number(parsed):
        remedy = "write a number of another country with + and its country code"
        raise InvalidPhoneNumber(f"{shown} is not a number in use (region {region}); {remedy}")
    if not _is_mobile(parsed):
        raise InvalidPhoneNumber(f"{shown} is not the number of a mobile phone (region {region})")
    return format_number(parsed, PhoneNumberFormat.E164)


def _parsed(text: str, region: str) -> PhoneNumber:
    from phonenumbers import SUPPORTED_REGIONS, NumberParseException, parse

    if not text.strip():
        raise InvalidPhoneNumber("number: it is empty; leave this recipient out")
    try:
        return parse(text, region, keep_raw_input=True)
    except NumberParseException as error:
        shown = f'number: "{mask(text)}"'
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


def _country_code(number: str) -> str:
    """The digits of an E.164 number that name its country; none when no country has them."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    codes = (number[1:length] for length in (2, 3, 4))  # no code begins another
    return next((code for code in codes if int(code) in COUNTRY_CODE_TO_REGION_CODE), "")
