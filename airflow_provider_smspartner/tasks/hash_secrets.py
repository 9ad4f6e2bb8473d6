"""Under which secrets people are hashed: one of this Airflow, unknown to the vendor, beside the API key."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterator
from typing import Final

from airflow.providers.common.compat.sdk import conf

SIZE: Final = 32
"""Bytes of a Fernet key."""


def secrets_of(api_key: str) -> tuple[str, ...]:
    """Return every secret under which a task may have hashed people, today's first.

    That is the API key with each of Airflow's Fernet keys, of which a rotation leaves the former ones behind
    the new one; and last the API key alone, for an Airflow without a Fernet key and for what earlier versions
    have written.
    """
    mixed = (hmac.digest(key, b"people|" + api_key.encode(), "sha256").hex() for key in fernet_keys())
    return (*mixed, api_key)


def fernet_keys() -> Iterator[bytes]:
    """Yield the Fernet keys of this process, in their order; none where it has none.

    The task SDK answers with the name of a placeholder where nothing is configured: that is no key.
    """
    for part in (conf.get("core", "fernet_key", fallback="") or "").split(","):
        try:
            key = base64.urlsafe_b64decode(part.strip())
        except (binascii.Error, ValueError):
            continue
        if len(key) == SIZE:
            yield key
