"""How often a person may be texted: what ``at_most`` means, and what it cannot mean."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.frequency import LONGEST, MOST_TEXTS, Frequency, read_frequency


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((3, timedelta(days=7)), Frequency(texts=3, seconds=604_800)),
        ([1, timedelta(microseconds=1)], Frequency(texts=1, seconds=0.000001)),
        ((MOST_TEXTS, LONGEST), Frequency(texts=1_000, seconds=366 * 86_400)),
    ],
)
def test_a_number_of_texts_and_a_time(given: object, expected: Frequency) -> None:
    assert read_frequency(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        None,
        3,
        "3 in 7",
        (3,),
        (3, 7),
        (3, timedelta(days=7), 1),
        {3: timedelta(days=7)},
        (0, timedelta(days=7)),
        (MOST_TEXTS + 1, timedelta(days=7)),
        (True, timedelta(days=7)),
        ("3", timedelta(days=7)),
        (3, timedelta(0)),
        (3, -timedelta(days=7)),
        (3, LONGEST + timedelta(seconds=1)),
    ],
)
def test_anything_else_is_refused_by_the_name_of_the_argument(given: object) -> None:
    with pytest.raises(InvalidMessage, match=r"^at_most: "):
        read_frequency(given)
