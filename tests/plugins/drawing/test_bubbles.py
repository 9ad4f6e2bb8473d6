"""The text in its bubble: what arrives, what is replaced on the way, and no number in full."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.plugins.drawing.bubbles import Bubble, bubble_of, samples_of
from airflow_provider_smspartner.plugins.facts import TextFact
from airflow_provider_smspartner.rules.segments import estimate
from tests.plugins.facts import send, told


def shown(message: str, **campaign: Any) -> Bubble:
    task = replace(send("success", campaign=told(**campaign)), text=TextFact(message=message))
    bubble = bubble_of([task])
    assert bubble is not None
    return bubble


def pieces(message: str, **campaign: Any) -> list[tuple[str, str, str]]:
    return [(piece.kind, piece.text, piece.note) for piece in shown(message, **campaign).pieces]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Bonjour", [("plain", "Bonjour", "")]),
        ("Fête", [("plain", "F", ""), ("changed", "e", "ê → e"), ("plain", "te", "")]),
        ("ça", [("changed", "Ç", "ç → Ç"), ("plain", "a", "")]),
        ("a\u200bb", [("plain", "a", ""), ("changed", "", "U+200B is left out"), ("plain", "b", "")]),
        ("a\tb", [("plain", "a", ""), ("changed", " ", "U+0009 → space"), ("plain", "b", "")]),
        ("un:br:deux :euro:", [("plain", "un\ndeux €", "")]),
        (
            "Bonjour {name|Cliente}, à bientôt",
            [
                ("plain", "Bonjour ", ""),
                ("field", "name", "Cliente"),
                ("plain", ", à bient", ""),
                ("changed", "o", "ô → o"),
                ("plain", "t", ""),
            ],
        ),
        ("a {b c} d", [("plain", "a {b c} d", "")]),
        ("a • b", [("plain", "a ", ""), ("changed", "-", "• → -"), ("plain", " b", "")]),
        ("call 06 12 34 56 78", [("plain", "call •• •• •• 78", "")]),
        ("{a|06 12 34 56 78}", [("field", "a", "•• •• •• 78")]),
        ("06°12°34°56°78", [("plain", "•• •• •• 78", "")]),
        ("<b>", [("plain", "<b>", "")]),
    ],
)
def test_what_arrives_is_shown_and_what_is_replaced_is_marked(
    message: str, expected: list[tuple[str, str, str]]
) -> None:
    assert pieces(message) == expected


def test_with_unicode_nothing_is_replaced() -> None:
    assert pieces("Fête 🎉", unicode=True) == [("plain", "Fête 🎉", "")]


@given(st.text("aé ê•ç~{}|\n°0678", max_size=40))
def test_no_text_shows_a_number_and_the_pieces_are_what_arrives(message: str) -> None:
    bubble = shown(message)
    arrives = "".join(piece.text for piece in bubble.pieces)

    assert not re.search(r"(?:0[67]|\+33)(?:\D{0,2}\d){8}", arrives)
    if not re.search(r"[{}\d]", message):
        assert arrives == estimate(message).text


def test_what_goes_with_a_text_is_told() -> None:
    bubble = shown("Fête, fêtes", sender="ACME", stop_sms=True)

    assert bubble.about == [
        ("Sender", "ACME"),
        ("Length", "1 segment, 11 characters in GSM-7"),
        ("STOP", "SMS Partner adds the STOP mention, which is not counted here"),
        ("Connection", "c"),
    ]
    assert bubble.replaced == ["ê → e"]


@pytest.mark.parametrize(
    ("sender", "expected"),
    [(None, "the account's own"), ("", "the operators' short code"), ("0612345678", "•• •• •• 78")],
)
def test_who_it_is_from(sender: str | None, expected: str) -> None:
    assert ("Sender", expected) in shown("a", sender=sender).about


def test_a_text_of_a_send_that_told_nothing_is_shown_alone() -> None:
    bubble = bubble_of([replace(send("failed"), text=TextFact(message="Hello {name}"))])

    assert bubble is not None
    assert bubble.about == [("Length", "each person's own: fields are filled from their row")]


def test_without_a_text_there_is_no_bubble() -> None:
    assert bubble_of([send("success", campaign=told())]) is None


def test_a_mapped_send_says_whose_text_it_is() -> None:
    shards = [replace(send(), map_index=n) for n in range(2)]

    bubble = bubble_of([replace(shards[0], text=TextFact(message="a", map_index=0)), shards[1]])

    assert bubble is not None
    assert bubble.shard == 0


def test_samples_of_a_dry_run_are_shown_without_a_number() -> None:
    preview = [{"to": "+33612345678", "text": "Hello Ada, 06 12 34 56 78"}]

    [sample] = samples_of([send("success", result={"dry_run": True, "preview": preview})])

    assert (sample.to, sample.text) == ("+33 6 •• •• •• 78", "Hello Ada, •• •• •• 78")
