"""Tests for airflow_provider_smspartner.rules.phone: it agrees with libphonenumber, whatever is typed."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.phone import country, mobiles, normalize
from tests.rules.law import law, typed_anywhere
from tests.rules.spellings import REGION, ours, spellings
from tests.thorough import examples, stride

MOBILE_TYPES = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


def libphonenumber(text: str, region: str) -> str | None:
    """What libphonenumber makes of it; None when it is no mobile number, has an extension or hides digits."""
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    mobile = phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) in MOBILE_TYPES
    if not mobile or parsed.extension or re.search(r"[^\W\d_]|[*#?_]", text.removeprefix("tel:")):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("07 56 12 34 56", "FR", "+33756123456"),
        ("+49 151 23456789", "FR", "+4915123456789"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("07400 123456", "GB", "+447400123456"),
        ("+32 470 12 34 56", "FR", "+32470123456"),
        ("312 345 6789", "IT", "+393123456789"),
        ("(201) 555-0123", "US", "+12015550123"),
        ("+33 6 12 34 56 78", "US", "+33612345678"),
        ("+33 6 12 34 56 78", "nowhere", "+33612345678"),
        ("0690 00 12 34", "GP", "+590690001234"),
    ],
)
def test_other_regions_and_countries(text: str, region: str, expected: str) -> None:
    assert normalize(text, region) == expected
    assert libphonenumber(text, region) == expected


@given(spellings() | st.text(max_size=260) | st.text("+0123456789 ().-/x;e,#*", max_size=30), REGION)
@example("00330612345678", "FR")
@example("+3360000000\t0", "DE")
@example("0612345678x", "FR")
@example("1(0)612345678", "FR")
@example("+33-(0)-6-12-34-56-78-", "FR")
def test_it_agrees_with_libphonenumber(text: str, region: str) -> None:
    # A tab is a blank to us, and the end of the number to libphonenumber
    expected, given_back = libphonenumber(text.replace("\t", " "), region), ours(text, region)
    if expected is None and given_back is not None:  # the one thing we know better
        assert region == "FR"
        assert given_back.startswith(("+590", "+594", "+596", "+262", "+508"))
        assert libphonenumber(given_back, "FR") == given_back
        assert libphonenumber("+33" + given_back[4:], "FR") is None
    else:
        assert given_back == expected or not text.isascii() or text.endswith(".0")


@given(spellings(), REGION)
def test_what_it_gives_back_is_a_fixed_point(text: str, region: str) -> None:
    if number := ours(text, region):
        assert normalize(number, region) == number


@given(spellings() | st.text(max_size=260) | st.text("+0123456789 ().-/x;e,#*~²", max_size=30), REGION)
@example("²06 12 34 56 78", "FR")
@example("0612345678\u0301", "FR")
@example("+0033 692 12 34 56", "FR")
@example("33692123456", "FR")
@example("061234567~8", "FR")
def test_the_law_is_libphonenumbers_whatever_is_typed(text: str, region: str) -> None:
    number = law(text, region)

    assert (mobiles([text], region), ours(text, region)) == ([number], f"+{number}" if number else None)


def test_the_law_is_libphonenumbers_in_every_country_and_spelling() -> None:
    texts = list(typed_anywhere(seed=1, count=examples(4_000)))

    differing = [(text, region) for text, region in texts if mobiles([text], region) != [law(text, region)]]

    assert differing == []


def test_the_law_is_libphonenumbers_for_every_beginning_of_a_national_number() -> None:
    texts = [f"{beginning:07d}432" for beginning in range(0, 10**7, stride(4_001, 41))]

    differing = [text for text in texts if mobiles([text]) != [law(text, "FR")]]

    assert differing == []


@given(spellings(), REGION)
def test_the_country_is_the_one_that_libphonenumber_names(text: str, region: str) -> None:
    if number := ours(text, region):
        named = phonenumbers.region_code_for_number(phonenumbers.parse(number))
        assert country(number) == (None if named == "001" else named)
