"""Every field of the connection, written in every way."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.hooks.connection import Settings
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.airflow_versions import needs
from tests.conftest import Connect
from tests.hooks import servers
from tests.hooks.conftest import KEY, NUMBER, Carry, held_in
from tests.hooks.connections import ALL_FIELDS, VARIABLE, defined
from tests.hooks.servers import Server

ALL_SETTINGS = Settings(
    conn_id="smspartner_default",
    api_key=KEY,
    url="http://127.0.0.1:8025/v1",
    sender="ACME",
    sandbox=True,
    timeout=7.5,
    requests_per_second=0.0,
    price_per_segment=Decimal("0.045"),
    redirect_to=NUMBER,
    max_recipients=1000,
    inbox_url="https://sms.example/inbox/a-secret?b=1",
)


def test_the_key_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert defined(monkeypatch).settings == Settings(
        conn_id="smspartner_default",
        api_key=KEY,
        url="https://api.smspartner.fr/v1",
        sender=None,
        sandbox=False,
        timeout=30.0,
        requests_per_second=5.0,
        price_per_segment=None,
        redirect_to=None,
        max_recipients=None,
        inbox_url=None,
    )


@pytest.mark.parametrize("as_text", [False, True], ids=["values", "texts, as a form stores them"])
@pytest.mark.parametrize("nested", [False, True], ids=["Extra as an object", "Extra as text"])
def test_json_holds_every_field(monkeypatch: pytest.MonkeyPatch, as_text: bool, nested: bool) -> None:
    extra = {name: str(value) if as_text else value for name, value in ALL_FIELDS.items()}
    hook = defined(monkeypatch, host="http://127.0.0.1:8025/v1", extra=json.dumps(extra) if nested else extra)
    assert hook.settings == ALL_SETTINGS


def test_a_uri_holds_every_field(monkeypatch: pytest.MonkeyPatch) -> None:
    host = quote("http://127.0.0.1:8025/v1", safe="")
    query = "&".join(f"{name}={quote(str(value))}" for name, value in ALL_FIELDS.items())
    monkeypatch.setenv(VARIABLE, f"smspartner://:{quote(KEY, safe='')}@{host}/?{query}")
    assert SMSPartnerHook().settings == ALL_SETTINGS


@pytest.mark.parametrize(
    "extra",
    [
        "",
        pytest.param("  ", marks=needs("patience with blanks as Extra", "3.2")),
        "{}",
        {},
        '{"sender": null, "timeout": "", "sandbox": ""}',
    ],
)
def test_what_is_left_empty_is_the_default(monkeypatch: pytest.MonkeyPatch, extra: object) -> None:
    hook = defined(monkeypatch, host="", extra=extra)
    assert hook.settings == Settings(conn_id="smspartner_default", api_key=KEY)


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "api.smspartner.fr/v1"}, "https://api.smspartner.fr/v1"),
        ({"host": " https://api.smspartner.fr/v1/ "}, "https://api.smspartner.fr/v1"),
        ({"host": "sms.example", "port": 8443, "schema": "v1"}, "https://sms.example:8443/v1"),
        ({"host": "sms.example/v2", "schema": "v1"}, "https://sms.example/v2"),
        ({"host": "sms.example/v1", "schema": "https"}, "https://sms.example/v1"),
        ({"host": "https://sms.example:1/v1", "port": 2}, "https://sms.example:1/v1"),
        ({"host": "HTTP://localhost:1/v1"}, "http://localhost:1/v1"),
        ({"host": "http://127.0.0.53:1/v1"}, "http://127.0.0.53:1/v1"),
        ({"host": "http://[::1]:1/v1"}, "http://[::1]:1/v1"),
        ({"host": "https://api.smspartner.fr"}, "https://api.smspartner.fr/v1"),
        ({"host": "API.smspartner.fr/", "port": 443}, "https://API.smspartner.fr:443/v1"),
        ({"port": 443}, "https://api.smspartner.fr:443/v1"),
        ({"host": "http://127.0.0.1:8025", "port": 443}, "http://127.0.0.1:8025"),
        ({"host": "sms.example"}, "https://sms.example"),
        ({"host": "localhost:1/v1", "schema": "http"}, "http://localhost:1/v1"),
        ({"host": "127.0.0.1", "port": 8025, "schema": "http"}, "http://127.0.0.1:8025"),
        ({"host": "https://sms.example/v1", "schema": "http"}, "https://sms.example/v1"),
        ({"schema": "http"}, "https://api.smspartner.fr/v1"),
    ],
)
def test_where_the_api_is(monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], url: str) -> None:
    assert defined(monkeypatch, **fields).settings.url == url


def test_the_path_of_a_uri_is_the_path_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "smspartner://:some-key@sms.example:8443/v1")
    assert SMSPartnerHook().settings.url == "https://sms.example:8443/v1"


@pytest.mark.parametrize("value", [True, "true", "True", " YES ", "on", 1, "1"])
def test_a_sandbox_is_switched_on(monkeypatch: pytest.MonkeyPatch, value: object) -> None:
    assert defined(monkeypatch, extra={"sandbox": value}).settings.sandbox is True


@pytest.mark.parametrize("value", [False, "false", "No", "off", 0, "0", "", None])
def test_a_sandbox_is_switched_off(monkeypatch: pytest.MonkeyPatch, value: object) -> None:
    assert defined(monkeypatch, extra={"sandbox": value}).settings.sandbox is False


@pytest.mark.parametrize("url", ["http://127.0.0.1:8026/inbox", "http://localhost/", "https://sms.example"])
def test_an_inbox_may_be_on_this_machine(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert defined(monkeypatch, extra={"inbox_url": url}).settings.inbox_url == url


def test_blanks_around_a_pasted_key_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    assert defined(monkeypatch, password=f" {KEY}\n").settings.api_key == KEY


def test_the_key_and_the_redirect_are_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = defined(monkeypatch, extra={"redirect_to": NUMBER}).settings
    assert not held_in(repr(settings))


def test_no_field_becomes_a_header(carry: Carry, connect: Connect, simulator: Simulator) -> None:
    connect(simulator.url, **ALL_FIELDS, proxy="x", headers={"X-Mine": "1"}, verify=False)
    carry(api.send([NUMBER], "Hello"))
    carry(api.me())
    plain = {
        *("accept", "accept-encoding", "connection", "content-length", "content-type", "host"),
        "user-agent",
    }
    for request in simulator.requests:
        assert {name.lower() for name in request.headers} <= plain


def test_no_compressed_answer_is_asked_for(carry: Carry, connect: Connect) -> None:
    with Server(servers.reply()) as server:
        connect(server.url)
        carry(api.send([NUMBER], "Hello"))
        assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_request_is_over_after_its_connect_and_twice_its_time_out(connect: Connect) -> None:
    connect("http://127.0.0.1:9", timeout=30)

    assert SMSPartnerHook().longest_request == 5 + 2 * 30
