"""Takes posts in: many at once become one transaction, and each is acknowledged when it is durable."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from airflow_provider_smspartner.api.posts import Post
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.inbox.messages import Received, utc_now
from airflow_provider_smspartner.inbox.posts import Written, join_late, write
from airflow_provider_smspartner.journal.table import Ledger, RefusedValue

if TYPE_CHECKING:
    from airflow_provider_smspartner.inbox.spool import Spool

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 500
"""Posts of one transaction."""
MOST_WAITING: Final = 10_000
"""Posts in memory; the platform is told to come again (503) beyond it."""
AGAIN_AFTER: Final = 2.0
"""Seconds between two attempts to bring the spool into the database."""
LATE_EVERY: Final = 60.0
"""Seconds between two looks for replies whose last parts never came."""

Waiting = tuple[Received, "Future[None]"]


class Busy(SMSPartnerError):
    """Nothing more can be taken in at the moment."""


@dataclass(slots=True, kw_only=True)
class Receiver:
    """Posts on their way into the database.

    ``take`` is called by the event loop; everything else runs in one writer thread, so that the database and
    the spool never see two writers of this process.
    """

    open_ledger: Callable[[], Ledger]
    """Opens the database; called again until it has succeeded."""
    spool: Spool | None = None
    count: Callable[..., None] = lambda **amounts: None
    is_able: bool = field(init=False, default=True)
    """Whether the last group became durable."""
    _ledger: Ledger | None = field(init=False, default=None)
    _waiting: queue.Queue[Waiting | None] = field(
        init=False, default_factory=lambda: queue.Queue(MOST_WAITING)
    )
    _writer: threading.Thread = field(init=False)
    _spooled: bool = field(init=False, default=False)
    """Whether the spool holds something: what comes after it goes there too, so that the order stays."""

    def start(self) -> None:
        """Begin to write."""
        self._spooled = bool(self.spool and self.spool.waiting())
        self._writer = threading.Thread(target=self._write, name="smspartner-inbox", daemon=True)
        self._writer.start()

    @property
    def is_alive(self) -> bool:
        """Whether the writer runs; without it nothing would be taken in any more."""
        return self._writer.is_alive()

    def take(self, post: Post, connection: str) -> Future[None]:
        """Take a post in; the future is done when it is durable, and fails when it could not be made so.

        :raises Busy: too many are waiting.
        """
        one = Received(post=post, connection=connection, received_at=utc_now(), receipt=str(uuid4()))
        done: Future[None] = Future()
        try:
            self._waiting.put_nowait((one, done))
        except queue.Full:
            raise Busy("Too many posts are waiting to be written.") from None
        return done

    def stop(self) -> None:
        """Write what has been taken in, and end."""
        while self.is_alive:
            try:
                self._waiting.put(None, timeout=1)
                break
            except queue.Full:
                continue
        self._writer.join()
        if self.spool:
            self.spool.close()

    # ---- the writer thread -------------------------------------------------------------------------

    def _write(self) -> None:
        retry_at = late_at = 0.0
        while (group := self._next_group()) is not None:
            if group:
                self._make_durable(group)
            now = time.monotonic()
            if self._spooled and now >= retry_at:
                # One file at a time, as posts wait meanwhile; the next one at once when this one went in
                retry_at = 0.0 if self._drain() else time.monotonic() + AGAIN_AFTER
            elif not self._spooled and now >= late_at:
                self._join_late()
                late_at = time.monotonic() + LATE_EVERY

    def _next_group(self) -> list[Waiting] | None:
        """Return what is waiting; None at the end. An empty list lets the other work be done."""
        group: list[Waiting] = []
        try:
            item = self._waiting.get(timeout=0.02 if self._spooled else 0.5)
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

    def _make_durable(self, group: list[Waiting]) -> None:
        received = [one for one, _ in group]
        try:
            if self._spooled:
                self._keep(received)
            else:
                self._write_or_keep(received)
        except RefusedValue as error:
            self._make_durable_one_by_one(group, error)
        except (SMSPartnerError, OSError) as error:
            self._refuse(group, error)
        else:
            self._acknowledge(group)

    def _write_or_keep(self, received: list[Received]) -> None:
        try:
            self._into_database(received)
        except RefusedValue:
            raise
        except SMSPartnerError as error:
            if self.spool is None:
                raise
            log.warning("The database is away, so posts go to the spool: %s", error)
            self._keep(received)

    def _into_database(self, received: Sequence[Received]) -> None:
        self._tell(write(self._opened(), received))

    def _opened(self) -> Ledger:
        if self._ledger is None:
            self._ledger = self.open_ledger()
        return self._ledger

    def _make_durable_one_by_one(self, group: list[Waiting], error: SMSPartnerError) -> None:
        """Find the one that the database does not take: it must not take the others with it."""
        if len(group) > 1:
            for waiting in group:
                self._make_durable([waiting])
        elif self.spool is None:
            self._refuse(group, error)
        else:
            try:
                self._set_aside([group[0][0]], error)
            except OSError as no:
                self._refuse(group, no)
            else:
                self._acknowledge(group)

    def _keep(self, received: list[Received]) -> None:
        assert self.spool is not None  # noqa: S101  # for the type checker
        self.spool.keep(received)
        self._spooled = True
        self.count(spooled=len(received))

    def _set_aside(self, received: list[Received], error: Exception) -> None:
        assert self.spool is not None  # noqa: S101  # for the type checker
        self.spool.set_aside(received)
        self.count(set_aside=len(received))
        log.error("%s posts were set aside in the spool, for a person to look at: %s", len(received), error)

    def _acknowledge(self, group: list[Waiting]) -> None:
        self.is_able = True
        for _, done in group:
            if done.set_running_or_notify_cancel():  # whoever waited may have gone
                done.set_result(None)

    def _refuse(self, group: list[Waiting], error: Exception) -> None:
        self.is_able = False
        # An error of the disk would name a path, which says nothing to whoever posts
        shown = error if isinstance(error, SMSPartnerError) else f"--spool: {type(error).__name__}"
        log.error("%s posts were not taken in: %s", len(group), shown)
        for _, done in group:
            if done.set_running_or_notify_cancel():
                done.set_exception(SMSPartnerError("It could not be made durable."))

    def _drain(self) -> bool:
        """Bring the oldest file of the spool into the database; False when that has to wait."""
        assert self.spool is not None  # noqa: S101  # for the type checker
        if not (files := self.spool.waiting()):
            self._spooled = False
            log.info("The spool is empty: posts go to the database again")
            return True
        try:
            self._drain_posts(self.spool.read(files[0]))
            self.spool.drop(files[0])
        except (ValueError, KeyError, TypeError) as error:  # a disk that has lost what it had kept
            log.error("%s cannot be read any more and was set aside: %s", files[0].name, type(error).__name__)
            files[0].rename(files[0].with_suffix(".unreadable"))
        except (SMSPartnerError, OSError) as error:
            log.warning("The spool waits for the database: %s", type(error).__name__)
            return False
        return True

    def _drain_posts(self, received: list[Received]) -> None:
        try:
            self._into_database(received)
        except RefusedValue as error:
            if len(received) == 1:
                self._set_aside(received, error)
                return
            for one in received:
                self._drain_posts([one])

    def _join_late(self) -> None:
        try:
            self._tell(join_late(self._opened(), utc_now()))
        except SMSPartnerError as error:
            log.warning("Replies with missing parts wait for the database: %s", error)

    def _tell(self, written: Written) -> None:
        self.count(new=written.new, repeats=written.repeats, parts=written.parts, strangers=written.strangers)
