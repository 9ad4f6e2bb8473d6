"""A process that claims everybody it can: ``claimer.py NAME COUNT URL...``, one ledger after the other.

It says "ready" and waits for a line before its first claim in each, and again after it, so that another one
can keep step; at last it prints what it was granted as JSON.
"""

from __future__ import annotations

import json
import random
import sys

import sqlalchemy as sa

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.ledger import LedgerJournal
from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.rules.batches import batch_tag
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from tests.journal.groups import in_groups


def claim_everybody(name: str, count: int, url: str) -> list[str]:
    engine = sa.create_engine(url, hide_parameters=True)
    prepare(engine)
    claimant = Claimant(
        connection="smspartner_default",
        sandbox=False,
        campaign="sale",
        task=name,
        owner=name,
        secret="secret",
        longest_request=10,
        verify_timeout=20,
    )
    log = LedgerJournal(
        Ledger(engine=engine),
        claimant,
        Pseudonymizer("secret", [name]),
        lambda ordinal: batch_tag([name], ordinal),
        lambda tag, ours: None,
    )
    everybody = [Person(f"+336{n:08}") for n in range(count)]
    random.Random(name).shuffle(everybody)
    granted = []
    for ordinal, some in enumerate(in_groups(everybody, of=50)):
        if ordinal < 2:
            wait()
        [batch] = log.claim([Batch(ordinal=ordinal, tag=batch_tag([name], ordinal), people=some)])
        if batch.people:
            log.confirm(batch)
        granted += [person.number for person in batch.people]
    return granted


def wait() -> None:
    print("ready", flush=True)  # noqa: T201  # its parent reads it
    sys.stdin.readline()


if __name__ == "__main__":
    name, count, *urls = sys.argv[1:]
    print(json.dumps([claim_everybody(name, int(count), url) for url in urls]))  # noqa: T201
