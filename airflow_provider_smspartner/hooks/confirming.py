"""A call whose yes brings nothing: done only when the platform, asked again, says that it is done already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import APIError, OutcomeUnknownError

MOST_YES = 3
"""The first may be untrue, and the second is the one that does it."""


def carry_confirmed(carry: Callable[[api.Call[bool]], Any], call: api.Call[bool]) -> None:
    """Carry a call until the platform confirms that it is done.

    A degraded gateway says yes to everything, so that a yes only makes it worth while to ask again. So does
    one lost answer. Asking again does no harm.

    :raises APIError: the platform said no, or what was wanted had been done before.
    :raises OutcomeUnknownError: it did not confirm its yes, or two answers were lost.
    """
    yes = lost = 0
    while yes < MOST_YES:
        try:
            carry(call)
        except OutcomeUnknownError:
            lost += 1
            if lost > 1:
                raise
        except APIError as refusal:
            # Only after a yes or a lost answer of our own: said at once, somebody else had done it before
            if refusal.code == call.confirming and (yes or lost):
                return
            raise
        else:
            yes += 1
    raise OutcomeUnknownError(
        f"SMS Partner accepts {call.path} each time, but never confirms with code {call.confirming} "
        "that it is done, so nobody knows whether it is. Ask again later."
    )
