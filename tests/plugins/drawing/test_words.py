"""How counts, money, times and names are written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.rules.batches import batch_tag


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00 EUR"),
        ("45.6", "45.60 EUR"),
        ("0.038", "0.038 EUR"),
        ("38000", "38,000.00 EUR"),
        ("1E+27", f"1{9 * ',000'}.00 EUR"),  # a budget of somebody who wants none
    ],
)
def test_money(amount: str, text: str) -> None:
    assert words.money(Decimal(amount), None) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0, "0 %"), (0.00001, "0.1 %"), (0.975, "97.5 %"), (0.99999, "99.9 %"), (1, "100 %")],
)
def test_only_all_are_a_hundred_percent(rate: float, text: str) -> None:
    assert words.percent(rate) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.4, "0 s"), (59.6, "1 min"), (252, "4 min 12 s"), (3600, "1 h"), (180_061, "2 d 2 h")],
)
def test_spans(seconds: float, text: str) -> None:
    assert words.span(seconds) == text


def test_the_clock_is_that_of_paris() -> None:
    summer, winter = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)

    assert words.minute(summer) == "1 Jul 2026, 14:00 CEST"
    assert words.clock(winter) == "20 Nov 2026, 13:00:05 CET"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("spring sale 2026", "spring sale 2026"),
        ("manual__2026-11-20T10:00:00.123456+00:00", "manual__2026-11-20T10:00:00.123456+00:00"),
        ("manual__2026-11-20T10:00:00+00:00_aB3xY9z1", "manual__2026-11-20T10:00:00+00:00_aB3xY9z1"),
        ("for +33612345678", "for +33 6 •• •• •• 78"),
        ("manual__0612345678", "manual__•• •• •• 78"),
        ("06,123456,78", "•• •• •• 78"),
        ("20261127 0612345678", "•• •• •• 78"),
        ("201012121234", "•• •• •• 34"),
        ("wave 12345678", "wave •• •• •• 78"),
    ],
)
def test_a_name_holds_no_number_in_full(text: str, shown: str) -> None:
    assert words.name(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "news 202611",
        "news 202611, wave 3",
        "sale_20261127",
        "sale 2026-11-27",
        "job_20261127T101500",
        "lot 123456",
    ],
)
def test_what_an_author_wrote_is_shown_as_it_is(text: str) -> None:
    assert words.name(text) == text
    assert words.tag(f"{text}-abcdefgh") == f"{text}-abcdefgh"


@given(
    prefix=st.sampled_from(["", "for ", "run_", "news 202611 ", "20261127-"]),
    number=st.from_regex(r"(0|\+33|0033|33)[67][0-9]{8}", fullmatch=True),
    gap=st.sampled_from(["", " ", ".", "-", ", ", "/", "_"]),
)
def test_no_spelling_of_a_number_passes(prefix: str, number: str, gap: str) -> None:
    spelled = gap.join(
        part for part in (number[:-8], *(number[n : n + 2] for n in range(-8, -2, 2)), number[-2:])
    )

    assert number[-8:-2] not in re.sub(r"\D", "", words.name(prefix + spelled))


@pytest.mark.parametrize(
    ("text", "shown"),
    [(None, "–"), ("512000123", "512000123"), ("0612345678", "•• •• •• 78"), ("33612345678", "•• •• •• 78")],
)
def test_a_message_id_is_no_number_of_a_phone(text: str | None, shown: str) -> None:
    assert words.message_id(text) == shown


@given(ordinal=st.integers(0, 5000), tag=st.sampled_from([None, "promo", "sale-2026"]))
def test_a_tag_of_ours_can_be_searched_for(ordinal: int, tag: str | None) -> None:
    ours = batch_tag(("a", "campaign"), ordinal, tag)

    assert words.tag(ours) == ours


@pytest.mark.parametrize("tag", ["0612345678", "0612345678-abcdefgh", "promo-0612345678"])
def test_a_tag_of_somebody_else_holds_no_number_in_full(tag: str) -> None:
    assert "0612345678" not in words.tag(tag)
