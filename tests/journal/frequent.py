"""A process that claims the same people for campaigns of its own: ``frequent.py NAME SEEDS URL``.

It says "ready" and waits for a line; then it goes through the seeds, each under a connection of its own, and
prints as JSON, by seed, how many claims each person was granted.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from functools import partial

import sqlalchemy as sa

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.ledger import LedgerJournal
from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.rules.batches import batch_tag
from airflow_provider_smspartner.rules.frequency import Frequency
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from tests.journal.groups import in_groups

PEOPLE, CAMPAIGNS = 8, 2


def at_most(seed: int) -> int:
    return seed % (2 * CAMPAIGNS) + 1


def claim(ledger: Ledger, name: str, seed: int) -> Counter[str]:
    granted = Counter[str]()
    for campaign in range(CAMPAIGNS):
        task = f"{name} {seed} {campaign}"
        claimant = Claimant(
            connection=f"seed {seed}",
            sandbox=False,
            campaign=f"{name} {campaign}",
            task=task,
            owner=task,
            secret="secret",
            longest_request=10,
            verify_timeout=20,
            at_most=Frequency(texts=at_most(seed), seconds=3600),
        )
        pseudonymizer = Pseudonymizer("secret", [task])
        log = LedgerJournal(
            ledger, claimant, pseudonymizer, partial(batch_tag, [task]), lambda tag, ours: None
        )
        people = [Person(f"+336{n:08}") for n in range(PEOPLE)]
        random.Random(task).shuffle(people)
        for ordinal, some in enumerate(in_groups(people, of=4)):
            [batch] = log.claim([Batch(ordinal=ordinal, tag=batch_tag([task], ordinal), people=some)])
            granted.update(person.number for person in batch.people)
    return granted


if __name__ == "__main__":
    name, seeds, url = sys.argv[1:]
    engine = sa.create_engine(url, hide_parameters=True)
    prepare(engine)
    print("ready", flush=True)  # noqa: T201  # its parent reads it
    sys.stdin.readline()
    print(json.dumps([claim(Ledger(engine=engine), name, seed) for seed in range(int(seeds))]))  # noqa: T201
