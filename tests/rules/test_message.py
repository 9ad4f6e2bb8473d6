"""Tests for rules.message: each field of a send is refused with a sentence that names it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.links import losses
from airflow_provider_smspartner.rules.message import (
    check_message,
    check_message_id,
    check_sender,
    check_survey_id,
    check_tag,
    check_url,
    range_code,
)
from airflow_provider_smspartner.rules.segments import estimate

check_dlr_url = partial(check_url, argument="dlr_url")
unicode_message = partial(check_message, unicode=True)
low_cost_message = partial(check_message, low_cost=True)

TAKEN: list[tuple[Callable[[str], object], str]] = [
    (check_message, "Bonjour"),
    (check_message, "C'est \"l'été\" :br: -20 % = 5 €"),
    (check_message, "x" * 1530),
    (check_message, "https://example.org/été?a=1&b=2#c, puis www.example.org. Ça [ok] ~20 €"),
    (check_message, "[https://example.org/a] «https://example.org/b», “https://example.org/c”…"),
    (check_message, "Voir https://example.org/a:br:[ok] et/ou 12.5/20 ~ ven./sam. {}".replace("{}", "~")),
    (check_message, "https://example.org/5€ et ada@example.org/~x"),
    (check_message, "https://example.org/a%7Eb\u200b"),
    (unicode_message, "https://example.org/日 \N{PARTY POPPER} ça~"),
    (unicode_message, "日" * 670),
    (unicode_message, "\N{PARTY POPPER}"),
    (low_cost_message, "x" * 160),
    (check_sender, ""),
    (check_sender, "ABC"),
    (check_sender, "Chez Zoe 24"),
    (check_tag, "a"),
    (check_tag, "soldes-2026_fin.2x10"),
    (check_dlr_url, "http://www.mydlrurl.com"),
    (check_dlr_url, "HTTPS://example.org:8443/dlr?token=a%20b#c"),
    (check_dlr_url, "https://[::1]/dlr"),
    (check_survey_id, "a1b2-c3"),
]

REFUSED: list[tuple[Callable[[str], object], object, str]] = [
    (check_message, None, "message: is not text but of type NoneType"),
    (check_message, "", "message: is empty"),
    (check_message, " \n:br:\t", "message: is empty, or blank"),
    (check_message, "^~|", "message: is empty, or blank once SMS Partner has replaced"),
    (check_message, "Bonjour {prenom", 'message: holds "{"'),
    (check_message, "Bonjour }", 'message: holds "}"'),
    (unicode_message, "Bonjour {prenom}", 'message: holds "{"'),
    (check_message, "ok 日", "U+65E5 日; remove them, or set unicode=True"),
    (check_message, "日月火水木金土", "U+6728 木 and 2 more;"),
    (check_message, "a\x00", "cannot be sent: U+0000;"),
    (unicode_message, "a\ud83d", "cannot be sent: U+D83D; remove them"),
    (check_message, "x" * 1531, "counts 1531 characters, which takes 11 SMS"),
    (check_message, "\n" * 400 + "x" * 731, "counts 1531 characters"),
    (unicode_message, "日" * 671, "counts 671 characters, which takes 11 SMS"),
    (low_cost_message, "x" * 161, "counts 161 characters; a low-cost text has at most 160"),
    (low_cost_message, "x" * 159 + "€", "counts 161 characters"),
    *(
        (check, f"Voir https://example.org/a{char}b.", f"({quote(char, safe='').replace('~', '%7E')})")
        for char in "~[]|\\^çê°’"
        for check in (check_message, unicode_message)
    ),
    (check_message, "https://example.org/a…b", "message: holds a link with U+2026 …, which would not arrive"),
    (check_message, "https://example.org/cafe\u0301", "write the percent form instead (%65%CC%81)"),
    (check_message, "https://example.org/a\u200bb", "holds a link with U+200B, which would not arrive"),
    (check_message, "https://example.org/a\u200bb", "; remove it"),
    (
        check_message,
        "Solde : acme.fr/~ada",
        "U+007E ~, which would not arrive as it is written; write the percent",
    ),
    (check_message, "WWW.example.org/a|", "(%7C)"),
    (
        check_message,
        "http://exämple.org/",
        "U+00E4 ä, which would not arrive as it is written; write the name of",
    ),
    (check_message, b"Bonjour", "message: is not text but of type bytes"),
    (check_message, ["Bonjour"], "message: is not text but of type list"),
    (check_sender, None, "sender: is not text"),
    (
        check_sender,
        "AB",
        'sender: "AB" has 2 characters; SMS Partner takes 3 to 11 letters, digits or spaces',
    ),
    (check_sender, "A", 'sender: "A" has 1 character;'),
    (check_sender, "ABCDEFGHIJKL", 'sender: "ABCD…" has 12 characters'),
    (check_sender, "   ", "sender: begins or ends with a space"),
    (check_sender, "ACME ", "sender: begins or ends with a space"),
    (check_sender, "Café", "sender: holds U+00E9 é;"),
    (check_sender, "A-B_C", "sender: holds U+002D -, U+005F _;"),
    (check_sender, "ACME\n", "sender: holds U+000A;"),
    (check_sender, "٣٤٥", "sender: holds U+0663"),
    (check_tag, 7, "tag: is not text but of type int"),
    (check_tag, "", 'tag: "" has 0 characters; it takes 1 to 20'),
    (check_tag, "x" * 21, 'tag: "xxxx…" has 21 characters; it takes 1 to 20'),
    (partial(check_tag, longest=11), "x" * 12, "has 12 characters; it takes 1 to 11"),
    (check_tag, "black friday", "tag: holds white space"),
    (check_tag, "black\u00a0friday", "tag: holds white space"),
    (check_tag, "BlackFriday", "tag: holds capitals (U+0042 B, U+0046 F); write it in lower case"),
    (check_tag, "été", "tag: holds U+00E9 é;"),
    (check_dlr_url, None, "dlr_url: is not text"),
    (check_dlr_url, "", "dlr_url: is not an absolute http or https address"),
    (check_dlr_url, "/dlr", "dlr_url: is not an absolute http or https address"),
    (check_dlr_url, "ftp://example.org/", "dlr_url: is not an absolute http or https address"),
    (check_dlr_url, "https:///dlr", "dlr_url: is not an absolute http or https address"),
    (check_dlr_url, "https://example.org:99999/", "dlr_url: is not an absolute http or https address"),
    (check_dlr_url, "https://[::1/", "dlr_url: is not an absolute http or https address"),
    (check_dlr_url, "https://example.org/a b", "dlr_url: holds white space"),
    (check_dlr_url, "https://example.org/\n", "dlr_url: holds white space"),
    (check_dlr_url, "https://ada:secret@example.org/", "dlr_url: holds a user name or a password"),
    (check_survey_id, None, "survey_id: is not text"),
    (check_survey_id, "", "survey_id: is empty"),
    (check_survey_id, "a b", "survey_id: is empty or holds white space"),
]


@pytest.mark.parametrize(("check", "value"), TAKEN)
def test_taken(check: Callable[[str], object], value: str) -> None:
    assert check(value) is None


@pytest.mark.parametrize(("check", "value", "sentence"), REFUSED)
def test_refused(check: Callable[[object], object], value: object, sentence: str) -> None:
    with pytest.raises(InvalidMessage) as refusal:
        check(value)
    assert sentence in str(refusal.value)


def test_low_cost_has_no_stop_mention() -> None:
    check_message("Bonjour", stop_sms=True)
    with pytest.raises(InvalidMessage, match=r"^stop_sms: .* write NoPub=STOP at the end of the message"):
        check_message("Bonjour", low_cost=True, stop_sms=True)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (check_sender, "+33639981234"),
        (check_sender, "0033639981234"),
        (check_tag, "0033639981234 33639981234"),
        (check_tag, "33639981234" * 2),
        (check_message_id, "+33639981234"),
        (check_dlr_url, "ftp://example.org/33639981234"),
        (check_dlr_url, "https://u:33639981234@example.org/"),
    ],
)
def test_no_sentence_shows_a_number_in_the_wrong_argument(check: Callable[[str], object], value: str) -> None:
    with pytest.raises(InvalidMessage) as refusal:
        check(value)
    assert "998" not in str(refusal.value)


@given(st.text(), st.booleans(), st.booleans())
def test_what_can_be_sent_is_taken_and_the_rest_refused(message: str, unicode: bool, low_cost: bool) -> None:
    size = estimate(message, unicode=unicode)
    sendable = 1 <= size.segments <= 10 and not size.unsupported and not set("{}") & set(message)
    sendable = sendable and not losses(message, unicode=unicode)
    if sendable and size.text.strip() and not (low_cost and size.units > 160):
        check_message(message, unicode=unicode, low_cost=low_cost)
    else:
        with pytest.raises(InvalidMessage, match=r"^message: "):
            check_message(message, unicode=unicode, low_cost=low_cost)


@pytest.mark.parametrize(("sms_range", "gamme"), [("premium", 1), ("low_cost", 2), (None, None)])
def test_range_code(sms_range: str | None, gamme: int | None) -> None:
    assert range_code(sms_range) == gamme


@pytest.mark.parametrize("sms_range", ["", "Premium", "1", 1, ["premium"]])
def test_unknown_range(sms_range: str) -> None:
    with pytest.raises(InvalidMessage, match=r'^sms_range: .*"premium", "low_cost" or None'):
        range_code(sms_range)


@pytest.mark.parametrize(
    ("message_id", "text"), [(5120, "5120"), ("5120", "5120"), ("0042", "0042"), (0, "0")]
)
def test_message_id(message_id: str | int, text: str) -> None:
    assert check_message_id(message_id) == text


@pytest.mark.parametrize("message_id", ["", " 5120", "5120\n", "-1", -1, 5120.0, True, None, "٣", ["5120"]])
def test_no_message_id(message_id: str) -> None:
    with pytest.raises(InvalidMessage, match=r"^message_id: is not made of digits only"):
        check_message_id(message_id)
