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
    NotFoundError,
    StopListError,
)
from airflow_provider_smspartner.hooks.frames import emptied

HOPELESS = (
    AuthenticationError,
    InsufficientCreditError,
    InvalidMessage,
    InvalidRequestError,
    NotFoundError,
    StopListError,
)


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
