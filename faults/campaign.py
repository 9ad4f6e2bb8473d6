"""A campaign over its tries: what the operator puts together, in a world where everything can fail."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Sized
from contextlib import closing
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from typing import Any, cast
from uuid import uuid4

from airflow.providers.common.compat.sdk import AirflowFailException
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api.answers import Account
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks.paging import look_up
from airflow_provider_smspartner.journal import Journal, NoJournal
from airflow_provider_smspartner.journal.eligibility import Claimant, digest, owner_of
from airflow_provider_smspartner.journal.ledger import LedgerJournal
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.journal.task_state import TaskStateJournal
from airflow_provider_smspartner.journal.world import World
from airflow_provider_smspartner.rules.batches import batch_tag
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from airflow_provider_smspartner.sending.engine import Sending
from airflow_provider_smspartner.sending.plan import Plan, Summary
from airflow_provider_smspartner.simulator import Settings
from airflow_provider_smspartner.simulator.stage import Stage
from faults.empty_ledger import empty_ledger
from faults.store import OF_THIS_AIRFLOW, Store
from faults.world import LONGEST_REQUEST, Clock, Crash, Line, Process, quiet_crashes

TASK = ("campaign",)
"""What names the task instance, whatever it is called under a connection."""
VERIFY_TIMEOUT = 300.0
MOST_TRIES = 22
"""Ten minutes apart: what is scheduled in three hours may have to be seen before somebody counts as missing.
A task that waits for it says so, and may be tried again until then."""

OpenLog = Callable[["Campaign", Process], Journal]


class Campaign:
    """One task instance: its tries share store and platform, and each of them is another process."""

    def __init__(
        self,
        open_log: OpenLog,
        *,
        settings: Settings | None = None,
        secret: str = "simulator-key",  # noqa: S107  # an invented one
        concurrency: int = 1,
        on_unknown: str = "verify",
        invisible: bool = False,
        send_in: float | None = None,
    ) -> None:
        self.clock = Clock()
        self.stage = Stage(settings or Settings(balance=1_000_000), clock=self.clock.utc)  # type: ignore[arg-type]
        self.line = Line(self.stage, self.clock)
        self.store = Store()
        self.open_log = open_log
        self.secret = secret
        self.concurrency = concurrency
        self.on_unknown = on_unknown
        self.invisible = invisible
        self.send_at = None if send_in is None else self.clock.now() + send_in
        self.text = "Hello"
        self.name: Sequence[object] = TASK
        self.instance: Sequence[object] = TASK
        """What a ledger knows the task instance by, whatever connection it sends through."""
        self.user_tag: str | None = None
        self.connection = "smspartner_default"
        self.tries = 0
        self.ids = count()
        """Of the tries, in the order in which they begin."""
        self.meanwhile: tuple[int, Callable[[], object]] | None = None
        """What happens elsewhere at a step of the next try."""
        self.process = Process()
        self.sending: Sending | None = None
        self.max_rejected_rate = 1.0
        self.release: Callable[[float], float] = float
        """When what is to leave at a moment does; the platform may hold it."""
        self.personal = False
        """Whether everybody gets a text of their own, by the other endpoint."""
        self.sandbox = False
        self.account: str | None = None
        """Whom the platform says the key belongs to, instead of the simulator's own word."""
        self.others: list[Stage] = []
        """Platforms of other accounts, on which texts count, too."""
        self.now = self.clock.now
        """The clock of the next try's worker."""
        self.pause: Callable[[float], object] = self.clock.pause

    def account_name(self, needed: bool) -> str | None:
        """Return whom the platform says the key belongs to; it never minds being asked."""
        account: Account = api.me().read(self.line.answer(api.me()))
        return self.account or account.name

    def tag_of(self, ordinal: int) -> str:
        """Return the tag of an ordinal."""
        return batch_tag(self.name, ordinal, self.user_tag)

    @cached_property
    def ledger(self) -> Ledger:
        """The table that outlives all tries and the task state store."""
        shared = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        engine = create_engine("sqlite://", **shared)
        weakref.finalize(self, engine.dispose)
        with closing(engine.raw_connection()) as connection:
            connection.driver_connection.deserialize(empty_ledger())  # type: ignore[union-attr]
        return Ledger(engine=engine, identity=str(uuid4()), pause=self.pause)

    def look(self, tag: str, ours: Collection[str]) -> frozenset[str] | None:
        """Look for a tag, as the ledger does for those of dead runs."""
        found = look_up(self.line.of(Process()).call, tag, ours=ours.__contains__ if ours else None)
        return found.numbers if found else None

    @property
    def pseudonymizer(self) -> Pseudonymizer:
        """What recognises people under today's secret."""
        return Pseudonymizer(self.secret, self.name)

    def attempt(self, numbers: Iterable[str], *, dies_at: int | None = None) -> Summary:
        """Run one try; a crash is raised as ``Crash``."""
        sending = self.begin(dies_at=dies_at)
        process = self.process
        try:
            with quiet_crashes(), sending:
                everybody = map(Person, numbers)
                return sending.run(list(everybody) if isinstance(numbers, Sized) else everybody)
        except Crash:
            process.dead = True
            raise

    def begin(self, *, dies_at: int | None = None) -> Sending:
        """Put one try together, in a process of its own."""
        self.process = process = Process(dies_at)
        process.meanwhile, self.meanwhile = self.meanwhile, None
        process.number = self.tries = self.tries + 1
        self.line.begin(in_flight=2 * self.concurrency)
        journal, now = self.open_log(self, process), self.now
        if self.tries == 1:
            journal.begin()
        plan = Plan(
            make_call=self.make_call,
            tag_of=self.tag_of,
            pseudonymizer=self.pseudonymizer,
            concurrency=self.concurrency,
            on_unknown=self.on_unknown,
            verify_timeout=VERIFY_TIMEOUT,
            longest_request=LONGEST_REQUEST,
            later_try=self.tries > 1,
            invisible=self.invisible,
            send_at=self.send_at,
            release=self.release,
            cancel_on_kill=True,
            max_rejected_rate=self.max_rejected_rate,
            world=World(
                connection=self.connection,
                sandbox=self.sandbox,
                tag=self.user_tag,
                campaign="campaign" if self.open_log in (with_ledger, with_ledger_alone) else None,
            ),
            account=self.account_name,
        )
        line = self.line.of(process)
        sending = Sending(plan, journal, line, now=now, pause=lambda s: self.pause(s))
        self.sending = sending
        return sending

    def attempt_anyway(self, numbers: Iterable[str], *, dies_at: int | None = None) -> BaseException | None:
        """Run one try and return what it ended with; errors that Airflow would repeat, or a person would."""
        try:
            self.attempt(numbers, dies_at=dies_at)
        except (Crash, SMSPartnerError, AirflowFailException) as error:
            return error
        return None

    def finish(self, numbers: Sequence[str]) -> Summary:
        """Let the faults end, and try again as Airflow and people do, until the task succeeds."""
        self.line.calm()
        for _ in range(MOST_TRIES - 1):
            try:
                return self.attempt(numbers)
            except (SMSPartnerError, AirflowFailException):
                self.clock.pause(600)
        return self.attempt(numbers)

    def make_call(self, people: Sequence[Person], tag: str) -> api.Call[Any]:
        """Build the request of some people."""
        now = self.clock.utc()
        waits = self.send_at is not None and self.send_at > self.clock.now()
        when = datetime.fromtimestamp(self.send_at or 0, UTC) if waits else None
        options = api.SendOptions(tag=tag, send_at=when, sandbox=self.sandbox)
        if self.personal:
            return api.bulk_send([(person.number, self.text) for person in people], options, now=now)
        return api.send([person.number for person in people], self.text, options, now=now)

    @property
    def doubles(self) -> dict[str, int]:
        """Everybody who was texted more than once, with the number of texts."""
        return {number: texts for number, texts in self.texts.items() if texts > 1}

    @property
    def texts(self) -> Counter[str]:
        """What has left for each number, on all accounts."""
        return sum((each.texts_per_number() for each in self.others), self.stage.texts_per_number())

    def missing(self, numbers: Iterable[str]) -> set[str]:
        """Return those of these people who were not texted."""
        return set(numbers) - set(self.texts)


def with_task_state(campaign: Campaign, process: Process) -> Journal:
    """Remember in the task state store, as a new try."""
    store = campaign.store.new_try(process.step)
    return TaskStateJournal(store, campaign.pseudonymizer, pause=campaign.pause)  # type: ignore[arg-type]


def with_ledger(campaign: Campaign, process: Process) -> Journal:
    """Remember in a table, with the task state store as the fence where there is one, as a new try."""
    claimant = Claimant(
        connection=campaign.connection,
        sandbox=campaign.sandbox,
        campaign="campaign",
        task=digest(campaign.name),
        instance=digest(campaign.instance),
        owner=owner_of(process.number, f"{next(campaign.ids):06}"),
        secret=campaign.secret,
        longest_request=LONGEST_REQUEST,
        verify_timeout=VERIFY_TIMEOUT,
        on_unknown=campaign.on_unknown,
        invisible=campaign.invisible,
    )
    store: Any = campaign.store.new_try(process.step) if OF_THIS_AIRFLOW else None
    fence = TaskStateJournal(store, campaign.pseudonymizer, pause=campaign.pause) if store else None
    who, tag_of, look = campaign.pseudonymizer, campaign.tag_of, campaign.look
    log = LedgerJournal(campaign.ledger, claimant, who, tag_of, look, fence=fence, now=campaign.now)
    return cast("Journal", Stepwise(log, process))


def with_ledger_alone(campaign: Campaign, process: Process) -> Journal:
    """Remember in a table, on an Airflow without a task state store."""
    log = with_ledger(campaign, process)
    log._log._fence = None  # type: ignore[attr-defined]
    return log


class Stepwise:
    """A log whose process may die before and after each use of it."""

    def __init__(self, log: Journal, process: Process) -> None:
        self._log = log
        self._process = process

    def __getattr__(self, name: str) -> Any:
        """Return what the log has of this name; a method becomes two steps of the process."""
        found = getattr(self._log, name)

        def stepwise(*arguments: Any) -> Any:
            self._process.step()
            result = found(*arguments)
            self._process.step()
            return result

        return stepwise if callable(found) else found


def with_nothing(campaign: Campaign, process: Process) -> Journal:
    """Remember nothing."""
    return NoJournal()


def people(count: int, *, start: int = 0) -> list[str]:
    """Invent mobile numbers."""
    return [f"+336{number:08}" for number in range(start, start + count)]


LOGS: Mapping[str, OpenLog] = {
    "task state": with_task_state,
    "ledger": with_ledger,
    "neither": with_nothing,
}
"""What can remember a campaign's batches, by its name in the report."""
USABLE = [name for name in LOGS if OF_THIS_AIRFLOW or name != "task state"]
"""Those of them that the Airflow which is installed has."""
DURABLE = [name for name in USABLE if name != "neither"]
"""Those that outlive a process."""
