"""A send of personal texts for a test that kills it: ``python -m tests.trust.interrupted_send reading``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

from airflow_provider_smspartner.operators.smspartner import SendSmsOperator


def people(*, endless: bool) -> Iterator[dict[str, str]]:
    """Yield more rows than are read at once; say so, and let the last one never come."""
    for number in range(6_000):
        yield {"phone_number": f"+33600{number:06}", "name": "Anna"}
    if endless:
        sys.stdout.write("reading\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    rows = people(endless=sys.argv[1] == "reading")
    SendSmsOperator(task_id="send", message="Hello {name}", recipients=rows).execute({})
