"""What happens to the ledger's rows after the send: delivery reports are written, people are erased."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from airflow_provider_smspartner.journal.inbox import forget_person
from airflow_provider_smspartner.journal.opening import open_ledger
from airflow_provider_smspartner.journal.outcomes import write_outcomes
from airflow_provider_smspartner.journal.rows import is_person
from airflow_provider_smspartner.journal.table import SENDS, Ledger, moment, tombstone, who
from airflow_provider_smspartner.rules import delivery, phone
from airflow_provider_smspartner.rules.people import Person

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def record_reports(
    ledger: Ledger, *, connection: str, reports: Mapping[str, Iterable[delivery.Report]]
) -> None:
    """Write the delivery reports of messages into the rows of their people.

    ``reports`` are keyed by message id, or by tag for batches that were found by it; ``connection`` is the
    Airflow connection of the platform. People without a row are passed over.

    :raises SMSPartnerError: the ledger cannot be written.
    """
    of_person = (SENDS.c.connection == connection, SENDS.c.number == bindparam("of_number"))
    for name, of_message in reports.items():
        column = SENDS.c.message_id if name.isdigit() else SENDS.c.tag
        if values := values_by_number(of_message):
            ledger.transact(partial(write_outcomes, whose=(*of_person, column == name), outcomes=values))


def values_by_number(reports: Iterable[delivery.Report]) -> list[dict[str, Any]]:
    """Return what each person's row gets: the latest final report, and any STOP."""
    latest: dict[str, dict[str, Any]] = {}
    for report in sorted(reports, key=lambda report: (report.status in delivery.FINAL, when(report))):
        number = phone.comparable(report.number)
        stopped = latest.get(number, {}).get("stop", False)
        reported_at = moment(when(report)) if report.reported_at else None
        values = {"status": report.status.value, "reported_at": reported_at}
        latest[number] = {"of_number": number, "stop": stopped or report.stop, **values}
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
    wanted = (SENDS.c.connection == smspartner_conn_id, SENDS.c.number == written)

    def replace(connection: Connection) -> int:
        rows = connection.execute(select(SENDS.c.number, SENDS.c.event).where(*wanted).distinct()).all()
        erased = forget_person(connection, conn_id=smspartner_conn_id, number=written)
        for person in (Person(*row) for row in rows):
            of_person = update(SENDS).where(*wanted, *is_person(person))
            values = {"number": tombstone(who(person), secret), "event": ""}
            erased += connection.execute(of_person.values(values)).rowcount
        return erased

    return open_ledger(ledger_conn_id).transact(replace)
