"""Why a task failed and what helps, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_provider_smspartner.tracking.stops import Failure

NO_PRICE: Final = 13
"""The platform's code for numbers that the account has no price for."""
PHRASES: Final[dict[str, tuple[str, str]]] = {
    "AuthenticationError": (
        "SMS Partner refuses the API key",
        "Put the key of the connection right, or have the account opened",
    ),
    "InsufficientCreditError": ("credit used up", "Top up the account"),
    "APIConnectionError": ("SMS Partner could not be reached", ""),
    "RateLimitError": ("SMS Partner asks for fewer requests", ""),
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
        return Cause(why="no price for their numbers", remedy="Ask SMS Partner for a tariff that has one")
    why, remedy = PHRASES.get(failure.kind, (failure.sentence.rstrip(". "), ""))
    return Cause(why=why, remedy=remedy)
