"""Tests for airflow_provider_smspartner.api.posts: any bytes and any fields are read or refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.api.posts import InvalidPost, read_post
from tests.api.test_posts import PART, REPLY, REPORT, multipart

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(alphabet='0123456789+ abé€\0😀"{}=&-', max_size=30),
    st.lists(st.integers(), max_size=2),
)
names = st.sampled_from(
    [*REPORT, *REPLY, *PART, "number", "phoneNumber", "statut", "concat-ref", "concat-part", "concat-total"]
)


def check(body: bytes) -> None:
    """Read a body; what is read fits into every column."""
    try:
        post = read_post(body)
    except InvalidPost:
        return
    assert 4 <= len(post.number) <= 21
    assert post.number.removeprefix("+").isascii()
    assert "\0" not in post.text
    assert len(post.text.encode()) <= 60_000
    assert len(post.fingerprint) == 64
    assert post.happened_at is None or 2000 <= post.happened_at.year < 9999


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    check(body)


@given(st.dictionaries(names, values, max_size=12))
def test_any_fields_are_read_or_refused(fields: dict[str, Any]) -> None:
    check(json.dumps(fields).encode())
    check(urlencode(fields, errors="replace").encode())
    check(multipart({name: repr(value) for name, value in fields.items()}))


@given(st.dictionaries(names, st.text(alphabet="0123456789+abcXYZ", min_size=1, max_size=20), max_size=8))
def test_json_and_form_say_the_same(fields: dict[str, str]) -> None:
    def told(body: bytes) -> object:
        try:
            return read_post(body)
        except InvalidPost as error:
            return type(error)

    if fields:
        assert (
            told(json.dumps(fields).encode()) == told(urlencode(fields).encode()) == told(multipart(fields))
        )
