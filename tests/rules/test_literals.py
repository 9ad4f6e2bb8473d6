"""Tests for airflow_provider_smspartner.rules.literals."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.literals import read_literal, read_numbers, read_with_plus

PLAIN = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(
    st.lists(PLAIN) | st.dictionaries(st.text(), PLAIN),
    lambda inner: st.lists(inner | PLAIN) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[]", []),
        (" ['a', None] ", ["a", None]),
        ('["a", null]', ["a", None]),
        ("('a',)", ("a",)),
        ("{'a': True}", {"a": True}),
        ('{"a": true}', {"a": True}),
        ("[+5, +1.5]", [5, 1.5]),
        ("('a')", "('a')"),
        ("(33) 6", "(33) 6"),
        ("{1, 2}", "{1, 2}"),
        ("7", "7"),
        ("'a'", "'a'"),
        ("[len('a')]", "[len('a')]"),
        ("[1", "[1"),
        pytest.param("[" * 100_000, "[" * 100_000, id="nested without end"),
        pytest.param(f"[{'9' * 5000}]", f"[{'9' * 5000}]", id="an int too long to read"),
    ],
)
def test_a_list_or_mapping_is_read_and_other_text_stays(text: str, value: object) -> None:
    assert read_literal(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[+687751234]", ["+687751234"]),
        ("[ +687751234.0, +1.5, +True]", "[ +687751234.0, +1.5, +True]"),
        ("[+687751234.0, +1.5]", ["+687751234", 1.5]),
        ("(+33612345678, -7, 7)", ("+33612345678", -7, 7)),
        ("[{'phone_number': +687751234}]", [{"phone_number": "+687751234"}]),
        ('["+687751234", null]', ["+687751234", None]),
        ("[+1e999, -+7]", "[+1e999, -+7]"),
        ("+687751234", "+687751234"),
    ],
)
def test_a_phone_number_keeps_its_plus(text: str, value: object) -> None:
    assert read_numbers(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("+687751234", "+687751234"), ("687751234", 687751234), ("'a'", "a"), ("None", None)]
)
def test_a_value_is_read_with_its_plus(text: str, value: object) -> None:
    assert read_with_plus(text) == value


@given(st.text("[](){}'\",:+-1aj.\\\0 ") | st.text())
def test_any_text_is_a_list_a_mapping_or_itself(text: str) -> None:
    for reader in (read_literal, read_numbers):
        assert isinstance(read := reader(text), list | tuple | dict) or read == text


@given(VALUES)
def test_what_was_written_is_read(value: object) -> None:
    assert read_literal(json.dumps(value)) == value
    assert read_literal(str(value)) == read_numbers(str(value)) == value
