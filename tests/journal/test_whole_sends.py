"""Whole sends of one campaign by several runs and tasks: everybody once, whoever dies."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api.answers import Sent
from airflow_provider_smspartner.exceptions import NeedsPerson, OutcomeUnknownError, SMSPartnerError
from airflow_provider_smspartner.journal import StaleProcess
from airflow_provider_smspartner.journal.schema import BATCHES
from airflow_provider_smspartner.rules.batches import batch_tag
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.rules.sending_states import BatchState
from airflow_provider_smspartner.simulator import Simulator
from tests.databases import in_sqlite
from tests.journal.conftest import LEASE, Campaign, batch_of, people


def once(*groups: list[Person]) -> dict[str, int]:
    return {person.number: 1 for group in groups for person in group}


# ---- tasks beside each other ----------------------------------------------------------------------


def test_parallel_tasks_share_an_audience(campaign: Campaign, simulator: Simulator) -> None:
    audience = people(1_500)
    recipients: dict[str, int] = {}

    def run(task: str, some: list[Person]) -> None:
        recipients[task] = campaign.send(task, some, concurrency=2).recipients

    orders = {"up": audience, "down": audience[::-1], "odd": audience[::2]}
    tasks = [threading.Thread(target=run, args=each) for each in orders.items()]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()

    assert simulator.texts_per_number() == once(audience)
    assert sum(recipients.values()) == len(audience)


@in_sqlite
def test_those_whom_another_task_takes_in_between_do_not_end_the_send(
    campaign: Campaign, simulator: Simulator
) -> None:
    audience = people(1_200)

    def tag_of(ordinal: int) -> str:
        if ordinal == 1:  # both batches of the first claim have been read, and not yet claimed
            campaign.send("rival", audience[:1_000])
        return batch_tag(["monday"], ordinal)

    outcome = campaign.send("monday", audience, tag_of=tag_of)

    assert simulator.texts_per_number() == once(audience)
    assert (outcome.recipients, outcome.excluded) == (200, 1_000)


@in_sqlite
def test_a_task_that_is_about_to_text_and_lives_keeps_its_people(
    campaign: Campaign, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    plan, rival = campaign.plan("rival"), campaign.log("rival")
    rival.claim([batch_of(plan, 0, people(3))])
    campaign.clock.meanwhile = rival.keep

    outcome = campaign.send("monday", people(5))

    assert (outcome.recipients, outcome.excluded) == (2, 3)
    assert sum(campaign.clock.waited) < LEASE
    assert "Another task is about to text 3 people" in caplog.text


@in_sqlite
def test_whom_another_task_lets_go_of_is_texted(campaign: Campaign, simulator: Simulator) -> None:
    plan, rival = campaign.plan("rival"), campaign.log("rival")
    [batch] = rival.claim([batch_of(plan, 0, people(3))])

    def give_up() -> None:
        rival.record(replace(batch, state=BatchState.ABSENT))

    campaign.clock.meanwhile = give_up

    assert campaign.send("monday", people(5)).recipients == 5
    assert simulator.texts_per_number() == once(people(5))


# ---- runs that die --------------------------------------------------------------------------------


@pytest.mark.parametrize("posted", [False, True])
def test_a_run_that_died_for_good_loses_nobody(
    posted: bool, campaign: Campaign, simulator: Simulator
) -> None:
    campaign.die_sending("monday", people(3), posted=posted)

    outcome = campaign.send("tuesday", people(5))

    assert simulator.texts_per_number() == once(people(5))
    assert (outcome.recipients, outcome.excluded) == ((2, 3) if posted else (5, 0))
    assert LEASE <= sum(campaign.clock.waited) < LEASE + 15
    assert set(campaign.states().values()) == {"accepted"}


@in_sqlite
@pytest.mark.parametrize("posted", [False, True])
def test_a_later_try_does_not_wait_for_the_lease(
    posted: bool, campaign: Campaign, simulator: Simulator
) -> None:
    campaign.die_sending("monday", people(3), posted=posted)

    outcome = campaign.send("monday", people(5), attempt=2)

    assert simulator.texts_per_number() == once(people(5))
    assert outcome.recipients == 5
    assert sum(campaign.clock.waited) < LEASE


@in_sqlite
@pytest.mark.parametrize(
    ("changes", "control", "certain"),
    [({}, False, True), ({"invisible": True}, False, False), ({"invisible": True}, True, True)],
)
def test_absence_needs_proof(
    changes: dict[str, Any], control: bool, certain: bool, campaign: Campaign, simulator: Simulator
) -> None:
    if control:
        campaign.send("monday", people(1, first=50), **changes)
    log, plan = campaign.log("monday", owner="monday 2", **changes), campaign.plan("monday")
    batch = batch_of(plan, 1, people(3))
    log.claim([batch])
    campaign.clock.time += LEASE + 1

    if certain:
        campaign.send("tuesday", people(5))
    else:
        with pytest.raises(OutcomeUnknownError, match=rf"{batch.tag} \(3 people\).*smspartner_batches"):
            campaign.send("tuesday", people(5))

    texted = people(5) if certain else people(5)[3:]
    assert simulator.texts_per_number() == once(texted, people(int(control), first=50))


@in_sqlite
def test_a_person_can_settle_what_nobody_can_tell(campaign: Campaign, simulator: Simulator) -> None:
    batch = campaign.die_sending("monday", people(3), posted=False, invisible=True)
    campaign.clock.time += LEASE + 1
    with campaign.ledger.engine.begin() as connection:
        by_tag = sa.update(BATCHES).where(BATCHES.c.tag == batch.tag)
        connection.execute(by_tag.values(state="absent"))

    assert campaign.send("tuesday", people(5)).recipients == 5


@in_sqlite
def test_on_unknown_decides_about_dead_runs_too(campaign: Campaign, simulator: Simulator) -> None:
    campaign.die_sending("monday", people(3), posted=False, invisible=True)
    campaign.clock.time += LEASE + 1

    with pytest.raises(NeedsPerson, match="on_unknown="):
        campaign.send("tuesday", people(5), on_unknown="fail")
    assert not simulator.sent

    assert campaign.send("tuesday", people(5), attempt=2, on_unknown="resend").recipients == 5


@in_sqlite
def test_a_look_that_fails_is_for_a_later_try(campaign: Campaign, simulator: Simulator) -> None:
    campaign.die_sending("monday", people(3), posted=True)
    campaign.send("tuesday", [])  # so that only the dead run's tag is looked for
    campaign.clock.time += LEASE + 1
    simulator.faults.add("/bulk-status-by-tag", "refuse", times=2, code=1)

    with pytest.raises(SMSPartnerError):
        campaign.send("tuesday", people(5))
    campaign.send("tuesday", people(5), attempt=2)

    assert simulator.texts_per_number() == once(people(5))


@in_sqlite
def test_other_people_under_a_dead_runs_tag_are_for_a_person(
    campaign: Campaign, simulator: Simulator
) -> None:
    batch = campaign.die_sending("monday", people(3), posted=False)
    campaign.hook.call(campaign.plan("x").make_call(people(1, first=70), batch.tag))
    campaign.clock.time += LEASE + 1

    with pytest.raises(NeedsPerson, match="holds other people"):
        campaign.send("tuesday", people(5))


@in_sqlite
def test_a_process_that_lost_its_claim_right_before_the_request_sends_nothing(
    campaign: Campaign, simulator: Simulator
) -> None:
    def make_call(some: Sequence[Person], tag: str) -> api.Call[Sent]:
        campaign.log("monday", owner="monday 2").load()
        return api.send([person.number for person in some], "Hello", api.SendOptions(tag=tag))

    with pytest.raises(StaleProcess):
        campaign.send("monday", people(3), make_call=make_call)
    assert not simulator.sent

    assert campaign.send("monday", people(3), attempt=3).recipients == 3


def test_a_run_that_comes_back_during_the_look_keeps_its_people(
    campaign: Campaign, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = campaign.die_sending("monday", people(3), posted=False)
    slow = campaign.log("monday")
    campaign.clock.time += LEASE + 1
    look = campaign.look

    def meanwhile(tag: str, ours: Collection[str]) -> frozenset[str] | None:
        slow.confirm(batch)
        return look(tag, ours)

    monkeypatch.setattr(campaign, "look", meanwhile)

    assert list(campaign.log("tuesday").unsent(people(5))) == people(5)[3:]
    slow.confirm(batch)


@in_sqlite
def test_claims_that_wait_for_their_turn_are_kept(campaign: Campaign, simulator: Simulator) -> None:
    orders = [person for n in range(16) for person in people(1, event=f"order {n}")]
    rival, carry = campaign.log("rival", by_event=True), campaign.hook.call
    in_turn, lapsed = threading.RLock(), list[Person]()

    class Slow:
        def call(self, call: api.Call[Any], *, before: Callable[[], None] | None = None) -> Any:
            with in_turn:
                if before:  # a send
                    lapsed.extend(rival.unsent(orders))
                    campaign.clock.time += 10
                return carry(call, before=before)

    campaign.hook = Slow()
    start = campaign.clock.time
    outcome = campaign.send("monday", orders, concurrency=8, by_event=True)

    assert campaign.clock.time - start > LEASE
    assert (outcome.recipients, lapsed) == (16, [])
