"""Old campaigns lose their names, and still count."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.inbox.messages import inbox_in
from airflow_provider_smspartner.inbox.posts import write
from airflow_provider_smspartner.journal import anonymising
from airflow_provider_smspartner.journal.schema import BATCHES, SENDS
from airflow_provider_smspartner.journal.table import moment
from airflow_provider_smspartner.ledger import anonymise
from airflow_provider_smspartner.simulator import Simulator
from tests.inbox.conftest import reply, report, rows
from tests.journal.conftest import Campaign, people
from tests.journal.test_upkeep import erasable

__all__ = ["erasable"]

YEAR = timedelta(days=365)
KEY: dict[str, Any] = {"secret": "secret-key"}


@pytest.fixture(autouse=True)
def _its_clock(erasable: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    class Time:
        time = staticmethod(erasable.clock.now)

    monkeypatch.setattr(anonymising, "time", Time)


def everything(campaign: Campaign) -> str:
    with campaign.ledger.engine.connect() as connection:
        return json.dumps([list(row) for row in connection.execute(sa.select(SENDS))], default=str)


def test_an_old_campaign_names_nobody_and_texts_nobody_again(
    erasable: Campaign, simulator: Simulator
) -> None:
    old, new = people(700), people(2, first=700)
    erasable.send("monday", old, **KEY)
    erasable.clock.time += 400 * 86_400
    erasable.send("today", new, campaign="another", **KEY)

    assert anonymise(ledger_conn_id="ledger", older_than=YEAR) == 700
    assert anonymise(ledger_conn_id="ledger", older_than=YEAR) == 0

    told = everything(erasable)
    assert not [person for person in old if person.number in told]
    assert all(person.number in told for person in new)
    assert erasable.send("later", old, **KEY).recipients == 0
    assert set(simulator.texts_per_number().values()) == {1}


def test_what_people_wrote_and_what_was_reported_of_them_long_ago_is_forgotten_with_them(
    erasable: Campaign,
) -> None:
    inbox = inbox_in(erasable.ledger.engine)
    long_ago = moment(erasable.clock.time)
    erasable.clock.time += 400 * 86_400
    posts = [reply("yes", at=long_ago), report(at=long_ago), reply("no", at=moment(erasable.clock.time))]
    write(inbox, posts)

    assert anonymise(ledger_conn_id="ledger", older_than=YEAR) == 2
    assert anonymise(ledger_conn_id="ledger", older_than=YEAR) == 0

    assert [row["text"] for row in rows(inbox.engine)] == ["no"]


def test_a_campaign_of_which_somebody_was_texted_lately_stays_whole(erasable: Campaign) -> None:
    erasable.send("monday", people(2), **KEY)
    erasable.clock.time += 400 * 86_400
    erasable.send("today", people(1, first=2), **KEY)

    assert anonymise(ledger_conn_id="ledger", older_than=YEAR) == 0
    assert anonymise(ledger_conn_id="ledger", older_than=YEAR, smspartner_conn_id="smspartner_default") == 0


def test_who_was_never_texted_is_free_and_who_is_in_doubt_stays(
    erasable: Campaign, simulator: Simulator
) -> None:
    ann, bob, eve = people(3)
    erasable.die_sending("monday", [ann], posted=False, **KEY)
    erasable.send("tuesday", [bob], **KEY)
    with erasable.ledger.engine.begin() as connection:
        of_bob = BATCHES.c.task == "tuesday"
        connection.execute(sa.update(BATCHES).where(of_bob).values(state="absent"))
    erasable.clock.time += 400 * 86_400

    assert anonymise(ledger_conn_id="ledger", older_than=YEAR) == 1

    assert list(erasable.rows()) == [ann.number]
    assert erasable.send("later", [ann, bob, eve], **KEY).recipients == 3


def test_a_kill_leaves_the_rest_to_the_next_call(erasable: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    erasable.send("monday", people(700), **KEY)
    erasable.clock.time += 400 * 86_400
    replace, left = anonymising.replace_some, [1]

    def dying(*arguments: Any, **named: Any) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return replace(*arguments, **named)

    monkeypatch.setattr(anonymising, "BATCHES_AT_ONCE", 1)
    monkeypatch.setattr(anonymising, "replace_some", dying)
    with pytest.raises(KeyboardInterrupt):
        anonymise(ledger_conn_id="ledger", older_than=YEAR)
    left[0] = 100

    assert anonymise(ledger_conn_id="ledger", older_than=YEAR) in (200, 500)  # whichever batch is left


@pytest.mark.parametrize("value", [365, None, timedelta(0), "1 year"])
def test_what_is_no_time_is_refused(value: Any) -> None:
    with pytest.raises(InvalidMessage, match=r"^older_than: "):
        anonymise(ledger_conn_id="ledger", older_than=value)
