"""The shortest web application that writes a row for each post, to measure the receiver against.

It reads nothing of a body, knows no repeat and no order: a row, its commit, an answer.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import uvicorn

CONNECTIONS = 8
"""To the database; more are no faster on two cores."""


def app_of(location: str) -> Callable[..., Awaitable[None]]:
    """Return the application."""
    free: asyncio.Queue[psycopg.AsyncConnection] = asyncio.Queue()

    async def app(scope: dict[str, Any], receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if scope["type"] == "lifespan":
            await receive()
            for _ in range(CONNECTIONS):
                free.put_nowait(await psycopg.AsyncConnection.connect(location, autocommit=True))
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = (await receive())["body"]
        connection = await free.get()
        try:
            await connection.execute("INSERT INTO posts (body) VALUES (%s)", [body])
        finally:
            free.put_nowait(connection)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


if __name__ == "__main__":
    port, location = sys.argv[1:]
    uvicorn.run(app_of(location), port=int(port), http="h11", log_level="warning", access_log=False)
