"""Both ends of the hook carry calls, and what a connection is kept or left for."""

from __future__ import annotations

import asyncio

import pytest
import trustme
from airflow.providers.http.hooks.http import HttpHook

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import AuthenticationError, NotFoundError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.hooks import servers
from tests.hooks.conftest import KEY, NUMBER, OTHER, Carry, Clock, certificate, later
from tests.hooks.servers import Server, reply


def test_it_is_a_hook_of_airflow() -> None:
    assert isinstance(SMSPartnerHook(), HttpHook)
    assert SMSPartnerHook.conn_type == "smspartner"
    assert SMSPartnerHook.default_conn_name == SMSPartnerHook().smspartner_conn_id == "smspartner_default"


def test_both_ends_carry_every_call(carry: Carry, hook: SMSPartnerHook, simulator: Simulator) -> None:
    options = api.SendOptions(tag="spring", send_at=later(hours=3))
    sent = carry(api.send([NUMBER, OTHER], "Hello", options))
    assert {row.number for row in carry(api.bulk_status(sent.message_id)).reports} == {NUMBER, OTHER}
    assert {row.number for row in carry(api.bulk_status_by_tag("spring")).reports} == {NUMBER, OTHER}
    assert carry(api.message_cancel(sent.message_id)) is True
    assert carry(api.send_survey([NUMBER], "abcd1234")).message_id
    assert carry(api.bulk_send([(NUMBER, "Hello"), (OTHER, "Bye")])).message_id
    assert carry(api.stop_list()).entries == ()
    assert carry(api.me()).currency == "EUR"
    assert simulator.texts_per_number() == {NUMBER: 2, OTHER: 1}


def test_both_ends_read_xml(carry: Carry, hook: SMSPartnerHook) -> None:
    assert carry(api.send([NUMBER], "Hello", response_format="xml")).message_id


def test_a_refusal_is_carried_too(carry: Carry, hook: SMSPartnerHook) -> None:
    with pytest.raises(NotFoundError):
        carry(api.bulk_status(424242))


def test_a_wrong_key_is_refused_and_not_told(carry: Carry, connect: Connect, simulator: Simulator) -> None:
    connect(simulator.url, key=KEY)
    for call in (api.me(), api.send([NUMBER], "Hello")):
        with pytest.raises(AuthenticationError):
            carry(call)
    assert len(simulator.requests) == 2


def test_a_check_runs_before_each_attempt_and_may_stop_it(connect: Connect, clock: Clock) -> None:
    checks = []

    def twice() -> None:
        checks.append(len(server.requests))
        if len(checks) == 3:
            raise InterruptedError

    with Server(reply(status=503)) as server:
        connect(server.url)
        with pytest.raises(InterruptedError):
            SMSPartnerHook().call(api.me(), before=twice)
        assert checks == [0, 1, 2]
        assert len(server.requests) == 2


def test_the_generic_way_of_http_hooks_is_closed(hook: SMSPartnerHook, simulator: Simulator) -> None:
    for run in (hook.run, hook.run_with_advanced_retry):
        with pytest.raises(NotImplementedError, match="call"):
            run("/me", {"apiKey": KEY})
    assert simulator.requests == []


@pytest.mark.usefixtures("trust")
def test_a_connection_that_the_platform_does_not_close_is_closed(
    carry: Carry, connect: Connect, authority: trustme.CA
) -> None:
    with Server(servers.linger, tls=certificate(authority)) as server:
        connect(server.url, key=KEY)
        assert carry(api.send([NUMBER], "Hello")).message_id == "5120"
        assert server.left_alone.wait(5)


async def test_a_cancelled_call_leaves_no_connection(connect: Connect) -> None:
    with Server(servers.hang) as server:
        connect(server.url)
        task = asyncio.create_task(SMSPartnerHook().acall(api.me()))
        assert await asyncio.to_thread(server.arrived.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.left_alone.wait, 10)
        assert server.connections == 1


async def test_a_cancelled_call_of_a_shared_session_leaves_no_connection(connect: Connect) -> None:
    with Server(servers.hang, reply(servers.GOOD_ME)) as server:
        connect(server.url)
        hook = SMSPartnerHook()
        async with hook.open_session() as session:
            task = asyncio.create_task(hook.acall(api.me(), session=session))
            assert await asyncio.to_thread(server.arrived.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(server.left_alone.wait, 10)
            assert (await hook.acall(api.me(), session=session)).credit == 120


async def test_what_must_not_be_repeated_gets_a_connection_of_its_own(connect: Connect) -> None:
    kept = servers.in_turn(servers.raw(servers.answer(servers.GOOD_ME)), servers.hang)
    with Server(kept, reply()) as server:
        connect(server.url)
        hook = SMSPartnerHook()
        async with hook.open_session() as session:
            await hook.acall(api.me(), session=session)
            assert (await hook.acall(api.send([NUMBER], "Hello"), session=session)).message_id == "5120"
        assert server.connections == 2
