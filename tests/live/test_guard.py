"""The guard of the live tests, on a platform where a mistake texts nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from airflow_provider_smspartner import api
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.live import conftest, guard
from tests.live.guard import Forbidden

NUMBER, OTHER = "+33612345678", "+33600000012"
SANDBOX = api.SendOptions(sandbox=True)
FORBIDDEN: dict[str, api.Call[Any]] = {
    "a send": api.send([NUMBER], "Hello"),
    "a list": api.bulk_send([(NUMBER, "Hello")]),
    "a survey": api.send_survey([NUMBER], "abcd1234"),
    "somebody else": api.send([OTHER], "Hello", SANDBOX),
    "somebody else besides": api.send([NUMBER, OTHER], "Hello", SANDBOX),
    "somebody else in a list": api.bulk_send([(NUMBER, "Hello"), (OTHER, "Hello")], SANDBOX),
}


@pytest.fixture
def guarded(simulator: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """A connection that is no sandbox: the guard alone is between a test and a phone."""
    guard.stand(monkeypatch, api_url=simulator.url, numbers={NUMBER})
    connect(simulator.url, sandbox=False)
    return simulator


def carry(end: str, call: api.Call[Any]) -> Any:
    hook = SMSPartnerHook()
    return hook.call(call) if end == "call" else asyncio.run(hook.acall(call))


@pytest.mark.parametrize("end", ["call", "acall"])
@pytest.mark.parametrize("kind", FORBIDDEN)
def test_what_could_reach_a_phone_does_not_leave(guarded: Simulator, kind: str, end: str) -> None:
    with pytest.raises(Forbidden) as refused:
        carry(end, FORBIDDEN[kind])
    assert guarded.requests == []
    assert not {NUMBER, OTHER, guarded.api_key} & set(str(refused.value).split())


@pytest.mark.parametrize("end", ["call", "acall"])
def test_what_only_asks_and_what_stays_in_the_sandbox_passes(guarded: Simulator, end: str) -> None:
    for call in (api.me(), api.send([NUMBER], "Hello", SANDBOX), api.bulk_send([(NUMBER, "Hi")], SANDBOX)):
        assert carry(end, call)
    assert guarded.sent == []


def test_no_test_can_get_around_it(guarded: Simulator) -> None:
    body = {"apiKey": guarded.api_key, "phoneNumbers": NUMBER, "message": "Hello"}
    sends: list[Callable[[], object]] = [
        lambda: requests.post(f"{guarded.url}/send", json=body, timeout=5),
        lambda: requests.post(f"{guarded.url}/send", data=json.dumps(body), timeout=5),
        lambda: requests.post(f"{guarded.url}/send", json=body | {"sandbox": True}, timeout=5),
        lambda: requests.post(f"{guarded.url}/send", data=body | {"sandbox": "1"}, timeout=5),
        lambda: requests.get(f"{guarded.url}/send", params=body, timeout=5),
        lambda: requests.get("http://localhost:1/v1/me", timeout=5),
    ]
    for send in sends:
        with pytest.raises(Forbidden):
            send()
    assert guarded.requests == []


@pytest.mark.parametrize(
    ("marks", "skipped"), [("", True), ("not airflow", True), ("live or airflow", True), ("live", False)]
)
def test_the_real_service_is_met_only_when_it_is_asked_for_alone(marks: str, skipped: bool) -> None:
    reasons: list[str] = []
    item: Any = SimpleNamespace(
        get_closest_marker=lambda name: name == "live",
        add_marker=lambda mark: reasons.append(mark.kwargs["reason"]),
    )
    option = SimpleNamespace(markexpr=marks, tbstyle="long", showlocals=True)
    conftest.pytest_collection_modifyitems(cast(Any, SimpleNamespace(option=option)), [item])

    assert reasons == (["live: talks to the real SMS Partner; see `make live`"] if skipped else [])
    assert skipped or (option.tbstyle, option.showlocals) == ("short", False)


def test_without_a_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(conftest.KEY, raising=False)
    monkeypatch.setenv(conftest.NUMBER, NUMBER)
    with pytest.raises(pytest.fail.Exception, match="SMSPARTNER_API_KEY: not in the environment"):
        conftest.real()


def test_the_real_service_would_be_met_in_its_sandbox_and_slowly(
    simulator: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ((conftest.KEY, simulator.api_key), (conftest.NUMBER, "06 12 34 56 78")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(conftest, "API_URL", simulator.url)

    conftest.opened(conftest.real(), connect, monkeypatch)
    settings = SMSPartnerHook().settings

    assert (settings.sandbox, settings.requests_per_second) == (True, 2)
    assert SMSPartnerHook().send_sms("Hello", NUMBER).message_id
    assert simulator.sent == []
    with pytest.raises(Forbidden):
        SMSPartnerHook().send_sms("Hello", OTHER)
