"""Which of our errors no retry can help: the one place where they become Airflow's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import (
    AuthenticationError,
    InsufficientCreditError,
    InvalidMessage,
    InvalidRequestError,
    NeedsPerson,
    NotFoundError,
    StopListError,
)
from airflow_provider_smspartner.hooks.frames import emptied

HOPELESS = (
    AuthenticationError,
    InsufficientCreditError,
    InvalidMessage,
    InvalidRequestError,
    NeedsPerson,
    NotFoundError,
    StopListError,
)


class RefusedArguments(InvalidMessage, AirflowFailException):
    """The arguments of a task are wrong: an import error when the DAG is parsed, a failure for good later.

    Airflow makes mapped tasks, and an ``@task`` the operators in it, when they run.
    """


REMEDIES = {
    AuthenticationError: "Correct the API key of the connection, or have the account unblocked, and clear "
    "the task: it sends the rest.",
    InsufficientCreditError: "Top up the account, or have a price set for these numbers, and clear the task: "
    "it sends the rest.",
}


def in_sentences(error: Exception, rest: str) -> str:
    """Return what went wrong, what helps, and how far the send came, as sentences that stay apart."""
    text = str(error).rstrip()
    stop = "" if text.endswith((".", "!", "?", "…")) else "."
    remedy = next((f" {remedy}" for kind, remedy in REMEDIES.items() if isinstance(error, kind)), "")
    return f"{text}{stop}{remedy}{rest}"


@contextmanager
def refused_for_good(task_id: str) -> Iterator[None]:
    """Say whose arguments are wrong, and that no retry can help.

    :raises RefusedArguments: InvalidMessage was raised.
    """
    try:
        yield
    except InvalidMessage as error:
        raise RefusedArguments(f"{task_id}: {error}") from error


@contextmanager
def no_useless_retry() -> Iterator[None]:
    """Fail the task for good when trying again could not end otherwise.

    Its frames, which hold people and texts, are emptied before a reporter of errors sees them.
    """
    with emptied():
        try:
            yield
        except HOPELESS as error:
            raise AirflowFailException(str(error)) from error
