"""What campaigns come to together: people and money that are real, and a file that a spreadsheet can take."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_smspartner.plugins.drawing.campaigns import CampaignRow, campaign_row
from airflow_provider_smspartner.plugins.drawing.totals import COLUMNS, as_csv, totals
from airflow_provider_smspartner.plugins.facts import TaskFact
from tests.plugins.facts import AT, batch, follow, run, send, told


def row(*tasks: TaskFact) -> CampaignRow:
    return campaign_row(run(*tasks, state="success"), now=AT)


def done(recipients: int = 1500, *, currency: str = "EUR", **more: Any) -> TaskFact:
    result = {"recipients": recipients, "batches": 3, "cost": "57.000", "currency": currency}
    return send("success", campaign=told(recipients, **more), result=result)


def summed(*rows: CampaignRow) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for figure in totals(rows):
        found.setdefault(figure.label, []).append(figure.value)
    return found


def test_what_people_have_got_and_paid_is_added_up() -> None:
    assert summed(
        row(done(), follow()), row(done(), follow(delivered=475, not_delivered=500, waiting=25))
    ) == {
        "Campaigns": ["2"],
        "Accepted": ["3,000"],
        "Delivered": ["72.5 %"],
        "STOP": ["8"],
        "Cost": ["114.00 EUR"],
        "Needs attention": ["520"],
    }


def test_replies_are_added_up_where_an_inbox_tells() -> None:
    answered = [replace(done(), answered={"reply": n, "stop": 1}) for n in (1200, 34)]
    rows = [row(answered[0]), row(answered[1]), row(done())]

    [replies] = [figure for figure in totals(rows) if figure.label == "Replies"]

    assert (replies.value, replies.hint) == ("1,234", "and 2 STOP, to 2 campaigns with an inbox")
    assert [line["replies"] for line in read(*rows)] == ["1200", "34", ""]
    assert "Replies" not in summed(row(done()))


def test_each_currency_is_summed_by_itself() -> None:
    assert summed(row(done()), row(done(currency="CHF")))["Cost"] == ["57.00 CHF", "57.00 EUR"]


@pytest.mark.parametrize(
    "trial",
    [
        row(done(sandbox=True)),
        row(done(redirected=True)),
        row(send("success", result={"recipients": 8, "batches": 1, "dry_run": True})),
    ],
)
def test_what_reaches_no_phone_is_in_no_total(trial: CampaignRow) -> None:
    both = summed(row(done()), trial)

    assert both == summed(row(done()))
    assert next(figure.hint for figure in totals([row(done()), trial])) == "1 trial is not counted in"


def test_what_is_not_known_is_no_zero() -> None:
    unknown = row(send("failed", campaign=replace(told(), ledger="books")))

    [accepted] = [figure for figure in totals([row(done()), unknown]) if figure.label == "Accepted"]

    assert (accepted.value, accepted.hint) == ("1,500", "some not known")
    assert "0.00 EUR" not in as_csv([unknown])


def read(*rows: CampaignRow) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(rows))))


def test_the_file_has_a_line_for_each_campaign() -> None:
    [line] = read(row(done(tag="promo"), follow()))

    assert list(line) == list(COLUMNS)
    assert line == {
        "began": "2026-11-20T09:00:00+00:00",
        "dag_id": "d",
        "run_id": "r",
        "campaigns": "promo",
        "connections": "c",
        "outcome": "Delivered",
        "recipients": "1500",
        "accepted": "1500",
        "delivered": "975",
        "not_delivered": "20",
        "waiting": "5",
        "stop": "4",
        "without_text": "20",
        "cost": "57.000",
        "currency": "EUR",
        "marks": "",
        "replies": "",
    }


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "-2", "+cmd", 'a","b', "a\r\nb"])
def test_no_name_becomes_a_formula_or_a_line(name: str) -> None:
    [line] = read(row(done(campaign=name)))

    assert line["campaigns"].removeprefix("'") == name.replace("\r\n", "\n") or line["campaigns"] == name
    assert not line["campaigns"].startswith(("=", "+", "-", "@"))


def test_no_number_is_in_the_file() -> None:
    named = replace(run(done(tag="for 0612345678")), dag_id="+33612345678", run_id="06 12 34 56 78")

    assert "12345678" not in as_csv([campaign_row(named, now=AT)]).replace(" ", "")


def test_a_run_that_only_follows_has_no_cost() -> None:
    [line] = read(row(follow()))

    assert (line["accepted"], line["cost"], line["delivered"]) == ("", "", "975")


def test_a_send_without_a_report_has_no_zeros() -> None:
    [line] = read(row(send("running", [batch(0)], told(), logged=True)))

    assert (line["accepted"], line["delivered"], line["stop"]) == ("500", "", "")
