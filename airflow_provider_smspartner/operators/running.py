"""One run of a send operator: read, check, send, and return what became of it.

Only workers load this module, and with it all that sends: see ``SendOperator``.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.audience import Audience, check_quality
from airflow_provider_smspartner.audience.heap import standing_objects_passed_over
from airflow_provider_smspartner.exceptions import OutsideSendingHoursError, SMSPartnerError
from airflow_provider_smspartner.operators.audiences import read_audience
from airflow_provider_smspartner.operators.hours import (
    LATEST,
    HoursOver,
    refuse_late,
    slot_for_rest,
    within_hours,
)
from airflow_provider_smspartner.operators.journals import open_journal, pseudonymizer_of
from airflow_provider_smspartner.operators.limits import AccountReader, check_enough, check_limits, count_left
from airflow_provider_smspartner.operators.plans import plan_of
from airflow_provider_smspartner.operators.results import campaign_of, dry_run_result, result_of
from airflow_provider_smspartner.sending.engine import Sending
from airflow_provider_smspartner.sending.plan import Summary
from airflow_provider_smspartner.tasks import signals
from airflow_provider_smspartner.tasks.failures import HOPELESS, in_sentences
from airflow_provider_smspartner.tasks.identity import unfinished
from airflow_provider_smspartner.tasks.xcom import push
from airflow_provider_smspartner.tracking.handover import CAMPAIGN_KEY

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_smspartner import api
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.operators.orders import Log, Order, Wait
    from airflow_provider_smspartner.operators.texts import Text
    from airflow_provider_smspartner.sending.budget import Quote
    from airflow_provider_smspartner.tasks.identity import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where an order is carried out."""

    context: Context
    identity: Identity
    hook: SMSPartnerHook
    log: Log
    wait: Wait
    later_try: bool
    """Whether a try of this send has gone before."""

    @property
    def is_redirected(self) -> bool:
        """Whether the connection redirects everything to one number."""
        return bool(self.hook.settings.redirect_to)


class SendRun:
    """An order on its way to the platform.

    Everything here runs in the thread of the task, but ``kill``, which a signal handler calls and which so
    may interrupt the others at any line.
    """

    def __init__(self, order: Order, text: Text, surroundings: Surroundings) -> None:
        self._order = order
        self._text = text
        self._at = surroundings
        self._account = AccountReader(surroundings.hook)
        self._count = signals.counter(
            surroundings.context, order.connection, sandbox=surroundings.identity.sandbox
        )
        self._audience: Audience | None = None
        self._sending: Sending | None = None
        self._is_killed = False

    def kill(self) -> None:
        """Start no further batch; those in flight are waited for and recorded."""
        self._is_killed = True
        if self._sending:
            self._sending.kill()

    def counts(self) -> dict[str, int]:
        """Return what is known of the audience: also a run that fails has counted it."""
        if (audience := self._audience) is None:
            return {}
        counts = {name: getattr(audience, name) for name in ("rows", "invalid", "duplicates", "excluded")}
        return {**counts, "recipients": len(audience)}

    def send(self) -> dict[str, Any]:
        """Carry the order out, and return counts and message ids."""
        wait = None if self._order.dry_run else self._at.wait
        options = within_hours(self._text.options, self._order.hours, wait=wait, log=self._at.log)
        self._text = replace(self._text, options=options)
        with ExitStack() as stack:
            stack.enter_context(standing_objects_passed_over())
            if not self._order.dry_run:
                self._sending = stack.enter_context(self._prepare(stack))
                self._heed_what_came_before(self._sending)
            audience = self._read()
            check_enough(self._order.limits, audience, self._sending)
            quote = self._quote(audience) if audience.rows else None
            if self._sending is None:
                return self._dry_result(audience, quote)
            self._announce(audience, quote)
            # Also for nobody: an earlier try may have sent, and may have left batches whose outcome is open
            goes = quote or self._at.later_try
            return self._result(audience, self._carry(self._sending, audience) if goes else Summary(), quote)

    def _prepare(self, stack: ExitStack) -> Sending:
        """Put the send together, and begin its journal before anything else can fail."""
        order, at = self._order, self._at
        plan = plan_of(
            order,
            self._text,
            at.identity.name,
            pseudonymizer=pseudonymizer_of(order.durability, at.context, at.identity, at.hook),
            hook=at.hook,
            account=self._account.name,
            later_try=at.later_try,
        )
        journal = open_journal(order.durability, at.context, plan, at.identity, at.hook)
        stack.callback(journal.close)
        if not at.later_try:
            journal.begin()
        return Sending(plan, journal, at.hook, count=self._count)

    def _heed_what_came_before(self, sending: Sending) -> None:
        if self._is_killed:  # it came while the journal was opened
            sending.kill()
        if self._order.policy.cancel_on_kill and self._at.later_try:
            sending.has_past()  # before a long query: what is to be cancelled has a deadline

    def _read(self) -> Audience:
        recipients, at = self._order.recipients, self._at
        audience = self._audience = read_audience(recipients, self._text, hook=at.hook, log=at.log)
        if self._sending and not at.later_try:  # a later try reads the same rows again
            self._count(invalid=audience.invalid, duplicates=audience.duplicates, excluded=audience.excluded)
        check_quality(
            audience, on_invalid=recipients.on_invalid, max_invalid_rate=recipients.max_invalid_rate
        )
        return audience

    def _quote(self, audience: Audience) -> Quote:
        order, at = self._order, self._at
        campaign = order.durability.campaign
        quote = check_limits(
            order.limits,
            audience,
            count_left(audience, self._sending, campaign=campaign, log=at.log),
            self._text,
            hook=at.hook,
            account=self._account,
            sending=self._sending,
        )
        if quote.people:
            at.log.info("%s", quote)
        return quote

    def _announce(self, audience: Audience, quote: Quote | None) -> None:
        """Tell the campaign page what is about to be sent."""
        campaign = campaign_of(
            self._order,
            audience,
            self._text.options,
            quote,
            identity=self._at.identity,
            redirected=self._at.is_redirected,
        )
        push(self._at.context, CAMPAIGN_KEY, campaign.as_dict())

    def _carry(self, sending: Sending, audience: Audience) -> Summary:
        """Text everybody who has not been texted, or say why not and how far it got."""
        if self._at.is_redirected:
            self._at.log.warning(
                "Connection %r redirects everything: each batch goes once to one number, to nobody else",
                self._order.connection,
            )
        send_at = self._text.options.send_at
        try:
            if send_at and datetime.now(UTC) - send_at > LATEST:
                refuse_late(sending.count_left(audience), send_at)
            return sending.run(audience)
        except (OutsideSendingHoursError, HoursOver) as error:
            rest = sending.explain()
            slot = slot_for_rest(error, self._order.hours, send_at, rest)
            self._at.log.warning("%s.%s", error, rest)
            self._at.wait(slot, "resume_rest", **({"send_at": slot.astimezone(UTC)} if send_at else {}))
            raise  # waiting never returns
        except (AirflowFailException, *HOPELESS) as error:
            raise AirflowFailException(in_sentences(error, sending.explain())) from error
        except SMSPartnerError as error:
            raise unfinished(error, sending.explain(), self._at.context) from error

    # ---- what became of it -------------------------------------------------------------------------

    def _dry_result(self, audience: Audience, quote: Quote | None) -> dict[str, Any]:
        connection, redirected = self._order.connection, self._at.is_redirected
        shown = dry_run_result(audience, self._text, quote, connection=connection, redirected=redirected)
        for sample in shown["preview"]:
            self._at.log.info("Dry run, to %s: %s", sample["to"], sample["text"])
        return shown

    def _result(self, audience: Audience, summary: Summary, quote: Quote | None) -> dict[str, Any]:
        if quote is None:
            self._at.log.info("No recipients: nothing to send")
        elif summary.segments != quote.segments:
            self._at.log.info("%s segments were estimated, %s billed", quote.segments, summary.segments)
        options: api.SendOptions = self._text.options
        return result_of(
            audience,
            options,
            summary,
            quote,
            connection=self._order.connection,
            redirected=self._at.is_redirected,
        )
