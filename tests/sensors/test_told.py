"""What the delivery sensor tells the campaign page while it waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from airflow_provider_smspartner.exceptions import DeliveryFailed, SMSPartnerError
from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.tracking.verdict import Gates
from tests.sensors.conftest import Logs
from tests.sensors.story import ANN, BOB, EVE, START, ZOE, Clock, Story, ends_after


def test_the_links_are_pushed_first(story: Story) -> None:
    story.wait(sent=story.send(ANN))

    assert [key for key, _ in story.pushed[:2]] == ["_link_CampaignPageLink", "_link_CustomerAreaLink"]
    assert story.pushed[0][1] == "dags/campaign/runs/manual__1/plugin/smspartner-campaign"


def test_the_end_is_told_as_it_is_returned(story: Story) -> None:
    story.sim.deliver(ANN, after_seconds=30)
    story.sim.deliver(BOB, status=None)
    story.sim.deliver(EVE, status="KO", after_seconds=900, stop=True)
    story.sim.deliver(ZOE, after_seconds=4000)

    result = story.wait(sent=[story.send(ANN, EVE), story.send(BOB, ZOE)], timeout=7200)

    last = story.told[-1]
    assert last.result == result
    assert (result["delivered"], result["not_delivered"], result["waiting"]) == (2, 1, 1)
    assert (last.final, last.since, last.curve) == (True, START, ((30, 1), (4039, 2)))
    assert [told.final for told in story.told[:-1]] == [False] * (len(story.told) - 1)
    assert len({told.since for told in story.told}) == 1


def test_what_is_asked_of_a_delivery_is_told_with_the_tasks_before_it(story: Story) -> None:
    story.sim.deliver(BOB, after_seconds=900)
    gates = {"settled": 0.9, "min_delivery_rate": 0.5, "max_stop_rate": 0.1}

    story.wait(sent=story.send(ANN, BOB), pulled={"upstream_task_ids": {"send", "load"}}, **gates)

    assert {told.gates for told in story.told} == {Gates(**gates)}
    assert {told.follows for told in story.told} == {("load", "send")}


def test_while_it_waits_it_tells_until_when(story: Story) -> None:
    story.sim.deliver(BOB, after_seconds=900)

    story.wait(sent=story.send(ANN, BOB), timeout=7200)

    *waiting, last = story.told
    assert waiting
    assert {told.deadline for told in waiting} == {START + timedelta(hours=2)}
    assert last.deadline is None


def test_without_a_gate_nothing_is_told_of_one(story: Story) -> None:
    story.wait(sent=story.send(ANN))

    assert not {"gates", "follows", "deadline"} & story.told[-1].as_dict().keys()


def test_what_is_final_at_the_first_look_is_told_too(story: Story) -> None:
    story.wait(sent=story.send(ANN))

    (told,) = story.told
    assert (told.final, told.result["delivered"]) == (True, 1)


def test_a_rate_that_is_missed_is_told_before_the_task_fails(story: Story) -> None:
    story.sim.deliver(BOB, status="KO", after_polls=2)

    with pytest.raises(DeliveryFailed):
        story.wait(sent=story.send(ANN, BOB), min_delivery_rate=1)

    assert story.told[-1].final
    assert story.told[-1].result["delivery_rate"] == 0.5


def test_a_look_at_an_api_that_cannot_be_read_tells_nothing(story: Story) -> None:
    sent = story.send(ANN)
    ends_after(story, timedelta(hours=2))

    with pytest.raises(SMSPartnerError):
        story.wait(sent=sent)

    assert story.told == []


@pytest.mark.parametrize(
    "trouble",
    [AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR)), ConnectionError("object store")],
)
def test_what_cannot_be_pushed_does_not_end_a_wait(story: Story, logs: Logs, trouble: Exception) -> None:
    story.sim.deliver(after_seconds=700)
    story.trouble = trouble

    assert story.wait(sent=story.send(ANN))["delivered"] == 1
    assert "XCom smspartner_delivery could not be pushed" in logs()


def test_a_task_that_holds_its_worker_tells_what_has_changed(sim: Simulator, clock: Clock) -> None:
    sim.deliver(ANN, after_polls=2)
    sim.deliver(BOB, status=None)
    story = Story(sim, clock, "poke")

    story.wait(sent=story.send(ANN, BOB), timeout=1800)

    assert [(told.result["delivered"], told.final) for told in story.told] == [
        (0, False),
        (1, False),
        (1, True),
    ]


def test_a_rescheduled_task_tells_at_every_look_since_airflow_forgets_it(
    sim: Simulator, clock: Clock
) -> None:
    sim.deliver(after_polls=3)
    story = Story(sim, clock, "reschedule")

    story.wait(sent=story.send(ANN))

    assert len(story.told) == story.looks == 4
