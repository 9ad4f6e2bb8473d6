"""Tests for airflow_provider_smspartner.tasks.hash_secrets: a secret of this Airflow beside the API key."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from airflow_provider_smspartner.tasks.hash_secrets import secrets_of

NEW, OLD = (Fernet.generate_key().decode() for _ in range(2))


def secrets(monkeypatch: pytest.MonkeyPatch, fernet: str, api_key: str = "key") -> tuple[str, ...]:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", fernet)
    return secrets_of(api_key)


@pytest.mark.parametrize("fernet", ["", " ", ",", "{FERNET_KEY}", "no key", "c2hvcnQ=", "é"])
def test_without_a_fernet_key_there_is_the_api_key_alone(
    fernet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert secrets(monkeypatch, fernet) == ("key",)


def test_what_nobody_has_configured_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__CORE__FERNET_KEY", raising=False)

    assert secrets_of("key")[-1] == "key"
    assert secrets_of("key") == secrets_of("key")


def test_each_fernet_key_makes_a_secret_and_the_first_one_is_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    rotated = secrets(monkeypatch, f"{NEW},{OLD}")

    assert rotated == (
        *secrets(monkeypatch, NEW)[:1],
        *secrets(monkeypatch, f" {OLD} ")[:1],
        "key",
    )
    assert len(set(rotated)) == 3


def test_another_api_key_makes_another_secret_which_shows_neither_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = secrets(monkeypatch, NEW, "one key")[0], secrets(monkeypatch, NEW, "other key")[0]

    assert one != other
    assert not [key for key in (NEW, "one key") if key in one]
