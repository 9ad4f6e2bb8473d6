"""Erasing while others claim, in databases that let both go on at the same moment."""

from __future__ import annotations

import threading

import pytest

from airflow_provider_smspartner.journal import upkeep
from airflow_provider_smspartner.journal.table import Ledger
from tests.journal.conftest import ANN, BOB, Campaign, batch_of, claim


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_who_is_claimed_while_they_are_erased_is_erased(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(campaign, campaign.log("rival"), "rival", 0, BOB)  # so that the campaign is there
    log, batch = campaign.log("monday"), batch_of(campaign.plan("monday"), 0, [ANN])
    log.load()
    monkeypatch.setattr(upkeep, "open_ledger", lambda _: Ledger(engine=campaign.ledger.engine))
    erased = threading.Event()

    def erase() -> None:
        upkeep.erase(ANN.number, ledger_conn_id="ledger")
        erased.set()

    eraser = threading.Thread(target=erase)
    with campaign.ledger.engine.begin() as connection:
        log._claim(connection, [batch])
        eraser.start()
        erased.wait(1)  # it has to wait until the claim is committed
    eraser.join()

    assert ANN.number not in campaign.rows()
