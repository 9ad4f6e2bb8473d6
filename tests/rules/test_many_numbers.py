"""Many phone numbers in one pass are read as each of them is by itself."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.phone import french_mobiles, mobiles, normalize
from tests.rules.spellings import REGION, ours, spellings

JUNK = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        10**15,
        10**40,
        0.5,
        Decimal(612345678),
        b"0612345678",
        (),
        61234567.0,
        "61234567.0",
    ]
)
LINE_ENDS = st.sampled_from(["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0"])


@st.composite
def broken_spellings(draw: st.DrawFn) -> str:
    """A number with the end of a line somewhere."""
    text = draw(spellings())
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(LINE_ENDS) + text[at:]


@given(
    st.lists(
        spellings() | broken_spellings() | st.text(max_size=30) | JUNK | st.integers(600000000, 799999999)
    )
)
@example(["0612345678\n0712345678", "0612345678"])
@example(["", "\n", "0612345678", ""])
@example(
    ["06/12/34/56/78", "'0612345678", "0612345678\r\n", "''0612345678", "06'12345678", "t el:0612345678"]
)
@example(["0612345678", "6" * 251, "0712345678\n"])
@example(["0612345678" + " " * 250, "06" + "\u2028" + "12345678"])
def test_many_numbers_are_read_as_one_by_one_is(numbers: list[object]) -> None:
    read = french_mobiles(numbers)

    assert len(read) == len(numbers)
    for number, nine_digits in zip(numbers, read, strict=True):
        if nine_digits:
            assert normalize(number, "FR") == "+33" + nine_digits  # type: ignore[arg-type]


def test_of_many_numbers_every_plain_mobile_is_read_whatever_stands_beside_it() -> None:
    numbers = [
        "06 12 34 56 78",
        756123456,
        "junk",
        "+33 (0)6-12-34-56-78",
        "a\nb",
        "6" * 50_000_000,
        "0033612345678",
    ]

    read = french_mobiles(numbers)

    assert read == ["612345678", "756123456", "", "612345678", "", "", "612345678"]
    assert french_mobiles([]) == []


@given(st.lists(spellings() | broken_spellings() | st.text(max_size=30) | JUNK, max_size=8), REGION)
def test_many_numbers_of_any_country_are_read_as_one_by_one_is(numbers: list[object], region: str) -> None:
    one_by_one = [int(read) if (read := ours(number, region)) else 0 for number in numbers]  # type: ignore[arg-type]

    assert mobiles(numbers, region) == one_by_one
