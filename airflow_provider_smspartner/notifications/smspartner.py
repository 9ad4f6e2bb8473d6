"""``SMSPartnerNotifier``: tells people by SMS that a task, a run or a deadline has failed."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import redact
from airflow.sdk import BaseNotifier
from airflow.sdk.log import mask_secret
from asgiref.sync import sync_to_async

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidMessage, InvalidPhoneNumber, SMSPartnerError
from airflow_provider_smspartner.notifications.alerts import (
    Alert,
    Count,
    Numbers,
    Outcome,
    conclude,
    take_slot,
)
from airflow_provider_smspartner.notifications.texts import sendable
from airflow_provider_smspartner.operators.arguments import literal
from airflow_provider_smspartner.rules import arguments, phone
from airflow_provider_smspartner.rules.literals import read_literal
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

    An alert must arrive: what SMS Partner cannot send of a rendered text is replaced or cut, a number that
    is none is left out. A request whose outcome is unknown is logged and not repeated. See
    ``docs/notifier.md`` for what the templates may use in each place.

    :param message: the text, a template.
    :param recipients: one number or a list, or a template that gives either; French when national.
    :param sender: 3 to 11 letters, digits or spaces; by default the connection's.
    :param tag: groups the alerts on the platform.
    :param sandbox: send nothing for real; a sandbox connection cannot be overruled.
    :param at_most: so many alerts in any ``period``, each to all recipients; further ones are dropped.
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
        self._check_arguments()

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
            raise InvalidMessage("ledger_conn_id, key: they serve to count, and there is no at_most")
        if not self.recipients:
            raise InvalidMessage("recipients: there is nobody to tell; give a number")
        if literal(self.message) or not isinstance(self.message, str):
            check_message(self.message)
        if self.sender is not None and literal(self.sender):
            check_sender(self.sender)
        if self.tag is not None and literal(self.tag):
            check_tag(self.tag)

    # ---- called by Airflow -------------------------------------------------------------------------

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Render the templates as they were written: one process may call a notifier for several runs.

        :raises InvalidMessage: a template needs what this place does not have.
        """
        from jinja2 import StrictUndefined, TemplateError

        dag = context.get("dag")
        env = jinja_env or self.get_template_env(dag=dag)
        if jinja_env is None and dag is None:
            env.undefined = StrictUndefined  # as DAGs have it: half an alert would be worse than an error
        for name, template in self._templates.items():
            try:
                setattr(self, name, self.render_template(template, context, env))
            except TemplateError as error:
                there = ", ".join(sorted(set(context) - set(self.template_fields)))
                raise InvalidMessage(
                    f"{name}: its template cannot be rendered here: {error}. The context of this callback "
                    f"holds only {there or 'nothing'}; docs/notifier.md tells which callback has what"
                ) from None

    def notify(self, context: Context) -> None:
        """Send, from a callback of a task or a DAG or from a ``SyncCallback``.

        :raises SMSPartnerError: nobody was told; the text holds no URL, no key and no full number.
        """
        hook = self._hook()
        alert = self._prepare(context, hook)
        if (slot := take_slot(alert)) is False:
            return

        def carry(numbers: Numbers) -> Outcome:
            try:
                return hook.call(alert.to(numbers))
            except SMSPartnerError as error:
                return error

        outcome = carry(alert.numbers)
        outcomes = {numbers: carry(numbers) for numbers in alert.again(outcome)}
        conclude(alert, slot, outcomes or {alert.numbers: outcome})

    async def async_notify(self, context: Context) -> None:
        """Send, from an ``AsyncCallback`` in the triggerer; as ``notify`` in all else."""
        from airflow_provider_smspartner.hooks.aside import aside

        hook = await aside(self._hook)  # the first one loads its libraries
        # Airflow's own bridge for what reads connections; a database may keep a thread of its own waiting
        alert = await sync_to_async(self._prepare)(context, hook)
        if (slot := await asyncio.to_thread(take_slot, alert)) is False:
            return

        async def carry(numbers: Numbers) -> Outcome:
            try:
                return await hook.acall(alert.to(numbers))
            except SMSPartnerError as error:
                return error

        outcome = await carry(alert.numbers)
        outcomes = {numbers: await carry(numbers) for numbers in alert.again(outcome)}
        await asyncio.to_thread(conclude, alert, slot, outcomes or {alert.numbers: outcome})

    # ---- what leaves -------------------------------------------------------------------------------

    def _hook(self) -> SMSPartnerHook:
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def _prepare(self, context: Context, hook: SMSPartnerHook) -> Alert:
        """Read the connections, and check all that is known before anything is counted or sent."""
        given: Any = read_literal(self.recipients) if isinstance(self.recipients, str) else self.recipients
        given = given if isinstance(given, list | tuple) else [given]
        for number in map(str, given):
            if phone.mask_numbers(number) != number:  # "None", say, must not vanish from every later line
                mask_secret(number)  # Airflow logs the arguments of a deadline's callback that fails
        settings = hook.settings
        text = sendable(str(redact(str(self.message))))  # errors quote passwords
        sandbox = settings.sandbox or bool(self.sandbox)
        sender = settings.sender if self.sender is None else self.sender
        options = api.SendOptions(sender=sender, tag=self._usable_tag(), sandbox=sandbox)
        numbers, count = self._numbers(given, settings), self._counted(context, sandbox=sandbox)
        return Alert(text=text, options=options, numbers=numbers, count=count)

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

    def _usable_tag(self) -> str | None:
        """Return the tag, or None for one that a template has made unusable: it only serves to look up."""
        if self.tag is not None:
            try:
                check_tag(self.tag)
            except InvalidMessage as error:
                log.warning("The alert leaves without a tag: %s", error)
                return None
        return self.tag

    def _counted(self, context: Context, *, sandbox: bool) -> Count | None:
        """Return where to count, or None without a limit."""
        if self.at_most is None or self.ledger_conn_id is None:
            return None
        from airflow_provider_smspartner.journal.alert_quota import LONGEST_KEY, Budget
        from airflow_provider_smspartner.journal.opening import engine_of

        key = dag_id_of(context) if self.key is None else str(self.key)
        budget = Budget(
            connection=self.smspartner_conn_id,
            sandbox=sandbox,
            key=key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest(),
            at_most=self.at_most,
            period=self.period,
        )
        return Count(engine=engine_of(self.ledger_conn_id), budget=budget)


send_smspartner_notification = SMSPartnerNotifier
"""The name under which Airflow's users look for a notifier."""


def listed(recipients: Any) -> str | int | list[Any]:
    """Return one number or a template as it is, and anything else as a list.

    :raises InvalidMessage: it is neither.
    """
    arguments.people(recipients, "recipients")
    return recipients if isinstance(recipients, str | int) else list(recipients)


def period_of(period: timedelta | float) -> timedelta:
    """Return the window of ``at_most``; a deadline's arguments may come back as seconds.

    :raises InvalidMessage: it is shorter than a second, or no time at all.
    """
    try:
        window = period if isinstance(period, timedelta) else timedelta(seconds=period)
    except (TypeError, ValueError, OverflowError):
        window = timedelta()
    if isinstance(period, bool) or not timedelta(seconds=1) <= window <= timedelta(days=366):
        raise InvalidMessage("period: give a timedelta, or seconds, from a second to a year")
    return window


def dag_id_of(context: Context) -> str:
    """Return the DAG id, from the whole context of a task or the little that a deadline has."""
    for name in ("dag", "dag_run"):
        there: Any = context.get(name)
        found = there.get("dag_id") if isinstance(there, Mapping) else getattr(there, "dag_id", None)
        if found:
            return str(found)
    raise InvalidMessage("key: this callback's context names no DAG; give a key")
