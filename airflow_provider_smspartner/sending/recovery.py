"""What earlier tries of a send did: by the journal, or else by the platform's own lists."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.hooks.paging import Listing
from airflow_provider_smspartner.journal import Batch, Journal, Memory, Receipt
from airflow_provider_smspartner.journal.world import World, check_same, fingerprint
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.schedule import PARIS
from airflow_provider_smspartner.rules.sending_states import ON_PLATFORM, OPEN, BatchState, Event
from airflow_provider_smspartner.sending.cancellation import CallPlatform, finish
from airflow_provider_smspartner.sending.evidence import Control, Evidence, Look
from airflow_provider_smspartner.sending.looks import LookAhead
from airflow_provider_smspartner.sending.plan import Plan
from airflow_provider_smspartner.sending.walk import Walk, outwait

log = logging.getLogger(__name__)

MOST_ASKED = 3
"""Batches of a kind that are looked up to recognise an account."""


class Recovery:
    """Finds out what earlier tries did, before anything is sent. Used by the main thread alone."""

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        proofs: Evidence,
        *,
        call: CallPlatform,
        look: Look,
        write: Callable[[Callable[[], Any]], Any],
        now: Callable[[], float],
        pause: Callable[[float], object],
        started: float,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._evidence = proofs
        self._call = call
        self._look = look
        self._write = write
        """Has the journal used, in the thread that claims."""
        self._now = now
        self._pause = pause
        self._started = started

    def recall(self, audience: int | None) -> list[Batch]:
        """Return the batches of all earlier tries, by ordinal.

        :param audience: how many people are to be sent to, if that is known by now.
        :raises NeedsPerson: what is remembered means something else by now; it says what to put back.
        :raises SMSPartnerError: the platform does not say what it has; a later try asks again.
        """
        world, memory = self._compare(self._write(self._journal.load))
        if memory is not None and memory.cancelling:
            memory = self._write(partial(self._finish_cancelling, memory))
        if memory is None or memory.lost or not memory.batches:
            batches = self._walk(memory, audience)
            self._check_account(memory, batches)
            opened = Memory(batches=tuple(batches), world=world)
            self._write(lambda: self._journal.open(opened))
        else:
            batches = self._read_back(memory)
            self._check_account(memory, batches)
        # After all checks: it must not stand beside what the tries before ran under unless it agrees
        self._write(lambda: self._journal.note(world))
        return [replace(batch, inherited=True) for batch in batches]

    def _finish_cancelling(self, memory: Memory) -> Memory:
        return finish(memory, call=self._call, journal=self._journal, width=self._plan.concurrency)

    # ---- under what it was remembered --------------------------------------------------------------

    def _compare(self, memory: Memory | None) -> tuple[World, Memory | None]:
        """Compare what was remembered under with what is now; return the latter, and what it makes of it."""
        plan, before = self._plan, memory.world if memory else None
        now = replace(
            plan.world,
            ledger=self._journal.ledger,
            check=plan.pseudonymizer.check,
            unseen_until=plan.unseen_until(self._started),
        )
        if memory is None or before is None or not (memory.batches or memory.in_ledger or memory.lost):
            now = replace(now, account=fingerprint(plan.account(False), now.connection))
            return now, with_sight(memory, now) if memory and before is None else memory
        # Before another account is asked who it is
        check_same(before, now, in_ledger=memory.in_ledger, lost=memory.lost)
        is_rolled = before.check != now.check
        now = replace(now, account=fingerprint(plan.account(is_rolled), now.connection))
        check_same(before, now, in_ledger=memory.in_ledger)
        memory = replace(memory, same_account=not is_rolled)  # two accounts of one owner may have one name
        return now, memory

    def _check_account(self, memory: Memory | None, batches: Sequence[Batch]) -> None:
        """Have a changed key show something that this task has sent, before it sends, cancels or looks.

        A ledger knows its people by their numbers, so that it can be read under any key. But message ids and
        absences mean something on one account only: of two accounts in one memory, nobody could tell later
        on which of them a batch is.

        :raises NeedsPerson: it shows nothing, so it may be the key of another account.
        """
        if memory is None or memory.world is None or memory.same_account:
            return
        open_ = [batch for batch in batches if batch.state in OPEN]
        sent = [batch for batch in reversed(batches) if batch.state in ON_PLATFORM and batch.comparable]
        if not (open_ or sent or memory.lost):
            return
        asked = [*sent[:MOST_ASKED], *open_[:MOST_ASKED]]
        # One list that slips must not pass for another account
        for _ in range(self._evidence.looks_needed):
            if any(self._look(without_people(batch)) for batch in asked):
                return
            self._pause(self._evidence.looks_apart)
        raise self._key_is_needed(asked[0] if asked else Batch(ordinal=0, tag=self._plan.tag_of(0)))

    # ---- without a journal -----------------------------------------------------------------------------

    def _walk(self, memory: Memory | None, audience: int | None) -> list[Batch]:
        is_lost = (memory is None and self._plan.later_try) or (memory is not None and memory.lost)
        walk = Walk(
            self._plan,
            self._look,
            self._evidence,
            now=self._now,
            pause=self._pause,
            started=self._started,
            is_durable=self._journal.durable,
        )
        known = memory.batches if memory else ()
        unseen_until = memory.world.unseen_until if memory and memory.world else None
        return walk.walk(
            known, is_lost=is_lost, unseen_until=unseen_until, audience=audience, adopt=self._adopt
        )

    def _adopt(self, batch: Batch, listing: Listing) -> Batch:
        """Return a batch with the people of its tag for its own.

        :raises NeedsPerson: they are not listed in full.
        """
        wanted = batch.receipt.people if batch.receipt else batch.size - batch.rejections
        wanted = 1 if self._plan.redirect_to else wanted
        # Half a list would have the others texted again
        if not listing.whole or len(listing.numbers) < wanted:
            listed = f"{len(listing.numbers)} of {wanted}" if wanted else f"{len(listing.numbers)}"
            raise NeedsPerson(
                f"SMS Partner does not list the people of tag {batch.tag} in full ({listed}), so nobody "
                "can tell who is left. If the connection's key was changed, put the former one back and "
                "clear the task. If not, look the tag up in the customer area, and send to the others with "
                "another task."
            )
        adopted = batch if batch.state is BatchState.ACCEPTED else batch.after(Event.FOUND)
        return replace(
            adopted,
            hashes=self._plan.pseudonymizer.hashes(Person(number) for number in sorted(listing.numbers)),
            rejected=b"",  # nobody can tell who that was: the platform will refuse them again
            receipt=batch.receipt or Receipt(people=len(listing.numbers)),
        )

    # ---- under another key -------------------------------------------------------------------------

    def _read_back(self, memory: Memory) -> list[Batch]:
        """Find out anew who is in batches whose hashes were made with another secret: the tags decide."""
        foreign = [batch for batch in memory.batches if not batch.comparable]
        if not foreign:
            return list(memory.batches)
        log.warning(
            "The connection's key or the Fernet key has changed: the platform's tags tell who was texted"
        )
        is_same_tag = memory.world is None or memory.world.tag == self._plan.world.tag
        if is_same_tag and any(batch.tag != self._plan.tag_of(batch.ordinal) for batch in foreign):
            raise NeedsPerson(
                "The connection, its sandbox flag or the tag is another one than on the earlier tries of "
                "this task. Restore the former one to text the others, or use another task for them."
            )
        # First what was accepted: it tells whether this is the account on which the others can be missing
        sent = self._look_again([batch for batch in foreign if batch.state is BatchState.ACCEPTED])
        open_ = self._look_again([batch for batch in foreign if batch.state in OPEN])
        is_theirs = bool(sent) or any(batch.state is BatchState.ACCEPTED for batch in open_)
        proved = [
            self._prove_absent(batch, sent, is_theirs=is_theirs) if batch.state in OPEN else batch
            for batch in open_
        ]
        known = {batch.ordinal: batch for batch in (*sent, *proved)}
        return [
            known.get(batch.ordinal) or (batch if batch.comparable else nobody_of(batch))
            for batch in memory.batches
        ]

    def _look_again(self, batches: Sequence[Batch]) -> list[Batch]:
        """Return each batch with whoever is under its tag now; as it is, if nobody is or has to be."""
        found: list[Batch] = []
        with LookAhead(self._look, self._plan.concurrency) as looks:
            listings = looks.results([without_people(batch) for batch in batches])
            for batch, listing in zip(batches, listings, strict=True):
                if listing is None and batch.state is BatchState.ACCEPTED:
                    raise self._key_is_needed(batch)
                found.append(self._adopt(batch, listing) if listing is not None else batch)
        return found

    def _prove_absent(self, batch: Batch, sent: Sequence[Batch], *, is_theirs: bool) -> Batch:
        """Return a batch as absent once that is proved, or with whoever is on the platform under its tag.

        :param is_theirs: whether the account is known to have sent some of this task's texts.
        """
        if batch.state is not BatchState.REFUSED:
            if not is_theirs:  # it may be another account, on which nothing can be found
                raise self._key_is_needed(batch)
            over_at = self._evidence.over_at(replace(batch, inherited=True))
            outwait(over_at, now=self._now, pause=self._pause)
        for _ in range(self._evidence.looks_needed):
            if listing := self._look(without_people(batch)):
                return self._adopt(batch, listing)
            self._pause(self._evidence.looks_apart)
        # After the looks: shown before them, it would not vouch for a list that has failed in between
        control = self._evidence.control(batch, sent)
        if not (control is Control.SHOWN or (control is Control.NONE and self._evidence.is_seen(batch))):
            raise self._key_is_needed(batch)
        return nobody_of(batch.after(Event.NOT_FOUND))

    def _key_is_needed(self, batch: Batch) -> NeedsPerson:
        seen_from, rolled = self._evidence.seen_from(batch), ""
        if self._now() < seen_from < math.inf:
            moment = datetime.fromtimestamp(seen_from, PARIS)
            rolled = f" Or clear it after {moment:%Y-%m-%d %H:%M} (Paris), when what waits there can be seen."
        return NeedsPerson(
            f"SMS Partner lists nobody under tag {batch.tag}; with the changed key nobody can tell who that "
            f"was, or whether it is the same account. Put the former key back and clear the task.{rolled}"
        )


def with_sight(memory: Memory, world: World) -> Memory:
    """Say of each open batch until when nobody can see it, where an earlier version has not noted it."""
    return replace(
        memory,
        batches=tuple(
            replace(batch, unseen_until=world.unseen_until)
            if batch.unseen_until is None and batch.state in OPEN
            else batch
            for batch in memory.batches
        ),
    )


def nobody_of(batch: Batch) -> Batch:
    """Return a batch without those who cannot be told from others any more; all of them are free."""
    return replace(batch, hashes=b"", rejected=b"")


def without_people(batch: Batch) -> Batch:
    """Return a batch of which only the tag is known, so that everybody under it is taken for its people."""
    return replace(batch, people=(), hashes=b"")
