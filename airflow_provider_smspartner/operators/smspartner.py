"""``SendSmsOperator`` and ``SendSurveyOperator``; the operators of this package are imported from here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from inspect import cleandoc
from typing import Any, ClassVar

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.operators.arguments import names_file, template_source
from airflow_provider_smspartner.operators.refresh_statuses import RefreshStatusesOperator
from airflow_provider_smspartner.operators.send import SendOperator
from airflow_provider_smspartner.operators.stop_list import StopListOperator
from airflow_provider_smspartner.operators.texts import Text, check_kind, check_text, personal, same_for_all
from airflow_provider_smspartner.rules.arguments import boolean, literal, optional, shown
from airflow_provider_smspartner.rules.message import check_survey_id
from airflow_provider_smspartner.rules.people import Person

__all__ = ["RefreshStatusesOperator", "SendSmsOperator", "SendSurveyOperator", "StopListOperator"]


class SendSmsOperator(SendOperator):
    """Send a text to many people, in batches of 500, each person once.

    Each batch is remembered before it leaves, so a retry sends the rest: see ``docs/how-it-works.md``. The
    result (XCom) holds counts and message ids, and no phone number; pass it to
    ``DeliveryStatusSensor(sent=...)``.

    :param message: the text (templated). ``{column}`` and ``{column|default}`` are filled from each
        recipient's row. A newline is sent as ``:br:``, € as ``:euro:``. At most 10 segments. A multi-line
        text loses its indentation, as a docstring does.
    :param recipients: one number, a list of numbers, or a list of mappings (templated, XComArg welcome).
    :param sql: a query instead of ``recipients``, or the name of a ``.sql`` file (templated).
    :param parameters: the query's parameters, in the driver's own style (templated).
    :param warehouse_conn_id: any connection whose hook is a ``DbApiHook`` (templated).
    :param phone_column: the column that holds the number; a query with one column needs no name.
    :param default_region: two-letter country of numbers that are written nationally.
    :param countries: two-letter countries that may be texted; the others are counted as ``excluded``.
    :param sender: 3 to 11 letters, digits or spaces (templated); None uses the connection's, "" requests the
        operators' short code.
    :param tag: the campaign's tag (templated): at most 11 characters, lower case, no spaces. Each batch's tag
        begins with it.
    :param sms_range: "premium" or "low_cost"; a low-cost text has at most 160 characters and no ``stop_sms``.
    :param send_at: aware datetime, or ISO text with an offset (templated); rounded up to five minutes.
    :param stop_sms: request the STOP mention, which marketing texts must carry.
    :param unicode: allow any character, 70 per segment; SMS Partner must have enabled it for the account.
    :param dlr_url: where the platform posts delivery reports (templated); None uses the connection's inbox.
    :param response_url: where the platform posts replies (templated); None uses the connection's inbox.
    :param sandbox: nothing is sent or billed. A sandbox connection cannot be overruled.
    :param on_invalid: "skip" skips and counts rows without a mobile number; with "fail", one such row means
        that nothing is sent.
    :param max_invalid_rate: above this share (0 to 1) of invalid rows nothing is sent: it must be the wrong
        column.
    :param max_rejected_rate: above this share (0 to 1) of people whom the platform refuses, the send
        stops, from the second batch on; a later try sends to them again.
    :param exclude_stop_list: read the account's STOP list first and leave those people out.
    :param sending_hours: "platform" leaves the hours to SMS Partner, "wait" defers to the next allowed slot,
        "schedule" schedules the send for that slot, "fail" refuses.
    :param sending_region: whose hours and holidays: see ``rules.sending_hours.REGIONS``.
    :param share: two numbers from 0 to 1, such as (0, 0.1): the part of the audience that is texted. A
        person's place follows from the number and the campaign, or the DAG id without one; see
        ``docs/campaign-control.md``.
    :param min_recipients: refuse fewer people than this, an empty audience included (templated).
    :param max_recipients: refuse more people than this (templated).
    :param max_cost: refuse a higher estimate than this, in the account's currency (templated).
    :param on_unknown: what to do with a batch in doubt, one without an answer that can be trusted: "verify"
        looks it up by its tag, "fail" leaves it to a person, "resend" sends it again, and some people may get
        the text twice.
    :param verify_timeout: seconds to look for such a batch before it can count as absent.
    :param concurrency: requests in flight, 1 to 64.
    :param durable: remember batches across tries in Airflow's task state store (3.3).
    :param campaign: with ``ledger_conn_id``: a person gets a campaign once, whatever run or task sends it
        (templated).
    :param ledger_conn_id: a SQL connection that keeps the ledger (templated), see ``docs/ledger.md``.
    :param event_column: with a ledger: once for each event, such as an order id, instead of once.
    :param at_most: with a ledger: (number of texts, timedelta). People who had so many texts of this
        connection within that time, whatever the campaign, are left out and counted as ``capped``.
    :param allow_backfill: let a backfill run send; it is refused otherwise.
    :param max_run_age: refuse, on its first try, a scheduled run whose time lies further back (``catchup``);
        None lets all of them send.
    :param cancel_on_kill: when the task is stopped, cancel what is scheduled on the platform more than five
        minutes ahead; a later try sends to those people again.
    :param dry_run: everything but the sending; returns counts, an estimate and masked samples.
    :param smspartner_conn_id: connection of type ``smspartner``.

    .. seealso:: the vendor's page "Single Send".
    """

    template_fields: Sequence[str] = (
        "message",
        *SendOperator.template_fields,
        "sender",
        "dlr_url",
        "response_url",
    )
    text_fields: Sequence[str] = ("message", *SendOperator.text_fields, "sender", "dlr_url", "response_url")

    def __init__(
        self,
        *,
        message: str,
        sender: str | None = None,
        sms_range: str | None = None,
        stop_sms: bool = False,
        unicode: bool = False,
        dlr_url: str | None = None,
        response_url: str | None = None,
        sandbox: bool | None = None,
        **kwargs: Any,
    ) -> None:
        self.message = message
        self.sender = sender
        self.sms_range = sms_range
        self.stop_sms = stop_sms
        self.unicode = unicode
        self.dlr_url = dlr_url
        self.response_url = response_url
        self.sandbox = sandbox
        super().__init__(**kwargs)

    def _normalize(self, defaults: Mapping[str, Any]) -> None:
        super()._normalize(defaults)
        if self._message_is_authors and "\n" in self.message:
            self.message = cleandoc(self.message)

    def resolve_template_files(self) -> None:
        """Read ``message`` from a file when ``template_ext`` says so, and ``sql`` when it names one."""
        if self._is_file:
            self.message = template_source("message", self.message, self.get_template_env())
        super().resolve_template_files()

    @property
    def _is_file(self) -> bool:
        """Whether the DAG's author has named a file that holds the message."""
        kinds = tuple(kind for kind in self.template_ext if kind != ".sql")
        named = self._message_is_authors and self.message.endswith(kinds)
        return named and re.fullmatch(r"\S+", self.message) is not None

    @property
    def _message_is_authors(self) -> bool:
        given: object = self.message
        return isinstance(given, str) and not self.is_from_data("message")

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if literal(self.message) and not self._is_file:
            self._check_no_file()
        self.sandbox = optional(boolean, self.sandbox, "sandbox")
        given = {name: getattr(self, name) for name in ("sender", "dlr_url", "response_url")}
        known = {name: value for name, value in given.items() if literal(value)}
        options = api.SendOptions(
            sms_range=self.sms_range, stop_sms=self.stop_sms, unicode=self.unicode, **known
        )
        check_kind(self.message)
        if literal(self.message) and not self._is_file:
            check_text(self.message, options)

    def check_rendered(self) -> None:
        """Refuse what can be known to be wrong by now; see ``BaseSendOperator``."""
        super().check_rendered()
        self._check_no_file()

    def _check_no_file(self) -> None:
        if names_file(str(self.message)):
            raise InvalidMessage(
                f"message: {shown(self.message)} is the name of a file, and would be sent as it is. A "
                "subclass with template_ext reads it; otherwise put the text here"
            )

    def _text(self, send_at: datetime | None) -> Text:
        settings, inbox = self.hook.settings, self.hook.callbacks
        options = api.SendOptions(
            sender=settings.sender if self.sender is None else self.sender,
            sms_range=self.sms_range,
            send_at=send_at,
            stop_sms=self.stop_sms,
            unicode=self.unicode,
            dlr_url=inbox.get("dlr_url") if self.dlr_url is None else self.dlr_url,
            response_url=inbox.get("response_url") if self.response_url is None else self.response_url,
            sandbox=settings.sandbox or bool(self.sandbox),
        )
        template = check_text(self.message, options)
        return personal(template, options) if template.fields else same_for_all(self.message, options)


class SendSurveyOperator(SendOperator):
    """Send a survey of the SMS Partner account to many people, in batches of 500, each person once.

    The endpoint knows no sender, range, STOP mention, unicode, URLs or sandbox; on a sandbox connection the
    task fails before anything is sent. Recipients, tag, time, hours, limits, safety and result are those of
    ``SendSmsOperator``; a survey counts as one segment in estimates, because its length is not known here.

    :param survey_id: the survey's identifier in the account (templated).

    .. seealso:: the vendor's page "Survey Send".
    """

    template_fields: Sequence[str] = ("survey_id", *SendOperator.template_fields)
    text_fields: Sequence[str] = ("survey_id", *SendOperator.text_fields)
    kind: ClassVar[str] = "survey"

    def __init__(self, *, survey_id: str, **kwargs: Any) -> None:
        self.survey_id = survey_id
        super().__init__(**kwargs)

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if literal(self.survey_id):
            check_survey_id(self.survey_id)

    def _text(self, send_at: datetime | None) -> Text:
        if self.hook.settings.sandbox:
            raise InvalidMessage(
                f"smspartner_conn_id: {self.smspartner_conn_id!r} is a sandbox connection, and SMS Partner's "
                "survey endpoint has no sandbox: this survey would reach real phones"
            )
        survey_id = self.survey_id
        check_survey_id(survey_id)

        def make_call(people: Sequence[Person], options: api.SendOptions) -> api.Call[Any]:
            numbers = [person.number for person in people]
            return api.send_survey(numbers, survey_id, tag=options.tag, send_at=options.send_at)

        return Text(
            options=api.SendOptions(send_at=send_at),
            make_call=make_call,
            preview=lambda person: f"Survey {survey_id}",
        )
