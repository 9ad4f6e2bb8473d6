"""Who is to be texted: rows become distinct people, and mistakes become sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.audience import Audience, Rows, Rules, check_quality, gather
from airflow_provider_smspartner.audience.cleaning import MOST_EXPLAINED
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.share import Share
from airflow_provider_smspartner.rules.writing import Written
from tests.audience.people import ANN, BOB, clean, letters, numbers_of
from tests.rules.frames import numpy_scalar, pandas_missing

BELGIAN, REUNION = "+32470123456", "+262692123456"


def in_parts(numbers: list[Any], others: list[Any] | None, size: int) -> Iterator[Rows]:
    for start in range(0, len(numbers), size):
        part = slice(start, start + size)
        yield Rows(numbers[part], others[part] if others is not None else None)


# ---- cleaning --------------------------------------------------------------------------------------


def test_spellings_of_a_number_are_one_person_in_the_order_of_the_rows() -> None:
    found = clean(["06 00 00 00 02", ANN, "0033600000002", "(+33) 6.00.00.00.02", 600000001])

    assert list(found.people) == [Person(BOB), Person(ANN)]
    assert (len(found), found.rows, found.duplicates, found.invalid) == (2, 5, 3, 0)


@pytest.mark.parametrize(
    "value",
    [
        *(600000001, 600000001.0, Decimal(600000001), Decimal("33600000001.00"), numpy_scalar(600000001)),
        *("600000001.0", "06\u202f00\u200900\t00\u200b01", "\ufeff0600000001", " 0600000001\r\n"),
    ],
)
def test_a_number_is_one_whatever_its_column_holds(value: object) -> None:
    assert numbers_of(clean([value])) == [ANN]


def test_a_national_number_belongs_to_its_region() -> None:
    assert numbers_of(clean(["0470 12 34 56"], region="BE")) == [BELGIAN]
    assert numbers_of(clean(["0692 12 34 56", "0470 12 34 56"])) == [REUNION]


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", "n/a", "01 23 45 67 89", True, 0.5, Decimal("600000001.5"), b"0600000001", [ANN]),
        *(float("nan"), Decimal("NaN"), *pandas_missing(), numpy_scalar(600000001.0), "06000000\0" + "02"),
        *("06XXXXXX02", "0600000XXX", "06abcdefgh", "61234567.0", "0600000002 x1", "06000\ud80000002"),
        *("\n", "06000\n00002", f"{ANN}\n{BOB}", f"{ANN}\u2028{BOB}"),
        pytest.param("6" * 5_000_000, id="5 MB"),
        pytest.param("0600000002" + "\n" * 5_000_000, id="5 MB of lines"),
    ],
)
def test_what_is_no_mobile_number_is_counted_and_explained(value: object) -> None:
    found = clean([ANN, value, BOB])

    assert (numbers_of(found), found.invalid) == ([ANN, BOB], 1)
    assert found.explained[0].startswith("row 2: number: ")
    assert len(found.explained[0]) < 200


def test_explanations_are_few_and_show_no_number() -> None:
    found = clean([f"01 23 45 {row:02} 89" for row in range(MOST_EXPLAINED + 5)])

    assert (found.invalid, len(found.explained)) == (MOST_EXPLAINED + 5, MOST_EXPLAINED)
    assert not [reason for reason in found.explained if "23" in reason.split(":", 1)[1]]
    assert "600000001" not in repr(clean([ANN]))


@pytest.mark.parametrize(
    ("countries", "left"),
    [
        (None, [ANN, BELGIAN, REUNION, BOB]),
        ({"FR"}, [ANN, BOB]),
        ({"FR", "RE"}, [ANN, REUNION, BOB]),
        ({"BE"}, [BELGIAN]),
        (set(), []),
    ],
)
def test_only_people_of_the_countries_belong_to_the_audience(
    countries: set[str] | None, left: list[str]
) -> None:
    found = clean([ANN, BELGIAN, REUNION, BOB], countries=countries)

    assert numbers_of(found) == left
    assert (found.excluded, found.invalid) == (4 - len(left), 0)


@pytest.mark.parametrize("others", [None, [["Ann"], ["Ann"], [None], ["Ann"]]])
def test_people_who_want_no_texts_are_left_out_in_whatever_spelling(others: Any) -> None:
    found = clean(["06 00 00 00 01", ANN, BELGIAN, BOB], others, left_out={33600000001, 32470123456})

    assert (numbers_of(found), found.excluded, found.duplicates) == ([BOB], 3, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ANN, BOB, "0600000001", "06 00 00 00 03", BELGIAN, "none", "a\nb", None, 7]),
            st.sampled_from(["7", "8", None, ""]),
            st.sampled_from(["Ann", None]),
        )
    ),
    st.integers(1, 5),
    st.booleans(),
    st.booleans(),
)
def test_every_row_is_a_person_a_duplicate_left_out_or_invalid_however_rows_are_cut(
    rows: list[tuple[Any, Any, Any]], size: int, with_others: bool, events: bool
) -> None:
    numbers = [row[0] for row in rows]
    others = [row[1:] for row in rows] if with_others else None
    rules = Rules(left_out={33600000003}, countries={"FR"}, events=events and with_others)

    found, at_once = gather(in_parts(numbers, others, size), rules), gather([Rows(numbers, others)], rules)

    people = list(found.people)
    assert found.rows == len(rows) == len(found) + found.duplicates + found.excluded + found.invalid
    assert len(people) == len(found) == len({(person.number, person.event) for person in people})
    assert people == list(at_once.people)
    assert found.explained == at_once.explained


# ---- quality ---------------------------------------------------------------------------------------


def audience_of(*, valid: int, invalid: int) -> Audience:
    numbers = [f"06 00 00 {row // 100:02} {row % 100:02}" for row in range(valid)]
    return clean([*numbers, *["none"] * invalid])


@pytest.mark.parametrize(
    ("valid", "invalid", "on_invalid", "rate"),
    [(0, 0, "fail", 0.0), (5, 0, "fail", 0.0), (1, 1, "skip", 0.5), (1, 99, "skip", 1.0)],
)
def test_an_audience_within_its_limits_passes(valid: int, invalid: int, on_invalid: str, rate: float) -> None:
    check_quality(audience_of(valid=valid, invalid=invalid), on_invalid=on_invalid, max_invalid_rate=rate)


def test_people_who_are_left_out_show_that_the_column_is_right() -> None:
    check_quality(clean([BELGIAN, None], countries={"FR"}), on_invalid="skip", max_invalid_rate=0.5)


@pytest.mark.parametrize(
    ("valid", "invalid", "on_invalid", "rate", "words"),
    [
        (0, 3, "skip", 1.0, ["3 of 3", "phone_column"]),
        (99, 1, "fail", 0.5, ["1 of 100", "on_invalid"]),
        (49, 51, "skip", 0.5, ["51 of 100", "max_invalid_rate=0.5", "phone_column"]),
        (9, 1, "skip", 0.0, ["1 of 10", "max_invalid_rate=0.0"]),
    ],
)
def test_an_audience_that_shows_a_mistake_is_refused(
    valid: int, invalid: int, on_invalid: str, rate: float, words: list[str]
) -> None:
    with pytest.raises(InvalidMessage, match="recipients: ") as refusal:
        check_quality(audience_of(valid=valid, invalid=invalid), on_invalid=on_invalid, max_invalid_rate=rate)

    assert not [word for word in words if word not in str(refusal.value)]


# ---- a share of the audience -----------------------------------------------------------------------


HALF = Share(low=0, high=0.5, salt="autumn")
CROWD = [f"+336{n:08}" for n in range(200)]
INSIDE = [number for number in CROWD if number in HALF]


@pytest.mark.parametrize(
    "rules", [{}, {"left_out": frozenset({33799999999})}, {"countries": ["FR", "BE"]}, {"region": "BE"}]
)
def test_people_outside_the_share_are_held_out_and_counted_once(rules: dict[str, Any]) -> None:
    rows = [*CROWD, *CROWD, "nobody"]

    found = clean(rows, share=HALF, **rules)

    assert numbers_of(found) == INSIDE
    assert (len(found), found.held_out) == (len(INSIDE), 200 - len(INSIDE))
    assert found.rows == len(found) + found.held_out + found.duplicates + found.invalid + found.excluded
    assert found.duplicates == 200


@pytest.mark.parametrize("event", ["a\udc80", b"x", 10**500, "", None, "x" * 201])
def test_what_a_row_outside_the_share_is_about_stops_nobody(event: object) -> None:
    outside = next(number for number in CROWD if number not in HALF)

    found = clean([INSIDE[0], outside], [["1"], [event]], share=HALF, events=True)

    assert (len(found), found.held_out, found.invalid) == (1, 1, 0)


def test_who_may_not_be_texted_is_excluded_and_not_held_out() -> None:
    """So that the people held out are those who would have been texted, and can be compared with."""
    others = sorted(set(CROWD) - set(INSIDE))

    found = clean(CROWD, share=HALF, left_out=frozenset({int(others[0])}))

    assert (found.excluded, found.on_stop_list, found.held_out) == (1, 1, len(others) - 1)


def test_texts_outside_the_share_are_not_looked_at() -> None:
    def write(rows: Sequence[Sequence[object]]) -> list[Written]:
        assert [row[0] for row in rows] == INSIDE
        return [(str(row[0]), 2) for row in rows]

    found = clean(CROWD, [[number] for number in CROWD], share=HALF, write=write)

    assert (found.segments, found.invalid) == (2 * len(INSIDE), 0)
    assert [person.text for person in found.people] == INSIDE


def test_events_outside_the_share_are_held_out_each() -> None:
    events = [[f"order {n % 3}"] for n in range(600)]

    found = clean(CROWD * 3, events, share=HALF, events=True)

    assert (len(found), found.held_out, found.duplicates) == (3 * len(INSIDE), 3 * (200 - len(INSIDE)), 0)


def test_a_share_of_which_every_text_is_wrong_is_refused_however_small_it_is() -> None:
    tenth = Share(low=0, high=0.1, salt="autumn")
    found = clean([*CROWD], [[None]] * 200, share=tenth, write=letters)

    with pytest.raises(InvalidMessage, match="max_invalid_rate"):
        check_quality(found, on_invalid="skip", max_invalid_rate=0.5)


def test_a_share_without_anybody_is_no_wrong_column() -> None:
    nobody = Share(low=0.999999, high=1, salt="autumn")

    found = clean([*CROWD, "nobody"], share=nobody)

    check_quality(found, on_invalid="skip", max_invalid_rate=0.5)
    assert (len(found), found.held_out, found.invalid) == (0, 200, 1)
