"""How a number is shown: masked alone, masked in a sentence, and never whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.masking import mask_error
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
        ('value "+33600009999" is out of range', 'value "+33 6 •• •• •• 99" is out of range'),
        ("33600009999", "•• •• •• 99"),
        ("x=%2B33%206%2012%2034%2056%2078&y=1", "x=%2B•• •• •• 78&y=1"),
        ('("06","12","34","56","78")', '("•• •• •• 78")'),
        ("01, 02, 03, 04, 05, 06", "01, 02, 03, 04, 05, 06"),
        ("['5120', '5121', '5122']", "['5120', '5121', '5122']"),
        ("at 09:00:00, 10:00", "at 09:00:00, 10:00"),
        ("at 09:00:00 10:00", "at 09:00:00 10:00"),
        ("2026-11-27 08:15:30,123", "2026-11-27 08:15:30,123"),
        ("00:10:20, 00:15:30", "00:10:20, 00:15:30"),
        ("+12.5, -3.4, 8.1, 9.9", "+12.5, -3.4, 8.1, 9.9"),
        ("06:12:34:56:78:90", "06:12:34:56:78:90"),
        ("33, 44, 55, 66", "33, 44, 55, 66"),
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


GROUPS = [
    ("06", "12", "34", "56", "78"),
    ("06123", "45678"),
    ("+33 6", "12", "34", "56", "78"),
    ("+33 (0)6", "12", "34", "56", "78"),
    ("0033 6", "12", "34", "56", "78"),
    ("33 6", "12", "34", "56", "78"),
    ("%2B336", "12", "34", "56", "78"),
    ("+49 151", "234", "567", "89"),
    ("+1 415", "555", "2671"),
    ("０６", "１２", "３４", "５６", "７８"),
]
GAPS = [
    "",
    " ",
    ".",
    "-",
    "/",
    "_",
    "\xa0",
    "\u202f",
    "\u2009",
    "\u200b",
    "\ufeff",
    "\xad",
    "\t",
    "\n",
    "\r\n",
]
GAPS += [
    " - ",
    "      ",
    ",",
    ", ",
    ";",
    "; ",
    ":",
    "|",
    "+",
    "*",
    "'",
    '"',
    "', '",
    '","',
    "[",
    "\\",
    "·",
    "•",
    "~",
]
GAPS += ["‐", "‑", "–", "—", "−", "→", "\u2028", "%20", "%C2%A0", "%2E", "&nbsp;", "&#160;", "=20", "<br>"]
GAPS += [r"\n", r"\xa0", r"\u202f"]


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("groups", GROUPS, ids=" ".join)
def test_a_number_survives_in_no_writing(groups: tuple[str, ...], gap: str) -> None:
    masked = mask_numbers(f'value: "{gap.join(groups)}" is out of range')

    assert len(re.findall(r"\d", masked.replace("%2B", ""))) <= 6
    assert groups[-2] not in masked


@pytest.mark.parametrize("bomb", ["0,", "1 ", "0%20", "+1;", " ", "33 , ", "0612345678;", "&#1;"])
def test_masking_takes_time_in_proportion_to_the_text(bomb: str) -> None:
    assert mask_numbers(bomb * 20_000) is not None


class Printed:
    def __str__(self) -> str:
        return "ORA-12899: +33612345678"


def test_an_error_is_masked_with_all_that_it_came_from() -> None:
    root = ValueError(Printed(), 1264, None)
    error = RuntimeError("value 06 12 34 56 78")
    error.__cause__, root.__context__ = root, error
    error.statement = "SELECT '+33612345678'"  # type: ignore[attr-defined]

    mask_error(error)

    assert error.args == ("value •• •• •• 78",)
    assert error.statement == "SELECT '+33 6 •• •• •• 78'"  # type: ignore[attr-defined]
    assert root.args == ("ORA-12899: +33 6 •• •• •• 78", 1264, None)
