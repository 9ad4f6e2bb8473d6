"""Whom a task sends to: the audience of its arguments, out of a list or out of a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_smspartner import audience
from airflow_provider_smspartner.hooks.stops import read_stop_list
from airflow_provider_smspartner.operators.arguments import check_sql, plain, warehouse
from airflow_provider_smspartner.rules.share import Share, read_share

if TYPE_CHECKING:
    from airflow_provider_smspartner.operators.send import SendOperator
    from airflow_provider_smspartner.operators.texts import Text


def read_audience(task: SendOperator, text: Text, *, dag_id: str) -> audience.Audience:
    """Return who is to be texted, and log what was found on the way."""
    check_sql(task.sql)
    hook = None if task.sql is None else warehouse(str(task.warehouse_conn_id))  # refused before all reading
    columns = audience.Columns(task.phone_column, task.event_column, text.columns)
    rules = rules_of(task, text, share_of(task, dag_id))
    if hook is None or task.sql is None:
        found = audience.gather(audience.from_given(plain(task.recipients), columns), rules)
    else:
        found = audience.read_sql(hook, task.sql, plain(task.parameters), columns, rules)
    counts = (found.rows, len(found), found.invalid, found.duplicates, found.excluded)
    task.log.info("%s rows: %s recipients, %s invalid, %s duplicates, %s excluded", *counts)
    if rules.share is not None:
        bounds = (found.held_out, rules.share.low, rules.share.high, rules.share.salt)
        task.log.info("%s people are held out: outside the share from %s to %s of %r", *bounds)
    for reason in found.explained:
        task.log.warning("Left out, %s", reason)
    return found


def share_of(task: SendOperator, dag_id: str) -> Share | None:
    """Return the part of the audience that a task texts; tasks of one campaign, or DAG, share one order."""
    salt = dag_id if task.campaign is None else str(task.campaign)
    return None if task.share is None else read_share(task.share, salt)


def rules_of(task: SendOperator, text: Text, share: Share | None) -> audience.Rules:
    """Return who belongs to the audience of a task."""
    regions = {"FR", task.default_region, *(task.countries or ())}
    stops = read_stop_list(task.hook.call, regions=regions) if task.exclude_stop_list else frozenset()
    return audience.Rules(
        region=task.default_region,
        countries=None if task.countries is None else frozenset(task.countries),
        left_out=stops,
        share=share,
        events=task.event_column is not None,
        measure=text.measure,
    )
