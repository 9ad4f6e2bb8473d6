"""What sensor and trigger need not ask the platform for, because its reports were posted to the inbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_provider_smspartner.api.answers import Statuses
from airflow_provider_smspartner.journal.reported import read_reported

if TYPE_CHECKING:
    from airflow_provider_smspartner.journal.table import Ledger
    from airflow_provider_smspartner.tracking.watch import Watch


def reported(ledger: Ledger, watch: Watch, keys: Iterable[str]) -> dict[str, Statuses]:
    """Return, by its key, what the platform would answer of each message whose people are all final.

    :raises SMSPartnerError: the ledger cannot be read.
    """
    found: dict[str, Statuses] = {}
    for connection, of_connection in watch.by_connection(keys).items():
        by_name = {watch.split(key)[1]: key for key in of_connection}
        counts = {name: watch.counts[key] for name, key in by_name.items()}
        for name, reports in read_reported(ledger, connection, counts).items():
            found[by_name[name]] = Statuses(reports=reports)
    return found
