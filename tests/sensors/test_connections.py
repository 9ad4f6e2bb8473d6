"""Which connection the delivery sensor asks: that of each send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.sensors.story import ANN, BOB, EVE, ZOE, Clock, Story


@pytest.fixture
def shop(clock: Clock, connect: Connect, sim: Simulator) -> Iterator[Simulator]:
    """The platform behind connection ``shop``, which counts its messages as the other one does."""
    with Simulator(clock=clock) as running:
        connect(running.url, conn_id="shop", key="simulator-key")
        yield running


def through_shop(story: Story, *numbers: str, **changes: Any) -> dict[str, Any]:
    sent = SMSPartnerHook("shop").send_sms("Hello", numbers)
    moment = {"sent_at": story.clock.now.isoformat(), "scheduled_for": None, "sandbox": False}
    named = {"connection": "shop", "tags": [], "message_ids": [sent.message_id]}
    return {"counts": {sent.message_id: len(numbers)}, **named, **moment, **changes}


def test_the_connection_of_the_send_is_asked(story: Story, shop: Simulator) -> None:
    shop.deliver(after_polls=2)

    result = story.wait(sent=through_shop(story, ANN, BOB))

    assert (result["recipients"], result["delivered"], story.looks) == (2, 2, 0)
    for deferral in story.deferrals:
        arguments = deferral.trigger.serialize()[1]
        assert (arguments["smspartner_conn_id"], arguments["counts"]) == ("shop", {"5001": 2})


def test_one_sensor_follows_two_accounts_that_gave_the_same_id(story: Story, shop: Simulator) -> None:
    shop.deliver(BOB, status="KO", after_polls=3)
    story.sim.deliver(EVE, after_polls=2)
    sent = [through_shop(story, ANN, BOB), story.send(EVE), story.send(ZOE, connection="smspartner_default")]
    assert [result["message_ids"] for result in sent] == [["5001"], ["5001"], ["5002"]]

    result = story.wait(sent=sent)

    assert (result["messages"], result["recipients"]) == (3, 4)
    assert (result["delivered"], result["not_delivered"], result["waiting"]) == (3, 1, 0)


def test_tags_of_two_accounts_are_followed_as_such(story: Story, shop: Simulator) -> None:
    for conn_id, number in (("shop", ANN), ("smspartner_default", BOB)):
        SMSPartnerHook(conn_id).send_sms("Hello", number, tag="noel-1")
    by_tag = {"message_ids": [], "tags": ["noel-1"], "counts": {"noel-1": 1}}
    moment = {"sent_at": story.clock.now.isoformat(), "scheduled_for": None, "sandbox": False}

    result = story.wait(sent=[{**by_tag, **moment, "connection": "shop"}, {**by_tag, **moment}])

    assert (result["messages"], result["delivered"]) == (2, 2)


def test_a_result_of_an_earlier_version_is_asked_for_on_the_sensors_own(
    story: Story, shop: Simulator
) -> None:
    sent = through_shop(story, ANN)
    del sent["connection"]

    assert story.wait(sent=sent, smspartner_conn_id="shop")["delivered"] == 1


def test_bare_ids_are_asked_for_on_the_sensors_own(story: Story, shop: Simulator) -> None:
    sent = through_shop(story, ANN)

    assert story.wait(message_ids=sent["message_ids"], smspartner_conn_id="shop")["delivered"] == 1


def test_the_same_connection_may_be_given_too(story: Story, shop: Simulator) -> None:
    assert story.wait(sent=through_shop(story, ANN), smspartner_conn_id="shop")["delivered"] == 1


def test_what_the_dag_gives_to_all_of_its_tasks_contradicts_nothing(story: Story, shop: Simulator) -> None:
    sent = through_shop(story, ANN)

    with DAG("campaign", default_args={"smspartner_conn_id": "smspartner_default"}):
        delivered = story.wait(sent=sent)["delivered"]

    assert delivered == 1


@pytest.mark.parametrize("given", ["smspartner_default", "another"])
def test_a_contradiction_fails_for_good(story: Story, shop: Simulator, given: str) -> None:
    sent = [story.send(ANN, connection=given), through_shop(story, BOB)]

    with pytest.raises(AirflowFailException, match=f"smspartner_conn_id: .*'{given}'.*'shop'"):
        story.wait(sent=sent, smspartner_conn_id=given)

    assert (story.looks, shop.requests_per_endpoint()["/bulk-status"]) == (0, 0)


@pytest.mark.parametrize("name", ["", 5, ["shop"], "another one"])
def test_a_name_that_is_none_is_refused(story: Story, name: Any) -> None:
    with pytest.raises(AirflowFailException, match=r"sent: .*connection"):
        story.wait(sent=story.send(ANN, connection=name))


def test_an_account_that_cannot_be_read_does_not_pass_for_one_that_was(story: Story, shop: Simulator) -> None:
    sent = [through_shop(story, ANN), story.send(BOB, EVE)]
    story.sim.deliver(EVE, status=None)
    shop.faults.add("/bulk-status", "error_before", times=None)

    with pytest.raises(SMSPartnerError):
        story.wait(sent=sent)

    assert story.clock.now.hour == 10  # after its quarter of an hour of patience, not after two days


def test_a_trigger_of_an_earlier_version_goes_on(story: Story, shop: Simulator) -> None:
    from tests.triggers.watched import trigger

    arguments = trigger().serialize()[1]
    del arguments["enough"]

    assert type(trigger())(**arguments).serialize()[1] == {**arguments, "enough": 1}
