"""How the sensor treats what a DAG gives it: defaults that tell themselves from a choice, and operators."""

from __future__ import annotations

import os
from typing import Any, Final


class OfTheSend(str):
    """A default that tells itself from the same name given by the DAG's author."""

    __slots__ = ()


OF_THE_SEND: Final = OfTheSend("smspartner_default")


def outputs(sent: Any) -> Any:
    """Return the output of an operator that stands for it, alone or in a list."""
    if isinstance(sent, list | tuple):
        return [outputs(one) for one in sent]
    return sent.output if hasattr(sent, "task_id") and hasattr(sent, "output") else sent


def default_deferrable() -> bool:
    """Return what the environment says of all sensors; True where it says nothing.

    A ``false`` in ``airflow.cfg`` is nobody's choice: Airflow writes all its defaults into that file.
    """
    from airflow.providers.common.compat.sdk import conf

    is_chosen = "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE" in os.environ
    return bool(conf.getboolean("operators", "default_deferrable")) if is_chosen else True
