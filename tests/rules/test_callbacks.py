"""Addresses that a stranger cannot guess."""

from __future__ import annotations

import re

import pytest

from airflow_provider_smspartner.rules.callbacks import callbacks, path_secret


@pytest.mark.parametrize(
    "base", ["https://example.org", "https://example.org/", "https://example.org/inbox/"]
)
def test_addresses_are_below_that_of_the_receiver(base: str) -> None:
    secret = path_secret("key", "smspartner_default")
    found = callbacks(base, secret)

    assert found.report == f"{base.rstrip('/')}/{secret}/report"
    assert found.reply == f"{base.rstrip('/')}/{secret}/reply"


def test_the_secret_is_long_and_says_nothing_of_the_key() -> None:
    assert re.fullmatch("[0-9a-f]{40}", path_secret("simulator-key", "smspartner_default"))
    assert path_secret("simulator-key", "smspartner_default") == "49e79cdefaf41aab529973dd2ffa202028febe8c"


def test_each_key_and_each_connection_has_one() -> None:
    secrets = {path_secret(key, conn) for key in ("a", "b") for conn in ("one", "two")}
    assert len(secrets) == 4


def test_neither_address_is_shown() -> None:
    secret = path_secret("key", "smspartner_default")
    assert secret not in repr(callbacks("https://example.org", secret))
