"""Follow messages until their delivery is final: what to ask next, when, and what it all comes to.

No I/O and no clock here: the sensor and its trigger ask the API and tell this file the time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.exceptions import AuthenticationError, NotFoundError, SMSPartnerError
from airflow_provider_smspartner.rules import curve, delivery
from airflow_provider_smspartner.rules.delivery import Tally
from airflow_provider_smspartner.tracking.handover import Delivery
from airflow_provider_smspartner.tracking.watch import Watch

if TYPE_CHECKING:
    from airflow_provider_smspartner.api.answers import Statuses

LONGEST_WAIT = timedelta(minutes=30)
GROWTH = 0.4
"""The next wait as a share of the time since the send: few calls in two days, soon final in two minutes."""
JITTER = 0.15
UNREADABLE_IN_A_ROW = 3
"""Answers that cannot be read, one after the other, after which a poll asks for nothing more."""
PATIENCE = timedelta(minutes=15)
"""How long in a row the API may be unreadable."""
UNKNOWN_AT_FIRST = timedelta(hours=1)
"""How long a message may be unknown to the platform (code 4) before nothing more is expected of it."""
FIRST_HAND_OVERS: tuple[timedelta, ...] = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
"""How long after the first poll the trigger lets the task tell how far things are; ``LATER`` ones follow."""
LATER = timedelta(hours=6)


class Poll:
    """One poll of all open messages: when the API is down, it does not ask for each of thousands."""

    def __init__(self) -> None:
        self.readable = False
        """Whether anything could be read."""
        self.problem: SMSPartnerError | None = None
        """The first answer that could not."""
        self._in_a_row = 0

    @classmethod
    def over(cls, polls: Iterable[Poll]) -> Poll:
        """Return one poll over several connections: it went well where all of them could be read."""
        together = cls()
        for poll in polls:
            together.problem = together.problem or (None if poll.readable else poll.problem)
        together.readable = together.problem is None
        return together

    @property
    def given_up(self) -> bool:
        """Whether nothing more is asked for."""
        return self._in_a_row >= UNREADABLE_IN_A_ROW

    def note(self, answer: Statuses | SMSPartnerError) -> None:
        """Learn from one answer."""
        if isinstance(answer, SMSPartnerError) and not isinstance(answer, NotFoundError):
            self.problem = self.problem or answer
            self._in_a_row += 1
        else:
            self.readable, self._in_a_row = True, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What triggers before have learned and is not asked for again, without a word about anybody."""

    messages: int = 0
    """How many are final."""
    tally: Tally = field(default_factory=Tally)
    """Their people."""
    dated: Mapping[int, int] = field(default_factory=dict)
    """Those of them who had their text, by step of the curve."""
    undated: Mapping[int, int] = field(default_factory=dict)
    """People of all messages whose report brought no date, by when they were first counted."""
    zero: datetime | None = None
    """From when the steps are counted; None while nobody has had a text."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "messages": self.messages,
            "tally": asdict(self.tally),
            "dated": [[*pair] for pair in sorted(self.dated.items())],
            "undated": [[*pair] for pair in sorted(self.undated.items())],
            "zero": self.zero.isoformat() if self.zero else None,
        }


def read_settled(value: Mapping[str, Any] | None) -> Settled:
    """Read it out of a trigger's arguments, where triggers of the first versions have none."""
    if value is None:
        return Settled()
    return Settled(
        messages=value["messages"],
        tally=Tally(**value["tally"]),
        dated=dict(value["dated"]),
        undated=dict(value["undated"]),
        zero=datetime.fromisoformat(value["zero"]) if value.get("zero") else None,
    )


@dataclass(slots=True, kw_only=True)
class Progress:
    """What is known of the watched messages."""

    watch: Watch
    settled: Settled = field(default_factory=Settled)
    tallies: dict[str, Tally] = field(default_factory=dict)
    dated: dict[str, curve.Arrivals] = field(default_factory=dict)
    """When people of each message had their text, as far as reports tell."""
    undated: curve.Arrivals = field(init=False)
    """When the others were counted."""
    zero: datetime | None = field(init=False)
    """Where the curve begins."""
    ended: set[str] = field(default_factory=set)
    """Ids that are not asked for any more."""
    unreadable_since: datetime | None = None
    """Since when no poll has succeeded; None after one that has."""
    problem: SMSPartnerError | None = None
    """Why the last poll did not succeed."""

    def __post_init__(self) -> None:
        self.undated = Counter(self.settled.undated)
        self.zero = self.settled.zero

    @property
    def open_ids(self) -> list[str]:
        """Ids still to ask for."""
        return [message_id for message_id in self.watch.counts if message_id not in self.ended]

    def is_settled(self, share: float) -> bool:
        """Whether this share of all reports is final; below 1 only, since that is what ``open_ids`` tells."""
        unread = any(key not in self.tallies or not self.tallies[key].recipients for key in self.open_ids)
        total = self._total()
        reached = total.recipients > 0 and total.final / total.recipients >= share
        return share < 1 and reached and not unread

    def origin(self, now: datetime) -> datetime:
        """From when waits and hand-overs are counted: they begin anew when held texts leave."""
        since = self.watch.leaves_by if now >= self.watch.leaves_by else self.watch.since
        return max(since, self.watch.began or since)

    # ---- learning ----------------------------------------------------------------------------------

    def take(self, message_id: str, answer: Statuses | SMSPartnerError, *, now: datetime) -> None:
        """Learn what an answer says of one message; an error other than "not found" says nothing."""
        people = self.watch.counts[message_id]
        if isinstance(answer, NotFoundError):
            self.tallies[message_id] = Tally(recipients=people or 0, waiting=people or 0)
            self.dated.pop(message_id, None)
            final = now - self.watch.leaves_by >= UNKNOWN_AT_FIRST
        elif isinstance(answer, SMSPartnerError):
            return
        else:
            tally, dates = delivery.tally_and_dates(answer.reports, recipients=people)
            self.tallies[message_id] = tally
            zero = self._zero_for(min(dates)) if dates else now
            self.dated[message_id] = curve.arrivals(dates, since=zero, now=now)
            # Without a count, an empty list is that of a message whose rows are still to come
            final = tally.is_final and (people is not None or tally.recipients > 0)
        if final or message_id in self.watch.sandbox:
            self.ended.add(message_id)

    def conclude(self, poll: Poll, *, now: datetime, last: bool = False) -> None:
        """Judge a whole poll, when the answers to it are taken.

        After the ``last`` poll, at the deadline, patience does not matter any more; see ``problem``.

        :raises SMSPartnerError: the key is refused, or nothing at all could be read for 15 minutes.
        """
        if poll.readable or poll.problem is None:
            self.unreadable_since = self.problem = None
            new = self._total().delivered - self._dated().total() - self.undated.total()
            if new > 0:
                self.undated[curve.step((now - self._zero_for(now)).total_seconds())] += new
            return
        # A clock that is set back begins anew, rather than to bear the trouble for all that time
        self.problem, self.unreadable_since = poll.problem, min(self.unreadable_since or now, now)
        out_of_patience = now - self.unreadable_since >= PATIENCE and not last
        if isinstance(self.problem, AuthenticationError) or out_of_patience:
            raise self.problem

    # ---- when --------------------------------------------------------------------------------------

    def wait(self, poke_interval: float, *, now: datetime) -> float:
        """Return the seconds until the next poll: ``poke_interval`` at first, growing to half an hour.

        While nothing can be read it grows anew, so that 15 minutes of it are more than two polls.
        """
        origin = self.origin(now)
        if now < origin:  # scheduled: there is nothing to see before its time
            return poke_interval + (origin - now).total_seconds()
        elapsed = (now - (self.unreadable_since or origin)).total_seconds()
        apart = random.uniform(1.0, 1.0 + JITTER)  # noqa: S311  # so that sensors do not march in step
        longest = max(poke_interval, LONGEST_WAIT.total_seconds())
        wait = min(max(poke_interval, GROWTH * elapsed) * apart, longest)
        held = (self.watch.leaves_by - now).total_seconds()
        return min(wait, held + poke_interval) if held > 0 else wait

    def hand_over_due(self, before: datetime, *, now: datetime) -> bool:
        """Whether to tell how far things are, when that was done the last time ``before``."""
        origin = self.origin(now)
        mark = before - origin
        first = (moment for moment in FIRST_HAND_OVERS if moment > mark)
        return now - origin >= next(first, LATER * (mark // LATER + 1))

    # ---- telling -----------------------------------------------------------------------------------

    def _total(self) -> Tally:
        """Add up all messages; those never read count as waiting."""
        unread = (
            Tally(recipients=people or 0, waiting=people or 0)
            for message_id, people in self.watch.counts.items()
            if message_id not in self.tallies
        )
        return delivery.total([self.settled.tally, *self.tallies.values(), *unread])

    def _zero_for(self, first: datetime) -> datetime:
        """Let the curve begin when texts could leave; the first of them tells whether they were held."""
        if self.zero is None:
            self.zero = self.watch.leaves_by if first >= self.watch.leaves_by else self.watch.since
        return self.zero

    def _dated(self) -> curve.Arrivals:
        return sum(self.dated.values(), start=Counter(self.settled.dated))

    def result(self) -> dict[str, Any]:
        """Return the counts over all messages."""
        total = self._total()
        return {
            "messages": self.settled.messages + len(self.watch.counts),
            "recipients": total.recipients,
            "delivered": total.delivered,
            "not_delivered": total.not_delivered,
            "waiting": total.waiting,
            "stop": total.stop,
            "delivery_rate": total.delivery_rate,
        }

    def delivery(self, *, now: datetime, final: bool) -> Delivery:
        """Return what is told of it all."""
        dated, since = self._dated(), self.zero or self.watch.since
        undated = curve.earliest(self.undated, self._total().delivered - dated.total())
        drawn = curve.points(dated + undated, until=(now - since).total_seconds())
        return Delivery(at=now, since=since, final=final, result=self.result(), curve=tuple(drawn))

    def remaining(self) -> dict[str, Any]:
        """Return, as arguments of a trigger, what is still open, with what is settled as mere counts."""
        watch, still_open = self.watch, self.open_ids
        ended = [name for name in watch.counts if name in self.ended]
        settled = Settled(
            messages=self.settled.messages + len(ended),
            tally=delivery.total([self.settled.tally, *(self.tallies[name] for name in ended)]),
            dated=sum((self.dated[n] for n in ended if n in self.dated), start=Counter(self.settled.dated)),
            undated=self.undated,
            zero=self.zero,
        )
        return {
            "counts": {name: watch.counts[name] for name in still_open},
            "since": watch.since.isoformat(),
            "began": watch.began.isoformat() if watch.began else None,
            "held_until": watch.held_until.isoformat() if watch.held_until else None,
            "tags": sorted(watch.tags.intersection(still_open)),
            "sandbox": sorted(watch.sandbox.intersection(still_open)),
            "settled": settled.as_dict(),
        }
