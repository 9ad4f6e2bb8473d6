"""Where the platform posts reports and replies to: addresses that only it and this Airflow know."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

REPORT: Final = "report"
REPLY: Final = "reply"
KINDS: Final = (REPORT, REPLY)
"""The last part of an address: delivery reports (``urlDlr``), and replies and STOP (``urlResponse``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """The addresses that a send gives the platform; whoever knows one can post to it."""

    report: str = field(repr=False)
    reply: str = field(repr=False)


def path_secret(key: str, conn_id: str) -> str:
    """Return the part of the path that a stranger cannot guess, of a connection and its API key.

    The vendor signs nothing, so it is all that tells the platform from anybody else. Two connections to one
    account have an address each, and a rolled key gives another one.
    """
    named = f"smspartner inbox: path of {conn_id}"
    return hmac.digest(key.encode(), named.encode(), "sha256").hex()[:40]


def callbacks(inbox_url: str, secret: str) -> Callbacks:
    """Return the addresses of a path secret, below the public address of the receiver."""
    base = f"{inbox_url.rstrip('/')}/{secret}"
    return Callbacks(report=f"{base}/{REPORT}", reply=f"{base}/{REPLY}")
