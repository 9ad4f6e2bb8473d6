"""People who are left out of a send: those on the STOP list, and those in other countries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import BaseOperator

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.answers import StopEntry, StopList
from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.operators.conftest import ANN, BOB, EVE, MakeTask, Run, Sends, sms, survey

BELGIAN, REUNION = "+32470123456", "+262692123456"
Pages = Callable[[Sequence[Sequence[str]], int], list[int]]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    """Give the STOP list these pages, each entry with an id of its own; returns which were asked for."""
    carry = SMSPartnerHook.call

    def list_of(pages: Sequence[Sequence[str]], total: int) -> list[int]:
        asked: list[int] = []
        ids = {number: str(id_) for id_, number in enumerate(dict.fromkeys(chain(*pages)))}

        def call(hook: SMSPartnerHook, request: Call[Any], **kwargs: Any) -> Any:
            if request.path != "/stop-sms/list":
                return carry(hook, request, **kwargs)
            asked.append(request.fields.get("page", 1))
            page = pages[min(asked[-1], len(pages)) - 1]
            entries = tuple(StopEntry(id=ids[number], number=number) for number in page)
            return StopList(entries=entries, total=total)

        monkeypatch.setattr(SMSPartnerHook, "call", call)
        return asked

    return list_of


# ---- the STOP list ---------------------------------------------------------------------------------


@pytest.mark.parametrize("national", [False, True])
@pytest.mark.parametrize("make", [sms, survey])
def test_people_on_the_stop_list_are_left_out_however_they_are_written(
    make: Callable[..., BaseOperator], national: bool, run: Run, sim: Simulator, sends: Sends
) -> None:
    sim.settings = replace(sim.settings, national_numbers=national)
    sim.add_to_stop_list(BOB, "+33611111109")

    result = run(make(recipients=[ANN, "06.00.00.00.02", EVE, BOB], exclude_stop_list=True))

    assert sim.texts_per_number() == {ANN: 1, EVE: 1}
    assert (result["recipients"], result["excluded"], result["rejected"]) == (2, 2, 0)
    assert sim.requests_per_endpoint()["/stop-sms/list"] == 1


def test_the_stop_list_is_read_only_when_it_is_asked_for(run: Run, sim: Simulator) -> None:
    run(sms())

    assert "/stop-sms/list" not in sim.requests_per_endpoint()


def test_an_audience_of_stops_alone_is_texted_nothing(run: Run, sim: Simulator) -> None:
    sim.add_to_stop_list(ANN)

    result = run(sms(exclude_stop_list=True))

    assert (result["recipients"], result["excluded"]) == (0, 1)
    assert not sim.accepted


@pytest.mark.parametrize(
    ("lists", "total", "asked_for"),
    [
        ([[BOB, "0611111109"]], 2, [1]),
        ([["0611111109"], [BOB]], 2, [1, 2]),
        ([["0611111109", "0611111108"], ["0611111107", BOB], []], 4, [1, 2]),
        # A new entry has moved one from the first page to the second
        ([["0611111109", "0611111108"], ["0611111108", "0611111107"], [BOB]], 4, [1, 2, 3]),
    ],
)
def test_a_stop_list_in_pages_is_read_to_its_end(
    lists: Sequence[Sequence[str]], total: int, asked_for: list[int], run: Run, sim: Simulator, pages: Pages
) -> None:
    asked = pages(lists, total)

    run(sms(recipients=[ANN, BOB], exclude_stop_list=True))

    assert sim.texts_per_number() == {ANN: 1}
    assert asked == asked_for


@pytest.mark.parametrize(
    ("lists", "total", "words"),
    [
        ([["0611111109"]], 2, "lists 1 of 2 numbers"),
        ([["0611111109", "0611111108"], ["0611111107"], []], 4, "lists 3 of 4 numbers"),
        ([[]], 1, "lists 0 of 1 numbers"),
    ],
)
def test_a_stop_list_that_is_shorter_than_it_says_stops_the_send(
    lists: Sequence[Sequence[str]], total: int, words: str, run: Run, sim: Simulator, pages: Pages
) -> None:
    pages(lists, total)

    with pytest.raises(SMSPartnerError, match=words):
        run(sms(recipients=[ANN, BOB], exclude_stop_list=True))

    assert not sim.accepted


def test_a_stop_list_that_cannot_be_read_stops_the_send_until_a_later_try(
    task: MakeTask, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_smspartner.hooks.transport.ATTEMPTS", 1)
    sim.faults.add("/stop-sms/list", "garbage_before")
    campaign = task(lambda: sms(exclude_stop_list=True))

    with pytest.raises(SMSPartnerError) as failure:
        campaign.attempt()

    assert not isinstance(failure.value, AirflowFailException)
    assert not sim.accepted
    assert campaign.attempt()["recipients"] == 1


def test_somebody_who_opts_out_between_two_tries_is_left_out(task: MakeTask, sim: Simulator) -> None:
    campaign = task(lambda: sms(recipients=[ANN, BOB], exclude_stop_list=True))
    sim.faults.add("/send", "refuse", code=11)
    with pytest.raises(AirflowFailException, match="code 11"):
        campaign.attempt()
    sim.add_to_stop_list(BOB)

    result = campaign.attempt()

    assert sim.texts_per_number() == {ANN: 1}
    assert (result["recipients"], result["excluded"]) == (1, 1)


# ---- countries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("countries", "people"),
    [
        (None, {ANN, BELGIAN, REUNION}),
        (["FR"], {ANN}),
        (("FR", "BE"), {ANN, BELGIAN}),
        ({"BE"}, {BELGIAN}),
        (["RE"], {REUNION}),
        (["US"], set()),
    ],
)
def test_only_people_in_these_countries_are_texted(
    countries: Any, people: set[str], run: Run, sim: Simulator
) -> None:
    result = run(sms(recipients=[ANN, BELGIAN, "0692 12 34 56"], countries=countries))

    assert set(sim.texts_per_number()) == people
    assert (result["recipients"], result["excluded"]) == (len(people), 3 - len(people))
