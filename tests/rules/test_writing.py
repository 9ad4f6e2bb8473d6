"""Tests for rules.writing: many messages are written as the plain rule writes each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.characters import BETWEEN
from airflow_provider_smspartner.rules.message import measure
from airflow_provider_smspartner.rules.segments import estimate
from airflow_provider_smspartner.rules.writing import wire_text, write


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        ("a\nb", "a:br:b"),
        ("a\r\nb", "a:br:b"),
        ("a\rb", "a:br:b"),
        ("a\n\r\n\rb", "a:br::br::br:b"),
        ("5 €", "5 :euro:"),
        ('dit "oui" \\ [ç] 日', 'dit "oui" \\ [ç] 日'),
        ("”…–\u00a0Œ™\u2028e\u0301", '"...- OETM:br:é'),
    ],
)
def test_wire_text(message: str, wire: str) -> None:
    assert wire_text(message) == wire
    assert wire_text(wire) == wire


def test_wire_text_in_unicode_leaves_all_but_line_breaks_and_the_euro() -> None:
    assert wire_text("”…–\u00a0Œ™ ça\n5 €", unicode=True) == "”…–\u00a0Œ™ ça:br:5 :euro:"


MESSAGES = (
    st.text(max_size=40)
    | st.text(st.sampled_from("aé€\n \r:br~ç’ê\u0301/.?{}w\x1e\ud800😀"), max_size=40)
    | st.sampled_from(
        [
            " ",
            "^~",
            "x" * 160 + "\n",
            "[" * 161,
            "x" * 1531,
            "€" * 800,
            "www.x.fr/ê",
            "x.fr/a?ç",
            "http://x.fr/{",
            "a.b /ê",
            "28/12 ê",
        ]
    )
)


def one_by_one(message: str, **options: bool) -> tuple[str, int] | str:
    try:
        size = measure(message, **options)
    except InvalidMessage as error:
        return str(error)
    return wire_text(message, unicode=options["unicode"]), size.segments


@given(st.lists(MESSAGES, max_size=8), st.booleans(), st.booleans(), st.booleans())
def test_many_messages_are_written_as_one_by_one_is(
    messages: list[str], unicode: bool, low_cost: bool, stop_sms: bool
) -> None:
    options = {"unicode": unicode, "low_cost": low_cost, "stop_sms": stop_sms}

    written = write(messages, **options)

    told = [str(found) if isinstance(found, InvalidMessage) else found for found in written]
    assert told == [one_by_one(message, **options) for message in messages]


def test_what_parts_messages_is_no_way_to_send_two() -> None:
    written = write(["Bonjour", f"Bon{BETWEEN}jour", "Au revoir"])

    assert [found for found in written if not isinstance(found, InvalidMessage)] == [
        ("Bonjour", 1),
        ("Au revoir", 1),
    ]


def test_of_thousands_of_messages_each_has_its_own_answer() -> None:
    messages = [f"Bonjour {place}" + "{" * (place % 999 == 0) + "x" * (place % 700) for place in range(2_500)]

    written = write(messages)

    refused = [place for place, found in enumerate(written) if isinstance(found, InvalidMessage)]
    assert refused == [0, 999, 1998]
    assert all(
        found == (message, estimate(message).segments)
        for message, found in zip(messages, written, strict=True)
        if not isinstance(found, InvalidMessage)
    )
