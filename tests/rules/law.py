"""What libphonenumber alone makes of a text, with the differences that ``phone.normalize`` names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from random import Random
from typing import Any

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneMetadata, PhoneNumber, PhoneNumberType

MOBILE_TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("personal_number", "voip", "pager", "uan", "voicemail"),
)
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
OVERSEAS = (590, 594, 596, 262, 508)
FRONTS = (
    *("+{code}", "+{code}", "", "", "0", "{prefix}", "00{code}", "{code}", "+{code}{prefix}", "+{code} (0)"),
    *("(+{code}) ", "{code}{prefix}", "+0", "+00{code}", "000", "++{code}", "tel:+{code}", "\uff0b{code}"),
)
SIGNS = (
    *(" ", ".", "-", "/", "\u00a0", "\u202f", "\u2011", "\u2013", "\t", ") ", "(", "\u3000", "\uff0d", "~"),
    *("x", "_", "*", "+", ",", ";", "'", "#", ":", "\u200b", "\n", "²", "é", "\u0301", "٣", "７", "\uff0b"),
)
AROUND = ("", "", "", "", " ", "\n", "'", "(", "*", "#", "…", ".", "²", ",", "+", "mob. ", "\u200e")


def law(text: str, region: str) -> int:
    """Return the digits of the mobile's E.164 number, and 0 for a text that is none."""
    if was_float := re.fullmatch(r"([1-9][0-9]{0,14})\.0+", text):
        text = was_float[1]
    text = "".join(
        " " if char == "\t" or unicodedata.category(char) in ("Zs", "Cf") else char for char in text
    )
    said = re.sub("^tel:", "", text.strip(), flags=re.IGNORECASE)
    if len(text) > 250 or any(char.isalpha() for char in said) or set(said) & set("*#?_•●∙▪■█×…"):
        return 0
    try:
        parsed = phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return 0
    if parsed.extension:
        return 0
    if region == "FR" and not phonenumbers.is_valid_number(parsed):
        return number_of(parsed) or overseas(parsed)
    return number_of(parsed)


def number_of(parsed: PhoneNumber) -> int:
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) not in MOBILE_TYPES:
        return 0
    return int(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def overseas(parsed: PhoneNumber) -> int:
    digits = phonenumbers.national_significant_number(parsed)
    is_national = parsed.country_code_source == CountryCodeSource.FROM_DEFAULT_COUNTRY and len(digits) == 9
    found = (number_of(phonenumbers.parse(f"+{code}{digits}")) for code in OVERSEAS if is_national)
    return next(filter(None, found), 0)


def typed_anywhere(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """Yield texts and regions: numbers of every country and kind, most of them altered, in many spellings."""
    rnd = Random(seed)
    samples = [*known_samples(REGIONS), *(4 * known_samples(["FR", "RE", "YT", "GP", "GF", "MQ", "PM"]))]
    for _ in range(count):
        region, code, prefix, number = rnd.choice(samples)
        for _ in range(rnd.choice((0, 0, 0, 1, 1, 2, 6))):
            at = rnd.randrange(len(number) + 1)
            number = number[:at] + rnd.choice("0123456789") + number[at + rnd.choice((0, 1, 1, 1, 2)) :]
        front = rnd.choice(FRONTS).format(code=code, prefix=prefix)
        text = rnd.choice(AROUND) + front + spelled(number, rnd) + rnd.choice(AROUND)
        yield text, rnd.choice((region, region, "FR", "FR", rnd.choice(REGIONS), "fr"))


def known_samples(regions: list[str]) -> list[tuple[str, str, str, str]]:
    """Return region, country code, national prefix and number of a line of each kind."""
    samples = []
    for region in regions:
        found: Any = PhoneMetadata.metadata_for_region(region)
        for kind in KINDS:
            if (line := getattr(found, kind)) and line.example_number:
                samples.append(
                    (region, str(found.country_code), found.national_prefix or "", line.example_number)
                )
    return samples


def spelled(number: str, rnd: Random) -> str:
    """Write a number in pairs or as it is, seldom with signs that have no place in it."""
    if rnd.random() < 0.4:
        first, sign = rnd.choice((0, 1, 2, 3)), rnd.choice(SIGNS[:13])
        number = number[:first] + sign + sign.join(re.findall("..?", number[first:]))
    if rnd.random() < 0.4:
        at = rnd.randrange(len(number) + 1)
        number = number[:at] + rnd.choice(SIGNS) + number[at:]
    return number
