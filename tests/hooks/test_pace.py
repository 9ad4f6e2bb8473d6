"""One budget of requests for everything in a process that speaks over one connection."""

from __future__ import annotations

import asyncio
import threading

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.exceptions import RateLimitError
from airflow_provider_smspartner.hooks.pace import Pace
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from tests.conftest import Connect
from tests.hooks import servers
from tests.hooks.conftest import NUMBER, Carry, Clock
from tests.hooks.servers import Server, reply


def test_threads_and_event_loop_share_one_budget(clock: Clock, connect: Connect) -> None:
    """While time stands still each request must wait a fifth of a second longer than the one before."""
    clock.frozen = True
    calls = 4

    async def many() -> None:
        hook = SMSPartnerHook()
        async with hook.open_session() as session:
            await asyncio.gather(*(hook.acall(api.me(), session=session) for _ in range(calls)))

    def several() -> None:
        hook = SMSPartnerHook()
        for _ in range(calls):
            hook.call(api.me())

    with Server(reply(servers.GOOD_ME)) as server:
        connect(server.url, requests_per_second=5)
        threads = [threading.Thread(target=several) for _ in range(2)]
        for thread in threads:
            thread.start()
        asyncio.run(many())
        for thread in threads:
            thread.join()
        assert len(server.requests) == 3 * calls
    assert sorted(clock.waits) == pytest.approx([turn / 5 for turn in range(1, 3 * calls)])


def test_no_limit_means_no_wait(carry: Carry, clock: Clock, connect: Connect) -> None:
    clock.frozen = True
    with Server(reply(servers.GOOD_ME)) as server:
        connect(server.url, requests_per_second=0)
        for _ in range(5):
            carry(api.me())
    assert clock.waits == []


def test_time_that_has_passed_need_not_be_waited_for(clock: Clock) -> None:
    clock.frozen = False
    pace = Pace()
    assert pace.book(0.1) == 0.0
    clock.sleep(60)
    assert pace.book(0.1) == 0.0


def test_each_connection_has_its_own_budget() -> None:
    assert Pace.of("marketing") is Pace.of("marketing")
    assert Pace.of("marketing") is not Pace.of("alerts")


def test_everybody_waits_when_the_platform_asked_one_to(carry: Carry, clock: Clock, connect: Connect) -> None:
    clock.frozen = True
    wish = reply(b"{}", status=429, Retry_After="30")
    with Server(wish, reply()) as server:
        connect(server.url)
        with pytest.raises(RateLimitError):
            carry(api.send([NUMBER], "Hello"))
        assert SMSPartnerHook().call(api.send([NUMBER], "Hello")).message_id == "5120"
    assert clock.waits == pytest.approx([30])


def test_nobody_is_held_longer_than_a_minute(carry: Carry, clock: Clock, connect: Connect) -> None:
    clock.frozen = True
    wish = reply(b"{}", status=429, Retry_After="86400")
    with Server(wish, reply()) as server:
        connect(server.url)
        with pytest.raises(RateLimitError):
            carry(api.send([NUMBER], "Hello"))
        carry(api.send([NUMBER], "Hello"))
    assert clock.waits == pytest.approx([60])


def test_a_short_hold_does_not_shorten_a_long_one(clock: Clock) -> None:
    clock.frozen = True
    pace = Pace()
    pace.hold(30)
    pace.hold(5)
    assert pace.book(0) == pytest.approx(30)
