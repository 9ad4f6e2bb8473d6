"""Whom of an audience the ledger lets pass: who is left out and why, and who is waited for meanwhile."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from functools import partial
from itertools import compress, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from airflow_provider_smspartner.exceptions import OutcomeUnknownError
from airflow_provider_smspartner.journal.census import Others, has_tombstones, others_of, rows_of, tally_of
from airflow_provider_smspartner.journal.eligibility import (
    Claimant,
    Rows,
    Seen,
    Standing,
    check_events,
    reason,
    standing,
)
from airflow_provider_smspartner.journal.frequency import CAPPED, capped_of
from airflow_provider_smspartner.journal.orphans import REMEDY, TagLook, resolve
from airflow_provider_smspartner.journal.sets import AT_ONCE
from airflow_provider_smspartner.journal.table import Key, Ledger, who
from airflow_provider_smspartner.rules.people import Person

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

log = logging.getLogger(__name__)


LOOKED_AT: Final = 4 * AT_ONCE
"""People who are looked up in one transaction."""
CLAIMABLE: Final = frozenset({Standing.FREE, Standing.OURS})
WAITED_FOR: Final = frozenset({Standing.HELD, Standing.LAPSED})


class Judged(NamedTuple):
    """What was found of some thousands of people when their number was asked for."""

    left: bytes
    """Whether each of them is not left out."""
    reasons: Counter[str]
    is_open: bool
    """Whether others are about to text some of them."""


class Screening:
    """Sorts the people of one audience by what the ledger knows of them.

    Used by the threads that claim and that read the audience, which never do so at the same moment.
    """

    def __init__(self, ledger: Ledger, claimant: Claimant, look: TagLook, now: Callable[[], float]) -> None:
        self.excluded_by = Counter[str]()
        """How many people have been left out, by reason."""
        self._ledger = ledger
        self._me = claimant
        self._look = look
        self._now = now
        self._kept_back: dict[Key, tuple[Person, datetime]] = {}
        """Whom somebody else is about to text, and until when that holds unless it is renewed."""
        self._stuck: dict[str, int] = {}
        """How many people are under the tags of dead runs of which nobody can tell whether they left."""
        self._counted: Iterable[Person] = ()
        """The audience that ``left_out`` has counted."""
        self._judged: deque[Judged] = deque()
        """What it has found, of some thousands of that audience after the other."""
        self._others: Others | None = None
        """What others had in the campaign at that time."""

    def unsent(self, people: Iterable[Person]) -> Iterator[Person]:
        """Leave out who is done, and keep back whom somebody else is about to text; see ``freed``.

        Whom ``left_out`` has found to be done is not asked for again, and while no other task goes on, nor is
        anybody else: who comes in between is refused by the claim.
        """
        self.excluded_by.clear()
        self._kept_back.clear()
        self._stuck.clear()
        judged = self._judged_of(people)
        if judged and not any(any(some.left) for some in judged):
            self.excluded_by.update(reasons_of(judged))
            return
        source = iter(people)
        while some := tuple(islice(source, LOOKED_AT)):
            found = judged.popleft() if judged else None
            is_it = found is not None and len(found.left) == len(some)  # or it would lose people
            yield from self._left_of(some, found) if found and is_it else self._free(some)
        if self._kept_back:  # or nobody would know why a task that has sent to all goes on
            log.info("Another task is about to text %s people: waiting for it", len(self._kept_back))

    def _judged_of(self, people: Iterable[Person]) -> deque[Judged]:
        """Return what was found when this very audience was counted, once; nothing of another one."""
        judged, self._judged = self._judged, deque()
        # What can be gone through but once, or has changed since, must not pass for it: it would lose people
        if people is not self._counted or not isinstance(people, Sized):
            return deque()
        return judged if len(people) == sum(len(some.left) for some in judged) else deque()

    def _left_of(self, people: Sequence[Person], judged: Judged) -> Sequence[Person]:
        self.excluded_by.update(judged.reasons)
        left = list(compress(people, judged.left))
        if left and (judged.is_open or self._ledger.transact(self._others_now) != self._others):
            return self._free(left)
        return left

    def left_out(self, people: Iterable[Person]) -> Counter[str]:
        """Count by reason whom the ledger leaves out for certain; who is waited for does not count yet."""
        self._others = self._ledger.transact(self._others_now)
        self._counted, self._judged, source = people, deque(), iter(people)
        # Each event is looked at: one that no database keeps is to be refused before anything leaves
        if isinstance(people, Sized) and not self._me.by_event and self._ledger.transact(self._is_new):
            parts = (min(LOOKED_AT, len(people) - at) for at in range(0, len(people), LOOKED_AT))
            self._judged.extend(map(everybody, parts))
            return Counter()
        while some := tuple(islice(source, LOOKED_AT)):
            self._judged.append(self._judge(some))
        return reasons_of(self._judged)

    def _others_now(self, connection: Connection) -> Others:
        return others_of(connection, self._me)

    def _judge(self, people: Sequence[Person]) -> Judged:
        """Tell who is left out; everybody is looked at only where some are and some are not."""
        check_events(people)
        counts = self._ledger.transact(partial(self._count, people=people))
        if counts is None:
            return self._judge_each(people)
        standings, known = set(map(self._standing, counts)), sum(counts.values())
        if standings == {Standing.DONE} and known == len(people):
            return Judged(bytes(known), by_reason(counts), is_open=False)
        if Standing.DONE in standings:
            return self._judge_each(people)
        return everybody(len(people), is_open=not WAITED_FOR.isdisjoint(standings))

    def _judge_each(self, people: Sequence[Person]) -> Judged:
        rows = self._rows(people)
        kinds = {id(seen): seen for seen in rows.values()}
        standings = {kind: self._standing(seen) for kind, seen in kinds.items()}
        done = {key: seen for key, seen in rows.items() if standings[id(seen)] is Standing.DONE}
        capped = self._capped(people, rows)
        reasons = Counter(map(reason, done.values())) + Counter({CAPPED: len(capped)})  # drops what is 0
        left = bytes(who(person) not in done and who(person) not in capped for person in people)
        return Judged(left, reasons, is_open=not WAITED_FOR.isdisjoint(standings.values()))

    def _count(self, connection: Connection, people: Sequence[Person]) -> Mapping[Seen, int] | None:
        """Return how many people are alike; None where each must be looked at."""
        if not self._is_countable(connection):
            return None
        if not self._others_now(connection).batches:
            return {}
        return tally_of(connection, list(map(who, people)), self._me)

    def _is_countable(self, connection: Connection) -> bool:
        return self._me.at_most is None and not has_tombstones(connection, self._me)

    def _is_new(self, connection: Connection) -> bool:
        """Tell whether nobody else has begun the campaign, as with most: it leaves out nobody."""
        return self._is_countable(connection) and not self._others_now(connection).batches

    def freed(self) -> list[Person] | None:
        """Return those kept back whom the others have let go of; None when nobody is kept back any more.

        A task that renews its claims is alive, and its people are its own. One that does not is waited for
        until its lease is over; then its claims are looked up by tag.

        :raises OutcomeUnknownError: no look by tag can prove that a dead run's texts did not leave.
        """
        waiting = iter([person for person, _ in self._kept_back.values()])
        freed: list[Person] = []
        while some := list(islice(waiting, AT_ONCE)):
            freed += self._free(some)
        if freed or self._kept_back:
            return freed
        if self._stuck:
            named = ", ".join(f"{tag} ({people} people)" for tag, people in self._stuck.items())
            raise OutcomeUnknownError(
                f"Nobody can tell whether SMS Partner has what a run that died left under: {named}. {REMEDY} "
                "Everybody else is settled."
            )
        return None

    def _free(self, people: Sequence[Person]) -> Sequence[Person]:
        rows = self._rows(people)
        lapsed = [row for row in rows.values() if self._standing(row) is Standing.LAPSED]
        if lapsed:
            # Once a batch and not once a person: each look is a request
            for row in {row.batch: row for row in lapsed}.values():
                if not resolve(row, self._me, self._ledger, self._look, self._now):
                    self._stuck.setdefault(row.tag, 0)
            rows = self._rows(people)
        kinds = {id(row): row for row in rows.values()}.values()  # many people share one
        nobody_waits = not self._kept_back and all(self._standing(row) in CLAIMABLE for row in kinds)
        free = people if nobody_waits else [one for one in people if self.admit(one, rows.get(who(one)))]
        capped = self._capped(free, rows)
        self.count_capped(capped)
        return [person for person in free if who(person) not in capped] if capped else free

    def count_capped(self, capped: Collection[Key]) -> None:
        """Count people who were left out because they were texted often enough."""
        if capped:
            self.excluded_by[CAPPED] += len(capped)

    def _capped(self, people: Iterable[Person], rows: Rows) -> set[Key]:
        """Return those who would get a text of this campaign anew, and one too many."""
        if self._me.at_most is None:
            return set()
        anew = [person for person in people if self._standing(rows.get(who(person))) is Standing.FREE]
        return self._ledger.transact(lambda connection: capped_of(connection, anew, self._me, self._now()))

    def admit(self, person: Person, row: Seen | None) -> bool:
        """Tell whether a person may be claimed; if not, count them or keep them back."""
        is_now, seen = self._standing(row), self._kept_back.pop(who(person), None)
        if row is None or is_now in CLAIMABLE:
            return True
        if is_now is Standing.LAPSED and row.tag in self._stuck:
            self._stuck[row.tag] += 1
        elif is_now is Standing.DONE:
            self.excluded_by[reason(row)] += 1
        # Renewed since: its task is alive, and to wait longer would tell nothing more
        elif seen and row.lease_until > seen[1]:
            self.excluded_by["other_task"] += 1
        else:
            self._kept_back[who(person)] = (person, row.lease_until)
        return False

    def _standing(self, row: Seen | None) -> Standing:
        return standing(row, self._me, self._now())

    def _rows(self, people: Sequence[Person]) -> Rows:
        check_events(people)
        keys = list(map(who, people))
        return self._ledger.transact(lambda connection: rows_of(connection, keys, self._me))


def everybody(people: int, *, is_open: bool = False) -> Judged:
    """Say of so many people that none of them is left out."""
    return Judged(bytes([True]) * people, Counter(), is_open)


def reasons_of(judged: Iterable[Judged]) -> Counter[str]:
    """Return how many people are left out, by reason."""
    return sum((some.reasons for some in judged), Counter[str]())


def by_reason(counts: Mapping[Seen, int]) -> Counter[str]:
    """Count people by why they are left out."""
    reasons = Counter[str]()
    for seen, people in counts.items():
        reasons[reason(seen)] += people
    return reasons
