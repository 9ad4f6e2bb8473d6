"""Tests for rules.characters: passes over many texts do what the plain rule does to each character."""

from __future__ import annotations

import re
import unicodedata
from itertools import product

from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.characters import (
    BETWEEN,
    is_plain,
    outgoing,
    special_in,
    spelled,
    unsupported_in,
    with_one_line_break,
    written_out,
)

HOSTILE = st.sampled_from(
    [
        *(
            "a",
            "é",
            "ê",
            "À",
            "e\u0301",
            "\u0301",
            "\u0327\u0301",
            "\u1100",
            "\u1161",
            "\u11a8",
            "Ω",
            "\u2126",
        ),
        *("€", "\n", "\r", ":br:", ":euro:", ":", "br", "[", "{", "^", "~", "…", "™", "’", "\u2028", "\0"),
        *("日", "😀", "\ud83d", "\ude00"),
    ]
)
ANY = st.characters(exclude_characters=BETWEEN)
TEXTS = (st.lists(HOSTILE, max_size=4) | st.lists(HOSTILE | ANY, max_size=12)).map("".join)


def one_after_the_other(message: str) -> tuple[str, str]:
    """Return what leaves and what arrives, by the rule for one character at a time."""
    composed = unicodedata.normalize("NFC", message)
    arrives = "".join(char if char in "\r\n" else spelled(char)[1] for char in composed)
    return "".join(map(outgoing, composed)), by_pattern(arrives)


def by_pattern(message: str) -> str:
    """Write line breaks and € out, at the first place where one of their spellings begins."""
    return re.sub(":br:|\r\n?", "\n", message).replace(":euro:", "€")


@given(st.lists(TEXTS, min_size=1, max_size=4))
@example(["e\u0301"])
def test_many_texts_are_spelled_as_each_character_is(messages: list[str]) -> None:
    leaves, arrives = spelled(BETWEEN.join(messages))

    alone = [one_after_the_other(message) for message in messages]
    assert list(zip(leaves.split(BETWEEN), arrives.split(BETWEEN), strict=True)) == alone


def test_no_two_everyday_characters_become_another_one() -> None:
    everyday = [chr(code) for code in (*range(0x300), *range(0x391, 0x3AA), *range(0x2000, 0x20D0))]
    becomes = {char: outgoing(char) for char in everyday if char not in "\u2000\u2001"}  # two other blanks

    text = "".join(map("".join, product(becomes, repeat=2)))

    assert outgoing(text) == "".join(map(becomes.__getitem__, text))


@given(TEXTS)
def test_what_is_special_is_what_does_not_stay_or_counts_twice(message: str) -> None:
    stays = {char for char in message if spelled(char) == (char, char) and char not in "\n€"}
    special = set(message) - {char for char in stays if not unsupported_in(char)}

    assert special_in(message) == special
    assert is_plain(message) == (not special and ":br:" not in message and ":euro:" not in message)


@given(TEXTS)
def test_what_cannot_be_sent_is_what_gsm_7_or_utf_16_lacks(message: str) -> None:
    _, arrives = spelled(message)

    assert unsupported_in(arrives) == {char for char in arrives if special_in(char) and char not in "\n€"}
    assert unsupported_in(message, unicode=True) == {char for char in message if "\ud800" <= char <= "\udfff"}


@given(st.lists(st.sampled_from(["\r", "\n", ":br:", "br:", ":", "euro:", "é", "€"])).map("".join))
def test_line_breaks_and_the_euro_are_written_out(message: str) -> None:
    assert written_out(message) == by_pattern(message)
    assert with_one_line_break(message) == re.sub("\r\n?", "\n", message)
