"""Print what the campaign page reads of the only run of a DAG, as JSON; run in that Airflow."""

from __future__ import annotations

import json
import sys

from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

from airflow_provider_smspartner.plugins.reading.runs import read_run

if __name__ == "__main__":
    with create_session() as session:
        run = read_run(session, dag_id="canvass", run_id=session.scalars(select(DagRun.run_id)).one())
    sends = [task for task in run.tasks if task.sends] if run else []
    sys.stdout.write(
        json.dumps([[(task.result or {}).get("recipients"), len(task.batches)] for task in sends]) + "\n"
    )
