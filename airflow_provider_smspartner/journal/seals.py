"""Seals on what is remembered: whoever lacks the connection's secret cannot write what is believed.

Airflow lets some roles edit what a task has stored. A batch that is edited to "absent" would be sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.rules.people import Pseudonymizer

SEAL: Final = "seal"
CHECK: Final = "check"
"""Under which secret a value was sealed: a key may be changed between two tries, and changed back."""


def sealed(pseudonymizer: Pseudonymizer, key: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value with a seal that holds under this key only."""
    value = {name: field for name, field in value.items() if name != SEAL} | {CHECK: pseudonymizer.check}
    return value | {SEAL: pseudonymizer.seal(canonical(key, value))}


def is_ours(pseudonymizer: Pseudonymizer, key: str, value: Mapping[str, Any]) -> bool:
    """Tell whether this package wrote a value, under today's secret.

    False for what an earlier version or another secret has left, which proves nothing.

    :raises NeedsPerson: it says that it was sealed under today's secret, and it was not.
    """
    if SEAL not in value or value.get(CHECK) != pseudonymizer.check:
        return False
    unsealed = {name: field for name, field in value.items() if name != SEAL}
    if value[SEAL] == pseudonymizer.seal(canonical(key, unsealed)):
        return True
    raise NeedsPerson(
        f"The task state store holds something under {key!r} that somebody has edited: put back what was "
        "there. Without it nobody knows who was texted, so nothing was sent."
    )


def canonical(key: str, value: Mapping[str, Any]) -> str:
    """Write a value in the one way that its seal is made of, whatever a database makes of its numbers."""
    return json.dumps([key, steady(value)], sort_keys=True)


def steady(value: Any) -> Any:
    """Return a value of JSON in which 1 and 1.0 are the same."""
    if isinstance(value, Mapping):
        return {name: steady(field) for name, field in value.items()}
    if isinstance(value, list):
        return [steady(item) for item in value]
    return repr(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value
