"""Tests for airflow_provider_smspartner.rules.phone."""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
from airflow_provider_smspartner.rules.phone import country, french_mobiles, mobiles, normalize
from airflow_provider_smspartner.rules.typed import several
from tests.rules.frames import numpy_scalar, pandas_missing
from tests.rules.spellings import ours, spellings


@pytest.mark.parametrize(
    "text",
    [
        "0612345678",
        "06 12 34 56 78",
        "06.12.34.56.78",
        "06-12-34-56-78",
        "06/12/34/56/78",
        "06\N{NO-BREAK SPACE}12\N{NO-BREAK SPACE}34\N{NO-BREAK SPACE}56\N{NO-BREAK SPACE}78",
        "  0612345678\n",
        "612345678",
        "33612345678",
        "+33612345678",
        "+33 6 12 34 56 78",
        "+33 (0)6 12 34 56 78",
        "+330612345678",
        "(+33) 6 12 34 56 78",
        "0033612345678",
        "00 33 6 12 34 56 78",
        "0033 (0) 6-12-34-56-78",
        "tel:+33-6-12-34-56-78",
        " TEL:0612345678",
        "'0612345678",
        "06\N{NARROW NO-BREAK SPACE}12\N{THIN SPACE}34\t56\N{ZERO WIDTH SPACE}78",
        "\N{ZERO WIDTH NO-BREAK SPACE}0612345678",
        "\N{LEFT-TO-RIGHT EMBEDDING}+33 6 12 34 56 78\N{POP DIRECTIONAL FORMATTING}",
        "+33\N{IDEOGRAPHIC SPACE}6\N{SOFT HYPHEN}12\N{FIGURE SPACE}34 56\N{WORD JOINER}78",
        "06\N{NON-BREAKING HYPHEN}12\N{EN DASH}34\N{MINUS SIGN}56\N{HYPHEN}78",
        "612345678.0",
        "33612345678.00",
        "０６１２３４５６７８",
        "٠٦١٢٣٤٥٦٧٨",
    ],
)
def test_every_usual_spelling_of_a_french_mobile_is_the_same_number(text: str) -> None:
    assert normalize(text) == "+33612345678"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0690 00 12 34", "+590690001234"),  # Guadeloupe
        ("0691 22 12 34", "+590691221234"),
        ("0692 12 34 56", "+262692123456"),  # Réunion
        ("06.93.00.12.34", "+262693001234"),
        ("0639 01 23 45", "+262639012345"),  # Mayotte
        ("0694 20 12 34", "+594694201234"),  # French Guiana
        ("0696 20 12 34", "+596696201234"),  # Martinique
        ("0697 20 12 34", "+596697201234"),
        ("0708 40 12 34", "+508708401234"),  # Saint-Pierre-et-Miquelon
        ("692123456", "+262692123456"),
    ],
)
def test_an_overseas_mobile_written_the_french_way_gets_its_own_country_code(
    text: str, expected: str
) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "+33 692 12 34 56",  # the country code is a claim, and there the number does not exist
        "0033692123456",
        "0590 01 12 34",  # a fixed line of Guadeloupe
        "55 12 34",  # a mobile of Saint-Pierre-et-Miquelon, but nothing that is dialled in France
    ],
)
def test_nothing_else_is_taken_for_an_overseas_mobile(text: str) -> None:
    with pytest.raises(InvalidPhoneNumber):
        normalize(text)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        *((612345678, "+33612345678"), (33612345678, "+33612345678"), (692123456, "+262692123456")),
        *((612345678.0, "+33612345678"), (33612345678.0, "+33612345678")),
        *((Decimal(612345678), "+33612345678"), (Decimal("33612345678.00"), "+33612345678")),
        *((Decimal("6.12345678E+8"), "+33612345678"), (numpy_scalar(612345678), "+33612345678")),
    ],
)
def test_a_whole_number_is_one_that_lost_its_zero_or_plus(number: int, expected: str) -> None:
    assert normalize(number) == expected
    assert french_mobiles([number])[0] in ("", expected[3:])


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("06XXXXXX78", "FR"),
        ("06 12 34 XX XX", "FR"),
        ("061234dgfs", "FR"),
        ("0612345678x", "FR"),
        ("06x12345678", "FR"),
        ("O612345678", "FR"),
        ("06l2345678", "FR"),
        ("+33 6 12 34 56 7B", "FR"),
        ("06 12 34 56 78 (bureau)", "FR"),
        ("XX6 12 34 56 78", "FR"),
        ("+336ΧΧΧΧΧΧ78", "FR"),
        ("201-555-CALL", "US"),
        ("+43 664 1234***", "FR"),  # without its asterisks it would be the number of somebody else
        ("+43 664 123456••", "FR"),
        ("+43 664 1234__", "FR"),
        ("+43 664 1234##", "FR"),
        ("0664 1234??", "AT"),
        ("0664 123456…", "AT"),
    ],
)
def test_a_letter_or_a_sign_that_hides_a_digit_makes_a_number_invalid(text: str, region: str) -> None:
    with pytest.raises(InvalidPhoneNumber, match=r"letter|hides a digit|extension|cannot be read"):
        normalize(text, region)
    assert french_mobiles([text]) == [""]


CUT = ["...", "-- --", " – –)", "--", "..)", *(f" {sign}{sign}" for sign in "＊∗⁎○◯░▒▓□·＃？＿⋯@$")]


@pytest.mark.parametrize("end", CUT)
def test_an_end_that_was_cut_off_makes_a_number_invalid_where_another_may_be_left(end: str) -> None:
    text = f"+43 664 1234{end}"
    with pytest.raises(InvalidPhoneNumber, match="seems to be cut off"):
        normalize(text)
    assert mobiles([text]) == [0]


@pytest.mark.parametrize("end", CUT)
@pytest.mark.parametrize(
    "number", ["06 12 34 56 78", "+33612345678", "0692 12 34 56", "+41 79 123 45 67", "+1 212 555 0123"]
)
def test_where_all_have_one_length_nobody_else_is_left(number: str, end: str) -> None:
    assert mobiles([number + end]) == [int(normalize(number + end))] == [int(normalize(number))]


@pytest.mark.parametrize("bullet", ["·", "◦", "►", "○", "@", "☎"])
def test_a_bullet_in_front_hides_nothing(bullet: str) -> None:
    assert normalize(f"{bullet} +43 664 1234567") == "+436641234567"


@given(spellings(), st.integers(0, 30), st.characters(categories=["L"]))
def test_a_letter_anywhere_makes_every_spelling_invalid(text: str, at: int, letter: str) -> None:
    assert ours(text[:at] + letter + text[at:], "FR") is None


@given(spellings(), st.integers(0, 30), st.characters(categories=["Zs", "Cf"]) | st.just("\t"))
def test_a_blank_that_shows_or_not_is_a_blank(text: str, at: int, blank: str) -> None:
    assert ours(text[:at] + blank + text[at:], "FR") == ours(text[:at] + " " + text[at:], "FR")


def test_the_zero_of_a_float_is_no_digit() -> None:
    for text in ("61234567.0", "6123456.00", "3361234567.0"):
        assert ours(text, "FR") is None
        assert french_mobiles([text, "612345678.0", "0612345678"]) == ["", "612345678", "612345678"]
    assert ours("15123456789.0", "DE") == "+4915123456789"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0612345678,0698765432", 2),
        ("06 12 34 56 78 ; 06 98 76 54 32;", 2),
        ("0612345678\n0698765432\n+3361", 0),
    ],
)
def test_several_numbers_in_one_text_are_told_from_an_extension(text: str, count: int) -> None:
    assert len(several(text)) == count
    with pytest.raises(
        InvalidPhoneNumber, match="it holds 2; give them as a list" if count else "cannot be read"
    ):
        normalize(text)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (None, "it is missing (a value of type NoneType)"),
        (float("nan"), "it is missing (a value of type float)"),
        (Decimal("NaN"), "it is missing (a value of type Decimal)"),
        (Decimal("sNaN"), "it is missing (a value of type Decimal)"),
        (pandas_missing()[0], "it is missing (a value of type NaTType)"),
        (pandas_missing()[1], "it is missing (a value of type NAType)"),
        (True, "type bool"),
        (612345678.5, "type float"),
        (float("inf"), "type float"),
        (1e300, "this float"),
        (Decimal("612345678.5"), "type Decimal"),
        (Decimal("Infinity"), "type Decimal"),
        pytest.param(Decimal("1E+999999"), "this Decimal", id="a Decimal too long to print"),
        (numpy_scalar(612345664.0), "type float32"),  # it has made 612345678 somebody else's number
        (b"0612345678", "type bytes"),
        (["0612345678"], "type list"),
        (0, "this int"),
        (-612345678, "this int"),
        pytest.param(10**5000, "this int", id="an int too long to print"),
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("0" * 251, "251 characters"),
        ("hello", "cannot be read"),
        ("ada@example.org", "cannot be read"),
        ("0612345678, 0698765432", "cannot be read as one number: it holds 2"),
        ("06 12 34 56", "not a number in use"),
        ("+999 12 34 56 78", "cannot be read"),
        ("01 70 18 12 34", "not the number of a mobile phone"),
        ("0800 123 456", "not the number of a mobile phone"),
        ("06 12 34 56 78 x12", "has an extension"),
        ("0612345678;ext=12", "has an extension"),
    ],
)
def test_a_refusal_names_the_fault_and_never_the_number(number: str, fault: str) -> None:
    with pytest.raises(InvalidPhoneNumber, match=r"^number: ") as refused:
        normalize(number)
    assert fault in str(refused.value)
    assert not re.search(r"\d{4}", str(refused.value))
    assert refused.value.__cause__ is None


def test_a_refusal_names_the_region() -> None:
    with pytest.raises(InvalidPhoneNumber, match="region DE"):
        normalize("0612", "DE")
    with pytest.raises(InvalidPhoneNumber, match=r"region 'fr'.*two capital letters"):
        normalize("0612345678", "fr")


def test_fifty_megabytes_of_digits_are_refused_by_their_length() -> None:
    with pytest.raises(InvalidPhoneNumber, match="50000000 characters"):
        normalize("6" * 50_000_000)


def test_libphonenumber_is_loaded_with_the_first_number_only() -> None:
    code = "import sys, airflow_provider_smspartner.rules.phone; sys.exit('phonenumbers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+33612345678", "FR"),
        ("+32470123456", "BE"),
        ("+4915123456789", "DE"),
        ("+262692123456", "RE"),  # codes that several countries share
        ("+262639012345", "YT"),
        ("+590690001234", "GP"),
        ("+594694201234", "GF"),
        ("+596696201234", "MQ"),
        ("+12015550123", "US"),
        ("+15062345678", "CA"),
        ("+447400123456", "GB"),
        ("+447797123456", "JE"),
        ("+77710009998", "KZ"),
        ("+79123456789", "RU"),
        ("+393123456789", "IT"),
        ("+37744912345", "MC"),
        ("+881612345678", None),  # a satellite phone, of no country
        ("+12000000000", None),  # no country among those that share the code
    ],
)
def test_a_number_has_a_country(number: str, expected: str | None) -> None:
    assert country(number) == expected
