"""``SMSPartnerNotifier``: tells people by SMS that a task, a run or a deadline has failed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import redact
from airflow.sdk import BaseNotifier
from airflow.sdk.log import mask_secret
from asgiref.sync import sync_to_async

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidMessage, InvalidPhoneNumber
from airflow_provider_smspartner.notifications.alerts import (
    Alert,
    Count,
    Numbers,
    conclude,
    take_slot,
)
from airflow_provider_smspartner.notifications.given import (
    TEMPLATE_ERRORS,
    Unrendered,
    check_recipients,
    check_template,
    digest_of,
    each_number,
    find_dag_id,
    leaves,
    listed,
    named,
    period_of,
    stand_in,
    usable,
)
from airflow_provider_smspartner.notifications.texts import sendable
from airflow_provider_smspartner.rules import arguments, phone
from airflow_provider_smspartner.rules.arguments import literal
from airflow_provider_smspartner.rules.message import check_message, check_sender, check_tag
from airflow_provider_smspartner.sending.budget import check_people

# What only a callback needs is imported by the methods that run: a DAG file is loaded again and again
if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

    from airflow_provider_smspartner.hooks.connection import Settings
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

log = logging.getLogger(__name__)


class SMSPartnerNotifier(BaseNotifier):
    """Send one SMS to a few people, from a callback of a task, a DAG or a deadline alert.

    An alert must arrive: whatever can be checked is checked when the DAG is parsed, an alert that certainly
    told nobody is tried again for a while, and everything else gives way rather than hold it back. A request
    whose outcome is unknown is logged and not repeated. See ``docs/notifier.md`` for what the templates may
    use in each place.

    :param message: the text, a template.
    :param recipients: one number or a list, or a template that gives either; French when national.
    :param sender: 3 to 11 letters, digits or spaces; by default the connection's.
    :param tag: groups the alerts on the platform.
    :param sandbox: send nothing for real; a sandbox connection cannot be overruled.
    :param at_most: the number of alerts in any ``period``, each to all recipients; further ones are dropped.
    :param period: the length of that window, a timedelta or seconds.
    :param key: what is counted together, across DAGs too; by default the DAG id.
    :param ledger_conn_id: the SQL database that counts; ``at_most`` needs it.
    :param smspartner_conn_id: connection of type ``smspartner``.
    :raises InvalidMessage: an argument is wrong; the sentence names it.
    """

    template_fields: Sequence[str] = ("message", "recipients", "sender", "tag", "key")

    def __init__(
        self,
        message: str,
        recipients: str | Iterable[str],
        *,
        sender: str | None = None,
        tag: str | None = None,
        sandbox: bool | None = None,
        at_most: int | None = None,
        period: timedelta | float = timedelta(hours=1),
        key: str | None = None,
        ledger_conn_id: str | None = None,
        smspartner_conn_id: str = "smspartner_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.message = message
        self.recipients: Any = listed(recipients)
        self.sender = sender
        self.tag = tag
        self.sandbox = arguments.optional(arguments.boolean, sandbox, "sandbox")
        self.at_most = arguments.optional(arguments.whole, at_most, "at_most")
        self.period = period_of(period)
        self.key = key
        self.ledger_conn_id = ledger_conn_id
        self.smspartner_conn_id = smspartner_conn_id
        self._templates = {name: getattr(self, name) for name in self.template_fields}
        try:
            self._check_arguments()
        except InvalidMessage as error:
            if not self.context:
                raise
            # A deadline's callback is made when it is due: too late to refuse what can be done without
            log.error("The alert leaves all the same, as far as it can: %s", error)

    def _check_arguments(self) -> None:
        """Refuse what can be known to be wrong."""
        arguments.name(self.smspartner_conn_id, "smspartner_conn_id")
        arguments.optional(arguments.name, self.ledger_conn_id, "ledger_conn_id")
        if literal(self.key):
            arguments.optional(arguments.name, self.key, "key")
        if self.at_most is not None and self.ledger_conn_id is None:
            raise InvalidMessage(
                "at_most: each callback runs in a process of its own, so only a database can count them; "
                "give ledger_conn_id too"
            )
        if self.at_most is None and not (self.ledger_conn_id is None and self.key is None):
            raise InvalidMessage(
                "ledger_conn_id, key: they only count alerts for at_most, which is "
                "missing; give at_most, or omit them"
            )
        check_recipients(self.recipients)
        for name in self.template_fields:
            check_template(getattr(self, name), name)
        if literal(self.message) or not isinstance(self.message, str):
            check_message(self.message)
        if self.sender is not None and literal(self.sender):
            check_sender(self.sender)
        if self.tag is not None and literal(self.tag):
            check_tag(self.tag)

    # ---- called by Airflow -------------------------------------------------------------------------

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the templates as they were written: one process may call a notifier for several runs.

        What cannot be rendered is done without; of the message, what the context tells stands in.

        :raises InvalidMessage: nobody is left to tell.
        """
        from jinja2 import StrictUndefined

        dag = context.get("dag")
        env = (jinja_env or self.get_template_env(dag=dag)).overlay(finalize=named)
        if jinja_env is None and dag is None:
            env.undefined = StrictUndefined  # as DAGs have it
        for name, template in self._templates.items():
            # Whom one template would have named must not keep the others from it
            parts = list(leaves(template)) if name == "recipients" else [template]
            values = [self._rendered(name, part, context, env) for part in parts]
            good = [value for value in values if not isinstance(value, Unrendered)]
            faults = [value for value in values if isinstance(value, Unrendered)]
            if name == "recipients" and faults and not good:
                raise InvalidMessage(faults[0].sentence)
            for fault in faults:
                log.error("The alert leaves without it: %s", redact(fault.sentence))
            without = "" if name == "message" else None
            several = isinstance(template, list)
            setattr(self, name, good if several else good[0] if good else without)

    def _rendered(self, name: str, template: Any, context: Context, env: jinja2.Environment) -> Any:
        """Return what a template says, or why it says nothing."""
        try:
            return self.render_template(template, context, env)
        except TEMPLATE_ERRORS as error:
            there = ", ".join(sorted(set(context) - set(self.template_fields))) or "nothing"
            return Unrendered(
                f"{name}: its template cannot be rendered here: {named(error)}. The context of this callback "
                f"holds only {there}; docs/notifier.md tells which callback has what"
            )

    def notify(self, context: Context) -> None:
        """Send, from a callback of a task or a DAG or from a ``SyncCallback``.

        What certainly told nobody is tried again for some 40 seconds.

        :raises SMSPartnerError: nobody was told; the text holds no URL, no key and no full number.
        """
        from airflow_provider_smspartner.notifications import delivery

        since = time.monotonic()
        hook = self._hook()
        alert = self._prepare(context, hook)
        if (slot := take_slot(alert)) is not False:
            tries = delivery.plan(alert, delivery.IN_A_CALLBACK, since=since)
            conclude(alert, slot, delivery.run(tries, hook))

    async def async_notify(self, context: Context) -> None:
        """Send, from an ``AsyncCallback`` in the triggerer; as ``notify``, for five minutes."""
        from airflow_provider_smspartner.hooks.aside import aside
        from airflow_provider_smspartner.notifications import delivery

        since = time.monotonic()
        hook = await aside(self._hook)  # the first one loads its libraries
        # Airflow's own bridge for what reads connections; a database may keep a thread of its own waiting
        alert = await sync_to_async(self._prepare)(context, hook)
        if (slot := await asyncio.to_thread(take_slot, alert)) is not False:
            tries = delivery.plan(alert, delivery.IN_THE_TRIGGERER, since=since)
            await asyncio.to_thread(conclude, alert, slot, await delivery.arun(tries, hook))

    # ---- what leaves -------------------------------------------------------------------------------

    def _hook(self) -> SMSPartnerHook:
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def _prepare(self, context: Context, hook: SMSPartnerHook) -> Alert:
        """Read the connections, and check all that is known before anything is counted or sent."""
        given = list(each_number(self.recipients))
        for number in map(str, given):
            if phone.mask_numbers(number) != number:  # "None", say, must not vanish from every later line
                mask_secret(number)  # Airflow logs the arguments of a deadline's callback that fails
        settings = hook.settings
        sandbox = settings.sandbox or bool(self.sandbox)
        sender = usable(self.sender, check_sender, without="a sender of its own")
        addresses: dict[str, Any] = hook.callbacks
        default = api.SendOptions(sender=settings.sender, sandbox=sandbox, **addresses)
        options = replace(
            default,
            sender=default.sender if sender is None else sender,
            tag=usable(self.tag, check_tag, without="a tag"),
        )
        plainer = [default, replace(default, sender=None)]
        return Alert(
            text=self._sendable(context),
            options=options,
            numbers=self._numbers(given, settings),
            count=self._counted(context, sandbox=sandbox),
            plainer=tuple(fewer for fewer in dict.fromkeys(plainer) if fewer != options),
        )

    def _sendable(self, context: Context) -> str:
        """Return a text that the platform takes, whatever the alert quotes."""
        text: object = self.message
        try:
            return sendable(str(redact("" if text is None else str(text))))  # errors quote passwords
        except InvalidMessage as error:
            log.warning("The alert says what is known, because its own text says nothing: %s", error)
            return sendable(str(redact(stand_in(context))))

    def _numbers(self, given: Iterable[Any], settings: Settings) -> Numbers:
        """Return who is told, as E.164; what is no mobile number does not keep the others from it."""
        numbers: dict[str, None] = {}
        for number in given:
            try:
                numbers[phone.normalize(number)] = None
            except InvalidPhoneNumber as error:
                log.warning("Nobody is told at this number: %s", error)
        if not numbers:
            raise InvalidMessage("recipients: none of them is a mobile number; nobody was told")
        check_people(len(numbers), most=None, cap=settings.max_recipients, conn_id=self.smspartner_conn_id)
        if settings.redirect_to:
            log.warning("Connection %r redirects this alert to one number", self.smspartner_conn_id)
            return (settings.redirect_to,)
        return tuple(numbers)

    def _counted(self, context: Context, *, sandbox: bool) -> Count | None:
        """Return where to count, or None without a limit."""
        if self.at_most is None or self.ledger_conn_id is None:
            return None
        from airflow_provider_smspartner.journal.alert_quota import LONGEST_KEY, Budget
        from airflow_provider_smspartner.journal.columns import is_storable
        from airflow_provider_smspartner.journal.opening import engine_of

        key = find_dag_id(context) if self.key is None else str(self.key)
        if key is None:
            log.error("The alert leaves uncounted: this callback's context names no DAG; give a key")
            return None
        budget = Budget(
            connection=self.smspartner_conn_id,
            sandbox=sandbox,
            key=key if is_storable(key) and len(key) <= LONGEST_KEY else digest_of(key),
            at_most=self.at_most,
            period=self.period,
        )
        try:
            return Count(engine=engine_of(self.ledger_conn_id), budget=budget)
        except InvalidMessage as error:
            log.error("The alert leaves uncounted, whatever at_most says: %s", error)
            return None


send_smspartner_notification = SMSPartnerNotifier
"""The name under which Airflow's users look for a notifier."""
