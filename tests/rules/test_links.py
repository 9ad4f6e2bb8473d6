"""Tests for rules.links: what a link would lose, and how it is written so that it loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.links import Loss, escaped, losses, may_lose
from airflow_provider_smspartner.rules.segments import estimate

LINK = "https://example.org/"


@pytest.mark.parametrize(
    ("message", "lost"),
    [
        ("~[]|^ no link", []),
        (f"{LINK}a-b_c.d?e=f&g=%20#h", []),
        (f"{LINK}a~b", [Loss("~", "%7E", False)]),
        (
            f"{LINK}a {LINK}b^ {LINK}[c]",
            [Loss("^", "%5E", False), Loss("[", "%5B", False), Loss("]", "%5D", False)],
        ),
        (f"({LINK}a…) [{LINK}b] «{LINK}c»", []),
        (f"{LINK}a:br:~", []),
        (f"{LINK}a\u200bb", [Loss("\u200b", "", False)]),
        ("http://ç.org/ê", [Loss("ç", "%C3%A7", True), Loss("ê", "%C3%AA", False)]),
        ("shop.example.org/~a", [Loss("~", "%7E", False)]),
        ("example.org?a|b", [Loss("|", "%7C", False)]),
        ("example.org~", []),
        ("Example.Org/~, 12.50/~, a/~, www~", []),
    ],
)
def test_what_a_link_would_lose(message: str, lost: list[Loss]) -> None:
    assert losses(message) == lost


def test_in_unicode_the_table_of_the_vendor_may_still_apply_and_ours_does_not() -> None:
    assert losses(f"{LINK}ç…x", unicode=True) == [Loss("ç", "%C3%A7", False)]


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ("ça ~", "ça ~"),
        (f"ça {LINK}~a[0]|ç. Fin~", f"ça {LINK}%7Ea%5B0%5D%7C%C3%A7. Fin~"),
        (f"[{LINK}a]", f"[{LINK}a]"),
        (f"{LINK}a\u200bb{{c}}", f"{LINK}ab%7Bc%7D"),
    ],
)
def test_a_link_is_written_so_that_it_loses_nothing(message: str, written: str) -> None:
    assert escaped(message) == written
    assert losses(written) == []


@given(st.text(st.characters() | st.sampled_from("~[]|^ç…. /")))
def test_an_escaped_link_arrives(rest: str) -> None:
    mended = escaped(LINK + rest)

    assert losses(mended) == []
    assert estimate(mended).text.startswith(LINK)


LINKISH = st.sampled_from(
    ["https://", "www.", "WwW.", "x.fr", "/", "?", ".", ":", "ê", "~", " ", "\n", "a", ":br:", "€"]
)


@given(st.lists(LINKISH | st.characters(), max_size=12), st.booleans())
def test_what_a_link_may_lose_is_seen_in_a_quick_look(parts: list[str], unicode: bool) -> None:
    message = "".join(parts)

    assert may_lose(message) or not losses(message, unicode=unicode)


@pytest.mark.parametrize(
    "message", ["à bientôt", "le 28/12 ? ç", "https://x.fr/a?b=1 ê", "www.x.fr/a, ê", "a.b c ê/d"]
)
def test_most_messages_need_no_second_look(message: str) -> None:
    assert not may_lose(message)
