"""What a page says about hand-overs that it cannot read. Pure."""

from __future__ import annotations

from airflow_provider_smspartner.plugins.drawing.language import say
from airflow_provider_smspartner.plugins.facts import TaskFact


def missing(task: TaskFact) -> list[str]:
    """Say what of a task's hand-overs is missing from the page, and why."""
    notes = []
    if task.illegible:
        notes.append(
            say(
                "Part of what it handed over cannot be read and is left out: another version of the "
                "package, or somebody else, has written its XComs."
            )
        )
    if task.elsewhere:
        notes.append(
            say(
                "The XCom backend of this Airflow keeps its XComs in an object store, which this page "
                "does not read, so figures are missing. A higher xcom_objectstorage_threshold in "
                "[common.io], such as 100000 bytes, leaves them in Airflow's database."
            )
        )
    return notes
