"""Follow messages until their delivery is final: what to ask next, when, and what it all comes to.

No I/O and no clock here: the sensor and its trigger ask the API and tell this file the time.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_smspartner.answers import Statuses
from airflow_provider_smspartner.exceptions import (
    AuthenticationError,
    InvalidMessage,
    NotFoundError,
    SMSPartnerError,
)
from airflow_provider_smspartner.lookup import Pages, pages_of_message, pages_of_tag
from airflow_provider_smspartner.rules import delivery, schedule
from airflow_provider_smspartner.rules.delivery import Tally
from airflow_provider_smspartner.rules.literals import read_literal
from airflow_provider_smspartner.rules.message import check_message_id
from airflow_provider_smspartner.rules.sending_hours import next_slot

LONGEST_WAIT = timedelta(minutes=30)
GROWTH = 0.4
"""The next wait as a share of the time since the send: few calls in two days, soon final in two minutes."""
JITTER = 0.15
UNREADABLE_IN_A_ROW = 3
"""Answers that cannot be read, one after the other, after which a look asks for nothing more."""
PATIENCE = timedelta(minutes=15)
"""How long in a row the API may be unreadable."""
UNKNOWN_AT_FIRST = timedelta(hours=1)
"""How long a message may be unknown to the platform (code 4) before nothing more is expected of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is followed, in values that survive a restart of the triggerer."""

    counts: Mapping[str, int | None]
    """People of each message id or tag; None when nobody told us."""
    since: datetime
    """When the texts may leave: the latest of sending, schedule and, for marketing, the next allowed slot."""
    began: datetime | None = None
    """When they were first looked for; waits grow from then on."""
    tags: frozenset[str] = frozenset()
    """Which of them are tags: batches that were found by their tag have no message id."""
    sandbox: frozenset[str] = frozenset()
    """Which of them are looked at once, because nothing was sent."""

    def reads(self, name: str) -> Pages:
        """Return the calls that read the reports of one of them; for ``lookup.read_pages`` and its twin."""
        return pages_of_tag(name) if name in self.tags else pages_of_message(name)


def watch_sent(sent: object, *, now: datetime) -> Watch:
    """Read what send operators returned: one result, or a list of them.

    :raises InvalidMessage: it is something else.
    """
    counts: dict[str, int | None] = {}
    tags: set[str] = set()
    sandbox: set[str] = set()
    since: list[datetime] = []
    for result in results_of(sent):
        try:
            by_tag = [str(tag) for tag in result.get("tags") or ()]
            names = [*map(check_message_id, result["message_ids"]), *by_tag]
            given = {name: int(result["counts"][name]) for name in names}
            left = leaves_at(result)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidMessage(
                f"sent: give what a send operator returned (its XCom); this one lacks something ({error!r})"
            ) from None
        counts |= given
        tags |= set(by_tag)
        since.append(left)
        if result.get("sandbox"):
            sandbox |= given.keys()
    latest = max(since, default=now)
    return Watch(counts=counts, since=latest, tags=frozenset(tags), sandbox=frozenset(sandbox))


def results_of(sent: object) -> Iterable[Mapping[str, Any]]:
    """Return the results in ``sent``; a template turns them into text, a skipped mapped task into None."""
    if isinstance(sent, str):
        sent = read_literal(sent)
        if isinstance(sent, str):
            raise InvalidMessage("sent: this text is no result of a send operator")
    if isinstance(sent, Mapping):
        return [sent]
    if sent is None or isinstance(sent, str | bytes) or not isinstance(sent, Iterable):
        raise InvalidMessage(
            f"sent: {type(sent).__name__} is no result of a send operator, nor a list of them"
        )
    return [result for result in sent if result is not None]


def leaves_at(result: Mapping[str, Any]) -> datetime:
    """Return when the texts of a result may leave the platform."""
    moments = [result["sent_at"], *filter(None, [result.get("scheduled_for")])]
    latest = max(schedule.parse(moment, argument="sent") for moment in moments)
    return next_slot(latest) if result.get("stop_sms") else latest


def watch_ids(message_ids: object, *, now: datetime) -> Watch:
    """Follow bare ids, given as one or as a list, or as the text that a template made of either."""
    if isinstance(message_ids, str):
        message_ids = read_literal(message_ids)
    given = [message_ids] if isinstance(message_ids, str | int) else message_ids
    if not isinstance(given, Iterable):
        raise InvalidMessage(f"message_ids: {type(message_ids).__name__} is neither an id nor a list of ids")
    return Watch(counts=dict.fromkeys(map(check_message_id, given)), since=now)


class Look:
    """One look at all open messages: when the API is down, it does not ask for each of thousands."""

    def __init__(self) -> None:
        self._unreadable = 0

    @property
    def given_up(self) -> SMSPartnerError | None:
        """Why nothing more is asked for; None while there is hope."""
        return self._last if self._unreadable >= UNREADABLE_IN_A_ROW else None

    def note(self, answer: Statuses | SMSPartnerError) -> None:
        """Learn from one answer."""
        if isinstance(answer, SMSPartnerError) and not isinstance(answer, NotFoundError):
            self._unreadable, self._last = self._unreadable + 1, answer
        else:
            self._unreadable = 0


@dataclass(slots=True, kw_only=True)
class Progress:
    """What is known of the watched messages."""

    watch: Watch
    tallies: dict[str, Tally] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    """Ids that are not asked for any more."""
    unreadable_since: datetime | None = None
    """Since when no look has succeeded; None after one that has."""
    problem: SMSPartnerError | None = None
    """Why the last look did not succeed."""

    @property
    def open_ids(self) -> list[str]:
        """Ids still to ask for."""
        return [message_id for message_id in self.watch.counts if message_id not in self.ended]

    def learn(
        self,
        answers: Iterable[tuple[str, Statuses | SMSPartnerError]],
        *,
        now: datetime,
        last: bool = False,
    ) -> None:
        """Learn from one look: an answer, or an error, for each message that was asked for.

        After the ``last`` look, at the deadline, patience does not matter any more; see ``problem``.

        :raises SMSPartnerError: the key is refused, or nothing at all could be read for 15 minutes.
        """
        unread: list[SMSPartnerError] = []
        readable = False
        for message_id, answer in answers:
            if isinstance(answer, SMSPartnerError) and not isinstance(answer, NotFoundError):
                unread.append(answer)
            else:
                readable = True
                self._take(message_id, answer, now)
        if readable or not unread:
            self.unreadable_since = self.problem = None
            return
        self.problem, self.unreadable_since = unread[0], self.unreadable_since or now
        out_of_patience = now - self.unreadable_since >= PATIENCE and not last
        if isinstance(self.problem, AuthenticationError) or out_of_patience:
            raise self.problem

    def _take(self, message_id: str, answer: Statuses | NotFoundError, now: datetime) -> None:
        people = self.watch.counts[message_id]
        if isinstance(answer, NotFoundError):
            self.tallies[message_id] = Tally(recipients=people or 0, waiting=people or 0)
            final = now - self.watch.since >= UNKNOWN_AT_FIRST
        else:
            tally = self.tallies[message_id] = delivery.tally(answer.reports, recipients=people)
            # Without a count, an empty list is that of a message whose rows are still to come
            final = tally.is_final and (people is not None or tally.recipients > 0)
        if final or message_id in self.watch.sandbox:
            self.ended.add(message_id)

    def wait(self, poke_interval: float, *, now: datetime) -> float:
        """Return the seconds until the next look: ``poke_interval`` at first, growing to half an hour.

        While nothing can be read it grows anew, so that 15 minutes of it are more than two looks.
        """
        since = max(self.watch.since, self.watch.began or self.watch.since)
        elapsed = (now - (self.unreadable_since or since)).total_seconds()
        if elapsed < 0:  # scheduled: there is nothing to see before its time
            return poke_interval - elapsed
        apart = random.uniform(1.0, 1.0 + JITTER)  # noqa: S311  # so that sensors do not march in step
        longest = max(poke_interval, LONGEST_WAIT.total_seconds())
        return min(max(poke_interval, GROWTH * elapsed) * apart, longest)

    def result(self) -> dict[str, Any]:
        """Return the counts over all messages; those never read count as waiting."""
        unread = (
            Tally(recipients=people or 0, waiting=people or 0)
            for message_id, people in self.watch.counts.items()
            if message_id not in self.tallies
        )
        total = delivery.total([*self.tallies.values(), *unread])
        return {
            "messages": len(self.watch.counts),
            "recipients": total.recipients,
            "delivered": total.delivered,
            "not_delivered": total.not_delivered,
            "waiting": total.waiting,
            "stop": total.stop,
            "delivery_rate": total.delivery_rate,
        }
