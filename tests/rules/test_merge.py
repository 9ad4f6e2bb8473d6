"""Tests for airflow_provider_smspartner.rules.merge."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.merge import INVISIBLE, LONGEST_VALUE, EmptyValue, MergeField, parse
from tests.rules.frames import numpy_scalar, pandas_missing

NO_BRACE = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=20)
VALUES = st.text(st.characters(exclude_characters="{}\0", exclude_categories=["Cs"]), max_size=20)
NAMES = st.sampled_from(["name", "city", "_x1", "prénom", "姓"])
DEFAULTS = st.text(st.characters(exclude_characters="{}|", exclude_categories=["Cs"]), max_size=10)


def says_something(value: str) -> bool:
    return bool(value.strip().strip(INVISIBLE))


@pytest.mark.parametrize(
    ("message", "columns", "values", "text"),
    [
        ("", (), [], ""),
        ("No field", (), [], "No field"),
        ("Dear {name},", ("name",), ["Ann"], "Dear Ann,"),
        ("{a}{b}", ("a", "b"), ["1", "2"], "12"),
        ("{a} and {b} and {a}", ("a", "b"), ["1", "2"], "1 and 2 and 1"),
        ("{prénom|toi} | {_x1}", ("prénom", "_x1"), [None, 7], "toi | 7"),
        ("{name|dear client}!", ("name",), ["Ann"], "Ann!"),
        ("{name|dear client}!", ("name",), ["  "], "dear client!"),
        ("Dear{name|}.", ("name",), [None], "Dear."),
        ("Dear{name| }.", ("name",), [""], "Dear ."),
        ("{name|a}{name|b}", ("name",), [None], "ab"),
        ("{name|a}{name|b}", ("name",), ["Ann"], "AnnAnn"),
        ("{name|: two\nlines}", ("name",), [None], ": two\nlines"),
        ("{n}", ("n",), [" \tAnn\n"], "Ann"),
        ("{n}", ("n",), [0], "0"),
        ("{n}", ("n",), [Decimal("12.50")], "12.50"),
        ("{n}", ("n",), [Decimal("0E-9")], "0"),
        ("{n}", ("n",), [Decimal("1E+3")], "1000"),
        ("{n}", ("n",), [1e16], "10000000000000000"),
        ("{n}", ("n",), [12.0], "12"),
        ("{n}", ("n",), [numpy_scalar(7)], "7"),
        *(
            ("{n|x}", ("n",), [missing], "x")
            for missing in (*pandas_missing(), float("nan"), numpy_scalar(float("nan")))
        ),
        ("{n|x}", ("n",), ["\u200b\ufeff \u00a0"], "x"),
        ("{n}", ("n",), [date(2026, 11, 20)], "2026-11-20"),
        ("{n}", ("n",), [r"\1 %s $x"], r"\1 %s $x"),
        ("{n}", ("n",), ["x" * LONGEST_VALUE], "x" * LONGEST_VALUE),
    ],
)
def test_a_message_is_filled(message: str, columns: tuple[str, ...], values: list[object], text: str) -> None:
    template = parse(message)

    assert template.columns == columns
    assert template.render(values) == text


@pytest.mark.parametrize(
    "message",
    [
        *("{", "}", "{}", "}{", "{name", "name}", "{name}}", "{{name}", "{{name}}", "{{{name}}}"),
        *("{a.b}", "{a[0]}", "{a!r}", "{a:>10}", "{0}", "{1a}", "{a b}", "{ a }", "{a-b}", "{a\n}"),
        *("{|x}", "{a|{b}}", "{a|b|c}", "{a|b", "{name} {", "{a}{b}{}", '{"json": 1}'),
    ],
)
def test_any_other_brace_is_refused(message: str) -> None:
    with pytest.raises(InvalidMessage, match=r"^message: .*\{column\|default\}"):
        parse(message)


@pytest.mark.parametrize(
    ("message", "values", "kind", "words"),
    [
        ("{name}", [None], EmptyValue, r"^column name is empty; \{name\|default\} would"),
        ("{name}", [""], EmptyValue, "^column name is empty"),
        ("{name}", [" \n\N{NO-BREAK SPACE}"], EmptyValue, "^column name is empty"),
        ("{name|x}{name}", [None], EmptyValue, "^column name is empty"),
        ("{a}{name}", ["1", "Ann {Lee"], InvalidMessage, "^column name holds a brace"),
        ("{name|x}", ["}"], InvalidMessage, "^column name holds a brace"),
        ("{name|x}", [True], InvalidMessage, "^column name holds true or false; write a word"),
        ("{name|x}", [b"Lee"], InvalidMessage, "^column name holds bytes"),
        ("{name|x}", [["Lee"]], InvalidMessage, "^column name holds a list"),
        ("{name}", ["{name}"], InvalidMessage, "^column name holds a brace"),
        ("{name}", ["x" * 50_000_000], InvalidMessage, "^column name holds 50000000 characters"),
    ],
)
def test_a_value_that_cannot_stand_in_a_text_is_refused_without_being_shown(
    message: str, values: list[object], kind: type[InvalidMessage], words: str
) -> None:
    with pytest.raises(kind, match=words) as refusal:
        parse(message).render(values)

    assert "Lee" not in str(refusal.value)
    assert len(str(refusal.value)) < 100


def test_a_message_may_name_a_column_twice_and_asks_for_it_once() -> None:
    assert parse("{a|x} {b} {a}").fields == (
        MergeField(column="a", default="x"),
        MergeField(column="b", default=None),
        MergeField(column="a", default=None),
    )


@pytest.mark.parametrize("values", [[], ["Ann", "Bob"]])
def test_a_row_has_as_many_values_as_there_are_columns(values: list[object]) -> None:
    with pytest.raises(ValueError, match="argument 2"):
        parse("{name}").render(values)


@given(st.text("{}|ab_1.!:[] ") | st.text())
def test_any_text_is_refused_or_put_together_again(message: str) -> None:
    try:
        template = parse(message)
    except InvalidMessage:
        assert {"{", "}"} & set(message)
        return
    fields = [
        f"{{{field.column}}}" if field.default is None else f"{{{field.column}|{field.default}}}"
        for field in template.fields
    ]
    pieces = [piece for pair in zip(template.texts, [*fields, ""], strict=True) for piece in pair]
    assert "".join(pieces) == message
    assert not {"{", "}"} & set(template.render(["x"] * len(template.columns)))


@given(
    st.lists(st.tuples(NO_BRACE, NAMES, st.none() | DEFAULTS), max_size=5),
    st.fixed_dictionaries(
        dict.fromkeys(["name", "city", "_x1", "prénom", "姓"], VALUES.filter(says_something))
    ),
)
def test_filling_is_replacing(parts: list[tuple[str, str, str | None]], row: dict[str, str]) -> None:
    fields = {
        f"{{{name}}}" if default is None else f"{{{name}|{default}}}": row[name] for _, name, default in parts
    }
    message = "".join(text + field for (text, _, _), field in zip(parts, fields, strict=False))
    template = parse(message)

    filled = template.render([row[column] for column in template.columns])

    for field, value in fields.items():
        message = message.replace(field, value.strip())
    assert filled == message


ANY_VALUE = (
    st.none()
    | VALUES
    | st.text(max_size=5)
    | st.integers()
    | st.decimals()
    | st.booleans()
    | st.just("x" * 1601)
)


COLUMNS = [
    VALUES,
    st.text(max_size=5),
    st.integers() | st.just(10**400),
    st.decimals(),
    st.decimals(0, 10**6, places=2),
    st.decimals(-1, 1, places=1),
    st.dates(),
    st.datetimes(timezones=st.none() | st.timezones()),
    st.times(),
    st.uuids(),
    st.booleans(),
]
"""What the values of one column are; every one of them may be missing."""


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[object, object]]:
    """Draw rows of two columns, each of one type."""
    height = draw(st.integers(1, 8))
    kinds = [draw(st.sampled_from(COLUMNS)) for _ in range(2)]
    values = [kind | st.none() if draw(st.booleans()) else kind for kind in kinds]
    columns = [draw(st.lists(value, min_size=height, max_size=height)) for value in values]
    return list(zip(*columns, strict=True))


def rendered(message: str, row: list[object]) -> str:
    try:
        return parse(message).render(row)
    except InvalidMessage as error:
        return str(error)


@given(st.lists(st.tuples(ANY_VALUE, ANY_VALUE), max_size=8) | tables())
def test_many_rows_fill_a_message_as_one_by_one_does(rows: list[tuple[object, object]]) -> None:
    message = "Bonjour {name|client}, {city}{name}."

    assert list(map(str, parse(message).render_all(rows))) == [rendered(message, list(row)) for row in rows]


def test_a_message_is_no_format_of_any_kind() -> None:
    rows = [["%s", "{0}"[1:2]], ["%(x)s", "$x"]]

    assert parse("100 % {name} %s $x {city}").render_all(rows) == ["100 % %s %s $x 0", "100 % %(x)s %s $x $x"]
