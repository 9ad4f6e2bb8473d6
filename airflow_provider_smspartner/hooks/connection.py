"""The Airflow connection of type ``smspartner``, read and checked."""

from __future__ import annotations

import ipaddress
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_smspartner.exceptions import InvalidMessage, InvalidPhoneNumber
from airflow_provider_smspartner.rules import phone
from airflow_provider_smspartner.rules.message import check_sender, check_url

if TYPE_CHECKING:
    from airflow.sdk import Connection

log = logging.getLogger(__name__)

API_URL = "https://api.smspartner.fr/v1"
VENDORS_HOST = "api.smspartner.fr"
FIELDS = (
    "sender",
    "sandbox",
    "timeout",
    "requests_per_second",
    "price_per_segment",
    "redirect_to",
    "max_recipients",
    "inbox_url",
)
NEAR = 0.8
"""How much of two names must agree for one to be a misspelling of the other."""
SHORTEST_PART = 5
"""Letters; a name that holds ours, as ``is_sandbox``, or is a part of it, as ``redirect``, means ours."""
BEGINNINGS = {"redirect": "redirect_to", "recipientsmax": "max_recipients", "recipientmax": "max_recipients"}
"""What keeps texts from people is meant by any name that begins so."""
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
    inbox_url: str | None = field(default=None, repr=False)
    """Where the platform posts reports and replies; its path may hold a secret."""

    @property
    def plain_http(self) -> bool:
        """Whether the URL has no TLS, which only a loopback address may have."""
        return self.url.startswith("http://")


def check_type(conn: Connection, wanted: str) -> None:
    """Refuse a connection of another type: its password is not a key of SMS Partner, and would travel there.

    :raises InvalidMessage: it is one; the sentence names the connection and both types.
    """
    if conn.conn_type and conn.conn_type != wanted:
        raise InvalidMessage(
            f"smspartner_conn_id: connection {conn.conn_id!r} is of type {conn.conn_type!r}, not {wanted!r}; "
            "name one of that type. Nothing was sent."
        )


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
        inbox_url=inbox(extra.get("inbox_url"), conn_id),
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
    unknown = sorted(extra.keys() - set(FIELDS))
    for name in unknown:
        if meant := misspelt(name):  # {"sandox": true} must not send for real
            raise fault(conn_id, "Extra", f"holds {name!r}, which is written {meant!r}")
    if unknown:
        warn_of_unknown(conn_id, tuple(unknown))
    return {name: value for name, value in extra.items() if value is not None}


def misspelt(name: str) -> str | None:
    """Return the field of ours that a name must mean, None when it is near none."""
    given = letters(name)
    for beginning, meant in BEGINNINGS.items():
        if given.startswith(beginning):
            return meant
    likeness = {field: near(given, letters(field)) for field in FIELDS}
    best = max(FIELDS, key=lambda field: likeness[field])
    return best if likeness[best] >= NEAR else None


def letters(name: str) -> str:
    """Return a name without what people write differently: capitals, hyphens, underscores."""
    return "".join(char for char in name.casefold() if char.isalnum())


def near(given: str, ours: str) -> float:
    """Tell how near two names are; 1 when one holds the other."""
    shorter = min(given, ours, key=len)
    if given == ours or (len(shorter) >= SHORTEST_PART and (given in ours or ours in given)):
        return 1.0
    return SequenceMatcher(None, given, ours, autojunk=False).ratio()


@lru_cache(maxsize=256)
def warn_of_unknown(conn_id: str, names: tuple[str, ...]) -> None:
    """Say once in a process that nobody reads these."""
    log.warning(
        "Connection %r: Extra holds %s, which SMS Partner's connections do not know; they are ignored",
        conn_id,
        ", ".join(map(repr, names)),
    )


def base_url(host: str | None, port: int | None, schema: str | None, conn_id: str) -> str:
    """Return the URL of the API; https unless it says otherwise, plain http only on loopback.

    :param schema: http or https, the scheme of a host that has none, as for Airflow's own HTTP connections;
        else the path, which is where Airflow puts that of a connection written as a URI.
    """
    text = (host or "").strip() or API_URL
    scheme = schema if schema in ("http", "https") else "https"
    text = text if "://" in text else f"{scheme}://{text}"
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
    if where == VENDORS_HOST and not parts.path:
        parts = parts._replace(path=urlsplit(API_URL).path)
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


def inbox(value: object, conn_id: str) -> str | None:
    """Return the address of the receiver, which must not show what people write to the network."""
    if value in (None, ""):
        return None
    try:
        check_url(value, argument="inbox_url")  # type: ignore[arg-type]  # it refuses what is no text
        parts = urlsplit(str(value))
        plain = parts.scheme == "http" and not is_loopback(parts.hostname or "")
    except (InvalidMessage, ValueError):
        raise fault(conn_id, "Inbox URL", "is not a URL such as https://example.org/inbox") from None
    if plain:
        raise fault(conn_id, "Inbox URL", "is plain http, which shows replies to the network; use https")
    return str(value)


def cap(extra: Mapping[str, Any], conn_id: str) -> int | None:
    """Return the most recipients a send of this connection may have."""
    most = number(extra, "max_recipients", -1.0, conn_id, least=1.0)
    if most < 0:
        return None
    if most != int(most):
        raise fault(conn_id, "Max recipients", "is not a whole number")
    return int(most)
