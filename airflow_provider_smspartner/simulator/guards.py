"""Who may talk to the simulator: programs of this machine, and no page of a browser that is open on it."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

from aiohttp import web

LOCAL_NAMES = frozenset({"localhost", "localhost."})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Tell whether a host, by name or by address, is this machine and nothing else."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in LOCAL_NAMES


@web.middleware
async def only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a request for another host, such as a foreign name that points here, and one of a foreign page.

    A browser says where a page comes from; no client of the API does.
    """
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    if not is_loopback(host):
        return web.json_response({"error": "Host: the simulator is for this machine only"}, status=403)
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin != f"http://{request.host}"
    if request.method != "GET" and (foreign or site not in ("none", "same-origin")):
        return web.json_response({"error": "Origin: pages of other sites may not post here"}, status=403)
    return await handler(request)
