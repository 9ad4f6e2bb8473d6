"""A call whose yes brings nothing: done only when the platform, asked again, says that it is done already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import APIError, OutcomeUnknownError


def carry_confirmed(carry: Callable[[api.Call[bool]], Any], call: api.Call[bool]) -> None:
    """Carry a call until the platform confirms that it is done: at most three times.

    A degraded gateway says yes to everything, so that a yes only makes it worth while to ask again. So does
    one lost answer. Asking again does no harm.

    :raises APIError: the platform said no, or what was wanted had been done before.
    :raises OutcomeUnknownError: it did not confirm its yes, or two answers were lost.
    """
    said_yes = lost = False
    while True:
        try:
            carry(call)
        except OutcomeUnknownError:
            if lost:
                raise
            lost = True
        except APIError as refusal:
            if refusal.code == call.confirming and (said_yes or lost):
                return
            raise
        else:
            if said_yes:
                break
            said_yes = True
    raise OutcomeUnknownError(
        f"SMS Partner says yes to {call.path} each time, and does not confirm with code {call.confirming} "
        "that it is done: whether it is, is unknown. Ask again later."
    )
