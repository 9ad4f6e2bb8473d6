"""Runs of one campaign after each other: a later one texts only whom no earlier one has."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smspartner.simulator import Simulator
from tests.databases import in_sqlite
from tests.journal.conftest import Campaign, people
from tests.journal.test_whole_sends import once


def test_a_later_run_texts_only_whom_no_earlier_one_has(campaign: Campaign, simulator: Simulator) -> None:
    first = campaign.send("monday", people(600))
    second = campaign.send("tuesday", people(600, first=300))

    assert simulator.texts_per_number() == once(people(900))
    assert (first.recipients, first.excluded) == (600, 0)
    assert (second.recipients, second.excluded) == (300, 300)


@in_sqlite
def test_the_same_task_sends_nothing_again_and_counts_what_it_sent(
    campaign: Campaign, simulator: Simulator
) -> None:
    first = campaign.send("monday", people(700))
    again = campaign.send("monday", people(700), attempt=2)

    assert simulator.texts_per_number() == once(people(700))
    assert (again.counts, again.message_ids) == (first.counts, first.message_ids)
    assert (again.segments, again.cost, again.currency) == (first.segments, first.cost, first.currency)
    assert again.excluded == 0


@in_sqlite
@pytest.mark.parametrize("change", [{"campaign": "another"}, {"sandbox": True}, {"connection": "other"}])
def test_another_campaign_is_another_text(
    change: dict[str, Any], campaign: Campaign, simulator: Simulator
) -> None:
    campaign.send("monday", people(3))

    assert campaign.send("tuesday", people(3), **change).recipients == 3


@in_sqlite
def test_an_event_is_texted_once(campaign: Campaign, simulator: Simulator) -> None:
    [ann] = people(1, event="order 1")
    orders = [ann, ann._replace(event="order 2")]

    assert campaign.send("monday", orders, by_event=True).recipients == 2
    assert campaign.send("tuesday", [*orders, ann._replace(event="order 3")], by_event=True).recipients == 1
    assert simulator.texts_per_number() == {ann.number: 3}


@in_sqlite
def test_a_text_of_their_own_makes_nobody_another_person(campaign: Campaign, simulator: Simulator) -> None:
    [ann] = people(1)

    campaign.send("monday", [ann._replace(text="Ann")])
    campaign.send("tuesday", [ann._replace(text="Anna")])

    assert simulator.texts_per_number() == {ann.number: 1}


@in_sqlite
def test_a_number_that_was_refused_for_good_is_not_tried_again(
    campaign: Campaign, simulator: Simulator
) -> None:
    ann, bob = people(2)
    simulator.add_to_stop_list(ann.number)

    first = campaign.send("monday", [ann, bob])
    second = campaign.send("tuesday", [ann, bob])

    assert (first.recipients, first.rejected) == (1, 1)
    assert (second.recipients, second.excluded) == (0, 2)
    assert campaign.states() == {ann.number: "rejected", bob.number: "accepted"}
    assert campaign.send("monday", [ann, bob], attempt=2).rejected == 1
