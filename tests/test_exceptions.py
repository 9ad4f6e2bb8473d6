"""Tests for airflow_provider_smspartner.exceptions: a tree of errors that carry data and no secrets."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import pytest

from airflow_provider_smspartner import exceptions
from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    DeliveryFailed,
    InsufficientCreditError,
    InvalidMessage,
    InvalidPhoneNumber,
    InvalidRequestError,
    LookFailed,
    NeedsPerson,
    NotFoundError,
    OutcomeUnknownError,
    OutsideSendingHoursError,
    Problem,
    RateLimitError,
    SMSPartnerError,
    StopListError,
)

NUMBER = "+33600000012"
PROBLEMS = (
    Problem(message="A sender has 11 characters at most", element="sender"),
    Problem(message="This is no phone number", code=9, number=NUMBER),
)
REFUSALS = (
    APIError,
    AuthenticationError,
    InsufficientCreditError,
    RateLimitError,
    OutsideSendingHoursError,
    NotFoundError,
    StopListError,
    InvalidRequestError,
)
SENTENCES = (
    SMSPartnerError,
    InvalidMessage,
    InvalidPhoneNumber,
    APIConnectionError,
    OutcomeUnknownError,
    LookFailed,
    NeedsPerson,
    DeliveryFailed,
)


def test_every_error_is_drawn_in_the_tree() -> None:
    defined = {
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    drawn = str(exceptions.__doc__)

    assert {error.__name__ for error in (*REFUSALS, *SENTENCES)} == defined
    assert [name for name in defined if name not in drawn] == []


@pytest.mark.parametrize(
    ("error", "parent"),
    [
        (InvalidMessage, SMSPartnerError),
        (InvalidMessage, ValueError),
        (InvalidPhoneNumber, InvalidMessage),
        *((refusal, APIError) for refusal in REFUSALS),
        (APIError, SMSPartnerError),
        (APIConnectionError, SMSPartnerError),
        (OutcomeUnknownError, SMSPartnerError),
        (DeliveryFailed, SMSPartnerError),
    ],
)
def test_branches(error: type[Exception], parent: type[Exception]) -> None:
    assert issubclass(error, parent)


@pytest.mark.parametrize("error", [APIConnectionError, OutcomeUnknownError, DeliveryFailed, InvalidMessage])
def test_only_a_refusal_is_a_refusal(error: type[Exception]) -> None:
    assert not issubclass(error, APIError)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_survives_a_pickle_without_its_numbers(refusal: type[APIError]) -> None:
    error = pickle.loads(pickle.dumps(refusal("/send", 9, PROBLEMS)))

    assert type(error) is refusal
    assert (error.path, error.code) == ("/send", 9)
    assert error.problems == (PROBLEMS[0], replace(PROBLEMS[1], number=None))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_survives_a_copy(refusal: type[APIError], again: type) -> None:
    error = again(refusal("/send", 9, PROBLEMS))

    assert type(error) is refusal
    assert (error.path, error.code, error.problems) == ("/send", 9, PROBLEMS)
    assert [problem.number for problem in error.problems] == [None, NUMBER]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_survives_a_pickle(sentence: type[SMSPartnerError]) -> None:
    error = pickle.loads(pickle.dumps(sentence("tag: holds white space")))

    assert type(error) is sentence
    assert str(error) == "tag: holds white space"


def test_the_wish_to_wait_survives_a_pickle() -> None:
    error = pickle.loads(pickle.dumps(RateLimitError("/me", None, (), retry_after=12.5)))

    assert (error.path, error.retry_after) == ("/me", 12.5)
    assert "12.5" in repr(error)


def test_a_refusal_says_where_and_why() -> None:
    assert str(InvalidRequestError("/send", 9, PROBLEMS)) == (
        "SMS Partner refused /send (code 9): "
        "sender: A sender has 11 characters at most; This is no phone number"
    )
    assert "no reason given" in str(APIError("/me"))


def test_the_number_of_a_problem_is_data_and_no_text() -> None:
    error = InvalidRequestError("/send", 9, PROBLEMS)

    for text in (str(error), repr(error), str(error.problems), *map(str, error.problems), f"{error.args}"):
        assert NUMBER[-6:] not in text
