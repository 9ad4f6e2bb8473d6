"""How a task sends: the plan that its arguments, its connection and the hour make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner import api
from airflow_provider_smspartner.journal.world import World
from airflow_provider_smspartner.operators.hours import check_hour
from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.rules.people import Person, Recogniser
from airflow_provider_smspartner.rules.sending_hours import next_slot
from airflow_provider_smspartner.sending.plan import Plan

if TYPE_CHECKING:
    from airflow_provider_smspartner.operators.send import SendOperator
    from airflow_provider_smspartner.operators.texts import Text


def plan_of(task: SendOperator, text: Text, name: Sequence[object], *, later_try: bool) -> Plan:
    """Return how the audience of a task is to be sent to.

    :param name: connection, sandbox flag, and what names the task instance in all of its tries.
    """
    settings, options = task.hook.settings, text.options
    return Plan(
        make_call=requests_of(task, text),
        tag_of=lambda ordinal: batches.batch_tag(name, ordinal, task.tag),
        recogniser=Recogniser(settings.api_key, name),
        concurrency=task.concurrency,
        on_unknown=task.on_unknown,
        verify_timeout=task.verify_timeout,
        longest_request=task.hook.longest_request,
        later_try=later_try,
        invisible=options.sandbox,
        send_at=options.send_at.timestamp() if options.send_at else None,
        release=released,
        cancel_on_kill=task.cancel_on_kill and not options.sandbox,
        redirect_to=settings.redirect_to,
        max_rejected_rate=task.max_rejected_rate,
        world=World(
            connection=task.smspartner_conn_id,
            sandbox=options.sandbox,
            tag=task.tag,
            redirected=bool(settings.redirect_to),
            by_event=task.event_column is not None,
            campaign=None if task.campaign is None else str(task.campaign),
        ),
        account=task.account_name,
    )


def requests_of(task: SendOperator, text: Text) -> Callable[[Sequence[Person], str], api.Call[Any]]:
    """Return what builds the request of some people under a tag."""
    settings, options = task.hook.settings, text.options

    def make_call(people: Sequence[Person], tag: str) -> api.Call[Any]:
        if settings.redirect_to:
            people = [people[0]._replace(number=settings.redirect_to)]
        now = datetime.now(UTC)
        when = options.send_at if options.send_at and options.send_at > now else None
        if when is None and task.sending_hours != "platform":
            check_hour(now, region=task.sending_region)
        return text.make_call(people, replace(options, tag=tag, send_at=when))

    return make_call


def released(leaves: float) -> float:
    """Return when the platform may send what is to leave at a moment: it may hold a marketing text."""
    moment = datetime.fromtimestamp(leaves, UTC)
    for at in (moment, moment + timedelta(hours=1)):  # the night may begin before the last answer
        if (slot := next_slot(at)) != at:
            return slot.timestamp()
    return leaves
