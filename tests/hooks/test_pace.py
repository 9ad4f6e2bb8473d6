"""One budget of requests for everything in a process that speaks over one connection."""

from __future__ import annotations

import asyncio
import heapq
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise

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
    assert list(pace.turn(0.1)) == []
    clock.sleep(60)
    assert list(pace.turn(0.1)) == []


def test_each_connection_has_its_own_budget() -> None:
    assert Pace.of("marketing") is Pace.of("marketing")
    assert Pace.of("marketing") is not Pace.of("alerts")


# ---- a platform that wants fewer -----------------------------------------------------------------


def test_everybody_waits_when_the_platform_asked_one_to(carry: Carry, clock: Clock, connect: Connect) -> None:
    clock.frozen = True
    wish = reply(b"{}", status=429, Retry_After="30")
    with Server(wish, reply()) as server:
        connect(server.url)
        with pytest.raises(RateLimitError):
            carry(api.send([NUMBER], "Hello"))
        assert SMSPartnerHook().call(api.send([NUMBER], "Hello")).message_id == "5120"
    assert clock.waits == pytest.approx([30])


def test_a_look_that_was_refused_slows_the_sends_down(carry: Carry, clock: Clock, connect: Connect) -> None:
    with Server(reply(b"{}", status=429, Retry_After="61"), reply()) as server:
        connect(server.url)
        with pytest.raises(RateLimitError):
            carry(api.bulk_status_by_tag("spring"))
        carry(api.send([NUMBER], "Hello"))
    assert clock.waits == pytest.approx([60], abs=2)


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
    pace.slow_down(30, pace.era)
    pace.slow_down(5, pace.era)
    assert next(pace.turn(0)) == pytest.approx(30)


def test_a_wait_is_logged_once_for_a_burst(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    pace, era = Pace("marketing"), 0
    for _ in range(20):
        pace.slow_down(3, era)

    assert [record.getMessage() for record in caplog.records] == [
        "Connection 'marketing': SMS Partner wants fewer requests (HTTP 429). "
        "All requests of this process wait 3.0 s, then resume at 3.5 a second"
    ]


def test_a_turn_that_was_booked_before_a_slow_down_is_void(clock: Clock) -> None:
    """Else all who waited at that time would leave into the pause."""
    clock.frozen = True
    pace = Pace()
    list(pace.turn(5))
    waiting = pace.turn(5)
    assert next(waiting) == pytest.approx(0.2)
    pace.slow_down(30, pace.era)
    assert next(waiting) == pytest.approx(30)
    assert next(waiting, None) is None


def test_one_burst_of_a_wide_send_counts_once(clock: Clock) -> None:
    clock.frozen = True
    pace = Pace()
    for _ in range(32):
        list(pace.turn(0))
    for _ in range(32):
        pace.slow_down(None, 0)

    assert pace.era == 1
    assert next(pace.turn(0)) <= 1


def test_an_outage_makes_the_waits_longer_and_not_the_time_after_it(clock: Clock) -> None:
    pace = Pace()
    waits = []
    for _ in range(9):
        turn = []
        for wait in pace.turn(5):
            turn.append(wait)
            clock.sleep(wait)
        waits.append(sum(turn))
        pace.slow_down(None, pace.era)
    assert all(one < 1.3 * following for one, following in pairwise(waits))
    assert 32 < waits[-1] <= 60

    clock.sleep(90)
    pace.answered(pace.era)
    first, second = pace.turn(5), pace.turn(5)
    assert [*first, *second] == pytest.approx([0.2], abs=0.05)


# ---- what is reached of what is allowed ----------------------------------------------------------

Limit = Callable[[float], bool]


def in_a_second(most: int) -> Limit:
    """Allow so many in any second."""
    allowed: deque[float] = deque()

    def is_allowed(now: float) -> bool:
        while allowed and allowed[0] <= now - 1:
            allowed.popleft()
        if len(allowed) < most:
            allowed.append(now)
            return True
        return False

    return is_allowed


def in_a_bucket(rate: float, size: float) -> Limit:
    """Allow what drips into a bucket of that size."""
    left, since = size, 0.0

    def is_allowed(now: float) -> bool:
        nonlocal left, since
        left, since = min(size, left + (now - since) * rate), now
        left -= (good := left >= 1)
        return good

    return is_allowed


def reached(
    monkeypatch: pytest.MonkeyPatch, limit: Limit, *, most: float, width: int, wish: float | None
) -> float:
    """Return the texts a second of so many carriers in two minutes of simulated time.

    A refused send costs two requests more: the look that confirms it, and the send itself once more.
    """
    pace, now, texts, chance = Pace(), 0.0, 0, random.Random(7)
    monkeypatch.setattr(time, "monotonic", lambda: now)

    def carrier() -> Iterator[float]:
        nonlocal texts
        looks = 0
        while True:
            yield from pace.turn(most)
            era = pace.era
            yield chance.uniform(0.02, 0.08)
            if limit(now):
                pace.answered(era)
                texts, looks = texts + (not looks), 0
            else:
                pace.slow_down(wish, era)
                looks = 1
            yield chance.uniform(0.02, 0.08)

    queue = [(0.0, index, carrier()) for index in range(width)]
    while (due := heapq.heappop(queue))[0] < 120:
        now = max(now, due[0])
        heapq.heappush(queue, (now + next(due[2]), due[1], due[2]))
    return texts / 120


@pytest.mark.parametrize("wish", [None, 1.0], ids=["no Retry-After", "Retry-After: 1"])
@pytest.mark.parametrize(("most", "width", "part"), [(5, 4, 0.8), (5, 32, 0.8), (0, 4, 0.75), (50, 32, 0.7)])
@pytest.mark.parametrize("kind", ["window", "bucket"])
def test_four_fifths_of_five_a_second_are_reached(
    monkeypatch: pytest.MonkeyPatch, kind: str, most: float, width: int, part: float, wish: float | None
) -> None:
    """With the default settings; without a limit of its own a send has first to find out what it is."""
    limit = in_a_second(5) if kind == "window" else in_a_bucket(5, 5)
    assert reached(monkeypatch, limit, most=most, width=width, wish=wish) >= part * 5


@pytest.mark.parametrize("allowed", [1, 2, 3])
def test_a_pace_that_is_set_too_high_settles_below_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    reach = reached(monkeypatch, in_a_second(allowed), most=5, width=4, wish=None)
    assert reach >= 0.6 * allowed
