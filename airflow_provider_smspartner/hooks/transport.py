"""What both ends of the hook share: how a call is written, an answer read, an error named, a call repeated.

No error that leaves from here holds a URL, a key or a phone number: the transport's own exceptions do, so
they are dropped and never chained.
"""

from __future__ import annotations

import email.utils
import json
import random
import re
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from tenacity import RetryCallState, retry_if_exception

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    AuthenticationError,
    OutcomeUnknownError,
    RateLimitError,
    SMSPartnerError,
)
from airflow_provider_smspartner.hooks.connection import Settings
from airflow_provider_smspartner.hooks.pace import LONGEST_WAIT, PATIENCE

T = TypeVar("T")

CONNECT_TIMEOUT = 5.0
ATTEMPTS = 4
LONGEST_SAID = 366 * 86400.0
"""Seconds; whatever lies beyond, the year 9999 for instance, is read as this."""
LARGEST_BODY = 32 * 1024 * 1024
"""Bytes; the status of 500 recipients has some 50 KB."""
CHUNK = 64 * 1024
# A compressed answer is neither asked for nor read: a small one could unfold into a very large one
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "airflow-provider-smspartner"}


class UnreadableError(OSError):
    """An answer that is not read, or not to its end."""


def longest_request(settings: Settings) -> float:
    """Return the seconds after which a request is over, whatever happens."""
    return CONNECT_TIMEOUT + 2 * settings.timeout


def written(call: Call[Any], settings: Settings) -> tuple[str, bytes | None]:
    """Return the URL and the body of a request, both without the key."""
    url, payload = settings.url + call.path, call.payload()
    if call.method == "POST":
        return url, json.dumps(payload).encode()
    return f"{url}?{urlencode(payload)}" if payload else url, None


def refuse_encoded(encoding: str | None) -> None:
    """Refuse an answer that would have to be unfolded, before a byte of it is read.

    :raises UnreadableError: it is encoded.
    """
    if (encoding or "").strip().lower() not in ("", "identity"):
        raise UnreadableError("encoded")


def answer(status: int, retry_after: str | None, body: bytes, settings: Settings) -> Answer:
    """Put together what came back."""
    return Answer(status=status, body=body, retry_after=seconds(retry_after), secret=settings.api_key)


def seconds(retry_after: str | None) -> float | None:
    """Read Retry-After, which is a number of seconds or an HTTP date; at most a year."""
    text = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]{1,300}(\.[0-9]{1,300})?", text):
        return min(float(text), LONGEST_SAID)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        left = (aware - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, left), LONGEST_SAID)


def read(call: Call[T], answer: Answer, settings: Settings) -> T:
    """Return what an answer holds; a refused key is named by its connection."""
    try:
        return call.read(answer)
    except AuthenticationError as error:
        error.connection = settings.conn_id
        raise


def transport_error(call: Call[Any], name: str, settings: Settings, *, never_left: bool) -> SMSPartnerError:
    """Name a failure of the transport by its kind; its text may hold the URL, and so numbers."""
    request = f"{call.method} {call.path}"
    if never_left:
        return APIConnectionError(
            f"{request} never left this machine ({name}): check the API URL of connection "
            f"{settings.conn_id!r}, DNS, proxy variables and firewall. Repeating it is safe."
        )
    return OutcomeUnknownError(
        f"{request} left this machine and got no answer that can be trusted ({name}): "
        "whether SMS Partner acted on it is unknown."
    )


def repeat_policy(call: Call[Any], attempts: int | None = None) -> dict[str, Any]:
    """Say when a call is sent again, for tenacity's loop of either kind."""
    # What has never left may be repeated, whatever it asks; what was lost or refused for haste only if
    # asking twice does no harm
    again = (
        (APIConnectionError, OutcomeUnknownError, RateLimitError) if call.repeatable else APIConnectionError
    )

    def worth_it(error: BaseException) -> bool:
        # A longer pause is not for a request to sit out: it would hold the worker
        return isinstance(error, again) and (getattr(error, "retry_after", None) or 0) <= LONGEST_WAIT

    return {
        "retry": retry_if_exception(worth_it),
        "stop": GivingUp(attempts),
        "wait": wait,
        "reraise": True,
    }


class GivingUp:
    """Ends the repetition of one call: after so many failures, or so much time of being told to slow down."""

    def __init__(self, attempts: int | None) -> None:
        self._attempts = attempts
        self._failures = 0

    def __call__(self, state: RetryCallState) -> bool:
        # No failure, for the pace has all requests slow down together
        if self._attempts is None and is_throttled(state):
            return (state.seconds_since_start or 0.0) >= PATIENCE
        self._failures += 1
        return self._failures >= (self._attempts or ATTEMPTS)


def is_throttled(state: RetryCallState) -> bool:
    """Tell whether the platform wants fewer requests; how long to wait is then for the pace to say."""
    return isinstance(state.outcome.exception() if state.outcome else None, RateLimitError)


def wait(state: RetryCallState) -> float:
    """Wait 1, 2, 4 … seconds with jitter."""
    if is_throttled(state):
        # The pace waits before the next attempt, and to wait here as well would double it
        return 0.0
    backoff = 2.0 ** (min(state.attempt_number, 7) - 1)
    return min(backoff * random.uniform(0.75, 1.25), LONGEST_WAIT)  # noqa: S311  # jitter is no secret
