"""What later tries take a batch for: a control of an earlier try, and people whom an untrue no has named."""

from __future__ import annotations

from collections import deque

import pytest

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import LOGS, Campaign, people, with_ledger_alone
from faults.fates import Fate
from faults.world import Crash
from tests.databases import show
from tests.sending.conftest import RICH, campaign, logs
from tests.thorough import stride

NINE, THREE = people(9), people(3)


@pytest.mark.parametrize("log", logs("task state", "ledger", "ledger alone"))
def test_a_control_of_an_earlier_try_settles_what_cannot_be_seen(log: str) -> None:
    open_log = with_ledger_alone if log == "ledger alone" else LOGS[log]
    settled = 0
    for dies_at in range(20, 64, stride(4)):
        sent = Campaign(open_log, settings=Settings(balance=RICH), invisible=True)
        sent.line.fates = deque([Fate.ANSWERED, Fate.ANSWERED, Fate.REQUEST_LOST])
        if not isinstance(sent.attempt_anyway(NINE, dies_at=dies_at), Crash):
            break
        if sent.stage.sent:
            assert sent.finish(NINE).recipients == len(NINE)
            settled += 1
        assert sent.doubles == {}
    assert settled


def test_whom_an_untrue_no_names_and_a_look_finds_is_accepted_in_the_ledger() -> None:
    sent = campaign("ledger")
    sent.line.fates = deque([Fate.UNTRUE_NUMBER])

    first, again = sent.attempt(THREE), sent.attempt(THREE)

    assert sent.texts == dict.fromkeys(THREE, 1)
    assert [(each.recipients, each.rejected) for each in (first, again)] == [(3, 0), (3, 0)]
    states = {row["number"]: row["state"] for row in show(sent.ledger.engine)}
    assert states == dict.fromkeys(THREE, "accepted")


@pytest.mark.parametrize("log", logs("task state", "ledger"))
def test_the_brake_of_a_later_try_frees_nobody_who_was_found_on_the_platform(log: str) -> None:
    landlines = [f"+331400000{n:02}" for n in range(20)]
    sent = campaign(log)
    sent.max_rejected_rate = 0.5
    sent.line.fates = deque([Fate.UNTRUE_NUMBER, *[Fate.ANSWERED] * 2, *[Fate.UNREACHABLE] * 9])
    sent.attempt_anyway(THREE)
    assert sent.texts == dict.fromkeys(THREE, 1)
    sent.line.calm()

    with pytest.raises(NeedsPerson, match="max_rejected_rate"):
        sent.attempt([*THREE, *landlines])
    sent.attempt_anyway(THREE)

    assert sent.doubles == {}
