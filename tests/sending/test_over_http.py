"""Everyone once over real HTTP: each way in which the platform can fail, as the hook reports it."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.journal import NoJournal
from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.sending.engine import Sending
from airflow_provider_smspartner.sending.plan import Plan, Summary
from airflow_provider_smspartner.simulator import Simulator
from faults.campaign import Campaign, people, with_nothing
from faults.world import Clock
from tests.conftest import Connect

EVERYBODY = people(12)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("reset", {}),
        ("hang", {}),
        ("error", {"status": 500, "body": "json"}),
        ("error", {"status": 502, "body": "html"}),
        ("error", {"status": 504, "body": ""}),
        ("garbage", {}),
        ("no_id", {}),
        ("redirect", {}),
    ],
)
def test_what_cannot_be_trusted_is_looked_up(
    when: str, kind: str, arguments: dict[str, Any], simulator: Simulator, connect: Connect
) -> None:
    simulator.faults.add("/send", f"{kind}_{when}", times=2, **arguments)

    assert_everyone_once(simulator, connect)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("half_answer", {}),
        ("huge", {}),
        ("refuse_with_id", {"code": 9}),
        ("refuse", {"code": 500}),
        ("rate_limit", {"retry_after": "0"}),
        ("short_answer", {}),
    ],
)
def test_an_answer_that_is_no_clear_yes_or_no_is_looked_up(
    kind: str, arguments: dict[str, Any], simulator: Simulator, connect: Connect
) -> None:
    simulator.faults.add("/send", kind, times=2, **arguments)

    assert_everyone_once(simulator, connect)


def test_an_answer_to_another_request_stands_for_no_batch(
    simulator: Simulator, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_LIMIT", 3)
    simulator.faults.add("/send", "stale_id", skip=1)

    outcome = assert_everyone_once(simulator, connect, concurrency=1)

    assert [*outcome.counts.values()] == [3] * 4
    assert len(outcome.tags) == 1


def assert_everyone_once(simulator: Simulator, connect: Connect, concurrency: int = 2) -> Summary:
    """Send, with time passing at once, and count."""
    connect(simulator.url, timeout=0.3)
    hook, clock, template = SMSPartnerHook(), Clock(), Campaign(with_nothing)
    plan = Plan(
        make_call=template.make_call,
        tag_of=template.tag_of,
        pseudonymizer=template.pseudonymizer,
        concurrency=concurrency,
        longest_request=hook.longest_request,
    )

    outcome = Sending(plan, NoJournal(), hook, now=clock.now, pause=clock.pause).run(map(Person, EVERYBODY))

    assert simulator.texts_per_number() == dict.fromkeys(EVERYBODY, 1)
    assert outcome.recipients == len(EVERYBODY)
    return outcome
