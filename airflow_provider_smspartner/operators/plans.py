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
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from airflow_provider_smspartner.rules.sending_hours import next_slot
from airflow_provider_smspartner.sending.plan import Plan

if TYPE_CHECKING:
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.operators.orders import Hours, Order
    from airflow_provider_smspartner.operators.texts import Text


def plan_of(
    order: Order,
    text: Text,
    name: Sequence[object],
    *,
    pseudonymizer: Pseudonymizer,
    hook: SMSPartnerHook,
    account: Callable[[bool], str | None],
    later_try: bool,
) -> Plan:
    """Return how the audience of a task is to be sent to.

    :param name: connection, sandbox flag, and what names the task instance in all of its tries.
    :param account: returns whom the platform says the key belongs to, and asks it if that is needed.
    """
    settings, options, policy = hook.settings, text.options, order.policy
    return Plan(
        make_call=requests_of(text, order.hours, redirect_to=settings.redirect_to),
        tag_of=lambda ordinal: batches.batch_tag(name, ordinal, order.tag),
        pseudonymizer=pseudonymizer,
        concurrency=policy.concurrency,
        on_unknown=policy.on_unknown,
        verify_timeout=policy.verify_timeout,
        longest_request=hook.longest_request,
        later_try=later_try,
        invisible=options.sandbox,
        send_at=options.send_at.timestamp() if options.send_at else None,
        release=released,
        cancel_on_kill=policy.cancel_on_kill and not options.sandbox,
        redirect_to=settings.redirect_to,
        max_rejected_rate=policy.max_rejected_rate,
        world=world_of(order, sandbox=options.sandbox, redirected=bool(settings.redirect_to)),
        account=account,
    )


def world_of(order: Order, *, sandbox: bool, redirected: bool) -> World:
    """Return what batches are remembered under."""
    return World(
        connection=order.connection,
        sandbox=sandbox,
        tag=order.tag,
        redirected=redirected,
        by_event=order.recipients.event_column is not None,
        campaign=order.durability.campaign,
    )


def requests_of(
    text: Text, hours: Hours, *, redirect_to: str | None
) -> Callable[[Sequence[Person], str], api.Call[Any]]:
    """Return what builds the request of some people under a tag."""
    options = text.options

    def make_call(people: Sequence[Person], tag: str) -> api.Call[Any]:
        if redirect_to:
            people = [people[0]._replace(number=redirect_to)]
        now = datetime.now(UTC)
        when = options.send_at if options.send_at and options.send_at > now else None
        if when is None and hours.rule != "platform":
            check_hour(now, region=hours.region)
        return text.make_call(people, replace(options, tag=tag, send_at=when))

    return make_call


def released(leaves: float) -> float:
    """Return when the platform may send what is to leave at a moment: it may hold a marketing text."""
    moment = datetime.fromtimestamp(leaves, UTC)
    for at in (moment, moment + timedelta(hours=1)):  # the night may begin before the last answer
        if (slot := next_slot(at)) != at:
            return slot.timestamp()
    return leaves
