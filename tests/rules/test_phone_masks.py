"""How a number is shown: masked alone, masked in a sentence, and never whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.phone import mask, mask_numbers
from tests.rules.spellings import spellings


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+33612345678", "+33 6 •• •• •• 78"),
        ("+4915123456734", "+49 1 •• •• •• 34"),
        ("+12015550123", "+1 2 •• •• •• 23"),
        ("+262692123456", "+262 6 •• •• •• 56"),
        ("+687751234", "+687 7 •• •• •• 34"),
        ("+29012345", "•• •• •• 45"),  # too short to show its first digit as well
        ("+99912345678", "•• •• •• 78"),  # nobody's country code
        ("06 12 34 56 78", "•• •• •• 78"),
        ("061234567 8", "••"),
        ("ada@example.org", "••"),
        ("12345", "••"),
        ("", "••"),
        ("06123456\n\n", "••"),
    ],
)
def test_mask(number: str, expected: str) -> None:
    assert mask(number) == expected


@given(st.text() | spellings())
def test_a_mask_shows_nothing_but_the_last_two_characters_of_junk(text: str) -> None:
    shown = mask(text).replace("•", "").replace(" ", "")
    if not text.startswith("+"):
        assert shown in ("", text[-2:])
    assert len(re.findall(r"\d", shown)) <= 6  # at most a country code, one digit and two


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Invalid phone number (922264)", "Invalid phone number (•• •• •• 64)"),
        ("Number +33612345678 refused", "Number +33 6 •• •• •• 78 refused"),
        ("le numéro 06 12 34 56 78.", "le numéro •• •• •• 78."),
        ("+33 (0)6-12-34-56-78", "•• •• •• 78"),
        ("06/12/34/56/78", "•• •• •• 78"),
        ("0612345678,0698765432", "•• •• •• 78,•• •• •• 32"),
        ("0612345678 0698765432", "•• •• •• 32"),
        ("%2B33612345678", "%2B•• •• •• 78"),
        ("n°06\N{NO-BREAK SPACE}12\N{NARROW NO-BREAK SPACE}34 56 78", "n°•• •• •• 78"),
        ("the date 21/11/2014 is past", "the date 21/11/2014 is past"),
        ("21/11/2014 10:05", "21/11/2014 10:05"),
        ("2014-11-21 10:05:00 is past", "2014-11-21 10:05:00 is past"),
        ("06/12/2034 56 78", "•• •• •• 78"),
        ("1/06/12/2034", "•• •• •• 34"),
        ("code 9, 500 numbers, 0.045 EUR", "code 9, 500 numbers, 0.045 EUR"),
        ("", ""),
    ],
)
def test_numbers_in_a_sentence_are_masked(text: str, expected: str) -> None:
    assert mask_numbers(text) == expected


@given(st.text("+0123456789 ().-/:a\n"))
def test_no_run_of_digits_survives(text: str) -> None:
    assert not re.search(r"\d{6}", mask_numbers(text))


@given(
    st.sampled_from(["0", "+33", "0033", "+590", "+49"]),
    st.from_regex(r"[1-9][0-9]{8,10}", fullmatch=True),
    st.text(" .-()/\N{NO-BREAK SPACE}\N{EN DASH}\t", max_size=3),
)
def test_a_number_survives_in_none_of_the_spellings_that_the_docstring_names(
    prefix: str, national: str, separator: str
) -> None:
    masked = mask_numbers(f"refused: {separator.join(prefix + national)}.")
    assert national[1:-2] not in re.sub(r"\D", "", masked)
    assert len(re.findall(r"\d", masked)) <= 6
