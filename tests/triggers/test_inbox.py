"""InboxTrigger: an event for what is new, with counts and a position and nobody in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.inbox import unread
from airflow_provider_smspartner.inbox.messages import inbox_in
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.triggers import inbox
from airflow_provider_smspartner.triggers.inbox import InboxTrigger
from tests.databases import open_connections
from tests.inbox.conftest import ANN, add, reply, report


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    form = {"conn_type": "sqlite", "host": f"{tmp_path}/inbox.db"}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DEFAULT", json.dumps(form))
    with inbox_of(tmp_path) as ledger:
        yield ledger


@contextmanager
def inbox_of(folder: Path) -> Iterator[Ledger]:
    engine = sa.create_engine(f"sqlite:///{folder}/inbox.db")
    yield inbox_in(engine, patience=0)
    engine.dispose()


def trigger(**changes: Any) -> InboxTrigger:
    given: dict[str, Any] = {"ledger_conn_id": "ledger_default", "poll_interval": 0.02}
    return InboxTrigger(**given | changes)


async def soon(events: AsyncIterator[TriggerEvent], seconds: float = 10) -> Any:
    event = await asyncio.wait_for(anext(events), seconds)
    return event.payload


async def test_what_is_new_is_told_once(ledger: Ledger) -> None:
    add(ledger, reply("a"), report(), reply("STOP"))
    events = trigger().run()
    assert await soon(events) == {"position": 3, "counts": {"reply": 1, "stop": 1}}
    waiting = asyncio.ensure_future(soon(events))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    add(ledger, reply("b"))
    assert await waiting == {"position": 4, "counts": {"reply": 1}}


async def test_an_empty_inbox_and_other_kinds_wake_nobody(ledger: Ledger) -> None:
    events = trigger(kinds=("stop",)).run()
    waiting = asyncio.ensure_future(soon(events))
    add(ledger, reply("a"), report())
    await asyncio.sleep(0.2)
    assert not waiting.done()
    add(ledger, reply("STOP"))
    assert await waiting == {"position": 3, "counts": {"stop": 1}}


async def test_no_event_names_anybody(ledger: Ledger) -> None:
    add(ledger, reply("my secret"))
    told = json.dumps(await soon(trigger().run()))
    assert "secret" not in told
    assert ANN[3:] not in told


async def test_what_a_consumer_has_read_is_not_told_by_a_new_triggerer(ledger: Ledger) -> None:
    add(ledger, reply("a"))
    with unread(consumer="answers", ledger_conn_id="ledger_default") as messages:
        assert len(list(messages)) == 1
    events = trigger(consumer="answers").run()
    waiting = asyncio.ensure_future(soon(events))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    add(ledger, reply("b"))
    assert await waiting == {"position": 2, "counts": {"reply": 1}}


async def test_what_a_consumer_leaves_is_told_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "REMIND_AFTER", 0.1)
    add(ledger, reply("a"))
    events = trigger(consumer="answers").run()
    told = {"position": 1, "counts": {"reply": 1}}
    assert [await soon(events), await soon(events)] == [told, told]


async def test_a_database_that_comes_back_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "later"
    form = {"conn_type": "sqlite", "host": f"{folder}/inbox.db"}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER_DEFAULT", json.dumps(form))
    events = trigger().run()
    waiting = asyncio.ensure_future(soon(events))
    await asyncio.sleep(0.5)
    folder.mkdir()
    with inbox_of(folder) as ledger:
        add(ledger, reply("a"))
    assert await waiting == {"position": 1, "counts": {"reply": 1}}


async def test_a_trigger_that_ends_leaves_no_connection_behind(ledger: Ledger) -> None:
    add(ledger, reply("a"))
    with open_connections() as connections:
        events = trigger().run()
        await soon(events)
        assert connections.opened
        await events.aclose()  # type: ignore[attr-defined]  # a generator, as Airflow's base class says it
        assert not connections


def test_it_is_rebuilt_from_its_arguments() -> None:
    made = InboxTrigger("ledger_default", ["stop", "reply"], consumer="answers")
    path, kwargs = made.serialize()
    assert path == "airflow_provider_smspartner.triggers.inbox.InboxTrigger"
    assert json.loads(json.dumps(kwargs)) == kwargs
    again = InboxTrigger(**kwargs)
    assert again.serialize() == (path, kwargs)
    assert BaseEventTrigger.hash(path, kwargs) == BaseEventTrigger.hash(
        *InboxTrigger(
            ledger_conn_id="ledger_default", kinds=("reply", "stop"), consumer="answers"
        ).serialize()
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kinds": "reply"}, "kinds: "),
        ({"kinds": ()}, "kinds: "),
        ({"consumer": ""}, "consumer: "),
        ({"ledger_conn_id": ""}, "ledger_conn_id: "),
        ({"poll_interval": 0}, "poll_interval: "),
        ({"poll_interval": "often"}, "poll_interval: "),
    ],
)
def test_wrong_arguments_are_named(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidMessage, match=f"^{sentence}"):
        trigger(**changes)
