"""Whatever an error says, its alert can be sent."""

from __future__ import annotations

from operator import mul

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.notifications.texts import sendable
from airflow_provider_smspartner.rules.message import check_message
from airflow_provider_smspartner.rules.segments import estimate


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("load failed", "load failed"),
        ("échec à 9 h: 3 € dus", "échec à 9 h: 3 € dus"),
        ('KeyError: {"a": [1]}', 'KeyError: ("a": [1])'),
        ("💥 load failed", "? load failed"),
        ("ошибка", "??????"),
    ],
)
def test_only_what_cannot_be_sent_is_replaced(text: str, sent: str) -> None:
    assert sendable(text) == sent


def test_a_long_text_is_cut_to_ten_sms() -> None:
    sent = sendable("Traceback " * 300)

    assert estimate(sent).segments == 10
    assert sent.startswith("Traceback Traceback ")
    assert sent.endswith("...")
    assert len(sent) == 1530


@given(st.builds(mul, st.text(min_size=1, max_size=12) | st.text("x€\n…💥^{:euro\r"), st.integers(1, 400)))
@example("^" * 2000 + "x" * 2000)
@example("\ud800")
@example("\x85")
@example(":euro:" * 300)
def test_any_text_becomes_one_that_the_platform_takes(text: str) -> None:
    read = estimate(text)
    if not read.text.strip() and not read.unsupported:  # what cannot be sent becomes "?", blanks too
        with pytest.raises(InvalidMessage, match="message: is empty"):
            sendable(text)
        return

    sent = sendable(text)

    check_message(sent)
    assert sendable(sent) == sent


@pytest.mark.parametrize("nothing", ["", "  ", "^~", "\n"])
def test_an_alert_that_says_nothing_is_refused(nothing: str) -> None:
    with pytest.raises(InvalidMessage, match="message: is empty"):
        sendable(nothing)
