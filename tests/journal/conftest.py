"""A ledger in SQLite, PostgreSQL and MariaDB, and sends of one campaign, with the clock in hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner import api
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.journal import Batch, Memory, Receipt, StaleProcess
from airflow_provider_smspartner.journal.eligibility import Claimant
from airflow_provider_smspartner.journal.ledger import LedgerJournal
from airflow_provider_smspartner.journal.opening import prepare
from airflow_provider_smspartner.journal.schema import PEOPLE, SENDS
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.journal.world import World
from airflow_provider_smspartner.rules.batches import batch_tag
from airflow_provider_smspartner.rules.people import Person, Pseudonymizer
from airflow_provider_smspartner.rules.sending_states import BatchState
from airflow_provider_smspartner.sending.engine import Sending
from airflow_provider_smspartner.sending.in_flight import Carrier
from airflow_provider_smspartner.sending.looks import Looks
from airflow_provider_smspartner.sending.plan import Plan, Summary
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.databases import engine as engine
from tests.databases import url as url

LEASE = 10 + 20 + 60
PLANNED = {"concurrency", "on_unknown", "tag_of", "make_call"}


def people(count: int, *, first: int = 0, event: str = "") -> list[Person]:
    """So many people, each with a number of their own."""
    return [Person(f"+336{n:08}", event) for n in range(first, first + count)]


ANN, BOB, EVE, KIM = people(4)
RECEIPT = Receipt(people=3, message_id="5120", segments=3, cost=Decimal("0.135"), currency="EUR")


@dataclass
class Clock:
    """A time that passes only while somebody waits."""

    time: float = 2_000_000_000.0
    waited: list[float] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None
    """What others do while somebody waits."""
    asked: Callable[[], object] = lambda: None
    """What others do when somebody asks for the time."""

    def now(self) -> float:
        self.asked()
        return self.time

    def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.time += seconds
        self.meanwhile()


@dataclass
class Campaign:
    """The sends of one campaign, by tasks that are known by a word."""

    ledger: Ledger
    clock: Clock
    hook: Carrier

    def plan(self, task: str, **changes: Any) -> Plan:
        defaults: dict[str, Any] = {
            "make_call": lambda some, tag: api.send(
                [person.number for person in some], "Hello", api.SendOptions(tag=tag)
            ),
            "tag_of": lambda ordinal: batch_tag([task], ordinal),
            "pseudonymizer": Pseudonymizer("secret", [task]),
            "concurrency": 1,
            "verify_timeout": 20.0,
            "longest_request": 10.0,
        }
        return Plan(**defaults | changes)

    def log(
        self, task: str, *, owner: str | None = None, plan: Plan | None = None, **changes: Any
    ) -> LedgerJournal:
        """The ledger as a task sees it; ``owner`` names the try."""
        plan = plan or self.plan(task)
        of_claimant: dict[str, Any] = {
            "connection": "smspartner_default",
            "sandbox": False,
            "campaign": "sale",
            "task": task,
            "owner": owner or f"{task} 1",
            "secret": "secret",
            "longest_request": plan.longest_request,
            "verify_timeout": plan.verify_timeout,
            "on_unknown": plan.on_unknown,
            "invisible": plan.invisible,
        }
        fence = changes.pop("fence", None)
        claimant = Claimant(**of_claimant | changes)
        ledger = Ledger(engine=self.ledger.engine, pause=self.clock.pause)  # as processes have one each
        pseudonymizer, tag_of = plan.pseudonymizer, plan.tag_of
        return LedgerJournal(
            ledger, claimant, pseudonymizer, tag_of, self.look, fence=fence, now=self.clock.now
        )

    def look(self, tag: str, ours: Collection[str]) -> frozenset[str] | None:
        return Looks(self.plan("any"), self.hook.call).numbers_of(tag, ours)

    def send(self, task: str, audience: Iterable[Person], *, attempt: int = 1, **changes: Any) -> Summary:
        """Send as a try of a task does."""
        of_plan = {name: changes.pop(name) for name in PLANNED & changes.keys()}
        plan = self.plan(task, later_try=attempt > 1, **of_plan)
        log = self.log(task, owner=f"{task} {attempt}", plan=plan, **changes)
        return Sending(plan, log, self.hook, now=self.clock.now, pause=self.clock.pause).run(audience)

    def die_sending(self, task: str, audience: Sequence[Person], *, posted: bool, **changes: Any) -> Batch:
        """Leave behind what a process does that dies before its request, or right after it."""
        plan, log = self.plan(task), self.log(task, **changes)
        batch = batch_of(plan, 0, audience)
        log.claim([batch])
        if posted:
            self.hook.call(plan.make_call(batch.people, batch.tag))
        return batch

    def rows(self) -> dict[str, sa.RowMapping]:
        """What stands in the table, by number."""
        with self.ledger.engine.connect() as connection:
            return {row["number"]: row for row in connection.execute(sa.select(SENDS)).mappings()}

    def states(self) -> dict[str, str]:
        return {number: row["state"] for number, row in self.rows().items()}


def batch_of(plan: Plan, ordinal: int, some: Iterable[Person]) -> Batch:
    """A batch that is about to be claimed."""
    members = tuple(some)
    hashes = plan.pseudonymizer.hashes(members)
    return Batch(ordinal=ordinal, tag=plan.tag_of(ordinal), people=members, hashes=hashes)


def claim(campaign: Campaign, log: LedgerJournal, task: str, ordinal: int, *some: Person) -> Batch:
    [batch] = log.claim([batch_of(campaign.plan(task), ordinal, some)])
    return batch


def record(log: LedgerJournal, batch: Batch, state: BatchState, **changes: Any) -> None:
    log.record(replace(batch, state=state, **changes))


class Fence:
    """Airflow's store, as the ledger uses it."""

    def __init__(self, memory: Memory | None = None, *, stale: bool = False) -> None:
        self.memory = memory
        self.stale = stale

    def load(self) -> Memory | None:
        return self.memory

    def begin(self) -> None:
        self.memory = Memory()

    def open(self, memory: Memory) -> None:
        if self.stale:
            raise StaleProcess("gone")
        self.memory = memory

    def count_claims(self, ordinals: int) -> None:
        self.open(Memory())

    def note(self, world: World) -> None:
        """Nothing to note: it tells nobody."""

    def forget_intent(self) -> None:
        """It has none."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def campaign(engine: sa.Engine, clock: Clock, simulator: Simulator, connect: Connect) -> Campaign:
    connect(simulator.url)
    prepare(engine)
    return Campaign(Ledger(engine=engine, pause=clock.pause), clock, SMSPartnerHook())


@pytest.fixture
def looks(campaign: Campaign) -> Iterator[list[str]]:
    """The statements about people, as they are asked."""
    asked = list[str]()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if PEOPLE.name in statement:
            asked.append(statement)

    sa.event.listen(campaign.ledger.engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(campaign.ledger.engine, "before_cursor_execute", note)
