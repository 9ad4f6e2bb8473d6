"""A folder that keeps posts while the database is away: written durably before they are acknowledged.

A file holds a group of posts, one a line, in the order of its name. It is written beside and renamed, so that
a file with its final name is whole; it is deleted when its posts are in the database. A crash in between
writes them again, which their receipts make harmless.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from airflow_provider_smspartner.api.posts import Kind, Part, Post
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.inbox.messages import Received
from airflow_provider_smspartner.rules.delivery import DeliveryStatus

SUFFIX: Final = ".posts"
SET_ASIDE: Final = ".refused"


class Spool:
    """A folder of posts that wait for the database. One receiver uses it at a time; one thread of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock()
        except OSError as error:
            raise InvalidMessage(
                f"--spool: {folder} cannot be used as a folder ({type(error).__name__})"
            ) from None
        for torn in folder.glob("*.part"):  # a crash before the rename: nothing in it was acknowledged
            torn.unlink()
        used = [int(path.stem) for path in folder.iterdir() if path.stem.isdecimal()]
        self._numbers = count(max(used, default=0) + 1)

    def _lock(self) -> None:
        import fcntl

        self._held = os.open(self._folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._held)
            raise InvalidMessage(
                f"--spool: {self._folder} is in use by another receiver; give each one a folder of its own"
            ) from None

    def waiting(self) -> list[Path]:
        """Return the files whose posts are not in the database yet, oldest first."""
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    def keep(self, received: Sequence[Received]) -> None:
        """Write posts so that they survive the machine's end.

        :raises OSError: the disk refuses; nothing may be acknowledged.
        """
        self._write(self._folder / f"{next(self._numbers):012}{SUFFIX}", received)

    def set_aside(self, received: Sequence[Received]) -> None:
        """Keep posts that the database does not take, for a person to look at.

        :raises OSError: the disk refuses.
        """
        self._write(self._folder / f"{next(self._numbers):012}{SET_ASIDE}", received)

    def _write(self, final: Path, received: Sequence[Received]) -> None:
        part = final.with_suffix(".part")
        with open(part, "x", encoding="utf-8", opener=_private) as file:
            file.writelines(json.dumps(as_json(one)) + "\n" for one in received)
            file.flush()
            os.fsync(file.fileno())
        part.rename(final)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name, too
        finally:
            os.close(folder)

    def read(self, file: Path) -> list[Received]:
        """Return the posts of a file."""
        with open(file, encoding="utf-8") as lines:  # only "\n" ends a line here, as JSON escapes it
            return [from_json(json.loads(line)) for line in lines]

    def drop(self, file: Path) -> None:
        """Forget a file whose posts are in the database."""
        file.unlink()

    def close(self) -> None:
        """Let another receiver have the folder."""
        os.close(self._held)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def as_json(one: Received) -> dict[str, Any]:
    """Write a post as JSON."""
    post = asdict(one.post)
    post["happened_at"] = one.post.happened_at.isoformat() if one.post.happened_at else None
    return {
        "post": post,
        "connection": one.connection,
        "received_at": one.received_at.isoformat(),
        "receipt": one.receipt,
    }


def from_json(value: dict[str, Any]) -> Received:
    """Read a post that ``as_json`` wrote."""
    post = dict(value["post"])
    return Received(
        post=Post(
            **{
                **post,
                "kind": Kind(post["kind"]),
                "status": DeliveryStatus(post["status"]) if post["status"] else None,
                "happened_at": datetime.fromisoformat(post["happened_at"]) if post["happened_at"] else None,
                "part": Part(**post["part"]) if post["part"] else None,
            }
        ),
        connection=value["connection"],
        received_at=datetime.fromisoformat(value["received_at"]),
        receipt=value["receipt"],
    )
