"""What a task tells the outside besides its result: counters in Airflow's metrics, counts on asset events.

Neither holds a phone number, a message id or a secret.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


def counter(context: Context, conn_id: str, *, sandbox: bool) -> Callable[..., None]:
    """Return what adds amounts to the counters of a task: ``count(accepted=500, segments=500)``.

    Each becomes ``smspartner.<name>``, and ``smspartner.sandbox.<name>`` in the sandbox, where nobody is
    texted. A tool without tags would add the two up otherwise.
    """
    ti = context.get("ti")
    identity = {name: str(getattr(ti, name)) for name in ("dag_id", "task_id") if hasattr(ti, name)}
    tags = {**identity, "connection": conn_id}
    prefix = "smspartner.sandbox" if sandbox else "smspartner"

    def count(**amounts: int) -> None:
        from airflow.providers.common.compat.sdk import Stats

        for name, amount in amounts.items():
            if amount:
                Stats.incr(f"{prefix}.{name}", amount, tags=tags)

    return count


def describe_outlets(context: Context, outlets: Iterable[object], facts: Mapping[str, Any]) -> None:
    """Put the plain values of a result on the events of a task's outlet assets.

    What the DAG's author has put there under the same name stays. Of an alias, those events get them that the
    author has added to it: only they say which asset is meant. The texts have left by now, so an asset that
    Airflow cannot look up is a warning.
    """
    from airflow.sdk.definitions.asset import Asset, AssetAlias, AssetRef
    from airflow.sdk.exceptions import AirflowRuntimeError

    events = context.get("outlet_events")
    if events is None:  # run by hand, outside Airflow
        return
    plain = {name: value for name, value in facts.items() if not isinstance(value, list | dict)}
    for outlet in outlets:
        if isinstance(outlet, Asset | AssetAlias | AssetRef):
            try:
                accessor: Any = events[outlet]
            except AirflowRuntimeError:
                log.warning("The event of %r does not get the counts: Airflow cannot look it up", outlet)
                continue
            for event in (accessor, *accessor.asset_alias_events):
                event.extra = {**plain, **event.extra}


def tell_delivery(
    context: Context,
    result: Mapping[str, Any],
    connections: Collection[str],
    *,
    outlets: Iterable[object],
    sandbox: bool,
) -> None:
    """Count how a delivery has ended, and leave the counts on the events of the task's outlet assets.

    :param connections: through which it was sent, at least one; several are counted together, under a name
        of their own.
    """
    conn_id, *others = connections
    count = counter(context, "several" if others else conn_id, sandbox=sandbox)
    count(**{name: result[name] for name in ("delivered", "not_delivered", "waiting", "stop")})
    describe_outlets(context, outlets, result)
