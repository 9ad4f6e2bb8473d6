"""Two-letter codes of countries."""

from __future__ import annotations

from typing import Any

import phonenumbers
import pytest

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.countries import (
    CODES,
    COUNT_AS,
    check_countries,
    check_country,
    check_told_apart,
)
from airflow_provider_smspartner.rules.phone import country


def test_they_are_those_of_libphonenumber() -> None:
    assert set(phonenumbers.SUPPORTED_REGIONS) == CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_is_accepted(code: str) -> None:
    assert check_country(code, "default_region") == code
    check_countries([code])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("UK", "'UK' .*two-letter.*write \"GB\""),
        ("uk", 'write "GB"'),
        ("fr", "'fr' .*write \"FR\""),
        (" FR", 'write "FR"'),
        ("France", 'write "FR"'),
        ("DEU", 'write "DE"'),
        ("971", 'write "GP"'),
        ("", "''.*for example"),
        ("XX", "'XX'.*for example"),
        ("AQ", "country with phone numbers"),
        (33, "33 is not the two-letter code"),
        (None, "None is not the two-letter code"),
        (["FR"], "two-letter"),
        ("+33612345678", r"'\+33 6 •• •• •• 78'"),
    ],
)
def test_anything_else_is_refused_and_the_right_code_named_where_it_is_known(code: Any, words: str) -> None:
    with pytest.raises(InvalidMessage, match=f"^default_region: .*{words}"):
        check_country(code, "default_region")
    with pytest.raises(InvalidMessage, match=f"^countries: .*{words}"):
        check_countries(["FR", code])


@pytest.mark.parametrize("codes", [[], "FR", 5, {}, set(), iter(["FR"])])
def test_a_list_is_a_list(codes: Any) -> None:
    with pytest.raises(InvalidMessage, match=r"^countries: .*list"):
        check_countries(codes)


@pytest.mark.parametrize(("code", "other"), COUNT_AS.items())
def test_a_country_that_another_one_hides_needs_that_one(code: str, other: str) -> None:
    with pytest.raises(InvalidMessage, match=f'^countries: .*"{code}" .*write "{other}" too'):
        check_told_apart(["FR", code])
    check_told_apart([code, other])


@pytest.mark.parametrize("code", sorted(CODES - COUNT_AS.keys() - {"TA"}))  # nobody there has a mobile
def test_all_others_are_told_by_their_numbers(code: str) -> None:
    check_told_apart([code])
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    examples = filter(None, (phonenumbers.example_number_for_type(code, kind) for kind in kinds))
    written = [phonenumbers.format_number(each, phonenumbers.PhoneNumberFormat.E164) for each in examples]
    assert code in {country(number) for number in written}
