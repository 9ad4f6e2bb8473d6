"""What a task hands over when it stops before its end: why it failed, or until when it waits.

As every hand-over it is JSON, small, and holds no phone number; anything else reads as None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from airflow_provider_smspartner.exceptions import APIError, SMSPartnerError
from airflow_provider_smspartner.rules.phone import mask_numbers
from airflow_provider_smspartner.tracking.handover import aware, count, named, text

FAILURE_KEY: Final = "smspartner_failure"
"""Pushed by a send or status task that fails."""
WAIT_KEY: Final = "smspartner_wait"
"""Pushed by a send task that waits for its hour."""
LONGEST_SENTENCE: Final = 600
"""Characters of a sentence."""
DATABASES: Final = {"DatabaseError", "InterfaceError"}
"""What the errors of every driver are called, or what they come from (PEP 249)."""
QUOTING: Final = {"DataError", "IntegrityError"}
"""Those that are about a value, and quote it."""
LONGEST_LINE: Final = 400
"""Characters of what a driver says."""
ARGUMENT: Final = re.compile(r"([a-z][a-z_]*): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a task failed, as it knew it."""

    at: datetime
    kind: str
    """Class of the error."""
    sentence: str
    """What went wrong and what to do, without a number."""
    code: int | None = None
    """The platform's own, when it answered no."""
    argument: str | None = None
    """The argument that the sentence is about."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was counted of the audience by then: ``rows``, ``recipients``, ``invalid`` and so on."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "kind": self.kind,
            "sentence": self.sentence,
            "code": self.code,
            "argument": self.argument,
            "counts": dict(self.counts),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Until when a task waits before it goes on by itself."""

    until: datetime

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"until": self.until.isoformat(timespec="seconds")}


def failure_of(error: BaseException, *, at: datetime, counts: Mapping[str, int]) -> Failure:
    """Return what there is to be told of an error."""
    first = origin(error)
    sentence = mask_numbers(str(first).strip())[:LONGEST_SENTENCE]
    about = ARGUMENT.match(sentence)
    return Failure(
        at=at,
        kind=type(first).__name__,
        sentence=sentence,
        code=first.code if isinstance(first, APIError) else None,
        argument=about[1] if about else None,
        counts=counts,
    )


def unforeseen(error: BaseException, *, at: datetime, counts: Mapping[str, int]) -> Failure:
    """Return what there is to be told of an error that is neither ours nor Airflow's."""
    return Failure(at=at, kind=type(error).__name__, sentence=words_of(error), counts=counts)


def words_of(error: BaseException) -> str:
    """Say what stopped a task: what a database says, and of any other error its kind alone."""
    kind, families = type(error).__name__, {each.__name__ for each in type(error).__mro__}
    if not families & DATABASES:
        return f"An error that this package does not foresee has stopped the task ({kind})"
    driver = getattr(error, "orig", None) or error
    lines = [] if families & QUOTING else mask_numbers(str(driver)).strip().splitlines()
    if not lines:
        return f"The warehouse has not answered the query ({kind})"
    return f"The warehouse has not answered the query ({kind}: {lines[0][:LONGEST_LINE]})"


def origin(error: BaseException) -> BaseException:
    """Return the error of ours that another one came from; the error itself when none is ours."""
    ours, link = error, error.__cause__
    while link is not None:
        ours = link if isinstance(link, SMSPartnerError) else ours
        link = link.__cause__
    return ours


def read_failure(value: Any) -> Failure | None:
    """Read why a task failed; None when it is something else."""
    try:
        return Failure(
            at=aware(value["at"]),
            kind=named(value["kind"]),
            sentence=mask_numbers(str(value["sentence"])[:LONGEST_SENTENCE]),
            code=None if value["code"] is None else int(value["code"]),
            argument=text(value["argument"]),
            counts={named(name): count(people) for name, people in value["counts"].items()},
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None


def read_wait(value: Any) -> Wait | None:
    """Read until when a task waits; None when it is something else."""
    try:
        return Wait(until=aware(value["until"]))
    except (KeyError, OverflowError, TypeError, ValueError):
        return None
