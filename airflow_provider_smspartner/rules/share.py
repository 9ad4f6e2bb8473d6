"""Parts of an audience: where a person stands between 0 and 1, the same in every try, run and process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Final

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.arguments import scalar, shown

_BITS: Final = 53
"""What a float between 0 and 1 holds exactly: a rounded place could reach 1.0, and belong to nobody."""


def position(number: str, salt: str) -> float:
    """Return the place of an E.164 number in [0, 1): uniform, and independent of order and audience.

    The salt is the campaign, or the DAG id of a send without one. Another salt shuffles everybody anew, so
    that the first tenth of one campaign are not the first tenth of the next.
    """
    # The length keeps "a|b" with "c" apart from "a" with "b|c"
    named = f"{len(salt)}|{salt}|{number}".encode()
    first = int.from_bytes(hashlib.sha256(named).digest()[:8], "big")
    return (first >> (64 - _BITS)) / (1 << _BITS)  # a shift: a power of int is typed as Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The people whose place is at least ``low`` and below ``high``; (0, 1) is everybody."""

    low: float
    high: float
    salt: str

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 1:
            raise InvalidMessage(
                f"share: ({self.low}, {self.high}) is not a part of an audience; give two numbers "
                f"from 0 to 1, "
                "the lower one first, such as (0, 0.1)"
            )

    def __contains__(self, number: str) -> bool:
        return self.low <= position(number, self.salt) < self.high


def read_share(value: object, salt: str = "") -> Share:
    """Return the part of an audience that an argument names: two numbers, in a tuple or a list.

    :raises InvalidMessage: it is something else, or no part of an audience.
    """
    both = [scalar(bound) for bound in value] if isinstance(value, list | tuple) else []
    numbers = [bound for bound in both if isinstance(bound, Real | Decimal) and not isinstance(bound, bool)]
    if len(both) != 2 or len(numbers) != 2:
        raise InvalidMessage(
            f"share: {shown(value)} is not two numbers; give the part of the audience from 0 to 1, such as "
            "(0, 0.1)"
        )
    return Share(low=float(numbers[0]), high=float(numbers[1]), salt=salt)
