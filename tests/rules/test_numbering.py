"""Tests for airflow_provider_smspartner.rules.numbering: it answers as libphonenumber does, or not at all."""

from __future__ import annotations

import pytest

from airflow_provider_smspartner.rules.numbering import REFUSED, UNSETTLED, is_in_use, plan_of, read
from tests.rules.law import REGIONS, known_samples, law
from tests.thorough import examples, stride


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+32470123456", "FR", 32470123456),
        ("0032470123456", "FR", 32470123456),
        ("0470123456", "BE", 32470123456),
        ("32470123456", "BE", 32470123456),
        ("+4407400123456", "FR", 447400123456),
        ("+447797123456", "FR", 447797123456),  # Jersey, whose code is that of Great Britain
        ("+15062345678", "FR", 15062345678),
        ("+18092345678", "FR", 18092345678),  # the Dominican Republic, told by its leading digits
        ("+3212345678", "FR", REFUSED),
        ("0123456789", "FR", REFUSED),
        ("+33123456789", "FR", REFUSED),
        ("0000000000", "FR", REFUSED),
        ("+999123456789", "FR", REFUSED),
        ("00999123456789", "FR", REFUSED),
        ("+0612345678", "FR", REFUSED),
        ("+0033612345678", "FR", 33612345678),
        ("00", "FR", REFUSED),
        ("+5491123456789", "FR", UNSETTLED),  # Argentina puts a 9 where others drop a 15
        ("+881612345678", "FR", UNSETTLED),  # a satellite phone, of no country
        ("0612345678", "fr", UNSETTLED),
    ],
)
def test_most_numbers_are_settled_by_their_patterns(text: str, region: str, number: int | None) -> None:
    assert read(text.removeprefix("+"), region, plus=text.startswith("+")) == number


def test_each_country_reads_its_own_numbers_as_libphonenumber_does() -> None:
    settled = 0
    for region, code, prefix, number in known_samples(REGIONS):
        for written in (
            f"+{code}{number}",
            f"{prefix}{number}",
            f"{code}{number}",
            f"+{code}{prefix}{number}",
        ):
            found = read(written.removeprefix("+"), region, plus=written.startswith("+"))
            assert found in (UNSETTLED, law(written, region)), (written, region)
            settled += found is not UNSETTLED
    assert settled > 0.9 * 4 * len(known_samples(REGIONS))


def test_every_beginning_of_a_french_number_is_read_as_libphonenumber_reads_it() -> None:
    for beginning in range(0, 10**6, stride(397)):
        digits = f"33{beginning:06d}432"
        assert read(digits, "FR", plus=True) in (UNSETTLED, law("+" + digits, "FR")), digits


@pytest.mark.parametrize("length", range(1, 18))
def test_numbers_that_are_too_short_or_too_long_are_read_as_libphonenumber_reads_them(length: int) -> None:
    for number in range(examples(20)):
        digits = str(16 * 10**length + number * 7919**3)[-length:]
        for text in (f"+49{digits}", f"49{digits}", f"0049{digits}", digits, f"0{digits}"):
            found = read(text.removeprefix("+"), "DE", plus=text.startswith("+"))
            assert found in (UNSETTLED, law(text, "DE")), text


def test_a_line_of_another_kind_is_in_use() -> None:
    assert [is_in_use(digits, "FR") for digits in ("123456789", "612345678", "692123456")] == [
        True,
        True,
        False,
    ]


def test_what_is_no_country_has_no_plan() -> None:
    assert [plan_of(region) for region in ("fr", "001", "", "XX")] == [None] * 4
