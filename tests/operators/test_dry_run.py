"""A dry run: everything but the sending, in a result that a person can decide on."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import BaseOperator

from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, EVE, MakeTask, Run, Sends, SetClock, crowd, sms, survey

SUNDAY = "2031-06-15T10:00:00+02:00"


def test_a_dry_run_returns_counts_segments_an_estimate_and_three_masked_texts(
    run: Run, sim: Simulator, capfd: pytest.CaptureFixture[str]
) -> None:
    names = ["Ann", None, "06 12 34 56 78", "Eve"]
    rows = [{"phone_number": f"06 00 00 00 0{n}", "name": name} for n, name in enumerate(names, start=1)]

    result = run(
        sms(
            message="Ça va, {name|client} ?",
            recipients=[*rows, rows[0], {**rows[0], "phone_number": None}],
            dry_run=True,
        )
    )

    del result["sent_at"]
    assert result == {
        "message_ids": [],
        "tags": [],
        "recipients": 4,
        "invalid": 1,
        "duplicates": 1,
        "excluded": 0,
        "rejected": 0,
        "unknown": 0,
        "batches": 1,
        "segments": 4,
        "cost": "0.180",
        "currency": "EUR",
        "sandbox": False,
        "connection": "smspartner_default",
        "scheduled_for": None,
        "counts": {},
        "estimate": {"segments": 4, "cost": "0.180"},
        "dry_run": True,
        "preview": [
            {"to": "+33 6 •• •• •• 01", "text": "Ça va, Ann ?"},
            {"to": "+33 6 •• •• •• 02", "text": "Ça va, client ?"},
            {"to": "+33 6 •• •• •• 03", "text": "Ça va, •• •• •• 78 ?"},
        ],
    }
    printed = json.dumps(result) + capfd.readouterr().out
    assert "Ça va, client ?" in printed
    assert not [part for part in ("0000000", "00 00 00", "12 34 56") if part in printed]
    assert sim.requests_per_endpoint() == {"/me": 1}


def test_a_text_is_shown_as_the_platform_will_send_it(run: Run, sim: Simulator) -> None:
    result = run(sms(message="« Noël » :euro:\n[fin]", dry_run=True))

    run(sms(message="« Noël » :euro:\n[fin]"))
    assert result["preview"] == [{"to": "+33 6 •• •• •• 01", "text": sim.sent[0].text}]


@pytest.mark.parametrize("message", ["{} : {{name}}", "{}"])
@pytest.mark.parametrize("unicode", [False, True])
def test_estimate_preview_and_price_are_those_of_the_text_that_leaves(
    message: str, unicode: bool, run: Run, sim: Simulator, sends: Sends
) -> None:
    odd = "“Œuvre”… – 10\u00a0h\u202f30 • e\u0301te\u0301™ —" + ("😀" if unicode else "") + "€\n" * 160
    rows = [{"phone_number": ANN, "name": "Zoe\u0308…"}]

    said = run(sms(message=message.format(odd), recipients=rows, unicode=unicode, dry_run=True))
    result = run(sms(message=message.format(odd), recipients=rows, unicode=unicode))

    [sent] = sim.accepted
    assert said["preview"] == [{"to": "+33 6 •• •• •• 01", "text": sent.text}]
    assert said["segments"] == said["estimate"]["segments"] == result["segments"] == sent.segments > 1
    assert Decimal(said["cost"]) == Decimal(result["cost"])
    if not unicode:
        wire = json.dumps(
            [request.fields for request in sends("/send") + sends("/bulk-send")], ensure_ascii=False
        )
        assert not set(wire) & set("”…–\u00a0\u202f•\u0301\u0308™—€\n")


@pytest.mark.parametrize("make", [sms, survey])
def test_a_dry_run_sends_nothing_and_remembers_nothing(
    make: Callable[..., BaseOperator], task: MakeTask, sim: Simulator
) -> None:
    campaign = task(lambda: make(recipients=crowd(501), dry_run=True))

    result = campaign.attempt()

    assert (result["recipients"], result["batches"], len(result["preview"])) == (501, 2, 3)
    assert campaign.store
    assert campaign.store.values() == {}
    assert sim.requests_per_endpoint() == {"/me": 1}


def test_a_dry_run_does_not_touch_the_ledger(
    run: Run, sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", json.dumps({"conn_type": "sqlite", "host": str(path)}))

    run(sms(ledger_conn_id="ledger", campaign="noel", dry_run=True))

    assert not path.exists()


@pytest.mark.parametrize("recipients", [[], "{{ [] }}"])
def test_a_dry_run_for_nobody_has_the_same_keys_and_makes_no_request(
    recipients: Any, run: Run, sim: Simulator
) -> None:
    nobody = run(sms(recipients=recipients, dry_run=True))
    requests = sim.requests

    somebody = run(sms(dry_run=True))

    assert not requests
    assert nobody.keys() == somebody.keys()
    assert (nobody["recipients"], nobody["batches"], nobody["preview"]) == (0, 0, [])
    assert Decimal(nobody["cost"]) == Decimal(nobody["estimate"]["cost"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"recipients": "none"}, "recipients: 1 of 1 rows"),
        ({"max_recipients": 1}, "max_recipients: 2 people"),
        ({"max_cost": "0.05"}, "max_cost: 2 people"),
        ({"send_at": "2020-01-31T10:00:00Z"}, "send_at: .*past"),
    ],
)
def test_a_dry_run_refuses_what_the_send_would_refuse(
    arguments: dict[str, Any], words: str, run: Run, sim: Simulator
) -> None:
    with pytest.raises(AirflowFailException, match=words):
        run(sms(**{"recipients": [ANN, BOB]} | arguments, dry_run=True))


def test_a_dry_run_without_a_price_says_so(run: Run, sim: Simulator) -> None:
    sim.credits = Decimal(0)

    result = run(sms(dry_run=True))

    assert (result["cost"], result["estimate"]) == (None, {"segments": 1, "cost": None})


def test_a_dry_run_waits_for_no_hour(run: Run, sim: Simulator, clock: SetClock) -> None:
    clock(SUNDAY)

    assert run(sms(dry_run=True, sending_hours="wait"))["scheduled_for"] is None
    scheduled = run(sms(dry_run=True, sending_hours="schedule"))["scheduled_for"]
    assert scheduled == "2031-06-16T08:00:00+02:00"
    with pytest.raises(AirflowFailException, match="sending_hours: 2031-06-15 10:00"):
        run(sms(dry_run=True, sending_hours="fail"))


def test_a_dry_run_says_that_the_send_would_be_redirected(run: Run, sim: Simulator, connect: Connect) -> None:
    connect(sim.url, redirect_to=EVE)

    result = run(sms(recipients=[ANN, BOB], dry_run=True))

    assert (result["redirected"], result["recipients"]) == (True, 2)
    assert not sim.accepted
