"""People who were found by tag, and are taken into a ledger that knows nothing of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from airflow_provider_smspartner.journal import Memory, Receipt
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.rules.sending_states import BatchState
from tests.databases import in_sqlite
from tests.journal.conftest import ANN, BOB, EVE, Campaign, batch_of


@in_sqlite
def test_people_are_adopted_although_nobody_heard_that_they_had_been(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact = Ledger.transact

    def twice(ledger: Ledger, work: Callable[[Connection], Any]) -> Any:
        """Commit, and lose the answer: the transaction is done anew."""
        transact(ledger, work)
        return transact(ledger, work)

    plan, log = campaign.plan("monday"), campaign.log("monday", owner="monday 2")
    found = batch_of(plan, 0, [ANN, BOB, EVE])
    campaign.hook.call(plan.make_call(found.people, found.tag))
    log.load()
    monkeypatch.setattr(Ledger, "transact", twice)

    known = replace(found, people=(), state=BatchState.ACCEPTED, receipt=Receipt(people=3))
    log.open(Memory(batches=(known,)))

    assert campaign.states() == dict.fromkeys((ANN.number, BOB.number, EVE.number), "accepted")
