"""What the vendor documents nowhere: each test finds out and prints it, and fails on nothing plausible."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api.answers import Statuses
from airflow_provider_smspartner.exceptions import APIError, NotFoundError
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.rules import phone
from tests.live.conftest import Platform
from tests.live.test_contract import SANDBOX, TEXT, new_tag


def first_seen(
    hook: SMSPartnerHook, call: api.Call[Statuses], patience: float
) -> tuple[float, Statuses] | None:
    """Ask until somebody is listed, and return after how many seconds; None when patience has run out."""
    start = time.monotonic()
    while (passed := time.monotonic() - start) < patience:
        try:
            listed = hook.call(call)
        except NotFoundError:
            listed = Statuses(reports=())
        if listed.reports:
            return passed, listed
        time.sleep(patience / 20)
    return None


@pytest.mark.parametrize("way", ["id", "tag"])
def test_when_a_sandbox_send_can_be_seen(hook: SMSPartnerHook, platform: Platform, way: str) -> None:
    tag = new_tag()
    sent = hook.call(api.send([platform.number], TEXT, replace(SANDBOX, tag=tag)))
    call = api.bulk_status(sent.message_id) if way == "id" else api.bulk_status_by_tag(tag)
    seen = first_seen(hook, call, platform.patience)
    if seen is None:
        platform.found(f"a sandbox send by {way}", f"not to be seen within {platform.patience:g} s")
        return
    after, listed = seen
    assert {phone.comparable(report.number) for report in listed.reports} == {platform.number}
    [report] = listed.reports
    spelling = "as +33" if report.number.startswith("+") else "without +"
    shown = f"{report.status}, number {spelling}, date {report.reported_at}, total {listed.total}"
    platform.found(f"a sandbox send by {way}", f"seen after {after:.1f} s: {shown}")


def test_what_a_tag_nobody_used_brings(hook: SMSPartnerHook, platform: Platform, statuses: list[int]) -> None:
    try:
        listed = hook.call(api.bulk_status_by_tag(new_tag()))
    except NotFoundError as error:
        platform.found("an unknown tag", f"HTTP {statuses[-1]}, code {error.code}")
    else:
        assert listed.reports == ()
        platform.found("an unknown tag", f"HTTP {statuses[-1]}, an empty list, total {listed.total}")


def test_what_a_second_page_brings(hook: SMSPartnerHook, platform: Platform) -> None:
    tag = new_tag()
    for _ in range(2):
        hook.call(api.send([platform.number], TEXT, replace(SANDBOX, tag=tag)))
    seen = first_seen(hook, api.bulk_status_by_tag(tag), platform.patience)
    if seen is None:
        platform.found("two sends under one tag", "not to be seen")
        return
    try:
        second = hook.call(api.bulk_status_by_tag(tag, page=2))
    except NotFoundError:
        second = Statuses(reports=())
    first = seen[1]
    platform.found("two sends under one tag", f"{len(first.reports)} rows, total {first.total}")
    repeats = bool(second.reports) and second.reports == first.reports
    platform.found("its page 2", f"page {second.page}, {len(second.reports)} rows, the same: {repeats}")


def test_whether_a_scheduled_sandbox_send_can_be_cancelled(
    hook: SMSPartnerHook, platform: Platform, statuses: list[int]
) -> None:
    moment = (datetime.now(UTC) + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)
    sent = hook.call(api.send([platform.number], TEXT, replace(SANDBOX, send_at=moment)))
    assert sent.scheduled_for in (None, moment)  # Europe/Paris, as we believe
    platform.found("a scheduled sandbox send", f"scheduledDeliveryDate {sent.scheduled_for}")
    told: list[str] = []
    for _ in range(2):
        try:
            hook.cancel(sent.message_id)
        except APIError as error:
            told.append(f"HTTP {statuses[-1]}, code {error.code}")
        else:
            told.append("cancelled")
    platform.found("cancelling it, and again", " | ".join(told))


REFUSED: dict[str, Callable[[str], dict[str, Any]]] = {
    "a tag with capitals": lambda number: {"tag": "Spring"},
    "a sender of twelve characters": lambda number: {"sender": "ABCDEFGHIJKL"},
    "a sender with a dash": lambda number: {"sender": "AB-CD"},
    "an empty message": lambda number: {"message": ""},
    "no number": lambda number: {"phoneNumbers": ""},
    "the same number twice": lambda number: {"phoneNumbers": f"{number},{number}"},
    "a date in the past": lambda number: {"scheduledDeliveryDate": "01/01/2020", "time": 10, "minute": 0},
    "an hour without a date": lambda number: {"time": 10, "minute": 0},
    "a minute off the grid": lambda number: {"scheduledDeliveryDate": "01/01/2099", "time": 10, "minute": 3},
    "hour 24": lambda number: {"scheduledDeliveryDate": "01/01/2099", "time": 24, "minute": 0},
    "range instead of gamme": lambda number: {"range": 2},
    "a low-cost text of 161": lambda number: {"gamme": 2, "message": "x" * 161},
    "eleven parts": lambda number: {"message": "x" * 1531},
    "Unicode": lambda number: {"isUnicode": 1, "message": "Caf\u00e9 \U0001f600"},
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_becomes_of_a_request_that_we_would_not_make(
    hook: SMSPartnerHook, platform: Platform, statuses: list[int], what: str
) -> None:
    """Our rules refuse most of these before they leave; here they leave, to the sandbox."""
    plain = api.send([platform.number], TEXT, SANDBOX)
    call = replace(plain, fields={**plain.fields, **REFUSED[what](platform.number)})
    try:
        sent = hook.call(call)
    except APIError as error:
        about = ", ".join(sorted({str(problem.element) for problem in error.problems})) or "nothing"
        platform.found(what, f"HTTP {statuses[-1]}, code {error.code}, about {about}")
    else:
        platform.found(what, f"accepted, {sent.segments} segments")
