"""What a dead run left open: what proves that it never left, and whom the platform's list may mean."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from airflow_provider_smspartner.exceptions import OutcomeUnknownError
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.simulator import Simulator
from tests.databases import in_sqlite
from tests.journal.conftest import LEASE, Campaign, batch_of, people
from tests.journal.test_whole_sends import once

BELGIANS = [Person(f"+3247012345{n}") for n in range(3)]


def hide(campaign: Campaign, monkeypatch: pytest.MonkeyPatch, tag: str, *, looks: float) -> None:
    """Have so many looks find nobody under a tag, whoever is there."""
    look, left = campaign.look, looks

    def unseen(asked: str, ours: Collection[str]) -> frozenset[str] | None:
        nonlocal left
        if asked == tag and left > 0:
            left -= 1
            return None
        return look(asked, ours)

    monkeypatch.setattr(campaign, "look", unseen)


@in_sqlite
def test_a_control_that_left_at_once_proves_nothing_of_what_is_held(
    campaign: Campaign, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    control, held = people(1, first=50), people(3)
    campaign.send("monday", control)
    plan, log = campaign.plan("monday"), campaign.log("monday", owner="monday 2", invisible=True)
    batch = batch_of(plan, 1, held)
    log.claim([batch])
    campaign.hook.call(plan.make_call(batch.people, batch.tag))
    hide(campaign, monkeypatch, batch.tag, looks=float("inf"))
    campaign.clock.time += LEASE + 1

    with pytest.raises(OutcomeUnknownError, match=batch.tag):
        campaign.send("tuesday", people(5))

    assert simulator.texts_per_number() == once(control, people(5))


@in_sqlite
def test_one_look_that_slips_makes_no_dead_run_absent(
    campaign: Campaign, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = campaign.die_sending("monday", people(3), posted=True)
    hide(campaign, monkeypatch, batch.tag, looks=1)
    campaign.clock.time += LEASE + 1

    assert campaign.send("tuesday", people(5)).recipients == 2
    assert simulator.texts_per_number() == once(people(5))


@pytest.mark.parametrize(("before", "is_believed"), [(1, False), (30, True)])
def test_a_dead_run_is_not_absent_where_nothing_of_its_campaign_is_shown(
    before: int, is_believed: bool, campaign: Campaign, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = people(1, first=50)
    campaign.send("sunday", control)
    campaign.clock.time += before * 86_400
    campaign.die_sending("monday", people(3), posted=not is_believed)
    campaign.clock.time += LEASE + 1
    monkeypatch.setattr(campaign, "look", lambda tag, ours: None)  # as on another account

    if is_believed:  # nobody knows whether the platform still lists what is as old
        campaign.send("tuesday", people(5))
    else:
        with pytest.raises(OutcomeUnknownError, match="a run that died"):
            campaign.send("tuesday", people(5))

    assert simulator.texts_per_number() == once(control, people(5))


@in_sqlite
@pytest.mark.parametrize(("later", "counts"), [("monday", (3, 0)), ("tuesday", (0, 3))])
def test_a_dead_run_is_settled_however_the_platform_spells_its_people(
    later: str, counts: tuple[int, int], campaign: Campaign, simulator: Simulator
) -> None:
    simulator.settings = replace(simulator.settings, listed_numbers="national")
    campaign.die_sending("monday", BELGIANS, posted=True)
    campaign.clock.time += LEASE + 1

    outcome = campaign.send(later, BELGIANS, attempt=2)

    assert (outcome.recipients, outcome.excluded) == counts
