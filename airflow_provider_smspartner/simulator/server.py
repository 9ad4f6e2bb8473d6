"""The simulator itself: a stage that answers HTTP from a thread of its own."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from airflow_provider_smspartner.simulator.control import Controls
from airflow_provider_smspartner.simulator.guards import is_loopback, only_this_machine
from airflow_provider_smspartner.simulator.routes import PREFIX, add_endpoints
from airflow_provider_smspartner.simulator.settings import Settings
from airflow_provider_smspartner.simulator.stage import Stage, utc_now

_LARGEST_BODY = 16 * 2**20
# What still runs when the listener closes hangs on purpose; zero would mean to wait for ever.
_GRACE_SECONDS = 0.05
_TURNS_TO_CONNECT = 5
_BACKLOG = 128


class Simulator(Stage):
    """An SMS Partner that runs on this machine: ``with Simulator() as sim: sim.url``.

    ``port`` 0 takes a free one. ``settings`` choose the account and what the platform does where its
    documents are silent. ``clock`` returns aware datetimes.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(settings, clock=clock)
        if not is_loopback(host):
            raise ValueError(f"host: {host!r} is not this machine; pass 127.0.0.1, ::1 or localhost")
        self.host = host
        self.port = port

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base of the API, such as ``http://127.0.0.1:8025/v1``."""
        return f"http://{self.host}:{self.port}{PREFIX}"

    @property
    def airflow_connection(self) -> str:
        """An Airflow connection to this simulator, as JSON for ``AIRFLOW_CONN_SMSPARTNER_DEFAULT``."""
        return json.dumps({"conn_type": "smspartner", "host": self.url, "password": self.api_key})

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="smspartner-simulator", daemon=True
        )
        self._thread.start()
        try:
            self._run(self._open())
        except OSError:
            self._end()
            raise

    def stop(self) -> None:
        """Close every connection and end the threads; what was sent can still be read."""
        self.postman.stop()
        self._end()

    def pause(self) -> None:
        """Refuse connections, as a platform that is down does, until ``resume``; open ones are closed."""
        self._run(self._close())

    def resume(self) -> None:
        """Listen on the same port again."""
        self._run(self._listen())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[only_this_machine])
        Controls(self, pause=self._pause_soon).add_to(app)
        add_endpoints(app, self)
        self._door = asyncio.Lock()
        self._outage: asyncio.Task[None] | None = None
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE_SECONDS)
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        async with self._door:
            if self._runner.sites:
                return
            self._socket = socket.create_server((self.host, self.port), backlog=_BACKLOG)
            self.port = self._socket.getsockname()[1]
            await web.SockSite(self._runner, self._socket).start()

    async def _close(self) -> None:
        async with self._door:
            for site in list(self._runner.sites):
                # asyncio loses a connection that it accepts while its server closes: accept no more first,
                # and give the last one the turns of the loop that it needs.
                self._loop.remove_reader(self._socket)
                for _ in range(_TURNS_TO_CONNECT):
                    await asyncio.sleep(0)
                await site.stop()
            if self._runner.server is not None:
                await self._runner.server.shutdown(_GRACE_SECONDS)

    async def _shut(self) -> None:
        async with self._door:  # an outage that is about to listen again finishes first
            self._end_outage()
        await self._close()
        await self._runner.cleanup()
        # Requests that hang on purpose would outlive the loop.
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _pause_soon(self, seconds: float) -> None:
        """Pause when the answer to the request at hand has left, and resume later."""
        self._end_outage()
        self._outage = self._loop.create_task(self._be_down(seconds))

    def _end_outage(self) -> None:
        if self._outage is not None:
            self._outage.cancel()

    async def _be_down(self, seconds: float) -> None:
        await asyncio.sleep(_GRACE_SECONDS)
        await self._close()
        await asyncio.sleep(seconds)
        await self._listen()
