"""What people have answered is read of one task, bounded, and with no number in full, on each database."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner.inbox.messages import inbox_in
from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.plugins.facts import Answers
from airflow_provider_smspartner.plugins.reading import answers
from tests.databases import in_sqlite, write_sends
from tests.inbox.conftest import ANN, BOB, EVE, MAX, MINUTE, NOON, add, reply, report, sent

TASK, OTHER = "t" * 32, "o" * 32


@pytest.fixture
def ledger(engine: sa.Engine) -> Ledger:
    """An inbox, and a ledger in which one task has texted two people, and another one of them too."""
    ledger = inbox_in(engine, patience=0)
    later = {"task": OTHER, "campaign": "winter", "tag": "winter-0", "message_id": "5130"}
    with engine.begin() as connection:
        write_sends(connection, [sent(ANN), sent(EVE), sent(ANN, **later)])
    return ledger


def read(engine: sa.Engine, task: str = TASK) -> Answers | None:
    with engine.connect() as connection:
        return answers.answers_to(connection, {task}).get(task)


def test_replies_and_stop_are_those_of_the_task(engine: sa.Engine, ledger: Ledger) -> None:
    add(
        ledger,
        reply("Oui", at=NOON),
        report(),
        reply("STOP", number=EVE, at=NOON + MINUTE),
        reply("Of winter", at=NOON + 2 * MINUTE, message_id=5130),
        reply("Of nobody", number=BOB, at=NOON + 3 * MINUTE, message_id=777),
    )

    told, other = read(engine), read(engine, OTHER)

    assert told is not None
    assert [kind for _, kind in told.times] == ["reply", "stop"]
    assert told.times[0][0] == NOON.replace(tzinfo=UTC)
    assert [(one.kind, one.number, one.text) for one in told.last] == [
        ("stop", "+44 7 •• •• •• 56", "STOP"),
        ("reply", "+33 6 •• •• •• 01", "Oui"),
    ]
    assert (told.cut, told.fault) == (False, None)
    assert other is not None
    assert [one.text for one in other.last] == ["Of winter"]


def test_answers_to_many_tasks_are_counted_at_once(engine: sa.Engine, ledger: Ledger) -> None:
    texts = ("Oui", "Non", "STOP")
    add(ledger, *(reply(text, at=NOON + n * MINUTE) for n, text in enumerate(texts)), report())
    add(ledger, reply("Of another account", connection="another"), reply("Of nobody", message_id=777))

    with engine.connect() as connection:
        counts = answers.counts_of(connection, {TASK, OTHER})

    assert counts == {TASK: {"reply": 2, "stop": 1}, OTHER: {"reply": 0, "stop": 0}}


@in_sqlite
def test_the_newest_twenty_are_shown_and_all_are_counted(engine: sa.Engine, ledger: Ledger) -> None:
    add(ledger, *(reply(f"No. {n}", at=NOON + n * MINUTE) for n in range(30)))

    told = read(engine)

    assert told is not None
    assert len(told.times) == 30
    assert [one.text for one in told.last] == [f"No. {n}" for n in range(29, 9, -1)]


@in_sqlite
def test_a_reply_is_cut_and_shows_no_number(engine: sa.Engine, ledger: Ledger) -> None:
    add(ledger, reply("Call 06 12 34 56 78 " + "x" * 5000), reply("b", at=NOON + MINUTE, number=MAX))

    told = read(engine)

    assert told is not None
    assert [one.text[:20] for one in told.last] == ["b", "Call •• •• •• 78 xxx"]
    assert all(len(one.text) <= answers.LONGEST_SHOWN for one in told.last)
    assert MAX[3:] not in repr(told)


def test_only_the_newest_posts_of_an_inbox_are_looked_at(
    engine: sa.Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "LOOKED_AT", 5)
    add(ledger, *(reply(f"No. {n}", at=NOON + timedelta(seconds=n)) for n in range(8)))

    told = read(engine)

    assert told is not None
    assert (len(told.times), told.cut) == (5, True)


def test_a_ledger_without_an_inbox_has_no_answers(engine: sa.Engine) -> None:
    prepare(engine)

    assert read(engine) is None


@in_sqlite
def test_an_inbox_that_cannot_be_read_is_said(engine: sa.Engine) -> None:
    prepare(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE smspartner_inbox (position INTEGER)"))

    assert read(engine) == Answers(fault="OperationalError")
