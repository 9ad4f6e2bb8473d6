"""What a send is expected to cost, and which limits refuse it before anything is sent."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_smspartner.api.answers import Account
from airflow_provider_smspartner.exceptions import APIConnectionError, AuthenticationError, InvalidMessage
from airflow_provider_smspartner.hooks.connection import Settings
from airflow_provider_smspartner.sending.budget import (
    Quote,
    check_balance,
    check_cost,
    check_people,
    price_of,
    read_account,
)


def account(**figures: Any) -> Account:
    known: dict[str, Any] = {"balance": Decimal("10"), "credit": 200, "low_cost_credit": 400}
    return Account(name=None, currency="EUR", to_send=0, **known | figures)


def quote(price: str | None, segments: int = 2) -> Quote:
    return Quote(people=2, segments=segments, price=None if price is None else Decimal(price))


def refused(words: str | None) -> AbstractContextManager[object]:
    """Expect a refusal in these words; None: expect none."""
    return nullcontext() if words is None else pytest.raises(InvalidMessage, match=words)


@pytest.mark.parametrize(
    ("price", "given", "low_cost", "expected"),
    [
        ("0.06", account(), False, "0.06"),
        ("0.06", None, False, "0.06"),
        ("0", account(), False, "0"),
        (None, account(), False, "0.05"),
        (None, account(), True, "0.025"),
        (None, None, False, None),
        (None, account(balance=None), False, None),
        (None, account(balance=Decimal(0)), False, None),
        (None, account(credit=None), False, None),
        (None, account(credit=0), False, None),
        (None, account(low_cost_credit=None), True, None),
    ],
)
def test_the_price_of_a_segment_is_the_connections_or_follows_from_the_account(
    price: str | None, given: Account | None, low_cost: bool, expected: str | None
) -> None:
    settings = Settings(conn_id="x", api_key="k", price_per_segment=Decimal(price) if price else None)

    assert price_of(settings, given, low_cost=low_cost) == (Decimal(expected) if expected else None)


@pytest.mark.parametrize(
    ("given", "cost", "words"),
    [
        (quote("0.045"), "0.090", "2 people and 2 segments, about 0.090 EUR"),
        (quote("0.045004", 1_000_000), "45004.000", "1000000 segments, about 45004.000 EUR"),
        (quote("0"), "0.000", "about 0.000 EUR"),
        (quote(None), None, "2 segments, at an unknown price"),
    ],
)
def test_the_whole_price_is_rounded_to_mills_and_a_segments_is_not(
    given: Quote, cost: str | None, words: str
) -> None:
    assert given.as_dict() == {"segments": given.segments, "cost": cost}
    assert str(given).endswith(words)


@pytest.mark.parametrize(
    ("people", "most", "cap", "words"),
    [
        (3, None, None, None),
        (3, 3, 3, None),
        (3, 2, None, "^max_recipients: 3 people, and 2 are allowed"),
        (3, None, 2, "^recipients: 3 people, and connection 'x' allows 2 "),
        (1, 0, None, "^max_recipients: 1 people, and 0 are allowed"),
    ],
)
def test_more_people_than_the_operator_or_the_connection_allows_are_refused(
    people: int, most: int | None, cap: int | None, words: str | None
) -> None:
    with refused(words):
        check_people(people, most=most, cap=cap, conn_id="x")


@pytest.mark.parametrize(
    ("given", "most", "words"),
    [
        (quote("0.045"), None, None),
        (quote(None), None, None),
        (quote("0.045"), "0.09", None),
        (quote("0.045"), "0.089", "^max_cost: .*about 0.090 EUR, and 0.089 is allowed"),
        (quote("0"), "0", None),
        (quote(None), "100", "^max_cost: the price of a segment is unknown"),
    ],
)
def test_a_limit_on_the_cost_refuses_what_costs_more_or_nobody_knows_what(
    given: Quote, most: str | None, words: str | None
) -> None:
    with refused(words):
        check_cost(given, most=None if most is None else Decimal(most))


@pytest.mark.parametrize(
    ("given", "balance", "words"),
    [
        (quote("0.045"), "0.090", None),
        (quote("0.045"), "0.089", "^recipients: .*the account has 0.089; top it up"),
        (quote("0.045"), None, None),
        (quote(None), "0", None),
    ],
)
def test_an_account_that_has_less_than_a_known_price_refuses_a_send(
    given: Quote, balance: str | None, words: str | None
) -> None:
    with refused(words):
        check_balance(given, account(balance=None if balance is None else Decimal(balance)))


@pytest.mark.parametrize(
    ("error", "needed", "stops"),
    [
        (APIConnectionError("down"), False, False),
        (APIConnectionError("down"), True, True),
        (AuthenticationError("/me", 10), False, True),
    ],
)
def test_an_account_that_cannot_be_read_stops_a_send_that_needs_it_or_has_a_refused_key(
    error: Exception, needed: bool, stops: bool
) -> None:
    def fail(*_: object, **__: object) -> Account:
        raise error

    with pytest.raises(type(error)) if stops else nullcontext():
        assert read_account(SimpleNamespace(call=fail), needed=needed) is None
