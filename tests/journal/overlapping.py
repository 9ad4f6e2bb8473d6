"""One try of a task that shares its campaign with others: a process that may be killed at any moment.

The platform is a file that a text is one line of: it has a request or has not, and nothing is on its way when
its process is dead. So no time has to pass between two tries.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.journal.eligibility import Claimant, owner_of
from airflow_provider_smspartner.journal.ledger import LedgerJournal
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.rules.batches import batch_tag
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer, each
from airflow_provider_smspartner.rules.sending_states import OPEN, BatchState
from tests.journal.groups import in_groups

TASKS, PEOPLE, GROUP = 4, 60, 5
"""Many small batches meet more often than a few large ones."""
LATER = 3_600.0
"""Seconds after which every lease is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What a process is told."""

    url: str
    texts: Path
    """The platform."""
    seed: int
    task: int
    number: int = 1
    shift: float = 0.0
    """Seconds by which its clock is ahead."""

    @property
    def audience(self) -> list[Person]:
        """Most of the people, in an order of its own."""
        dice = random.Random(f"{self.seed} {self.task}")
        everybody = [Person(f"+336{self.seed:04}{n:04}") for n in range(PEOPLE)]
        return dice.sample(everybody, dice.randint(PEOPLE // 2, PEOPLE))


def carry_out(given: Try) -> None:
    """Be the process: find out what the tries before have left, and send to everybody who is left."""
    engine = sa.create_engine(given.url, hide_parameters=True)
    name = f"{given.seed} {given.task}"
    pseudonymizer = Pseudonymizer("secret", [name])
    claimant = Claimant(
        connection="smspartner_default",
        sandbox=False,
        campaign=f"sale {given.seed}",
        task=name,
        owner=owner_of(given.number, f"{given.number:06}"),
        secret="secret",
        longest_request=10,
        verify_timeout=20,
    )

    def tag_of(ordinal: int) -> str:
        return batch_tag([name], ordinal)

    def look(tag: str, ours: Collection[str] = ()) -> frozenset[str] | None:
        return frozenset(number for its_tag, number in texts_in(given.texts) if its_tag == tag) or None

    def now() -> float:
        return time.time() + given.shift

    log = LedgerJournal(Ledger(engine=engine), claimant, pseudonymizer, tag_of, look, now=now)
    batches = list(memory.batches) if (memory := log.load()) else []
    for batch in batches:
        if batch.state in OPEN:
            log.record(replace(batch, state=BatchState.ACCEPTED if look(batch.tag) else BatchState.ABSENT))
    done = {hashed for batch in log.load().batches for hashed in each(batch.hashes)} if batches else set()  # type: ignore[union-attr]
    ordinal = len(batches)

    def send(people: Iterable[Person]) -> None:
        nonlocal ordinal
        left = [person for person in people if pseudonymizer.hash(person) not in done]
        groups = iter(in_groups(left, of=GROUP))
        while some := [group for _, group in zip(range(2), groups)]:  # noqa: B905  # two at a time
            claims = [
                Batch(ordinal=at, tag=tag_of(at), people=group, hashes=pseudonymizer.hashes(group))
                for at, group in enumerate(some, ordinal)
            ]
            ordinal += len(claims)
            for batch in log.claim(claims):
                if batch.people:
                    log.confirm(batch)
                    text(given.texts, batch)
                    log.record(replace(batch, state=BatchState.ACCEPTED))

    audience = given.audience
    if given.seed % 2:  # as a send with limits does; what was counted is not looked up again
        log.left_out(audience)
    send(log.unsent(audience))
    while (freed := log.freed()) is not None:
        send(freed)
        time.sleep(0.02)
    os._exit(0)


def text(platform: Path, batch: Batch) -> None:
    """Have the platform take a request: as a whole or not at all."""
    lines = "".join(f"{batch.tag} {person.number}\n" for person in batch.people)
    file = os.open(platform, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, lines.encode())
    os.close(file)


def texts_in(platform: Path) -> list[tuple[str, str]]:
    """Return what the platform has: tag and number of each text."""
    lines = platform.read_text().splitlines() if platform.exists() else []
    return [(tag, number) for tag, _, number in (line.partition(" ") for line in lines)]
