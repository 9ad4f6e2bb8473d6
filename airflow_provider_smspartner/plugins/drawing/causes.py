"""Why a task failed and what helps, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_provider_smspartner.plugins.drawing.errors import in_words
from airflow_provider_smspartner.plugins.drawing.language import mark, say
from airflow_provider_smspartner.tracking.stops import Failure

NO_PRICE: Final = 13
"""The platform's code for numbers that the account has no price for."""
PHRASES: Final[dict[str, tuple[str, str]]] = {
    "AuthenticationError": (
        mark("SMS Partner refuses the API key"),
        mark("Put the right key into the connection, or have the account unblocked"),
    ),
    "InsufficientCreditError": (mark("credit used up"), mark("Top up the account")),
    "APIConnectionError": (mark("SMS Partner could not be reached"), ""),
    "RateLimitError": (mark("SMS Partner asks for fewer requests"), ""),
}
"""Why, and what helps, by the class of the error; of others, their sentence says both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a task failed."""

    why: str
    """Half a sentence, without a full stop."""
    remedy: str
    """What helps, without a full stop; empty when ``why`` says it."""


def cause_of(failure: Failure | None) -> Cause | None:
    """Return why a task failed, when it has told."""
    if failure is None:
        return None
    if failure.kind == "InsufficientCreditError" and failure.code == NO_PRICE:
        return Cause(
            why=say("no price for their numbers"), remedy=say("Ask SMS Partner for a tariff that has one")
        )
    if failure.kind not in PHRASES:
        return Cause(why=in_words(failure.sentence), remedy="")
    why, remedy = PHRASES[failure.kind]
    return Cause(why=say(why), remedy=say(remedy) if remedy else "")
