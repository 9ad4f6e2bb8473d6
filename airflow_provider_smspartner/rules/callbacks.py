"""Where the platform posts reports and replies to: addresses that only it and this Airflow know."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

REPORT: Final = "report"
REPLY: Final = "reply"
KINDS: Final = (REPORT, REPLY)
"""The last part of an address: delivery reports (``urlDlr``), and replies and STOP (``urlResponse``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """The addresses that a send gives the platform."""

    report: str
    reply: str


def path_secret(secret: str) -> str:
    """Return the part of the path that a stranger cannot guess, derived from the connection's key.

    The vendor signs nothing, so whoever knows the address can post to it. A rolled key gives another one.
    """
    return hmac.digest(secret.encode(), b"smspartner inbox: path", "sha256").hex()[:40]


def callbacks(inbox_url: str, secret: str) -> Callbacks:
    """Return the addresses below the public address of the receiver."""
    base = f"{inbox_url.rstrip('/')}/{path_secret(secret)}"
    return Callbacks(report=f"{base}/{REPORT}", reply=f"{base}/{REPLY}")
