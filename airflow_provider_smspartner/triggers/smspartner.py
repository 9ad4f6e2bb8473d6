"""``DeliveryStatusTrigger``: waits for delivery reports in the triggerer's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_smspartner.exceptions import AuthenticationError, SMSPartnerError
from airflow_provider_smspartner.lookup import aread_pages
from airflow_provider_smspartner.watching import Look, Progress, Watch

if TYPE_CHECKING:
    from airflow_provider_smspartner.answers import Statuses
    from airflow_provider_smspartner.api import Call

IN_FLIGHT = 4


class DeliveryStatusTrigger(BaseTrigger):
    """Poll ``bulk-status`` for all messages of a send until each is final, or until the deadline.

    One trigger watches all of them, with at most four polls in flight, and asks no more for those that are
    final. Everything it needs is in its arguments, so that a restarted triggerer goes on with the same
    deadline. It yields one event with the counts, and no phone number.

    :param smspartner_conn_id: connection of type ``smspartner``.
    :param counts: how many people each message id or tag was sent to; None where that is not known.
    :param since: ISO time with an offset at which the texts may leave.
    :param deadline: ISO time with an offset, after which the rest counts as waiting.
    :param poke_interval: seconds to the first poll; later ones come further apart, up to half an hour.
    :param began: ISO time with an offset of the first look, from which the waits grow; ``since`` if absent.
    :param tags: which of ``counts`` are tags.
    :param sandbox: which of ``counts`` are to be looked at once, because nothing was sent.
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
        tags: Sequence[str] = (),
        sandbox: Sequence[str] = (),
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # typed only in part
        self.smspartner_conn_id = smspartner_conn_id
        self.counts = dict(counts)
        self.since = since
        self.deadline = deadline
        self.poke_interval = poke_interval
        self.began = began
        self.tags = list(tags)
        self.sandbox = list(sandbox)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments, all of them JSON."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "smspartner_conn_id": self.smspartner_conn_id,
            "counts": self.counts,
            "since": self.since,
            "deadline": self.deadline,
            "poke_interval": self.poke_interval,
            "began": self.began,
            "tags": self.tags,
            "sandbox": self.sandbox,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, look, and yield one event: the counts, or why nothing could be read."""
        deadline = datetime.fromisoformat(self.deadline)
        since = datetime.fromisoformat(self.since)
        tags, sandbox = frozenset(self.tags), frozenset(self.sandbox)
        began = datetime.fromisoformat(self.began) if self.began else None
        watch = Watch(counts=self.counts, since=since, began=began, tags=tags, sandbox=sandbox)
        progress = Progress(watch=watch)
        while progress.open_ids:
            now = datetime.now(UTC)
            left = (deadline - now).total_seconds()
            await asyncio.sleep(max(0.0, min(progress.wait(self.poke_interval, now=now), left)))
            try:
                await self._look(progress, deadline)
            except SMSPartnerError as error:
                yield event(progress, failure=error)
                return
            self.log.info("%s of %s messages are final", len(progress.ended), len(progress.watch.counts))
            if datetime.now(UTC) >= deadline:
                break
        yield event(progress)

    async def _look(self, progress: Progress, deadline: datetime) -> None:
        """Ask once for every message that is still open."""
        from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

        hook = SMSPartnerHook(self.smspartner_conn_id)  # anew each time: a key may be replaced in two days
        places, look = asyncio.Semaphore(IN_FLIGHT), Look()
        try:
            async with hook.open_session() as session:
                carry = partial(hook.acall, session=session)
                asked = (ask(carry, places, look, progress.watch, name) for name in progress.open_ids)
                answers = await asyncio.gather(*asked)
        except SMSPartnerError as error:  # the connection itself cannot be used
            answers = [(message_id, error) for message_id in progress.open_ids]
        now = datetime.now(UTC)
        progress.learn(answers, now=now, last=now >= deadline)


async def ask(
    carry: Callable[[Call[Any]], Awaitable[Any]],
    places: asyncio.Semaphore,
    look: Look,
    watch: Watch,
    name: str,
) -> tuple[str, Statuses | SMSPartnerError]:
    """Ask for one message or tag, and return what came, an error included."""
    async with places:
        if look.given_up:
            return name, look.given_up
        answer: Statuses | SMSPartnerError
        try:
            answer = await aread_pages(carry, watch.reads(name))
        except SMSPartnerError as error:
            answer = error
        look.note(answer)
        return name, answer


def event(progress: Progress, *, failure: SMSPartnerError | None = None) -> TriggerEvent:
    """Make the event: counts, and what went wrong. Small, without people or secrets."""
    return TriggerEvent(
        {
            "result": progress.result(),
            "failure": str(failure) if failure else None,
            "hopeless": isinstance(failure, AuthenticationError),
            "unreadable": str(progress.problem) if progress.problem else None,
        }
    )
