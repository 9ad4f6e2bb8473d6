"""Processes that are stopped, timed out or replaced by another one."""

from __future__ import annotations

import itertools
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from airflow_provider_smspartner.exceptions import APIConnectionError, SMSPartnerError
from airflow_provider_smspartner.journal import Batch, Journal, StaleProcess
from airflow_provider_smspartner.sending import totals
from airflow_provider_smspartner.sending.plan import Summary
from faults.campaign import Campaign, OpenLog
from faults.fates import Fate
from faults.world import Process
from tests.sending.conftest import (
    EVERYBODY,
    assert_everyone_once,
    campaign,
    every_log,
    logs,
)
from tests.thorough import stride


class TimedOut(BaseException):
    """As Airflow's own: no Exception, and at any line."""


def slow_to_record(open_log: OpenLog) -> OpenLog:
    """Open a log that is behind with its records when the next answer comes."""

    def opened(campaign: Campaign, process: Process) -> Journal:
        journal = open_log(campaign, process)
        record = journal.record

        def late(*batches: Batch) -> None:
            time.sleep(0.05)
            record(*batches)

        journal.record = late  # type: ignore[method-assign]
        return journal

    return opened


@pytest.mark.parametrize("log", logs("task state", "ledger"))
def test_a_time_out_while_an_answer_is_told_finds_it_recorded(
    log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = campaign(log, on_unknown="resend")  # which would send again what it does not know
    sent.open_log = slow_to_record(sent.open_log)

    def tell(*_: object) -> None:
        time.sleep(0.05)  # the next one is answered meanwhile, and told when this one has ended the try
        raise TimedOut

    monkeypatch.setattr(totals.log, "info", tell)
    with pytest.raises(TimedOut):
        sent.attempt(EVERYBODY)
    monkeypatch.undo()

    assert_everyone_once(sent, sent.finish(EVERYBODY))


@pytest.mark.parametrize("log", logs("task state", "ledger"))
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_process_that_another_try_has_replaced_sends_no_further_batch(log: str, concurrency: int) -> None:
    for step in range(2, 60, stride(12, 2)):
        sent = campaign(log, concurrency=concurrency)
        outcomes: list[Summary] = []

        def other_try(sent: Campaign = sent, outcomes: list[Summary] = outcomes) -> None:
            outcomes.append(sent.attempt(EVERYBODY))

        sent.meanwhile = (step, other_try)

        stale = sent.attempt_anyway(EVERYBODY)

        assert_everyone_once(sent, sent.finish(EVERYBODY))
        if outcomes and outcomes[0].recipients < len(EVERYBODY):
            assert isinstance(stale, StaleProcess)


@every_log
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_stopped_send_starts_nothing_more_and_a_later_try_sends_the_rest(
    log: str, concurrency: int
) -> None:
    for step in range(5, 20, stride(5)):
        sent = campaign(log, concurrency=concurrency)
        sent.attempt_anyway([])  # so that what follows is the send itself
        posts: list[int] = []

        def stop(sent: Campaign = sent, posts: list[int] = posts) -> None:
            assert sent.sending is not None
            sent.sending.stop()
            posts.append(len(sent.line.posts))

        sent.meanwhile = (step, stop)
        error = sent.attempt_anyway(EVERYBODY)

        assert len(sent.line.posts) <= posts[0] + concurrency
        assert (error is None) == (len(sent.stage.texts_per_number()) == len(EVERYBODY))
        assert_everyone_once(sent, sent.finish(EVERYBODY))


@every_log
def test_a_stop_while_people_are_being_claimed_does_not_pass_for_the_end(log: str) -> None:
    sent = campaign(log)

    def everybody() -> Iterator[str]:
        yield from EVERYBODY
        assert sent.sending is not None
        sent.sending.stop()

    with pytest.raises(SMSPartnerError):
        sent.attempt(everybody())
    assert_everyone_once(sent, sent.finish(EVERYBODY))


@pytest.mark.timeout(30)
def test_a_failed_send_ends_although_the_brake_would_be_pulled() -> None:
    sent = campaign(concurrency=4)
    sent.line.fates = deque([Fate.UNREACHABLE, *[Fate.ANSWER_LOST] * 3])
    of, starts = sent.line.of, itertools.count()

    def slow_after_four(process: Process) -> Any:
        line = of(process)

        def call(call: Any, *, before: Any = None) -> Any:
            if before and next(starts) >= 4:
                time.sleep(0.2)  # so that the first four are judged before
            return line.call(call, before=before)

        return SimpleNamespace(call=call)

    sent.line.of = slow_after_four  # type: ignore[method-assign]
    with pytest.raises(APIConnectionError):
        sent.attempt(EVERYBODY)

    assert_everyone_once(sent, sent.finish(EVERYBODY))


DECIDING = {"engine.py", "reconciliation.py", "recovery.py", "walk.py", "evidence.py", "paging.py"}
"""The files that decide about a send."""


class TimeUp(BaseException):
    """What Airflow raises at an arbitrary line when ``execution_timeout`` is over."""


@contextmanager
def time_up_at(line: int) -> Iterator[None]:
    """Raise TimeUp in this thread at the n-th line of those that decide about a send."""
    lines, outer = itertools.count(1), sys.gettrace()

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if Path(frame.f_code.co_filename).name not in DECIDING:
            return None
        if event == "line" and next(lines) == line:
            raise TimeUp
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(outer)


@every_log
def test_a_time_out_at_any_line_leaves_nobody_out(log: str) -> None:
    for line in itertools.count(1, stride(1511, 61) if log == "ledger" else stride(701, 23)):
        sent = campaign(log, concurrency=4)
        sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWER_LOST, Fate.THROTTLED, Fate.REQUEST_LOST])
        try:
            with time_up_at(line):
                sent.attempt(EVERYBODY)
            break
        except TimeUp:
            assert not sent.doubles
        assert_everyone_once(sent, sent.finish(EVERYBODY))
    assert line > 500
