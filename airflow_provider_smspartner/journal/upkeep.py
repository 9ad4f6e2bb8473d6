"""What happens to the ledger's rows after the send: delivery reports are written, people are erased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update

from airflow_provider_smspartner.journal.burying import bury
from airflow_provider_smspartner.journal.inbox import forget_person
from airflow_provider_smspartner.journal.opening import open_ledger
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS, PEOPLE
from airflow_provider_smspartner.journal.sets import AT_ONCE
from airflow_provider_smspartner.journal.statuses import write_statuses
from airflow_provider_smspartner.journal.table import Ledger
from airflow_provider_smspartner.rules import delivery, phone

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

News = Mapping[str, "list[dict[str, Any]]"]
"""What is reported of people, by the id or the tag of their message."""


def record_reports(
    ledger: Ledger, *, connection: str, reports: Mapping[str, Iterable[delivery.Report]]
) -> None:
    """Write the delivery reports of messages into the rows of their people.

    ``reports`` are keyed by message id, or by tag for batches that were found by it; ``connection`` is the
    Airflow connection of the platform. People without a row are passed over.

    :raises SMSPartnerError: the ledger cannot be written.
    """
    for news in together(reports):
        ledger.transact(partial(write_reports, conn_id=connection, news=news))


def together(reports: Mapping[str, Iterable[delivery.Report]]) -> Iterator[News]:
    """Yield the reports of some thousands of people at a time."""
    news: dict[str, list[dict[str, Any]]] = {}
    for name, of_message in reports.items():
        if values := values_by_number(of_message):
            news[name] = values
        if sum(map(len, news.values())) >= AT_ONCE:
            yield news
            news = {}
    if news:
        yield news


def write_reports(connection: Connection, *, conn_id: str, news: News) -> None:
    """Write what is reported of the people of some messages."""
    ids = [name for name in news if name.isdigit()]
    named = or_(BATCHES.c.message_id.in_(ids), BATCHES.c.tag.in_([name for name in news if name not in ids]))
    columns = (BATCHES.c.id, BATCHES.c.message_id, BATCHES.c.tag)
    of_connection = BATCHES.join(CAMPAIGNS, BATCHES.c.campaign == CAMPAIGNS.c.id)
    query = select(*columns).select_from(of_connection).where(CAMPAIGNS.c.connection == conn_id, named)
    batches = defaultdict[str, list[int]](list)
    for row in connection.execute(query):
        batches[row.tag if row.tag in news else row.message_id].append(row.id)
    of_people = (
        values | {"batch": batch} for name in news for batch in batches[name] for values in news[name]
    )
    write_statuses(connection, of_people)


def values_by_number(reports: Iterable[delivery.Report]) -> list[dict[str, Any]]:
    """Return what each person's row gets: the latest final report, and any STOP."""
    them = list(reports)
    latest, stopped = dict[str, delivery.Report](), set[str]()
    for number, report in zip(phone.comparables([report.number for report in them]), them, strict=True):
        if (before := latest.get(number)) is None or rank(report) >= rank(before):
            latest[number] = report
        if report.stop:
            stopped.add(number)
    return [
        {
            "number": number,
            "status": report.status.value,
            "reported_at": report.reported_at and report.reported_at.astimezone(UTC).replace(tzinfo=None),
            "stop": number in stopped,
        }
        for number, report in latest.items()
    ]


def rank(report: delivery.Report) -> tuple[bool, float]:
    """Return what makes a report the one that holds: final ones before open ones, then the later one."""
    return report.status in delivery.FINAL, report.reported_at.timestamp() if report.reported_at else 0.0


def erase(
    number: str,
    *,
    ledger_conn_id: str,
    smspartner_conn_id: str = "smspartner_default",
    region: str = "FR",
) -> int:
    """Erase a person from the ledger and the inbox beside it, and return how many rows that were.

    In place of the number stays a keyed hash, so that no later run texts this person the same campaign
    again, as long as the connection keeps its key. Events are erased too, and hashed with the number. What
    the person wrote, and what was reported of them, is deleted from the inbox.

    :raises InvalidPhoneNumber: it is no mobile number; ``region`` is the country of national ones.
    :raises SMSPartnerError: the ledger cannot be written.
    """
    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

    secret = SMSPartnerHook(smspartner_conn_id).settings.api_key
    written = phone.normalize(number, region)

    def replace(connection: Connection) -> int:
        forgotten = forget_person(connection, conn_id=smspartner_conn_id, number=written)
        # Before any look: whoever is claiming this person has written them, or finds that somebody was erased
        of_connection = update(CAMPAIGNS).where(CAMPAIGNS.c.connection == smspartner_conn_id)
        connection.execute(of_connection.values(erased=CAMPAIGNS.c.erased))
        theirs = (PEOPLE.c.number == written, PEOPLE.c.campaign.in_(campaigns_of(smspartner_conn_id)))
        campaigns = connection.scalars(select(PEOPLE.c.campaign).where(*theirs).distinct()).all()
        # First, and so it waits for whoever claims: a claim looks for tombstones where this says so
        stones = update(CAMPAIGNS).where(CAMPAIGNS.c.id.in_(sorted(campaigns)))
        connection.execute(stones.values(erased=True))
        rows = connection.execute(select(PEOPLE).where(*theirs, PEOPLE.c.campaign.in_(campaigns))).all()
        bury(connection, rows, secret)
        return forgotten + len(rows)

    with closing(open_ledger(ledger_conn_id)) as ledger:
        return ledger.transact(replace)


def campaigns_of(conn_id: str) -> Any:
    """Return the campaigns of a connection, as a query."""
    return select(CAMPAIGNS.c.id).where(CAMPAIGNS.c.connection == conn_id)
