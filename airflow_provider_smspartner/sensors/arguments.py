"""How the sensor treats what a DAG gives it: defaults that tell themselves from a choice, and operators."""

from __future__ import annotations

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
    """Return what Airflow's configuration says; True where nobody has said anything."""
    from airflow.providers.common.compat.sdk import conf

    sources = conf.as_dict(
        display_source=True, display_sensitive=True, include_cmds=False, include_secret=False
    )
    _, source = sources["operators"]["default_deferrable"]
    return source == "default" or bool(conf.getboolean("operators", "default_deferrable"))
