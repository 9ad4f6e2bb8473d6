"""One run of the proof of the inbox: the seed says what is posted, and what is killed in between."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import requests
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from airflow_provider_smspartner.inbox import KINDS
from airflow_provider_smspartner.inbox.consumers import last_positions, positions_of
from airflow_provider_smspartner.journal.inbox import INBOX
from airflow_provider_smspartner.journal.schema import PEOPLE
from airflow_provider_smspartner.rules.callbacks import callbacks, path_secret
from airflow_provider_smspartner.simulator import Posting, Simulator
from faults import fork_server
from faults import inbox_judge as judge
from faults.inbox_processes import CONSUMER, KEY, Database, Place, listens, read, receive
from scripts.local_airflow import held_port
from tests.databases import write_sends
from tests.inbox.conftest import sent

MEMBERS, REPLIES, MOST_KILLS = 10, 8, 4
LONGEST = 60.0
"""Seconds after which a run counts as unfinished."""
LONGEST_IDLE = 10.0
"""Seconds that a reader is waited for to begin, before it is killed."""
MOST_WORDS = 4_000
"""Characters of a log that are kept of a run that did not finish."""
ATTEMPTS = 1_000
"""The simulated platform never gives a post up: whatever was posted must come in."""

Row = dict[str, Any]
Statuses = dict[str, str | None]


class Run:
    """Posts, kills, and a count of what is left."""

    def __init__(self, seed: int, there: Database, simulator: Simulator) -> None:
        self.seed = seed
        self.dice = random.Random(seed)  # noqa: S311  # moments of death are no secret
        self.database = there
        self.simulator = simulator
        self.kills: Counter[str] = Counter()
        self.back = 0
        self.people = [f"+336{seed:05}{n:03}" for n in range(MEMBERS)]
        self.posting = Posting(
            after_seconds=0.1,
            times=self.dice.choice((1, 1, 2, 3)),
            attempts=ATTEMPTS,
            waiting_first=self.dice.random() < 0.7,
            out_of_order=self.dice.random() < 0.5,
            form=self.dice.random() < 0.3,
            long_number=self.dice.random() < 0.4,
        )

    def run(self) -> Row:
        """Post and kill, let everything finish, and count."""
        self.database.empty()
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder, held_port() as port:
            spooled = self.dice.random() < 0.5
            self.place = Place(folder=Path(folder), database=self.database.folder, port=port, spooled=spooled)
            self.processes: dict[str, BaseProcess] = {}
            over = Event()
            watcher = Thread(target=self._watch_statuses, args=(over,))
            watcher.start()
            try:
                for name in ("receiver", "reader"):
                    self._start(name)
                self._send()
                self._post_and_kill()
                finished = self._wait()
                return self._count(finished=finished) | ({} if finished else {"said": self._said()})
            finally:
                over.set()
                watcher.join()
                self.simulator.postman.clear()
                for process in self.processes.values():
                    process.kill()
                    process.join()

    # ---- what happens ------------------------------------------------------------------------------

    def _send(self) -> None:
        """Text everybody, and write that into the ledger as a send does."""
        self.simulator.reset()
        self.simulator.settings = replace(self.simulator.settings, posting=self.posting)
        for number in self.people:
            status = self.dice.choice(("Delivered", "Delivered", "Not delivered"))
            self.simulator.deliver(number, status=status, stop=self.dice.random() < 0.1)
        urls = callbacks(f"http://127.0.0.1:{self.place.port}", path_secret(KEY, "smspartner_default"))
        body = {"apiKey": KEY, "phoneNumbers": ",".join(self.people), "message": "Come?", "tag": "proof"}
        body |= {"urlDlr": urls.report, "urlResponse": urls.reply}
        answer = requests.post(f"{self.simulator.url}/send", json=body, timeout=30).json()
        message_id = str(answer["message_id"])
        rows = [sent(number, message_id=message_id, tag="proof") for number in self.people]
        with self.database.engine.begin() as connection:
            write_sends(connection, rows)

    def _post_and_kill(self) -> None:
        """Let people answer and processes die, in any order."""
        deeds: list[tuple[Callable[..., None], tuple[str, ...]]] = []
        for n, number in enumerate(self.people[:REPLIES]):
            long = "x" * 300 if self.dice.random() < 0.3 else ""
            deeds.append((self.simulator.reply, (number, f"answer {n} {long}".strip())))
        for _ in range(self.dice.randint(1, MOST_KILLS)):
            victim = self.dice.choice(("receiver", "receiver", "reader", "reader", "database"))
            deeds.append((self._kill, (victim,)))
        self.dice.shuffle(deeds)
        for do, arguments in deeds:
            do(*arguments)
            time.sleep(self.dice.uniform(0, 0.15))

    def _start(self, name: str) -> None:
        if name == "receiver":
            self.processes[name] = fork_server.start(receive, self.place)
        else:
            self.processes[name] = fork_server.start(read, self.place, f"{self.seed}-{self.kills['reader']}")
        while name == "receiver" and not listens(self.place.port):
            if not self.processes[name].is_alive():
                raise SystemExit((self.place.folder / "receiver.log").read_text())
            time.sleep(0.01)

    def _kill(self, name: str) -> None:
        """Kill one of them, and start it again after a while."""
        if name == "reader":
            self._wait_until_it_reads()
        self.kills[name] += 1
        if name == "database":
            self.database.kill()
            time.sleep(self.dice.uniform(0, 0.3))
            self.database.restart()
            return
        self.processes[name].kill()
        self.processes[name].join()
        time.sleep(self.dice.uniform(0, 0.2))
        self._start(name)

    def _wait_until_it_reads(self) -> None:
        """Let there be something to read, and wait until it is being read."""
        until, before = time.monotonic() + LONGEST_IDLE, self.place.noted
        self.simulator.reply(self.people[-1], f"read {self.kills['reader']}")
        while self.place.noted == before and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(self.dice.uniform(0, 0.05))

    # ---- what came of it ---------------------------------------------------------------------------

    def _watch_statuses(self, over: Event) -> None:
        """Look all the time whether somebody's status goes back."""
        known: Statuses = {}
        while not over.wait(0.02):
            with suppress(DBAPIError), self.database.engine.connect() as connection:
                rows = connection.execute(sa.select(PEOPLE.c.number, PEOPLE.c.status))
                now = {row.number: row.status for row in rows}
                self.back += judge.gone_back(known, now)
                known = now

    def _wait(self) -> bool:
        """Wait until every post is acknowledged and in the database, and the consumer has read it."""
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            with suppress(TimeoutError):
                self.simulator.wait_for_posts(1)
                posts = self.simulator.posts
                is_spooled = any(self.place.spool.glob("*.posts"))
                if not judge.unacknowledged(posts, self.posting.times) and not is_spooled and self._is_read():
                    return True
            time.sleep(0.05)
        return False

    def _is_read(self) -> bool:
        with self.database.engine.connect() as connection:
            return positions_of(connection, CONSUMER, KINDS) == last_positions(connection, KINDS)

    def _said(self) -> dict[str, str]:
        """Return which processes live, and their last words: an unfinished run is hard to meet again."""
        logs = {path.name: path.read_text()[-MOST_WORDS:] for path in self.place.folder.glob("*.log")}
        return logs | {name: f"lives: {process.is_alive()}" for name, process in self.processes.items()}

    def _count(self, *, finished: bool) -> Row:
        posts = self.simulator.posts
        with self.database.engine.connect() as connection:
            rows = connection.execute(sa.select(INBOX)).all()
            statuses = dict(connection.execute(sa.select(PEOPLE.c.number, PEOPLE.c.status)).all())
        kept = Counter((row.kind, row.number, row.status or row.text) for row in rows)
        expected = judge.acknowledged(posts)
        final = {number: self.simulator.fates[number].status.lower() for number in self.people}  # type: ignore[union-attr]
        with self.place.notes.open() as notes:
            blocks = judge.blocks_of(notes)
        return {
            "seed": self.seed,
            "spooled": self.place.spooled,
            "kills": dict(self.kills),
            "posts": len(posts),
            "acknowledged": sum(map(judge.is_acknowledged, posts)),
            "messages": len(rows),
            "lost": (expected - kept).total(),
            "twice": (kept - expected).total(),
            "back": self.back + judge.gone_back(final, statuses),
            "misread": judge.misread(blocks, [row.position for row in rows]),
            "cut_short": sum(block.state != "done" for block in blocks),
            "unfinished": int(not finished),
        }
