"""Tests for rules.segments: the vendor's characters, and how many SMS a text takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.message import wire_text
from airflow_provider_smspartner.rules.segments import estimate

# The vendor's page, row by row: the character, then what becomes of it.
REPLACED = """
ą à|’ '|ÿ y|ç Ç|û u|ü u|ï i|ô o|ö o|ó o|î i|ë e|ê e|[ (|] )|{ (|} )|` '|µ u|Ä A|À A|Á A|Â A|Ã A|È E|Ê E|Ë E
Î I|Ü U|Ù U|Ú U|Û U|Ý Y|ä a|á a|â a|ã a|Ö O|Ô O|œ oe|^ |~ |\\ |¨ |° .|‘ '|“ '|ñ n|Ñ N|§ |« "|» "
"""
ROWS = [tuple(row.split(" ")) for line in REPLACED.split("\n") if line for row in line.split("|")]
KEPT = "éèàùòìÉÇ@£$¥ßÅåÆæØøΔ_¡¿"


def test_the_table_of_these_tests_is_whole() -> None:
    assert len({char for char, _ in ROWS}) == 52  # and the bar, which separates them here


@pytest.mark.parametrize(("char", "becomes"), [*ROWS, ("|", "")])
def test_vendor_replaces(char: str, becomes: str) -> None:
    assert estimate(f"a{char}b").text == f"a{becomes}b"
    assert estimate(f"a{char}b").unsupported == ()


@pytest.mark.parametrize("char", KEPT)
def test_kept_as_it_is(char: str) -> None:
    assert (estimate(char).text, estimate(char).units) == (char, 1)


def test_replacements_are_not_chained() -> None:
    # as printed, « becomes “ and “ becomes ‘ on the vendor's page
    assert estimate("«ç»").text == '"Ç"'


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("fin…", "fin..."),
        ("9–12 — 3", "9-12 - 3"),
        ("“oui”", "'oui\""),
        ("10\u00a0h\u202f30", "10 h 30"),
        ("• un", "- un"),
        ("l´heure", "l'heure"),
        ("Łódź, Šibenik, Đakovo", "Lodz, Sibenik, Dakovo"),
        ("e\u0301te\u0301", "ete"),
        ("ŒUVRE ½ ﬁn", "OEUVRE 1/2 fin"),
        ("a\tb\u200bc", "a bc"),
    ],
)
def test_nearest_text_where_the_vendor_says_nothing(message: str, text: str) -> None:
    assert estimate(message).text == text
    assert estimate(message).unsupported == ()


def test_what_nothing_is_near_to_is_reported_once_in_order() -> None:
    found = estimate("日 😀 日 ok \x00")
    assert found.unsupported == ("日", "😀", "\x00")
    assert found.text == "日 😀 日 ok \x00"


@pytest.mark.parametrize("written", ["a:br:b", "a\nb", "a\r\nb", "a\rb"])
@pytest.mark.parametrize("unicode", [False, True])
def test_line_break_counts_two(written: str, unicode: bool) -> None:
    found = estimate(written, unicode=unicode)
    assert (found.text, found.units) == ("a\nb", 4)


@pytest.mark.parametrize("written", ["5 €", "5 :euro:"])
def test_euro_counts_two_septets_and_one_unicode_unit(written: str) -> None:
    assert (estimate(written).text, estimate(written).units) == ("5 €", 4)
    assert (estimate(written, unicode=True).text, estimate(written, unicode=True).units) == ("5 €", 3)


@pytest.mark.parametrize(
    ("units", "unicode", "segments"),
    [
        (0, False, 0),
        (1, False, 1),
        (160, False, 1),
        (161, False, 2),
        (306, False, 2),
        (307, False, 3),
        (1530, False, 10),
        (1531, False, 11),
        (70, True, 1),
        (71, True, 2),
        (134, True, 2),
        (135, True, 3),
        (670, True, 10),
        (671, True, 11),
    ],
)
def test_segments(units: int, unicode: bool, segments: int) -> None:
    found = estimate("x" * units, unicode=unicode)
    assert (found.units, found.segments) == (units, segments)
    assert found.encoding == ("UCS-2" if unicode else "GSM-7")


def test_unicode_replaces_nothing_and_counts_utf16() -> None:
    found = estimate("ça 😀 [°]", unicode=True)
    assert (found.text, found.units, found.unsupported) == ("ça 😀 [°]", 9, ())


def test_half_a_surrogate_pair_is_unsupported_in_unicode_too() -> None:
    assert estimate("\ud83d x \ud83d", unicode=True).unsupported == ("\ud83d",)


@given(st.text(st.characters(exclude_characters=":")), st.booleans())
def test_any_text_has_an_estimate_that_stands(message: str, unicode: bool) -> None:
    found = estimate(message, unicode=unicode)
    assert found.units >= len(found.text)
    assert (found.segments == 0) == (found.text == "")
    # no target of a replacement is replaced itself
    assert estimate(found.text, unicode=unicode) == found


@given(st.lists(st.sampled_from(["\n", "\r\n", "€", ":br:", ":euro:", "é", "x ", '"', "日"])).map("".join))
def test_wire_form_and_written_form_are_the_same_text(message: str) -> None:
    assert estimate(wire_text(message)) == estimate(message)


@given(st.text(), st.text())
def test_more_text_is_never_fewer_segments(message: str, more: str) -> None:
    assert estimate(f"{message} {more}", unicode=True).segments >= estimate(message, unicode=True).segments
