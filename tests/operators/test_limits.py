"""What a send will take, and what stops it before anything is sent: people, money, the account's credit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.simulator import Simulator
from tests.conftest import Connect
from tests.operators.conftest import ANN, BOB, EVE, AfterSend, MakeTask, Run, Sends, crowd, sms, survey

TWO = [ANN, BOB]


# ---- the estimate ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "segments"),
    [
        ("Hello", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("€" * 81, 2),
        ("a\nb" * 41, 2),
        ("{name}" + "x" * 158, 2),
    ],
)
def test_the_estimate_is_what_the_platform_bills(
    message: str, segments: int, run: Run, sim: Simulator
) -> None:
    rows = [{"phone_number": number, "name": "Ann"} for number in TWO]

    result = run(sms(message=message, recipients=rows))

    assert result["estimate"]["segments"] == result["segments"] == 2 * segments
    assert Decimal(result["estimate"]["cost"]) == Decimal(result["cost"]) == 2 * segments * sim.settings.price


@pytest.mark.parametrize(
    ("sms_range", "cost"), [(None, "0.200"), ("premium", "0.200"), ("low_cost", "0.050")]
)
def test_each_range_has_a_credit_of_its_own(
    sms_range: str | None, cost: str, run: Run, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {"balance": "1.000", "creditSms": 10, "creditSmsECO": 40, "currency": "EUR"}
    monkeypatch.setattr(sim.platform, "credit_figures", lambda: figures)

    result = run(sms(recipients=TWO, sms_range=sms_range))

    assert result["estimate"] == {"segments": 2, "cost": cost}


def test_the_connections_price_makes_the_estimate(run: Run, sim: Simulator, connect: Connect) -> None:
    connect(sim.url, price_per_segment="0.06")

    result = run(sms(recipients=TWO))

    assert (result["estimate"], Decimal(result["cost"])) == (
        {"segments": 2, "cost": "0.120"},
        Decimal("0.09"),
    )


def test_an_account_that_cannot_be_read_once_does_not_stop_a_send(run: Run, sim: Simulator) -> None:
    sim.faults.add("/me", "error_before")

    result = run(sms(recipients=TWO))

    assert sim.texts_per_number() == dict.fromkeys(TWO, 1)
    assert result["estimate"] == {"segments": 2, "cost": None}
    assert sim.requests_per_endpoint()["/me"] == 1


def test_an_account_that_must_be_read_is_asked_again(run: Run, sim: Simulator) -> None:
    sim.faults.add("/me", "error_before")

    run(sms(recipients=TWO, max_cost=1))

    assert sim.texts_per_number() == dict.fromkeys(TWO, 1)
    assert sim.requests_per_endpoint()["/me"] == 2


def test_an_account_that_must_be_read_and_cannot_be_is_for_a_later_try(
    run: Run, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_smspartner.hooks.transport.ATTEMPTS", 1)
    sim.faults.add("/me", "error_before", times=None)

    with pytest.raises(SMSPartnerError):
        run(sms(recipients=TWO, max_cost=1))

    assert set(sim.requests_per_endpoint()) <= {"/me", "/bulk-status-by-tag"}


# ---- limits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"max_recipients": 2}, "max_recipients: 3 people, and 2 are allowed"),
        ({"max_recipients": "{{ most }}"}, "max_recipients: 3 people, and 2 are allowed"),
        ({"max_cost": 0.13}, r"max_cost: 3 people and 3 segments, about 0.135 EUR, and 0.13 is allowed"),
        ({"max_cost": Decimal("0.134")}, "max_cost: .*0.134 is allowed"),
        ({"max_cost": "{{ '0.1' }}"}, "max_cost: .*0.1 is allowed"),
        ({"max_cost": 0}, "max_cost: .*0 is allowed"),
        ({"max_cost": "0.2", "message": "x" * 161}, "6 segments, about 0.270 EUR"),
        ({"max_cost": "0.2", "message": "x" * 161, "sandbox": True}, "6 segments, about 0.270 EUR"),
    ],
)
def test_too_many_people_or_too_much_money_is_refused_before_anything_is_sent(
    arguments: dict[str, Any], words: str, run: Run, sim: Simulator
) -> None:
    with pytest.raises(AirflowFailException, match=words):
        run(sms(recipients=[ANN, BOB, EVE, ANN], **arguments), most=2)

    assert not sim.accepted


@pytest.mark.parametrize("recipients", [[], [ANN], [ANN, ANN, "none"]])
@pytest.mark.parametrize("least", [2, "{{ least }}"])
def test_too_few_people_are_refused_before_anything_is_sent(
    recipients: list[str], least: Any, run: Run, sim: Simulator
) -> None:
    words = f"min_recipients: {len({*recipients} - {'none'})} people, and at least 2 are expected"

    with pytest.raises(AirflowFailException, match=words):
        run(sms(recipients=recipients, min_recipients=least), least="2")
    with pytest.raises(AirflowFailException, match=words):
        run(sms(recipients=recipients, min_recipients=least, dry_run=True), least="2")

    assert not sim.accepted


def test_who_opts_out_between_two_tries_does_not_keep_the_rest_back(task: MakeTask, sim: Simulator) -> None:
    audience = crowd(501)
    sending = task(lambda: sms(recipients=audience, min_recipients=501, concurrency=1, verify_timeout=0))
    sim.faults.add("/send", "refuse", code=11, skip=1)

    with pytest.raises(AirflowFailException):
        sending.attempt()
    audience = audience[1:]
    result = sending.attempt()

    assert result["recipients"] == 501


@pytest.mark.parametrize("limit", [{"max_recipients": 1}, {"min_recipients": 3}, {"max_cost": 0.05}])
def test_limits_hold_for_a_survey_too(limit: dict[str, Any], run: Run, sim: Simulator) -> None:
    with pytest.raises(AirflowFailException, match=f"{next(iter(limit))}: 2 people"):
        run(survey(recipients=TWO, **limit))

    assert not sim.accepted


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_recipients": 3},
        {"min_recipients": 3},
        {"max_recipients": "{{ 3 }}"},
        {"max_cost": 0.135},
        {"max_cost": "{{ 0.135 }}"},
        {"max_cost": Decimal("0.135")},
    ],
)
def test_what_just_fits_is_sent(arguments: dict[str, Any], run: Run, sim: Simulator) -> None:
    run(sms(recipients=[ANN, BOB, EVE, ANN, "none"], **arguments))

    assert sim.texts_per_number() == dict.fromkeys([ANN, BOB, EVE], 1)


def test_a_limit_on_the_cost_needs_a_price(run: Run, sim: Simulator) -> None:
    sim.credits = Decimal(0)

    with pytest.raises(AirflowFailException, match=r"max_cost: the price.* is unknown.*Price per segment"):
        run(sms(max_cost=10))

    assert not sim.accepted


def test_a_limit_on_the_cost_counts_what_earlier_tries_have_sent(
    task: MakeTask, sim: Simulator, after_send: AfterSend
) -> None:
    people = crowd(600)
    campaign = task(lambda: sms(recipients=people, max_cost=27, concurrency=1))
    after_send(lambda: sim.faults.add("/send", "refuse", code=11))
    with pytest.raises(AirflowFailException, match="500 people were texted"):
        campaign.attempt()
    people += crowd(100, start=600)

    with pytest.raises(AirflowFailException, match=r"max_cost: 700 people"):
        campaign.attempt()

    assert len(sim.accepted) == 500


# ---- the account's credit --------------------------------------------------------------------------


def test_a_campaign_that_the_account_cannot_pay_does_not_begin(
    run: Run, sim: Simulator, sends: Sends
) -> None:
    sim.credits = Decimal("22.499")

    with pytest.raises(AirflowFailException, match=r"501 people.*the account has 22.499; top it up"):
        run(sms(recipients=crowd(501)))

    assert not sends()


@pytest.mark.parametrize("people", [1, 22, 501])
def test_an_account_pays_for_as_many_texts_as_it_says(people: int, run: Run, sim: Simulator) -> None:
    sim.credits = people * sim.settings.price + Decimal("0.01")

    run(sms(recipients=crowd(people)))

    assert sum(sim.texts_per_number().values()) == people


@pytest.mark.parametrize(
    ("extra", "arguments"), [({}, {"sandbox": True}), ({"sandbox": True}, {}), ({"redirect_to": EVE}, {})]
)
def test_what_costs_nothing_needs_no_credit(
    extra: dict[str, Any], arguments: dict[str, Any], run: Run, sim: Simulator, connect: Connect
) -> None:
    connect(sim.url, **extra)
    sim.credits = Decimal("0.05")

    run(sms(recipients=TWO, **arguments))

    assert len(sim.accepted) == (1 if extra.get("redirect_to") else 2)
    assert "/me" not in sim.requests_per_endpoint()


def test_after_a_top_up_a_cleared_task_sends_the_rest_and_needs_money_for_no_more(
    task: MakeTask, sim: Simulator, connect: Connect, after_send: AfterSend
) -> None:
    connect(sim.url, price_per_segment="0.045")
    people = crowd(1_200)
    campaign = task(lambda: sms(recipients=people, concurrency=1))

    def another_campaign_takes_the_credit() -> None:
        sim.credits = Decimal(1)

    after_send(another_campaign_takes_the_credit)
    with pytest.raises(AirflowFailException, match=r"code 11.* 500 people were texted"):
        campaign.attempt()
    with pytest.raises(AirflowFailException, match=r"700 people and 700 segments, about 31.500 EUR"):
        campaign.attempt()
    assert len(sim.accepted) == 500
    sim.credits = Decimal("31.5")

    result = campaign.attempt()

    assert sim.texts_per_number() == dict.fromkeys(people, 1)
    assert (result["recipients"], Decimal(result["cost"])) == (1_200, Decimal(54))
    assert sim.credits == 0
