"""Whom a task sends to: the audience of its arguments, out of a list or out of a warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_smspartner import audience
from airflow_provider_smspartner.hooks.stops import read_stop_list
from airflow_provider_smspartner.operators.arguments import check_sql, warehouse

if TYPE_CHECKING:
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.operators.orders import Log, Recipients
    from airflow_provider_smspartner.operators.texts import Text


def read_audience(recipients: Recipients, text: Text, *, hook: SMSPartnerHook, log: Log) -> audience.Audience:
    """Return who is to be texted, and log what was found on the way.

    :param hook: reads the STOP list, where that is asked for.
    """
    check_sql(recipients.sql)
    # refused before all reading
    database = None if recipients.sql is None else warehouse(str(recipients.warehouse_conn_id))
    columns = audience.Columns(recipients.phone_column, recipients.event_column, text.columns)
    rules = rules_of(recipients, text, hook)
    if database is None or recipients.sql is None:
        people = audience.gather(audience.from_given(recipients.given, columns), rules)
    else:
        people = audience.read_sql(database, recipients.sql, recipients.parameters, columns, rules)
    log_counts(people, rules, log)
    return people


def log_counts(people: audience.Audience, rules: audience.Rules, log: Log) -> None:
    """Say how many rows became how many people, and why the first of those without a text have none."""
    counts = (people.rows, len(people), people.invalid, people.duplicates, people.excluded)
    log.info("%s rows: %s recipients, %s invalid, %s duplicates, %s excluded", *counts)
    if rules.share is not None:
        bounds = (people.held_out, rules.share.low, rules.share.high, rules.share.salt)
        log.info("%s people are held out: outside the share from %s to %s of %r", *bounds)
    for reason in people.explained:
        log.warning("Left out, %s", reason)


def rules_of(recipients: Recipients, text: Text, hook: SMSPartnerHook) -> audience.Rules:
    """Return who belongs to an audience."""
    regions = {"FR", recipients.region, *(recipients.countries or ())}
    stops = read_stop_list(hook.call, regions=regions) if recipients.exclude_stop_list else frozenset()
    return audience.Rules(
        region=recipients.region,
        countries=recipients.countries,
        left_out=stops,
        share=recipients.share,
        events=recipients.event_column is not None,
        write=text.write,
    )
