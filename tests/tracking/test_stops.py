"""What a task that stops hands over: why, in words, without a number, and so that it can break no page."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import (
    InsufficientCreditError,
    InvalidMessage,
    Problem,
    SMSPartnerError,
)
from airflow_provider_smspartner.tracking.stops import (
    LONGEST_SENTENCE,
    Failure,
    Wait,
    failure_of,
    read_failure,
    read_wait,
    unforeseen,
)

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


def caused(error: Exception, by: Exception) -> Exception:
    error.__cause__ = by
    return error


NO_CREDIT = InsufficientCreditError("/send", 11, [Problem(message="no credit")])


@pytest.mark.parametrize(
    ("error", "kind", "code", "argument"),
    [
        (InvalidMessage("max_cost: 12 is too much"), "InvalidMessage", None, "max_cost"),
        (NO_CREDIT, "InsufficientCreditError", 11, None),
        (caused(AirflowFailException("told anew"), NO_CREDIT), "InsufficientCreditError", 11, None),
        (
            caused(AirflowFailException("a"), caused(SMSPartnerError("b"), NO_CREDIT)),
            "InsufficientCreditError",
            11,
            None,
        ),
        (caused(AirflowFailException("ours"), KeyError("x")), "AirflowFailException", None, None),
    ],
)
def test_the_first_cause_of_ours_is_told(
    error: Exception, kind: str, code: int | None, argument: str | None
) -> None:
    told = failure_of(error, at=AT, counts={"invalid": 3})

    assert (told.kind, told.code, told.argument, told.counts) == (kind, code, argument, {"invalid": 3})


def test_no_sentence_holds_a_number_or_has_no_end() -> None:
    told = failure_of(InvalidMessage("to: 06 12 34 56 78 " + "x" * 10_000), at=AT, counts={})

    assert "12 34 56" not in told.sentence
    assert len(told.sentence) == LONGEST_SENTENCE


@given(sentence=st.text(max_size=40), code=st.none() | st.integers(0, 999), people=st.integers(0, 10**6))
def test_what_is_told_is_read(sentence: str, code: int | None, people: int) -> None:
    told = failure_of(InvalidMessage(sentence), at=AT, counts={"invalid": people})

    assert read_failure(json.loads(json.dumps(told.as_dict()))) == told
    assert read_wait(json.loads(json.dumps(Wait(until=AT).as_dict()))) == Wait(until=AT)


GOOD = Failure(at=AT, kind="x", sentence="y").as_dict()


@given(name=st.sampled_from(sorted(GOOD)), value=ANY)
def test_anything_else_is_none_or_harmless(name: str, value: Any) -> None:
    for read in (read_failure(GOOD | {name: value}), read_failure(value)):
        assert read is None or len(read.sentence) <= 2 * LONGEST_SENTENCE
    assert read_wait(value) is None or isinstance(value, dict)


class Wrapped(sqlite3.DatabaseError):
    """As SQLAlchemy wraps what a driver raises."""

    def __init__(self, orig: Exception) -> None:
        super().__init__(f"({type(orig).__name__}) {orig} [SQL: SELECT name FROM people]")
        self.orig = orig


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            Wrapped(sqlite3.OperationalError("no such table: peopel\nLINE 1: SELECT")),
            "The warehouse has not answered the query (Wrapped: no such table: peopel)",
        ),
        (
            sqlite3.InterfaceError("at 06 12 34 56 78"),
            "The warehouse has not answered the query (InterfaceError: at •• •• •• 78)",
        ),
        (sqlite3.OperationalError(), "The warehouse has not answered the query (OperationalError)"),
        (sqlite3.DataError("what is 'Ada'"), "The warehouse has not answered the query (DataError)"),
        (
            sqlite3.DatabaseError("x" * 5000),
            f"The warehouse has not answered the query (DatabaseError: {'x' * 400})",
        ),
        (
            KeyError("Ada, 06 12 34 56 78"),
            "An error that this package does not foresee has stopped the task (KeyError)",
        ),
    ],
)
def test_of_errors_that_nobody_foresees_the_words_of_a_database_are_told(error: Exception, told: str) -> None:
    failure = unforeseen(error, at=AT, counts={})

    assert failure.sentence == told
    assert len(told) < LONGEST_SENTENCE
    assert read_failure(json.loads(json.dumps(failure.as_dict()))) == failure
