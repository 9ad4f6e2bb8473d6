"""Takes posts in: many at once become one transaction, and each is acknowledged when it is durable."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from airflow_provider_smspartner.api.posts import Post
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.inbox.posts import Written, join_late, write
from airflow_provider_smspartner.inbox.tables import Received

if TYPE_CHECKING:
    from airflow_provider_smspartner.inbox.spool import Spool
    from airflow_provider_smspartner.journal.table import Ledger

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 500
"""Posts of one transaction."""
MOST_WAITING: Final = 10_000
"""Posts in memory; the platform is told to come again (503) beyond it."""
AGAIN_AFTER: Final = 2.0
"""Seconds between two attempts to bring the spool into the database."""
LATE_EVERY: Final = 60.0
"""Seconds between two looks for replies whose last parts never came."""


class Busy(SMSPartnerError):
    """Nothing more can be taken in at the moment."""


@dataclass(slots=True, kw_only=True)
class Receiver:
    """Posts on their way into the database.

    ``take`` is called by the event loop; everything else runs in one writer thread, so that the database and
    the spool never see two writers of this process.
    """

    ledger: Ledger
    spool: Spool | None = None
    count: Callable[..., None] = lambda **amounts: None
    _waiting: queue.Queue[tuple[Received, Future[None]] | None] = field(
        init=False, default_factory=lambda: queue.Queue(MOST_WAITING)
    )
    _writer: threading.Thread | None = field(init=False, default=None)
    _spooled: bool = field(init=False, default=False)
    """Whether the spool holds something: what comes after it goes there too, so that the order stays."""
    is_able: bool = field(init=False, default=True)
    """Whether the last group became durable."""

    def start(self) -> None:
        """Begin to write."""
        self._spooled = bool(self.spool and self.spool.waiting())
        self._writer = threading.Thread(target=self._write, name="smspartner-inbox", daemon=True)
        self._writer.start()

    def take(self, post: Post, connection: str) -> Future[None]:
        """Take a post in; the future is done when it is durable, and fails when it could not be made so.

        :raises Busy: too many are waiting.
        """
        one = Received(
            post=post,
            connection=connection,
            received_at=datetime.now(UTC).replace(tzinfo=None),
            receipt=str(uuid4()),
        )
        done: Future[None] = Future()
        try:
            self._waiting.put_nowait((one, done))
        except queue.Full:
            raise Busy("Too many posts are waiting to be written.") from None
        return done

    def stop(self) -> None:
        """Write what has been taken in, and end."""
        self._waiting.put(None)
        if self._writer:
            self._writer.join()

    # ---- the writer thread -------------------------------------------------------------------------

    def _write(self) -> None:
        retry_at = late_at = 0.0
        while True:
            group = self._next_group()
            if group:
                self._make_durable([one for one, _ in group], [done for _, done in group])
            now = time.monotonic()
            if self._spooled and now >= retry_at:
                self._drain()
                retry_at = now + AGAIN_AFTER
            if not self._spooled and now >= late_at:
                self._join_late()
                late_at = now + LATE_EVERY
            if group is None:
                return

    def _next_group(self) -> list[tuple[Received, Future[None]]] | None:
        """Return what is waiting; None at the end. An empty list lets the other work be done."""
        group: list[tuple[Received, Future[None]]] = []
        try:
            item = self._waiting.get(timeout=0.5)
            while item is not None:
                group.append(item)
                if len(group) == MOST_AT_ONCE:
                    return group
                item = self._waiting.get_nowait()
        except queue.Empty:
            return group
        if group:
            self._waiting.put(None)  # the end waits until this group is written
            return group
        return None

    def _make_durable(self, received: list[Received], done: list[Future[None]]) -> None:
        try:
            if not self._spooled:
                self._tell(write(self.ledger, received))
            else:
                self._keep(received)
        except SMSPartnerError as error:
            if self.spool is None:
                self._refuse(done, error)
                return
            log.warning("The database is away, so posts go to the spool: %s", error)
            self._keep_or_refuse(received, done)
            return
        except OSError as error:
            self._refuse(done, SMSPartnerError(f"--spool: the disk refuses ({type(error).__name__})"))
            return
        self._acknowledge(done)

    def _keep_or_refuse(self, received: list[Received], done: list[Future[None]]) -> None:
        try:
            self._keep(received)
        except OSError as error:
            self._refuse(done, SMSPartnerError(f"--spool: the disk refuses ({type(error).__name__})"))
        else:
            self._acknowledge(done)

    def _keep(self, received: list[Received]) -> None:
        assert self.spool is not None  # noqa: S101  # for the type checker
        self.spool.keep(received)
        self._spooled = True
        self.count(spooled=len(received))

    def _acknowledge(self, done: list[Future[None]]) -> None:
        self.is_able = True
        for one in done:
            one.set_result(None)

    def _refuse(self, done: list[Future[None]], error: SMSPartnerError) -> None:
        self.is_able = False
        log.error("%s posts were not taken in: %s", len(done), error)
        for one in done:
            one.set_exception(error)

    def _drain(self) -> None:
        """Bring what the spool holds into the database, oldest first."""
        assert self.spool is not None  # noqa: S101  # for the type checker
        for file in self.spool.waiting():
            try:
                self._tell(write(self.ledger, self.spool.read(file)))
            except SMSPartnerError as error:
                log.warning("The spool waits for the database: %s", error)
                return
            self.spool.drop(file)
        self._spooled = False
        log.info("The spool is empty: posts go to the database again")

    def _join_late(self) -> None:
        try:
            self._tell(join_late(self.ledger, datetime.now(UTC).replace(tzinfo=None)))
        except SMSPartnerError as error:
            log.warning("Replies with missing parts wait for the database: %s", error)

    def _tell(self, written: Written) -> None:
        self.count(new=written.new, repeats=written.repeats, parts=written.parts, strangers=written.strangers)
