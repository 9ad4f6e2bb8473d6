"""When reports come by themselves, sensor and trigger ask the platform only for what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smspartner.inbox.messages import inbox_of
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.simulator import Simulator
from tests.databases import write_sends
from tests.inbox.conftest import add, reply, report, sent
from tests.sensors.story import ANN, BOB, EVE, START, ZOE, Story

BATCHES = ((ANN, BOB), (EVE,), (ZOE,))
NOON = int(START.timestamp())


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    form = {"conn_type": "sqlite", "host": f"{tmp_path}/ledger.db"}
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps(form))
    opened = inbox_of("ledger")
    yield opened
    opened.engine.dispose()


@pytest.fixture(params=["https://sms.example.org/inbox"])
def inbox_url(request: pytest.FixtureRequest, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """What the connection says of the inbox."""
    form = {"conn_type": "smspartner", "host": sim.url, "password": sim.api_key}
    extra = {"inbox_url": request.param, "requests_per_second": 0}
    monkeypatch.setenv("AIRFLOW_CONN_SMSPARTNER_DEFAULT", json.dumps(form | {"extra": extra}))
    return str(request.param) if request.param else None


@pytest.fixture
def results(story: Story, ledger: Ledger, inbox_url: str | None) -> Sequence[dict[str, Any]]:
    """Three messages, to four people, that the ledger has sent."""
    story.sim.deliver(after_seconds=60)
    sends = [story.send(*people) for people in BATCHES]
    rows = [
        sent(number, ordinal=ordinal, message_id=each["message_ids"][0])
        for ordinal, (each, people) in enumerate(zip(sends, BATCHES, strict=True), start=1)
        for number in people
    ]
    with ledger.engine.begin() as connection:
        write_sends(connection, rows)
    return sends


def asked(sim: Simulator) -> list[str]:
    """Return which messages were asked for, a look after the other."""
    return [r.fields["messageId"] for r in sim.requests if r.endpoint == "/bulk-status"]


def of(result: dict[str, Any], number: str, status: str = "delivered") -> Any:
    """A report as the platform posts it."""
    return report(status, number, msgId=result["message_ids"][0], date=NOON + 30)


def test_what_was_reported_is_not_asked_for(
    story: Story, ledger: Ledger, results: Sequence[dict[str, Any]]
) -> None:
    first, second, third = results
    add(ledger, of(first, ANN), of(first, BOB, "not delivered"), of(second, EVE), of(third, ZOE))
    add(ledger, reply("STOP", BOB, message_id=first["message_ids"][0]))

    result = story.wait(sent=results, ledger_conn_id="ledger")

    assert asked(story.sim) == []
    counts = {"delivered": 3, "not_delivered": 1, "waiting": 0, "stop": 1}
    assert {name: result[name] for name in counts} == counts


def test_only_what_is_missing_is_asked_for(
    story: Story, ledger: Ledger, results: Sequence[dict[str, Any]]
) -> None:
    first, second, third = results
    add(ledger, of(first, ANN), of(second, EVE, "waiting"), of(third, ZOE))

    def meanwhile() -> None:  # the rest of one message is posted, of another one nothing is
        add(ledger, of(first, BOB))

    story.clock.meanwhile = meanwhile
    result = story.wait(sent=results, ledger_conn_id="ledger")

    assert result["delivered"] == 4
    names = asked(story.sim)
    assert names.count(first["message_ids"][0]) == 1
    assert names.count(second["message_ids"][0]) > 2
    assert names.count(third["message_ids"][0]) == 0


@pytest.mark.parametrize("inbox_url", [None], indirect=True)
def test_without_an_inbox_the_platform_is_asked(
    story: Story, ledger: Ledger, results: Sequence[dict[str, Any]]
) -> None:
    add(ledger, *(of(result, number) for result, people in zip(results, BATCHES) for number in people))  # noqa: B905

    story.wait(sent=results, ledger_conn_id="ledger")

    assert set(asked(story.sim)) == {result["message_ids"][0] for result in results}
