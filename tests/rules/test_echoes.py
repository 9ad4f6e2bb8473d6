from __future__ import annotations

import pytest

from airflow_provider_smspartner.rules.echoes import is_digits, read_number
from airflow_provider_smspartner.rules.phone import normalize

FRENCH, REUNION, BELGIAN, GERMAN = "+33612345678", "+262692123456", "+32470123456", "+4915112345678"
SPANISH, SWISS, ITALIAN, HUNGARIAN = "+34612345678", "+41791234567", "+393491234567", "+36201234567"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+33612345678", FRENCH),
        ("0033612345678", FRENCH),
        ("33612345678", FRENCH),
        (" 33612345678", FRENCH),
        ("0612345678", FRENCH),
        ("+33 (0)6 12 34 56 78", FRENCH),
        ("06.12.34.56.78", FRENCH),
        ("262692123456", REUNION),
        ("0692123456", REUNION),
        ("32470123456", BELGIAN),
        (" 4915112345678", GERMAN),
        ("+999123456789", "+999123456789"),  # whoever that is, it hides nothing
    ],
)
def test_a_spelling_that_names_its_country_or_is_french_is_read_by_itself(written: str, number: str) -> None:
    assert read_number(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "06XXXXXX78",
        "+336XXXXXX78",
        "+33 6 •• •• •• 78",
        "0612****78",
        "+33 6 12 34 56 78 ext. 4",
        "",
        "null",
        "0470123456",  # Belgian, or who knows whose
        "612345678",  # Spanish, or French without its zero
        "0123",
        "+33612345678,+33612345679",
    ],
)
def test_a_spelling_that_hides_digits_or_its_country_is_nobody(written: str) -> None:
    assert read_number(written) is None


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0470123456", BELGIAN),
        ("015112345678", GERMAN),
        ("612 34 56 78", SPANISH),
        ("079 123 45 67", SWISS),
        ("3491234567", ITALIAN),
        ("06201234567", HUNGARIAN),
        ("0692123456", REUNION),
        ("692123456", REUNION),
        (" 32470123456", BELGIAN),
        ("+32470123456", BELGIAN),
    ],
)
def test_our_people_are_read_in_the_national_form_of_their_country(written: str, number: str) -> None:
    assert normalize(number) == number
    assert read_number(written, ours={number, "+33700000001"}.__contains__) == number


def test_a_spelling_that_fits_two_of_our_people_is_nobody() -> None:
    moroccan = "+212" + FRENCH[3:]

    assert read_number("0612345678", ours={FRENCH, moroccan}.__contains__) is None
    assert read_number("0612345678", ours={moroccan}.__contains__) == moroccan


def test_other_peoples_numbers_are_read_too() -> None:
    assert read_number("32470123456", ours={FRENCH}.__contains__) == BELGIAN


def test_regions_say_whose_national_form_is_meant() -> None:
    assert read_number("0470123456", regions=("FR", "BE")) == BELGIAN
    assert read_number("0791234567", regions=("FR", "CH")) is None
    assert read_number("0612345678", regions=()) is None


@pytest.mark.parametrize(
    ("written", "is_it"), [("0123 45", True), ("36180", True), ("06XX", False), ("", False)]
)
def test_digits_alone_hide_nothing(written: str, is_it: bool) -> None:
    assert is_digits(written) == is_it
