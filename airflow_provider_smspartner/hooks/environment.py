"""What the environment says of the network, read once for both ends of the hook: proxies, authorities.

aiohttp and requests would each read it in their own way, and both would send what a ``.netrc`` holds; so
neither of them reads it.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from urllib.parse import urlsplit

import certifi
from requests.utils import get_environ_proxies, select_proxy

from airflow_provider_smspartner.exceptions import APIConnectionError

PROXY_SCHEMES = ("http", "https")


def proxy_for(url: str) -> str | None:
    """Return the proxy for a URL, as requests reads ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

    A talk with this machine in plain http has none: a proxy has no part in it, and would see the key.

    :raises APIConnectionError: it is no proxy that both ends can speak to; aiohttp knows no SOCKS.
    """
    if url.startswith("http://"):
        return None
    proxy = select_proxy(url, get_environ_proxies(url))
    if not proxy:
        return None
    text: str = proxy if "://" in proxy else f"http://{proxy}"
    if not is_proxy(text):
        raise APIConnectionError(
            "The proxy that HTTPS_PROXY or ALL_PROXY names cannot be used: write it as host:port, or "
            "list SMS Partner's host in NO_PROXY (SOCKS is not supported). Nothing was sent."
        )
    return text


def is_proxy(text: str) -> bool:
    """Tell whether this is the URL of a proxy that speaks HTTP."""
    try:
        parts = urlsplit(text)
        return parts.scheme in PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def bundle() -> str:
    """Return the file or folder of the authorities that are trusted: a company's own, else certifi's."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()


def trusted_authorities() -> ssl.SSLContext:
    """Return a context that trusts them.

    :raises APIConnectionError: the bundle cannot be read.
    """
    path = bundle()
    try:
        return _authorities(path, os.stat(path).st_mtime_ns)
    except OSError as fault:
        reason = type(fault).__name__
    raise APIConnectionError(
        f"The certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names cannot be read ({reason}): "
        "correct the variable or the file. Nothing was sent."
    )


@lru_cache(maxsize=4)
def _authorities(path: str, changed: int) -> ssl.SSLContext:
    """Read them once, until the file or folder has changed: it takes tens of milliseconds and a core."""
    kind = "capath" if os.path.isdir(path) else "cafile"
    return ssl.create_default_context(**{kind: path})  # type: ignore[arg-type]
