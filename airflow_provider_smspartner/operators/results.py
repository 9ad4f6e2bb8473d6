"""What the send operators return: JSON, small, without a phone number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.rules import batches, phone
from airflow_provider_smspartner.rules.arguments import money, optional
from airflow_provider_smspartner.rules.schedule import PARIS
from airflow_provider_smspartner.sending.budget import Quote
from airflow_provider_smspartner.sending.plan import Summary
from airflow_provider_smspartner.tracking.handover import Campaign

if TYPE_CHECKING:
    from airflow_provider_smspartner.api import SendOptions
    from airflow_provider_smspartner.audience import Audience
    from airflow_provider_smspartner.operators.orders import Order
    from airflow_provider_smspartner.operators.texts import Text
    from airflow_provider_smspartner.tasks.identity import Identity

PREVIEWS = 3
NOTHING = Quote(people=0, segments=0, price=Decimal(0))


def campaign_of(
    order: Order,
    audience: Audience,
    options: SendOptions,
    quote: Quote | None,
    *,
    identity: Identity,
    redirected: bool,
) -> Campaign:
    """Return what a task is about to send, for the campaign page."""
    durability = order.durability
    return Campaign(
        at=datetime.now(PARIS),
        kind=order.kind,
        campaign=durability.campaign,
        tag=order.tag,
        connection=order.connection,
        ledger=durability.ledger_conn_id,
        iteration=identity.iteration,
        operator=identity.operator,
        execution=identity.execution,
        task=None if durability.ledger_conn_id is None else ledger_digest(identity.name),
        recipients=len(audience),
        to_text=quote.people if quote else 0,
        invalid=audience.invalid,
        duplicates=audience.duplicates,
        excluded=audience.excluded,
        held_out=audience.held_out,
        estimate=quote.as_dict() if quote else None,
        max_cost=optional(money, order.limits.max_cost, "max_cost"),
        sandbox=options.sandbox,
        redirected=redirected,
        scheduled_for=options.send_at.astimezone(PARIS) if options.send_at else None,
        sender=options.sender,
        unicode=options.unicode,
        stop_sms=options.stop_sms,
    )


def ledger_digest(name: Sequence[object]) -> str:
    """Return how the rows of a ledger name a task instance."""
    from airflow_provider_smspartner.journal.eligibility import digest

    return digest(name)


def result_of(
    audience: Audience,
    options: SendOptions,
    summary: Summary,
    quote: Quote | None,
    *,
    connection: str,
    redirected: bool,
) -> dict[str, Any]:
    """Return what was sent, over all tries.

    :param connection: through which; its platform alone knows the ids.
    """
    scheduled = options.send_at
    by_ledger = {reason: people for reason, people in summary.excluded_by.items() if people}
    capped = by_ledger.pop("capped", 0)
    result = {
        "message_ids": summary.message_ids,
        "tags": summary.tags,
        "recipients": summary.recipients,
        "invalid": audience.invalid,
        "duplicates": audience.duplicates,
        "excluded": audience.excluded + sum(by_ledger.values()),
        "rejected": summary.rejected,
        "unknown": summary.unknown,
        "batches": len(summary.counts),
        "segments": summary.segments,
        "cost": str(summary.cost),
        "currency": summary.currency,
        "sandbox": options.sandbox,
        "connection": connection,
        "sent_at": datetime.now(PARIS).isoformat(timespec="seconds"),
        "scheduled_for": scheduled.astimezone(PARIS).isoformat() if scheduled else None,
        "counts": summary.counts,
    }
    if audience.held_out:
        result["held_out"] = audience.held_out
    if capped:
        result["capped"] = capped
    if excluded_by := reasons_of(audience) | by_ledger:
        result["excluded_by"] = excluded_by
    if quote is not None:
        result["estimate"] = quote.as_dict()
    if redirected:
        result["redirected"] = True
    if options.stop_sms:  # it may be held until morning, which DeliveryStatusSensor has to know
        result["stop_sms"] = True
    return result


def reasons_of(audience: Audience) -> dict[str, int]:
    """Return why people of an audience were left out before anybody asked a ledger."""
    reasons = {"countries": audience.excluded - audience.on_stop_list, "stop_list": audience.on_stop_list}
    return {reason: people for reason, people in reasons.items() if people}


def dry_run_result(
    audience: Audience, text: Text, quote: Quote | None, *, connection: str, redirected: bool
) -> dict[str, Any]:
    """Return what would be sent: counts, an estimate, and some texts with their numbers masked."""
    quote = quote or NOTHING
    samples = [person for person, _ in zip(audience.people, range(PREVIEWS), strict=False)]
    preview = [
        {"to": phone.mask(person.number), "text": phone.mask_numbers(text.preview(person))}
        for person in samples
    ]
    nothing = Summary(currency=quote.currency)
    result = result_of(audience, text.options, nothing, quote, connection=connection, redirected=redirected)
    return result | {
        "recipients": quote.people,
        "batches": -(-quote.people // batches.BATCH_LIMIT),
        "segments": quote.segments,
        "cost": None if quote.cost is None else str(quote.cost),
        "dry_run": True,
        "preview": preview,
    }
