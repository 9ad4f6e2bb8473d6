"""Tests for airflow_provider_smspartner.rules.typed: the digits are those that libphonenumber reads."""

from __future__ import annotations

import pytest

from airflow_provider_smspartner.rules.typed import Written, is_rare, written


@pytest.mark.parametrize(
    ("text", "digits", "plus"),
    [
        ("06 12 34 56 78", "0612345678", False),
        ("(+33) 6.12-34/56[78]", "33612345678", True),
        ("+33 (0)6 12 34 56 78", "330612345678", True),
        ("++33612345678", "33612345678", True),
        (" TEL: 06\u202f12\t34\u00a056\u201178\n", "0612345678", False),
        ("'0612345678;", "0612345678", False),
        ("12", "12", False),
    ],
)
def test_signs_between_and_around_are_no_digits(text: str, digits: str, plus: bool) -> None:
    assert written(text) == Written(digits, plus)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-", "inconnu", "06XXXXXX78", "06 12 34 56 •8", "*0612345678", "0612345678#"),
        *("0612345678 x12", "0612345678,0698765432", "0612+345678", "06\n12345678", "tel:tel:0612345678"),
    ],
)
def test_what_cannot_be_one_number_has_no_digits(text: str) -> None:
    assert (written(text), is_rare(text)) == (None, False)


@pytest.mark.parametrize(
    "text", ["０６１２３４５６７８", "٠٦١٢٣٤٥٦٧٨", "\uff0b33612345678", "061234567~8", "²06"]
)
def test_digits_of_other_scripts_are_left_to_libphonenumber(text: str) -> None:
    assert (written(text), is_rare(text)) == (None, True)
