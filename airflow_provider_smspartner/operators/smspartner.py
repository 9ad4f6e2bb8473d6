"""``SendSmsOperator`` and ``SendSurveyOperator``."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from airflow.sdk import BaseHook, BaseOperator
from airflow.sdk.exceptions import AirflowFailException
from jinja2 import TemplateNotFound

from airflow_provider_smspartner import api, audience
from airflow_provider_smspartner.exceptions import APIError, InvalidMessage, SMSPartnerError
from airflow_provider_smspartner.failures import HOPELESS, no_useless_retry
from airflow_provider_smspartner.plan import Outcome, Plan
from airflow_provider_smspartner.rules import batches, message, schedule
from airflow_provider_smspartner.rules.people import Person, Recogniser
from airflow_provider_smspartner.rules.sending_hours import next_slot
from airflow_provider_smspartner.send_log import NoLog, SendLog
from airflow_provider_smspartner.send_log.task_state import TaskStateLog
from airflow_provider_smspartner.sending import Sending

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk import Context

    from airflow_provider_smspartner.answers import Sent
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

PARIS = ZoneInfo("Europe/Paris")
LATEST = timedelta(hours=1)
"""How late a later try may still send what was scheduled."""


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


def counted(value: Any, noun: str) -> Any:
    """Return the value inside a count, once; a list that a template turned into text counts as a list."""
    if value is None or isinstance(value, Counted):
        return value
    return Counted(audience.literal(value) if isinstance(value, str) else value, noun)


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
        on_unknown: str = "verify",
        verify_timeout: float = 300,
        concurrency: int = 4,
        durable: bool = True,
        campaign: str | None = None,
        ledger_conn_id: str | None = None,
        event_column: str | None = None,
        allow_backfill: bool = False,
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
        self.on_unknown = on_unknown
        self.verify_timeout = verify_timeout
        self.concurrency = concurrency
        self.durable = durable
        self.campaign = campaign
        self.ledger_conn_id = ledger_conn_id
        self.event_column = event_column
        self.allow_backfill = allow_backfill
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
        if self.on_unknown not in ("verify", "fail", "resend"):
            raise InvalidMessage(f'on_unknown: {self.on_unknown!r} is none of "verify", "fail" and "resend"')
        if not 0 <= self.verify_timeout <= 86_400:
            raise InvalidMessage(f"verify_timeout: {self.verify_timeout!r} is not from 0 to 86400 seconds")
        if (self.campaign is None) != (self.ledger_conn_id is None):
            raise InvalidMessage(
                "campaign: a ledger needs a campaign to remember people by, and a campaign a ledger_conn_id; "
                "give both, or none"
            )
        if self.event_column is not None and self.ledger_conn_id is None:
            raise InvalidMessage(
                "event_column: events are remembered in a ledger; give ledger_conn_id and campaign too"
            )
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
            self.sql = template_source(self.sql, self.get_template_env())
        self.prepare_template()

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # The one step that plain and mapped tasks share; what Airflow stores and shows is read after it
        if parent is self:
            self.resolve_template_files()  # Airflow does it for plain tasks only
        super()._do_render_template_fields(parent, *args, **kwargs)
        if parent is self:
            self.recipients = counted(self.recipients, "recipients")
            self.parameters = counted(self.parameters, "parameters")

    # ---- running -----------------------------------------------------------------------------------

    @cached_property
    def hook(self) -> SMSPartnerHook:
        """The hook that carries the requests."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(self.smspartner_conn_id)

    def execute(self, context: Context) -> dict[str, Any]:
        """Send, and return counts and message ids (no phone number)."""
        with no_useless_retry():
            self._check_backfill(context)
            self._check_tag()
            options = self._options(context)
            self._sending = self._prepare(context, options)
            found = self._audience()
            if not found.rows:
                self.log.info("No recipients: nothing to send")
                return self._result(found, Outcome(), options)
            audience.check_quality(found, on_invalid=self.on_invalid, max_invalid_rate=self.max_invalid_rate)
            self._check_cap(len(found.numbers))
            return self._result(found, self._send(self._sending, found, options), options)

    def on_kill(self) -> None:
        """Start no further batch; those in flight are waited for and recorded."""
        if self._sending:
            self._sending.stop()

    def _options(self, context: Context) -> api.SendOptions:
        """Return the checked options; the send kinds differ in them."""
        raise NotImplementedError

    def _call(self, people: Sequence[str], options: api.SendOptions) -> api.Call[Sent]:
        """Return the request for one batch."""
        raise NotImplementedError

    def _check_backfill(self, context: Context) -> None:
        run = context.get("dag_run")
        kind = str(getattr(getattr(run, "run_type", ""), "value", getattr(run, "run_type", "")))
        if kind == "backfill" and not self.allow_backfill:
            raise InvalidMessage(
                "allow_backfill: this run is a backfill and would text people for days gone by; nothing was "
                "sent. Set allow_backfill=True if that is what you want"
            )

    def _audience(self) -> audience.Audience:
        columns = audience.Columns(phone=self.phone_column, event=self.event_column)
        if self.sql is None:
            given = audience.from_given(plain(self.recipients), columns)
            found = audience.gather(given, region=self.default_region)
        else:
            hook, parameters = warehouse(str(self.warehouse_conn_id)), plain(self.parameters)
            found = audience.read_sql(hook, self.sql, parameters, columns, region=self.default_region)
        counts = (found.rows, len(found.numbers), found.invalid, found.duplicates)
        self.log.info("%s rows: %s recipients, %s invalid, %s duplicates", *counts)
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

    def _prepare(self, context: Context, options: api.SendOptions) -> Sending:
        """Put the send together, and begin its log before anything else can fail."""
        settings = self.hook.settings
        name = (self.smspartner_conn_id, options.sandbox, *identity(context, self))
        recogniser = Recogniser(settings.api_key, name)

        def tag_of(ordinal: int) -> str:
            return batches.batch_tag(name, ordinal, self.tag)

        def make_call(people: Sequence[Person], tag: str) -> api.Call[Sent]:
            numbers = [settings.redirect_to] if settings.redirect_to else [person.number for person in people]
            passed = options.send_at is not None and options.send_at <= datetime.now(UTC)
            when = None if passed else options.send_at
            return self._call(numbers, replace(options, tag=tag, send_at=when))

        later_try = tries_before(context)
        send_log = self._open_log(context, recogniser, tag_of)
        if not later_try:
            send_log.begin()
        now = datetime.now(UTC)
        held = next_slot(now) != now
        plan = Plan(
            make_call=make_call,
            tag_of=tag_of,
            recogniser=recogniser,
            concurrency=self.concurrency,
            on_unknown=self.on_unknown,
            verify_timeout=self.verify_timeout,
            longest_request=self.hook.longest_request,
            later_try=later_try,
            invisible=options.sandbox or options.send_at is not None or held,
            redirect_to=settings.redirect_to,
        )
        return Sending(plan, send_log, self.hook)

    def _open_log(self, context: Context, recogniser: Recogniser, tag_of: Callable[[int], str]) -> SendLog:
        """Return what remembers the batches of this task."""
        store = context.get("task_state_store") if self.durable else None
        if store is not None:
            return TaskStateLog(store, recogniser, tag_of)
        if self.durable:
            self.log.warning(
                "This Airflow has no task state store (3.3 has): a later try finds out by tag what was sent"
            )
        return NoLog()

    def _send(self, sending: Sending, found: audience.Audience, options: api.SendOptions) -> Outcome:
        if self.hook.settings.redirect_to:
            self.log.warning(
                "Connection %r redirects everything: each batch goes once to one number, to nobody else",
                self.smspartner_conn_id,
            )
        try:
            if options.send_at and datetime.now(UTC) - options.send_at > LATEST:
                self._refuse_late(sending.count_left(found.people), options.send_at)
            return sending.run(found.people)
        except (AirflowFailException, *HOPELESS) as error:
            raise AirflowFailException(f"{error}{sending.explain()}") from error
        except SMSPartnerError as error:
            raise unfinished(error, sending.explain()) from error

    def _refuse_late(self, left: int, send_at: datetime) -> None:
        """Let a person decide about a schedule that a later try has missed by more than an hour."""
        if left:
            raise InvalidMessage(
                f"send_at: {send_at.astimezone(PARIS).isoformat()} is more than an hour past, and {left} "
                "people are left; give another send_at to send to them"
            )

    def _when(self, context: Context) -> datetime | None:
        """Return the moment to send at, on the platform's grid.

        A later try may come when it is past: what is left then goes at once, if it is not an hour late.
        """
        if not self.send_at:
            return None
        moment, now = schedule.parse(self.send_at), datetime.now(UTC)
        if not tries_before(context):
            schedule.wire_time(moment, now=now)
        elif moment < now:
            self.log.warning(
                "send_at is past on this try: what is left is sent at once, unless it is an hour late"
            )
        return schedule.round_up(moment)

    def _result(self, found: audience.Audience, outcome: Outcome, options: api.SendOptions) -> dict[str, Any]:
        scheduled = options.send_at
        return {
            "message_ids": outcome.message_ids,
            "tags": outcome.tags,
            "recipients": outcome.recipients,
            "invalid": found.invalid,
            "duplicates": found.duplicates,
            "excluded": outcome.excluded,
            "rejected": outcome.rejected,
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


def tries_before(context: Context) -> bool:
    """Tell whether a try of this task instance has gone before."""
    ti = context.get("ti")
    return ti is not None and int(ti.try_number) > 1


def unfinished(error: SMSPartnerError, rest: str) -> SMSPartnerError:
    """Return the error of a try that did not get through, of its own class where that takes a text."""
    kind = SMSPartnerError if isinstance(error, APIError) else type(error)
    return kind(f"{error}{rest} A later try sends to those who are missing.")


def literal(value: object) -> bool:
    """Tell whether an argument is known when the DAG is parsed: no template and no XComArg."""
    return isinstance(value, datetime) or (isinstance(value, str) and "{{" not in value and "{%" not in value)


def identity(context: Context, task: BaseOperator) -> tuple[str, ...]:
    """Name this task instance, the same in all of its tries."""
    ti = context.get("ti")
    if ti is None:  # run by hand, outside Airflow: a campaign of its own each time
        return (task.task_id, uuid.uuid4().hex)
    return (str(ti.dag_id), str(ti.run_id), str(ti.task_id), str(ti.map_index))


def template_source(name: str, env: jinja2.Environment) -> str:
    """Return the text of a template file.

    :raises InvalidMessage: there is none of that name.
    """
    try:
        if env.loader is not None:
            return env.loader.get_source(env, name)[0]
    except TemplateNotFound:
        pass
    raise InvalidMessage(
        f"sql: there is no file {name!r} beside the DAG file or in the DAG's template_searchpath"
    )


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

    def _options(self, context: Context) -> api.SendOptions:
        settings = self.hook.settings
        options = api.SendOptions(
            sender=settings.sender if self.sender is None else self.sender,
            sms_range=self.sms_range,
            send_at=self._when(context),
            stop_sms=self.stop_sms,
            unicode=self.unicode,
            dlr_url=self.dlr_url,
            response_url=self.response_url,
            sandbox=settings.sandbox or bool(self.sandbox),
        )
        options.check_message(self.message)
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

    def _options(self, context: Context) -> api.SendOptions:
        if self.hook.settings.sandbox:
            raise InvalidMessage(
                f"smspartner_conn_id: {self.smspartner_conn_id!r} is a sandbox connection, and SMS Partner's "
                "survey endpoint has no sandbox: this survey would reach real phones"
            )
        message.check_survey_id(str(self.survey_id))
        options = api.SendOptions(send_at=self._when(context))
        return options

    def _call(self, people: Sequence[str], options: api.SendOptions) -> api.Call[Sent]:
        return api.send_survey(people, str(self.survey_id), tag=options.tag, send_at=options.send_at)
