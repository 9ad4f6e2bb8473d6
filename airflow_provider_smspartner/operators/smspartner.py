"""``SendSmsOperator`` and ``SendSurveyOperator``."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from airflow.sdk import BaseHook, BaseOperator

from airflow_provider_smspartner import api, audience
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.failures import no_useless_retry
from airflow_provider_smspartner.rules import batches, message, schedule
from airflow_provider_smspartner.sending import Outcome, Sending

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_smspartner.answers import Sent
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

PARIS = ZoneInfo("Europe/Paris")


class Counted:
    """A value that Airflow shows and stores as a count, because it may name people."""

    def __init__(self, value: Any, noun: str) -> None:
        self.value = value
        self.noun = noun

    def serialize(self) -> str:
        """Return what the rendered template fields show."""
        one = isinstance(self.value, str | int) or not hasattr(self.value, "__len__")
        return f"{1 if one else len(self.value)} {self.noun}"

    __repr__ = __str__ = serialize


def plain(value: Any) -> Any:
    """Return the value inside a count."""
    return value.value if isinstance(value, Counted) else value


class _SendOperator(BaseOperator):
    """What both kinds of send share: recipients, tag, time and the result."""

    template_fields: Sequence[str] = (
        "recipients",
        "sql",
        "parameters",
        "warehouse_conn_id",
        "tag",
        "send_at",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql"}

    def __init__(
        self,
        *,
        recipients: Any = None,
        sql: str | None = None,
        parameters: Iterable[Any] | Mapping[str, Any] | None = None,
        warehouse_conn_id: str | None = None,
        phone_column: str = "phone_number",
        default_region: str = "FR",
        tag: str | None = None,
        send_at: str | datetime | None = None,
        on_invalid: str = "skip",
        max_invalid_rate: float = 0.5,
        concurrency: int = 4,
        smspartner_conn_id: str = "smspartner_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.recipients = recipients
        self.sql = sql
        self.parameters = parameters
        self.warehouse_conn_id = warehouse_conn_id
        self.phone_column = phone_column
        self.default_region = default_region
        self.tag = tag
        self.send_at = send_at
        self.on_invalid = on_invalid
        self.max_invalid_rate = max_invalid_rate
        self.concurrency = concurrency
        self.smspartner_conn_id = smspartner_conn_id
        self._sending: Sending | None = None
        self._check_arguments()

    def _check_arguments(self) -> None:
        """Refuse, when the DAG is parsed, what can be known then."""
        if (self.recipients is None) == (self.sql is None):
            raise InvalidMessage("recipients: give either recipients, or sql with warehouse_conn_id")
        if (self.sql is None) != (self.warehouse_conn_id is None):
            raise InvalidMessage("warehouse_conn_id: sql needs a warehouse_conn_id, and the other way round")
        if self.sql is None and self.parameters is not None:
            raise InvalidMessage("parameters: they belong to sql, and there is none")
        if self.on_invalid not in ("skip", "fail"):
            raise InvalidMessage(f'on_invalid: {self.on_invalid!r} is neither "skip" nor "fail"')
        if not 0 <= self.max_invalid_rate <= 1:
            raise InvalidMessage(f"max_invalid_rate: {self.max_invalid_rate!r} is not between 0 and 1")
        if self.concurrency not in range(1, 65):
            raise InvalidMessage(f"concurrency: {self.concurrency!r} is not a whole number from 1 to 64")
        if literal(self.tag):
            self._check_tag()
        if literal(self.send_at):
            schedule.parse(self.send_at)  # type: ignore[arg-type]  # literal() let only text and dates pass

    def _check_tag(self) -> None:
        if self.tag is not None:
            message.check_tag(self.tag, longest=batches.LONGEST_USER_TAG)

    # ---- templates ---------------------------------------------------------------------------------

    def resolve_template_files(self) -> None:
        """Read ``sql`` from a file when it names one; a message that ends in ".sql" stays a message."""
        if isinstance(self.sql, str) and self.sql.endswith(".sql"):
            env = self.get_template_env()
            if env.loader is None:
                raise InvalidMessage(
                    f"sql: {self.sql!r} is a file, and without a DAG there is no folder for it"
                )
            self.sql = env.loader.get_source(env, self.sql)[0]
        self.prepare_template()

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # The one step that plain and mapped tasks share; what Airflow stores and shows is read after it
        super()._do_render_template_fields(parent, *args, **kwargs)
        if parent is self:
            if self.recipients is not None:
                self.recipients = Counted(self.recipients, "recipients")
            if self.parameters is not None:
                self.parameters = Counted(self.parameters, "parameters")

    # ---- running -----------------------------------------------------------------------------------

    @cached_property
    def hook(self) -> SMSPartnerHook:
        """The hook that carries the requests."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def execute(self, context: Context) -> dict[str, Any]:
        """Send, and return counts and message ids (no phone number)."""
        with no_useless_retry():
            self._check_tag()
            options = self._options()
            found = self._audience()
            if not found.rows:
                self.log.info("No recipients: nothing to send")
                return self._result(found, Outcome(), options)
            audience.check_quality(found, on_invalid=self.on_invalid, max_invalid_rate=self.max_invalid_rate)
            self._check_cap(len(found.numbers))
            return self._result(found, self._send(found.numbers, options, identity(context, self)), options)

    def on_kill(self) -> None:
        """Start no further batch."""
        if self._sending:
            self._sending.stop.set()

    def _options(self) -> api.SendOptions:
        """Return the checked options; the send kinds differ in them."""
        raise NotImplementedError

    def _call(self, people: Sequence[str], options: api.SendOptions) -> api.Call[Sent]:
        """Return the request for one batch."""
        raise NotImplementedError

    def _audience(self) -> audience.Audience:
        if self.sql is None:
            given = audience.from_given(plain(self.recipients), phone_column=self.phone_column)
            found = audience.gather(given, region=self.default_region)
        else:
            found = audience.read_sql(
                warehouse(str(self.warehouse_conn_id)),
                self.sql,
                plain(self.parameters),
                phone_column=self.phone_column,
                region=self.default_region,
            )
        self.log.info(
            "%s rows: %s recipients, %s invalid, %s duplicates",
            found.rows,
            len(found.numbers),
            found.invalid,
            found.duplicates,
        )
        for reason in found.explained:
            self.log.warning("Left out, %s", reason)
        return found

    def _check_cap(self, people: int) -> None:
        most = self.hook.settings.max_recipients
        if most is not None and people > most:
            raise InvalidMessage(
                f"recipients: {people} people, and connection {self.smspartner_conn_id!r} allows {most} "
                "(Max recipients); nothing was sent"
            )

    def _send(self, numbers: Sequence[str], options: api.SendOptions, campaign: Sequence[str]) -> Outcome:
        redirect_to = self.hook.settings.redirect_to
        if redirect_to:
            self.log.warning(
                "Connection %r redirects everything: each batch goes once to one number, to nobody else",
                self.smspartner_conn_id,
            )

        def make_call(people: Sequence[str], ordinal: int) -> api.Call[Sent]:
            tag = batches.batch_tag((self.smspartner_conn_id, options.sandbox, *campaign), ordinal, self.tag)
            return self._call([redirect_to] if redirect_to else people, replace(options, tag=tag))

        self._sending = Sending(make_call=make_call, carry=self.hook.call, concurrency=self.concurrency)
        return self._sending.run(numbers)

    def _result(self, found: audience.Audience, outcome: Outcome, options: api.SendOptions) -> dict[str, Any]:
        scheduled = schedule.round_up(options.send_at) if options.send_at else None
        return {
            "message_ids": list(outcome.counts),
            "tags": [],
            "recipients": sum(outcome.counts.values()),
            "invalid": found.invalid,
            "duplicates": found.duplicates,
            "excluded": 0,
            "rejected": 0,
            "unknown": 0,
            "batches": len(outcome.counts),
            "segments": outcome.segments,
            "cost": str(outcome.cost),
            "currency": outcome.currency,
            "sandbox": options.sandbox,
            "sent_at": datetime.now(PARIS).isoformat(timespec="seconds"),
            "scheduled_for": scheduled.astimezone(PARIS).isoformat() if scheduled else None,
            "counts": outcome.counts,
        }


def literal(value: object) -> bool:
    """Tell whether an argument is known when the DAG is parsed: no template and no XComArg."""
    return isinstance(value, datetime) or (isinstance(value, str) and "{{" not in value and "{%" not in value)


def identity(context: Context, task: BaseOperator) -> tuple[str, ...]:
    """Name this task instance, the same in all of its tries."""
    ti = context.get("ti")
    if ti is None:  # run by hand, outside Airflow: a campaign of its own each time
        return (task.task_id, uuid.uuid4().hex)
    return (str(ti.dag_id), str(ti.run_id), str(ti.task_id), str(ti.map_index))


def warehouse(conn_id: str) -> Any:
    """Return the SQL hook of a connection.

    :raises InvalidMessage: the connection's type has no SQL hook.
    """
    from airflow.providers.common.sql.hooks.sql import DbApiHook

    hook = BaseHook.get_hook(conn_id)
    if not isinstance(hook, DbApiHook):
        raise InvalidMessage(f"warehouse_conn_id: connection {conn_id!r} is not one of a SQL database")
    return hook


class SendSmsOperator(_SendOperator):
    """Send one text to many people, in batches of 500.

    Retries: see ``docs/how-it-works.md``. The result (XCom) holds counts and message ids, and no phone
    number; give it to ``DeliveryStatusSensor(sent=...)``.

    :param message: the text (templated). A newline goes out as ``:br:``, € as ``:euro:``; braces are refused,
        because the platform would turn them into parentheses. At most 10 segments.
    :param recipients: one number, a list of numbers, or a list of mappings (templated, XComArg welcome).
    :param sql: a query instead of ``recipients``, or the name of a ``.sql`` file (templated).
    :param parameters: of the query, in the driver's own style (templated).
    :param warehouse_conn_id: any connection whose hook is a ``DbApiHook`` (templated).
    :param phone_column: where a row keeps its number; a query with one column needs no name.
    :param default_region: two-letter country of numbers that are written nationally.
    :param sender: 3 to 11 letters, digits or spaces (templated); None takes the connection's, "" asks for the
        operators' short code.
    :param tag: the campaign's tag (templated): at most 11 characters, lower case, no spaces. Each batch's tag
        begins with it.
    :param sms_range: "premium" or "low_cost"; a low-cost text has at most 160 characters and no ``stop_sms``.
    :param send_at: aware datetime, or ISO text with an offset (templated); rounded up to five minutes.
    :param stop_sms: ask for the STOP mention, which marketing texts must carry.
    :param unicode: any character, 70 a segment; SMS Partner must have enabled it for the account.
    :param dlr_url: where the platform posts delivery reports (templated).
    :param response_url: where the platform posts replies (templated).
    :param sandbox: nothing is sent or billed. A sandbox connection cannot be overruled.
    :param on_invalid: "skip" counts numbers that are no mobile numbers, "fail" then sends nothing.
    :param max_invalid_rate: above this share (0 to 1) of invalid rows nothing is sent: wrong column.
    :param concurrency: requests in flight, 1 to 64.
    :param smspartner_conn_id: connection of type ``smspartner``.

    .. seealso:: the vendor's page "Single Send".
    """

    template_fields: Sequence[str] = (
        "message",
        *_SendOperator.template_fields,
        "sender",
        "dlr_url",
        "response_url",
    )

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

    def _check_arguments(self) -> None:
        super()._check_arguments()
        given = {name: getattr(self, name) for name in ("sender", "dlr_url", "response_url")}
        options = api.SendOptions(
            sms_range=self.sms_range,
            stop_sms=self.stop_sms,
            unicode=self.unicode,
            **{name: value for name, value in given.items() if literal(value)},
        )
        if literal(self.message):
            options.check_message(self.message)

    def _options(self) -> api.SendOptions:
        settings = self.hook.settings
        options = api.SendOptions(
            sender=settings.sender if self.sender is None else self.sender,
            sms_range=self.sms_range,
            send_at=schedule.parse(self.send_at) if self.send_at else None,
            stop_sms=self.stop_sms,
            unicode=self.unicode,
            dlr_url=self.dlr_url,
            response_url=self.response_url,
            sandbox=settings.sandbox or bool(self.sandbox),
        )
        options.check_message(self.message)
        options.fields(now=None)  # refuses a time that is past before the warehouse is asked
        return options

    def _call(self, people: Sequence[str], options: api.SendOptions) -> api.Call[Sent]:
        return api.send(people, self.message, options)

    def _result(self, found: audience.Audience, outcome: Outcome, options: api.SendOptions) -> dict[str, Any]:
        # A marketing text may be held until morning, which DeliveryStatusSensor has to know
        marketing = {"stop_sms": True} if self.stop_sms else {}
        return super()._result(found, outcome, options) | marketing


class SendSurveyOperator(_SendOperator):
    """Send a survey of the SMS Partner account to many people, in batches of 500.

    The endpoint knows no sender, range, STOP mention, unicode, URLs or sandbox; on a sandbox connection the
    task fails before anything is sent. Recipients, tag, time and result are those of ``SendSmsOperator``.

    :param survey_id: the survey's identifier in the account (templated).

    .. seealso:: the vendor's page "Survey Send".
    """

    template_fields: Sequence[str] = ("survey_id", *_SendOperator.template_fields)

    def __init__(self, *, survey_id: str, **kwargs: Any) -> None:
        self.survey_id = survey_id
        super().__init__(**kwargs)

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if literal(self.survey_id):
            message.check_survey_id(self.survey_id)

    def _options(self) -> api.SendOptions:
        if self.hook.settings.sandbox:
            raise InvalidMessage(
                f"smspartner_conn_id: {self.smspartner_conn_id!r} is a sandbox connection, and SMS Partner's "
                "survey endpoint has no sandbox: this survey would reach real phones"
            )
        message.check_survey_id(str(self.survey_id))
        options = api.SendOptions(send_at=schedule.parse(self.send_at) if self.send_at else None)
        options.fields(now=None)
        return options

    def _call(self, people: Sequence[str], options: api.SendOptions) -> api.Call[Sent]:
        return api.send_survey(people, str(self.survey_id), tag=options.tag, send_at=options.send_at)
