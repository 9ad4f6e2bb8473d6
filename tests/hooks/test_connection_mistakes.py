"""Every way to write the connection wrong: each is refused by name, or warned of, before any request."""

from __future__ import annotations

import json

import pytest
from airflow.sdk import Connection
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.hooks import connection
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.airflow_versions import since
from tests.conftest import Connect
from tests.hooks.conftest import KEY, Carry, held_in
from tests.hooks.connections import ALL_FIELDS, defined, refused

BAD_HOSTS = [
    "http://api.smspartner.fr/v1",  # the key in plain sight
    "http://192.168.0.1/v1",
    "http://localhost.example/v1",
    "http://127.0.0.1.example/v1",
    "ftp://api.smspartner.fr",
    "https://",
    "https://:8443/v1",
    "https://a b/v1",
    "https://a..b/v1",
    f"https://{'a' * 64}.example/v1",
    "https://[::1",
    "https://sms.example:port/v1",
    "https://sms.example:99999/v1",
    "https://user:word@sms.example/v1",
    f"https://sms.example/v1?apiKey={KEY}",
    f"https://sms.example/v1#{KEY}",
]


def test_a_scheme_of_its_own_is_that_of_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refused(defined(monkeypatch, host="api.smspartner.fr/v1", schema="http"))
    assert "API URL is plain http" in said


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_bad_url_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    assert "Connection 'smspartner_default': API URL " in refused(defined(monkeypatch, host=host))


def test_a_bad_port_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Port is not between 1 and 65535" in refused(defined(monkeypatch, host="sms.example", port=99999))


@pytest.mark.parametrize(
    ("name", "label", "values"),
    [
        ("sender", "Sender", ["AB", "TWELVE CHARS", "Été", "A!B", 123, ["ACME"], True]),
        ("sandbox", "Sandbox", ["maybe", "tru", 2, [True]]),
        ("timeout", "Timeout", [0, -1, "soon", "nan", float("inf"), True, [30], 10**400, 1e9]),
        ("requests_per_second", "Requests per second", [-1, "many", "nan", False]),
        ("price_per_segment", "Price per segment", ["cheap", -1, "NaN", "Infinity", True, 100, [1]]),
        ("redirect_to", "Redirect to", ["0612", "01 23 45 67 89", "nobody", 12, True]),
        ("max_recipients", "Max recipients", [0, -1, 1.5, "all", True, "nan"]),
        (
            "inbox_url",
            "Inbox URL",
            [
                *(
                    "http://sms.example/inbox",
                    "http://localhost.example/",
                    "ftp://sms.example/",
                    "sms.example",
                ),
                *(
                    "https://",
                    "https://a:b@sms.example/",
                    "https://sms.example/a b",
                    12,
                    True,
                    ["https://x/"],
                ),
                *("https://[::1", "https://sms.example:99999/"),
            ],
        ),
    ],
)
def test_a_bad_field_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, label: str, values: list[object]
) -> None:
    for value in values:
        said = refused(defined(monkeypatch, extra={name: value}))
        assert said.startswith(f"Connection 'smspartner_default': {label} "), (value, said)


MISSPELT = {
    "sandbox": [
        "sandox",
        "is_sandbox",
        "Sandbox",
        "sand-box",
        "sandbox_mode",
        "snadbox",
        "extra__smspartner__sandbox",
    ],
    "redirect_to": ["redirectTo", "redirect", "redirect-to", "redirct_to", "redirectNumber", "redirect_all"],
    "max_recipients": ["maxRecipients", "max_recipient", "recipients", "MAX RECIPIENTS", "recipients_max"],
    "requests_per_second": ["requestsPerSecond", "request_per_second", "requests"],
    "price_per_segment": ["price", "pricePerSegment", "price_per_segement"],
    "sender": ["Sender", "sendr", "sender_id", "default_sender"],
    "timeout": ["time_out", "timeOut", "timeouts"],
    "inbox_url": ["inboxUrl", "inbox", "inbox_uri"],
}


@pytest.mark.parametrize(
    ("meant", "name"), [(meant, name) for meant, names in MISSPELT.items() for name in names]
)
def test_a_misspelt_extra_is_refused_with_its_right_name(
    monkeypatch: pytest.MonkeyPatch, meant: str, name: str
) -> None:
    """A staging connection with a typing error must not send for real."""
    assert f"Extra holds {name!r}, which is written {meant!r}" in refused(
        defined(monkeypatch, extra={name: "1"})
    )


OTHERS = [
    "proxy",
    "proxies",
    "headers",
    "verify",
    "cert",
    "stream",
    "trust_env",
    "max_redirects",
    "owner",
    "team",
]


def test_other_extras_are_warned_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connection.warn_of_unknown.cache_clear()
    for _ in range(3):
        _ = defined(monkeypatch, extra={**dict.fromkeys(OTHERS, KEY), "sender": "ACME"}).settings
    warnings = [record.getMessage() for record in caplog.records if "ignored" in record.getMessage()]
    assert len(warnings) == 1
    assert all(repr(name) in warnings[0] for name in OTHERS)
    assert not held_in(warnings[0])


@pytest.mark.parametrize("conn_type", ["postgres", "http", "mysql"])
def test_a_connection_of_another_type_keeps_its_password(
    carry: Carry, monkeypatch: pytest.MonkeyPatch, simulator: Simulator, conn_type: str
) -> None:
    form = {"conn_type": conn_type, "password": KEY, "host": simulator.url}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(form))
    with pytest.raises(InvalidMessage) as caught:
        carry(api.me(), SMSPartnerHook("warehouse"))
    for part in ("smspartner_conn_id: ", "'warehouse'", repr(conn_type), "'smspartner'"):
        assert part in str(caught.value)
    assert simulator.requests == []


@pytest.mark.parametrize("extra", ["{sender: ACME}", "[]x", "[1]", '"ACME"', "sender=ACME", KEY])
def test_extra_that_is_no_object_is_not_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    said = refused(defined(monkeypatch, extra=extra))

    # Airflow 3.1 does not even hand out a connection whose Extra is no JSON
    assert "Extra is not a JSON object" in said or (not since("3.2") and "Airflow cannot read it" in said)


@pytest.mark.parametrize("key", ["", "   ", None])
def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    assert "API key is missing" in refused(defined(monkeypatch, password=key))


@pytest.mark.parametrize("key", [f"{KEY} {KEY}", f"{KEY}\n{KEY}", f"{KEY}é", f"{KEY}\x00"])
def test_a_key_that_no_wire_carries_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    assert "API key holds" in refused(defined(monkeypatch, password=key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    extra=st.dictionaries(st.sampled_from(sorted(ALL_FIELDS)), JSON) | JSON,
    host=st.text(max_size=30) | st.sampled_from(BAD_HOSTS),
    port=st.none() | st.integers(),
)
def test_any_connection_is_read_or_refused(extra: object, host: str, port: int | None) -> None:
    conn = Connection(
        conn_id="any", conn_type="smspartner", password=KEY, host=host, port=port, extra=json.dumps(extra)
    )
    said = ""
    try:
        settings = connection.read(conn)
    except InvalidMessage as error:
        said = str(error)
    else:
        assert settings.url.startswith(("https://", "http://"))
        assert settings.timeout >= 0.1
    assert said.startswith("Connection 'any': " if said else "")
    assert not held_in(said)


def test_a_missing_connection_is_named_with_its_remedy() -> None:
    said = refused(SMSPartnerHook("sms_marketing"))
    assert "smspartner_conn_id: connection 'sms_marketing' is not defined" in said
    assert "AIRFLOW_CONN_SMS_MARKETING" in said


def test_a_bad_connection_is_refused_before_any_request(
    carry: Carry, connect: Connect, simulator: Simulator
) -> None:
    connect(simulator.url, sandbox="perhaps")
    with pytest.raises(InvalidMessage, match="Sandbox"):
        carry(api.me())
    assert simulator.requests == []
