"""``DeliveryStatusTrigger``: waits for delivery reports in the triggerer's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_provider_smspartner.exceptions import AuthenticationError, SMSPartnerError
from airflow_provider_smspartner.hooks.aside import aside
from airflow_provider_smspartner.hooks.paging import aread_pages
from airflow_provider_smspartner.tracking.progress import Poll, Progress, read_settled
from airflow_provider_smspartner.tracking.watch import Watch

if TYPE_CHECKING:
    from airflow_provider_smspartner.api import Call
    from airflow_provider_smspartner.api.answers import Statuses
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.journal.table import Ledger

IN_FLIGHT = 4
IN_FLIGHT_OF_ALL = 8
"""For the triggers of a process that share a connection: hundreds of answers at once hold up its loop."""
LONGEST_NAP = 1800.0
"""Seconds."""


class Places:
    """What the triggers of an event loop share for a connection: places for requests, and bad news."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(IN_FLIGHT_OF_ALL)
        self.gave_up: tuple[float, SMSPartnerError] | None = None
        """When a poll last gave up, by the loop's clock, and why."""

    def outage_since(self, moment: float) -> SMSPartnerError | None:
        """Return why another poll has given up meanwhile: hundreds need not find out one by one."""
        return self.gave_up[1] if self.gave_up and self.gave_up[0] >= moment else None


_PLACES: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Places]] = WeakKeyDictionary()


class DeliveryStatusTrigger(BaseTrigger):
    """Poll ``bulk-status`` for all messages of a send until each is final, or until the deadline.

    One trigger watches all of them, with at most four polls in flight, and asks no more for those that are
    final. Everything it needs is in its arguments, so that a restarted triggerer goes on with the same
    deadline. It yields one event with the counts, and no phone number: at the end or, when it is to hand over
    in between, with ``again``, the arguments of a trigger that goes on.

    :param smspartner_conn_id: connection of type ``smspartner``.
    :param counts: how many people each message id or tag was sent to; None where that is not known. One of
        another connection has that connection and a blank before it.
    :param since: ISO time with an offset from which on there is something to see.
    :param deadline: ISO time with an offset, after which the rest counts as waiting.
    :param poke_interval: seconds to the first poll; later ones come further apart, up to half an hour.
    :param began: ISO time with an offset of the first poll, from which the waits grow; ``since`` if absent.
    :param held_until: ISO time with an offset until which the platform may hold the texts back, None if not.
    :param tags: which of ``counts`` are tags.
    :param sandbox: which of ``counts`` are to be looked at once, because nothing was sent.
    :param settled: what triggers before have learned, see ``progress.Settled``.
    :param handed_over: ISO time with an offset at which the task last told how far things are; it may do so
        again after 1, 10 and 60 minutes and then every 6 hours. None: the one event is the end.
    :param enough: the share of final reports, 0 to 1, with which it ends before the deadline.
    :param ledger_conn_id: a SQL connection whose ledger is asked first for what was reported; None: the
        platform alone is asked.
    """

    def __init__(
        self,
        *,
        smspartner_conn_id: str,
        counts: Mapping[str, int | None],
        since: str,
        deadline: str,
        poke_interval: float,
        began: str | None = None,
        held_until: str | None = None,
        tags: Sequence[str] = (),
        sandbox: Sequence[str] = (),
        settled: Mapping[str, Any] | None = None,
        handed_over: str | None = None,
        enough: float = 1,
        ledger_conn_id: str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # typed only in part
        self.smspartner_conn_id = smspartner_conn_id
        self.counts = dict(counts)
        self.since = since
        self.deadline = deadline
        self.poke_interval = poke_interval
        self.began = began
        self.held_until = held_until
        self.tags = list(tags)
        self.sandbox = list(sandbox)
        self.settled = settled
        self.handed_over = handed_over
        self.enough = enough
        self.ledger_conn_id = ledger_conn_id
        self._ledger: Ledger | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, all of them JSON."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "smspartner_conn_id": self.smspartner_conn_id,
            "counts": self.counts,
            "since": self.since,
            "deadline": self.deadline,
            "poke_interval": self.poke_interval,
            "began": self.began,
            "held_until": self.held_until,
            "tags": self.tags,
            "sandbox": self.sandbox,
            "settled": self.settled,
            "handed_over": self.handed_over,
            "enough": self.enough,
            "ledger_conn_id": self.ledger_conn_id,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, poll, and yield one event: the counts, or why nothing could be read."""
        try:
            async for each in self._events():
                yield each
        finally:
            if self._ledger is not None:  # a triggerer lives for weeks, and its triggers come and go
                self._ledger.close()

    async def _events(self) -> AsyncIterator[TriggerEvent]:
        deadline, progress = datetime.fromisoformat(self.deadline), self._progress()
        now = datetime.now(UTC)
        while progress.open_ids:
            wait, left = progress.wait(self.poke_interval, now=now), (deadline - now).total_seconds()
            if self._is_to_hand_over(progress, now) and wait < left:  # else the end itself is near
                yield await aside(self._hand_over, progress, now)
                return
            # A sleep does not notice a clock that is set: a long one, for a scheduled send, is cut in pieces
            longest = LONGEST_NAP if now < progress.origin(now) else wait
            await asyncio.sleep(max(0.0, min(wait, left, longest)))
            now = datetime.now(UTC)
            if longest < wait and now < deadline:
                continue
            try:
                await self._poll(progress, deadline)
            except SMSPartnerError as error:
                yield await aside(event, progress, now=datetime.now(UTC), failure=error)
                return
            self.log.info("%s of %s messages are final", len(progress.ended), len(progress.watch.counts))
            now = datetime.now(UTC)
            if now >= deadline or (progress.problem is None and progress.is_settled(self.enough)):
                break
        yield await aside(event, progress, now=now)

    def _progress(self) -> Progress:
        watch = Watch(
            counts=self.counts,
            since=datetime.fromisoformat(self.since),
            began=datetime.fromisoformat(self.began) if self.began else None,
            held_until=datetime.fromisoformat(self.held_until) if self.held_until else None,
            tags=frozenset(self.tags),
            sandbox=frozenset(self.sandbox),
            connection=self.smspartner_conn_id,
        )
        return Progress(watch=watch, settled=read_settled(self.settled))

    def _is_to_hand_over(self, progress: Progress, now: datetime) -> bool:
        """Only after a poll that went well: what is known of open messages does not go along."""
        if self.handed_over is None or not progress.tallies or progress.problem:
            return False
        return progress.hand_over_due(datetime.fromisoformat(self.handed_over), now=now)

    def _hand_over(self, progress: Progress, now: datetime) -> TriggerEvent:
        again = {**self.serialize()[1], **progress.remaining(), "handed_over": now.isoformat()}
        return event(progress, now=now, again=again)

    async def _poll(self, progress: Progress, deadline: datetime) -> None:
        """Ask once for every message that is still open."""
        for key, answer in (await self._reported(progress)).items():
            await aside(progress.take, key, answer, now=datetime.now(UTC))
        keys = progress.watch.by_connection(progress.open_ids)
        polls = [await self._poll_on(conn_id, names, progress) for conn_id, names in keys.items()]
        now = datetime.now(UTC)
        await aside(progress.conclude, Poll.over(polls), now=now, last=now >= deadline)

    async def _reported(self, progress: Progress) -> dict[str, Statuses]:
        """Return what the ledger knows, beside the event loop; when it is away, the platform is asked."""
        from airflow_provider_smspartner.journal.opening import engine_of
        from airflow_provider_smspartner.journal.table import Ledger
        from airflow_provider_smspartner.tasks.reported import reported

        if self.ledger_conn_id is None:
            return {}
        try:
            if self._ledger is None:  # by Airflow's own bridge, see the trigger of the inbox
                engine = await sync_to_async(engine_of)(self.ledger_conn_id)
                self._ledger = Ledger(engine=engine, patience=0)
            return await asyncio.to_thread(reported, self._ledger, progress.watch, progress.open_ids)
        except SMSPartnerError as error:
            self.log.warning("The ledger does not say what was reported, the platform is asked: %s", error)
            return {}

    async def _poll_on(self, conn_id: str, keys: Sequence[str], progress: Progress) -> Poll:
        """Ask for the messages of one connection."""
        hook = await aside(self._hook, conn_id)  # anew each time: a key may be replaced in two days
        poll = Poll()
        names = iter(keys)
        try:
            async with hook.open_session() as session, asyncio.TaskGroup() as group:
                carry = partial(hook.acall, session=session)
                places = places_of(conn_id)
                for _ in range(min(IN_FLIGHT, len(keys))):
                    group.create_task(ask(carry, places, poll, progress, names))
        except SMSPartnerError as error:  # the connection itself cannot be used
            poll.note(error)
        return poll

    def _hook(self, conn_id: str) -> SMSPartnerHook:
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        return SMSPartnerHook(conn_id)


def places_of(conn_id: str) -> Places:
    """Return what all triggers of this event loop share for a connection."""
    return _PLACES.setdefault(asyncio.get_running_loop(), {}).setdefault(conn_id, Places())


async def ask(
    carry: Callable[[Call[Any]], Awaitable[Any]],
    places: Places,
    poll: Poll,
    progress: Progress,
    names: Iterator[str],
) -> None:
    """Ask for one message or tag after the other, and learn from what comes, an error included."""
    began = asyncio.get_running_loop().time()
    for name in names:
        if poll.given_up:
            return
        answer: Statuses | SMSPartnerError
        async with places.free:
            if outage := places.outage_since(began):
                poll.note(outage)
                return
            try:
                answer = await aread_pages(carry, progress.watch.reads(name))
            except SMSPartnerError as error:
                answer = error
        poll.note(answer)
        if poll.given_up and poll.problem:
            places.gave_up = (asyncio.get_running_loop().time(), poll.problem)
        await aside(progress.take, name, answer, now=datetime.now(UTC))


def event(
    progress: Progress,
    *,
    now: datetime,
    failure: SMSPartnerError | None = None,
    again: dict[str, Any] | None = None,
) -> TriggerEvent:
    """Make the event: counts, and what went wrong. Small, without people or secrets."""
    delivery = progress.delivery(now=now, final=again is None and failure is None)
    return TriggerEvent(
        {
            **delivery.as_dict(),
            "failure": str(failure) if failure else None,
            "hopeless": isinstance(failure, AuthenticationError),
            "unreadable": str(progress.problem) if progress.problem else None,
            "again": again,
        }
    )
