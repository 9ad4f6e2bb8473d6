"""``SMSPartnerHook``: carries the calls of ``api`` to SMS Partner, from a worker or from an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import quote, quote_plus

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowNotFoundException
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret
from asgiref.sync import sync_to_async
from tenacity import AsyncRetrying, Retrying

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import (
    InvalidMessage,
    OutcomeUnknownError,
    SMSPartnerError,
    StopListError,
)
from airflow_provider_smspartner.hooks import connection, over_aiohttp, over_requests, transport
from airflow_provider_smspartner.hooks.aside import aside
from airflow_provider_smspartner.hooks.confirming import carry_confirmed
from airflow_provider_smspartner.hooks.connection import Settings
from airflow_provider_smspartner.hooks.frames import abare, bare
from airflow_provider_smspartner.hooks.pace import Pace
from airflow_provider_smspartner.hooks.short_forms import Credit, Receipt, Reports, Stopped, what_is_left
from airflow_provider_smspartner.hooks.stops import delete_stops, read_stop_entries
from airflow_provider_smspartner.rules import arguments, phone
from airflow_provider_smspartner.rules.callbacks import callbacks, path_secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    import aiohttp

    from airflow_provider_smspartner.api.answers import Sent

T = TypeVar("T")


class OutcomeUnknown(OutcomeUnknownError, AirflowFailException):
    """A send may have reached people; Airflow must not run the task again by itself."""


class SMSPartnerHook(HttpHook):
    """Talk to SMS Partner.

    ``call`` and ``acall`` carry any value of ``airflow_provider_smspartner.api``; the other methods are
    short forms for ``@task`` code. What may be repeated is repeated here: a call that only reads, on
    connection errors, 429 and 5xx, and any call that certainly never left this machine. Redirects are not
    followed, TLS is verified, and no error text holds a URL, the key or a full phone number.

    :param smspartner_conn_id: connection of type ``smspartner``, see ``docs/connection.md``.
    """

    conn_name_attr = "smspartner_conn_id"
    default_conn_name = "smspartner_default"
    conn_type = "smspartner"
    hook_name = "SMS Partner"

    def __init__(self, smspartner_conn_id: str = default_conn_name) -> None:
        self.smspartner_conn_id = arguments.name(smspartner_conn_id, "smspartner_conn_id")
        super().__init__(method="POST", http_conn_id=smspartner_conn_id)
        self._settings: Settings | None = None
        self._sessions = over_requests.Sessions()

    @property
    def settings(self) -> Settings:
        """What the connection says, read once.

        :raises InvalidMessage: the connection is missing, of another type, or one of its fields is wrong.
        """
        if self._settings is None:
            try:
                conn = BaseHook.get_connection(self.smspartner_conn_id)
            except AirflowNotFoundException:
                raise InvalidMessage(
                    f"smspartner_conn_id: connection {self.smspartner_conn_id!r} is not defined, or "
                    "Airflow cannot read it; create it with type smspartner, or set "
                    f"AIRFLOW_CONN_{self.smspartner_conn_id.upper()}"
                ) from None
            connection.check_type(conn, self.conn_type)
            self._settings = connection.read(conn)
            key = self._settings.api_key
            for form in (key, quote_plus(key), quote(key, safe="")):
                mask_secret(form)
            mask_secret(self.path_secret)
        return self._settings

    @property
    def path_secret(self) -> str:
        """What the path of this connection's address at the receiver begins with."""
        return path_secret(self.settings.api_key, self.smspartner_conn_id)

    @property
    def callbacks(self) -> dict[str, str]:
        """Where the platform is to post reports and replies, as options of a send; empty without an inbox."""
        if self.settings.inbox_url is None:
            return {}
        addresses = callbacks(self.settings.inbox_url, self.path_secret)
        return {"dlr_url": addresses.report, "response_url": addresses.reply}

    @property
    def longest_request(self) -> float:
        """Seconds after which a request of this connection is over, whatever became of it."""
        return transport.longest_request(self.settings)

    # ---- carrying ----------------------------------------------------------------------------------

    @bare
    def call(
        self,
        call: api.Call[T],
        *,
        before: Callable[[], None] | None = None,
        attempts: int | None = None,
    ) -> T:
        """Carry a call over requests and return what its answer holds.

        :param before: called right before each attempt, after every wait; what it raises stops the call.
        :param attempts: how often it is tried at most; by default four times, if it may be repeated at all.
        :raises APIError: the platform said no.
        :raises APIConnectionError: the request never left this machine.
        :raises OutcomeUnknownError: it left, and no answer can be trusted.
        """
        value: T = Retrying(**transport.repeat_policy(call, attempts))(self._once, call, before)
        return value

    def _once(self, call: api.Call[T], before: Callable[[], None] | None) -> T:
        pace = Pace.of(self.smspartner_conn_id)
        for seconds in pace.turn(self.settings.requests_per_second):
            time.sleep(seconds)
        if before is not None:
            before()
        try:
            with pace.following():
                answer = over_requests.exchange(self.get_conn(), call, self.settings)
                return transport.read(call, answer, self.settings)
        except OutcomeUnknownError:
            # What is left of this answer must not be taken for that to the next request
            self._sessions.leave()
            raise

    @abare
    async def acall(self, call: api.Call[T], *, session: aiohttp.ClientSession | None = None) -> T:
        """Carry a call over aiohttp, for triggers and callbacks; as ``call`` in all else.

        :param session: of ``open_session``, for many calls in a row. A call that must not be repeated
            gets a connection of its own all the same: a kept one may be closed while the request is on
            its way, and then nobody knows.
        """
        async with AsyncExitStack() as stack:
            if session is None or not call.repeatable:
                session = await stack.enter_async_context(self.open_session())
            return await AsyncRetrying(**transport.repeat_policy(call))(self._aonce, call, session)

    async def _aonce(self, call: api.Call[T], session: aiohttp.ClientSession) -> T:
        pace = Pace.of(self.smspartner_conn_id)
        for seconds in pace.turn(self.settings.requests_per_second):
            await asyncio.sleep(seconds)
        with pace.following():
            # 500 reports take milliseconds, and hundreds of answers may come at once
            answer = await over_aiohttp.aexchange(session, call, self.settings)
            return await aside(transport.read, call, answer, self.settings)

    @asynccontextmanager
    async def open_session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Open a session for many ``acall`` in a row."""
        # Airflow's own bridge: below 3.2 a thread of another kind reads the supervisor's answers out of order
        settings = await sync_to_async(lambda: self.settings)()
        async with over_aiohttp.open_session(settings) as session:
            yield session

    def get_conn(self, *_: object, **__: object) -> over_requests.Session:
        """Return this thread's session: no header and no option comes out of the connection."""
        return self._sessions.get(plain_http=self.settings.plain_http)

    def run(self, *_: object, **__: object) -> NoReturn:
        """Refuse the generic way of ``HttpHook``, which follows redirects and shows URLs in its errors."""
        raise NotImplementedError(
            "SMSPartnerHook sends values of airflow_provider_smspartner.api: use call()"
        )

    run_with_advanced_retry = run

    # ---- short forms -------------------------------------------------------------------------------

    @bare
    def send_sms(self, message: str, recipients: str | Iterable[str], **options: Any) -> Receipt:
        """Send one text to at most 500 people and return its message id, segments and cost.

        :param message: the text.
        :param recipients: one number or several, in any usual spelling; national ones are French.
        :param options: the fields of ``api.SendOptions``: sender, tag, sms_range, send_at, stop_sms …
        :raises InvalidMessage: refused before anything was sent.
        :raises OutcomeUnknown: it may have been sent; fails the task without a retry.
        """
        given = self.callbacks | {name: value for name, value in options.items() if value is not None}
        if given.get("sender") is None:
            given["sender"] = self.settings.sender
        sandbox = arguments.optional(arguments.boolean, options.get("sandbox"), "sandbox")
        given["sandbox"] = self.settings.sandbox or bool(sandbox)
        return self._send(api.send(self._numbers(recipients), message, api.SendOptions(**given)))

    @bare
    def send_survey(
        self,
        survey_id: str,
        recipients: str | Iterable[str],
        *,
        tag: str | None = None,
        send_at: datetime | None = None,
    ) -> Receipt:
        """Send a survey of the account to at most 500 people; see ``send_sms``.

        :raises InvalidMessage: also on a sandbox connection, because the endpoint has no sandbox.
        """
        if self.settings.sandbox:
            raise InvalidMessage(
                f"Connection {self.smspartner_conn_id!r} is a sandbox, and SMS Partner's survey endpoint "
                "has none: this survey would reach real phones"
            )
        return self._send(api.send_survey(self._numbers(recipients), survey_id, tag=tag, send_at=send_at))

    def _send(self, call: api.Call[Sent]) -> Receipt:
        try:
            return Receipt(self.call(call))
        except OutcomeUnknownError as error:
            raise OutcomeUnknown(
                f"{error} Airflow will not run this task again by itself; look the message up in the "
                "customer area of SMS Partner before you do."
            ) from None

    def _numbers(self, recipients: str | Iterable[str]) -> list[str]:
        """Return E.164 numbers, or the one number of a connection that redirects everything."""
        arguments.people(recipients, "recipients")
        given: Any = recipients if hasattr(recipients, "__iter__") else [recipients]
        numbers = list(map(phone.normalize, [given] if isinstance(given, str) else given))
        if (most := self.settings.max_recipients) is not None and len(numbers) > most:
            raise InvalidMessage(
                f"recipients: {len(numbers)} numbers; connection {self.smspartner_conn_id!r} allows {most}"
            )
        if self.settings.redirect_to and numbers:
            self.log.warning("Connection %r redirects this send to one number", self.smspartner_conn_id)
            return [self.settings.redirect_to]
        return numbers

    def delivery_status(self, message_id: str | int) -> Reports:
        """Count the people of a message who have it; ``.reports`` tells it of each, and stays in the task."""
        return Reports(self.call(api.bulk_status(message_id)))

    def credits(self) -> Credit:
        """Return the account and what is left on it."""
        return Credit(self.call(api.me()))

    def cancel(self, message_id: str | int) -> None:
        """Cancel a scheduled send, at the latest five minutes before its time.

        :raises APIError: the platform said no; code 5: it is cancelled already.
        :raises OutcomeUnknownError: the platform said yes and, asked again, did not confirm it.
        """
        carry_confirmed(self.call, api.message_cancel(message_id))

    def stop_list(self) -> tuple[Stopped, ...]:
        """Return everybody who asked for no more texts.

        :raises SMSPartnerError: the list cannot be read in full.
        """
        return tuple(map(Stopped, read_stop_entries(self.call)[0]))

    def stop(self, number: str) -> bool:
        """Put one person, in any usual spelling, on the STOP list; False when they are on it already."""
        try:
            self.call(api.stop_add(phone.normalize(number)))
        except StopListError:
            return False
        return True

    def unstop(self, number: str) -> bool:
        """Take one person, who asked for it, off the STOP list; False when they are not on it.

        :raises OutcomeUnknownError: the platform said yes and, asked again, did not confirm it.
        """
        return delete_stops(self.call, phone.normalize(number))

    def test_connection(self) -> tuple[bool, str]:
        """Tell whether the key works, with account and credit; called by the connection form's button."""
        try:
            account = self.credits()
        except SMSPartnerError as error:
            return False, str(error)
        who = account.name or "an account without a name"
        return True, f"Connected to SMS Partner as {who}: {what_is_left(account)}"
