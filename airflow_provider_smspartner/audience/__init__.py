"""Recipients out of SQL or out of a list, streamed and cleaned.

Memory grows by a few bytes for each number and not by the row: personal texts lie in an unlinked temporary
file. The warehouse's cursor is closed before anything is sent.
"""

from __future__ import annotations

from airflow_provider_smspartner.audience.cleaning import Audience, check_quality, gather
from airflow_provider_smspartner.audience.lists import from_given
from airflow_provider_smspartner.audience.rows import Columns, Rows, Rules
from airflow_provider_smspartner.audience.warehouse import read_sql

__all__ = ["Audience", "Columns", "Rows", "Rules", "check_quality", "from_given", "gather", "read_sql"]
