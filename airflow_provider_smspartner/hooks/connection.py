"""The Airflow connection of type ``smspartner``, read and checked."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_smspartner.exceptions import InvalidMessage, InvalidPhoneNumber
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.message import check_sender

if TYPE_CHECKING:
    from airflow.sdk import Connection

API_URL = "https://api.smspartner.fr/v1"
FIELDS = frozenset(
    {
        "sender",
        "sandbox",
        "timeout",
        "requests_per_second",
        "price_per_segment",
        "redirect_to",
        "max_recipients",
    }
)
YES, NO = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a connection says, in the form that the rest of the package uses."""

    conn_id: str
    api_key: str = field(repr=False)
    url: str = API_URL
    """Where the API is, without a slash at the end."""
    sender: str | None = None
    """Sender of sends that name none."""
    sandbox: bool = False
    """Every send of this connection is a sandbox send, whatever a DAG says."""
    timeout: float = 30.0
    """Seconds to wait for an answer."""
    requests_per_second: float = 5.0
    """Limit of one process, 0 for none."""
    price_per_segment: Decimal | None = None
    """What a segment costs, for estimates."""
    redirect_to: str | None = field(default=None, repr=False)
    """The one number that gets everything this connection sends, once per batch."""
    max_recipients: int | None = None
    """More recipients than this are refused, whatever a DAG says."""

    @property
    def plain_http(self) -> bool:
        """Whether the URL has no TLS, which only a loopback address may have."""
        return self.url.startswith("http://")


def read(conn: Connection) -> Settings:
    """Return the settings of a connection.

    :raises InvalidMessage: a field is missing or wrong; the sentence names connection, field and remedy,
        and never a value that may be secret.
    """
    conn_id = conn.conn_id or "?"
    extra = extra_of(conn, conn_id)
    api_key = (conn.password or "").strip()
    if not api_key:
        raise fault(conn_id, "API key", "is missing; put the key of your SMS Partner account into it")
    if not api_key.isprintable() or not api_key.isascii() or " " in api_key:
        raise fault(conn_id, "API key", "holds spaces or characters that no key has; copy it once more")
    return Settings(
        conn_id=conn_id,
        api_key=api_key,
        url=base_url(conn.host, conn.port, conn.schema, conn_id),
        sender=sender(extra.get("sender"), conn_id),
        sandbox=switch(extra.get("sandbox"), conn_id),
        timeout=number(extra, "timeout", 30.0, conn_id, least=0.1),
        requests_per_second=number(extra, "requests_per_second", 5.0, conn_id, least=0.0),
        price_per_segment=price(extra.get("price_per_segment"), conn_id),
        redirect_to=redirect(extra.get("redirect_to"), conn_id),
        max_recipients=cap(extra, conn_id),
    )


def fault(conn_id: str, name: str, what: str) -> InvalidMessage:
    """Make the error for one field of the connection form."""
    return InvalidMessage(f"Connection {conn_id!r}: {name} {what}.")


def extra_of(conn: Connection, conn_id: str) -> Mapping[str, Any]:
    """Return Extra as a mapping; Airflow would take text that is no JSON for an empty one."""
    try:
        extra = json.loads((conn.extra or "").strip() or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise fault(conn_id, "Extra", 'is not a JSON object; write {"sender": "ACME"}, for example') from None
    for name in extra:
        meant = "_".join(str(name).casefold().replace("-", " ").replace("_", " ").split())
        if meant in FIELDS and name != meant:  # {"Sandbox": true} must not send for real
            raise fault(conn_id, "Extra", f"holds {name!r}, which is written {meant!r}")
    return {name: value for name, value in extra.items() if value is not None}


def base_url(host: str | None, port: int | None, schema: str | None, conn_id: str) -> str:
    """Return the URL of the API; https unless it says otherwise, plain http only on loopback.

    :param schema: where Airflow puts the path of a connection that is written as a URI.
    """
    text = (host or "").strip() or API_URL
    text = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(text.rstrip("/"))
        where, written_port = parts.hostname or "", parts.port
        where.encode("idna")  # what sockets do with it, and they fail late
    except ValueError:
        raise fault(conn_id, "API URL", f"is not a URL; the default is {API_URL}") from None
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[\w.:-]+", where):
        raise fault(conn_id, "API URL", f"is not a URL; the default is {API_URL}")
    if parts.username is not None or parts.query or parts.fragment:
        raise fault(conn_id, "API URL", "holds a user, a query or a fragment; leave only host and path")
    if parts.scheme == "http" and not is_loopback(where):
        raise fault(conn_id, "API URL", "is plain http, which would show the key to the network; use https")
    if port and not 0 < port < 65536:
        raise fault(conn_id, "Port", "is not between 1 and 65535")
    if port and written_port is None:
        parts = parts._replace(netloc=f"{parts.netloc}:{port}")
    if schema and schema not in ("http", "https") and not parts.path:
        parts = parts._replace(path=f"/{schema}")
    return parts.geturl()


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, without asking the network."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sender(value: object, conn_id: str) -> str | None:
    """Return the default sender; an empty one is none."""
    if value in (None, ""):
        return None
    try:
        check_sender(value)  # type: ignore[arg-type]  # it refuses what is no text
    except InvalidMessage as error:
        raise fault(conn_id, "Sender", f"cannot be used: {error}") from None
    return str(value)


def switch(value: object, conn_id: str) -> bool:
    """Read Sandbox, which a form, JSON or a URI may write in several ways. A typo must not send for real."""
    text = str(value if value is not None else "").strip().lower()
    if text not in YES | NO:
        raise fault(conn_id, "Sandbox", 'is neither "true" nor "false"')
    return text in YES


def number(extra: Mapping[str, Any], name: str, default: float, conn_id: str, *, least: float) -> float:
    """Return a number of the form, at least ``least``."""
    value = extra.get(name, "")
    if value == "":
        return default
    try:
        read = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        read = float("nan")
    if not least <= read < 1e6:
        raise fault(conn_id, name.replace("_", " ").capitalize(), f"is not a number of at least {least:g}")
    return read


def price(value: object, conn_id: str) -> Decimal | None:
    """Return the price of a segment in the account's currency."""
    if value in (None, ""):
        return None
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        read = Decimal("NaN")
    if not (read.is_finite() and 0 <= read < 100):
        raise fault(conn_id, "Price per segment", "is not an amount such as 0.045")
    return read


def redirect(value: object, conn_id: str) -> str | None:
    """Return the number that gets everything, in E.164."""
    if value in (None, ""):
        return None
    try:
        return phone.normalize(str(value))
    except InvalidPhoneNumber as error:
        raise fault(conn_id, "Redirect to", f"is not a mobile number: {error}") from None


def cap(extra: Mapping[str, Any], conn_id: str) -> int | None:
    """Return the most recipients a send of this connection may have."""
    most = number(extra, "max_recipients", -1.0, conn_id, least=1.0)
    if most < 0:
        return None
    if most != int(most):
        raise fault(conn_id, "Max recipients", "is not a whole number")
    return int(most)
