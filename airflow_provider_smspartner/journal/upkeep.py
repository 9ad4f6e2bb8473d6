"""What happens to the ledger's rows after the send: delivery reports are written, people are erased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, update

from airflow_provider_smspartner.journal.burying import bury
from airflow_provider_smspartner.journal.inbox import forget_person
from airflow_provider_smspartner.journal.opening import open_ledger
from airflow_provider_smspartner.journal.schema import BATCHES, CAMPAIGNS, PEOPLE
from airflow_provider_smspartner.journal.sets import AT_ONCE
from airflow_provider_smspartner.journal.statuses import write_statuses
from airflow_provider_smspartner.journal.table import Ledger, moment
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
        {"batch": batch, **values} for name in news for batch in batches[name] for values in news[name]
    )
    write_statuses(connection, of_people)


def values_by_number(reports: Iterable[delivery.Report]) -> list[dict[str, Any]]:
    """Return what each person's row gets: the latest final report, and any STOP."""
    latest: dict[str, dict[str, Any]] = {}
    for report in sorted(reports, key=lambda report: (report.status in delivery.FINAL, when(report))):
        number = phone.comparable(report.number)
        stopped = latest.get(number, {}).get("stop", False)
        reported_at = moment(when(report)) if report.reported_at else None
        values = {"status": report.status.value, "reported_at": reported_at}
        latest[number] = {"number": number, "stop": stopped or report.stop, **values}
    return [latest[number] for number in sorted(latest)]


def when(report: delivery.Report) -> float:
    """Return the time of a report, seconds since the epoch; 0 when it has none."""
    return report.reported_at.timestamp() if report.reported_at else 0.0


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

    return open_ledger(ledger_conn_id).transact(replace)


def campaigns_of(conn_id: str) -> Any:
    """Return the campaigns of a connection, as a query."""
    return select(CAMPAIGNS.c.id).where(CAMPAIGNS.c.connection == conn_id)
