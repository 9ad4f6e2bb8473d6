"""The addresses in a page: ours, and those of the Airflow around it. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.filters import Filters
from airflow_provider_smspartner.plugins.facts import RunFact, TaskFact

PREFIX: Final = "/smspartner"
ALL: Final = Filters()


def hides(*names: str) -> bool:
    """Tell whether one of the names holds a phone number: then it stands in no address either."""
    return any(words.name(name) != name for name in names)


def shown(wanted: Filters) -> dict[str, str]:
    """Return what is asked for as a query, without what holds a phone number."""
    return {name: value for name, value in wanted.asked().items() if not hides(value)}


@lru_cache(maxsize=4096)
def place_of(dag_id: str, run_id: str) -> str:
    """Return the path of a run, in Airflow as below our own; an overview has each of them twice."""
    return f"/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


class Links:
    """The addresses in a page: ours, and those of the Airflow around it, below the path it is served at."""

    def __init__(self, base: str) -> None:
        self._base = base

    def home(self) -> str:
        """Return the path that all our pages are below."""
        return f"{self._base}{PREFIX}"

    def overview(self, wanted: Filters = ALL, *, page: int = 1) -> str:
        """Return the address of the overview."""
        query = urlencode(shown(wanted) | ({"page": str(page)} if page > 1 else {}))
        return f"{self._base}{PREFIX}/" + (f"?{query}" if query else "")

    def export(self, wanted: Filters) -> str:
        """Return the address of the overview as CSV."""
        query = urlencode(shown(wanted))
        return f"{self._base}{PREFIX}/campaigns.csv" + (f"?{query}" if query else "")

    def dag(self, dag_id: str) -> str:
        """Return the address of a DAG's page; an empty text where it would hold a phone number."""
        return "" if hides(dag_id) else f"{self._base}{PREFIX}/dags/{quote(dag_id, safe='')}/runs"

    def run(self, run: RunFact, *, task_id: str = "", map_index: int | None = None, batches: int = 0) -> str:
        """Return the address of a run's page; an empty text where it would hold a phone number."""
        if hides(run.dag_id, run.run_id, task_id):
            return ""
        asked = {"task_id": task_id} if task_id else {}
        asked |= {"map_index": str(map_index)} if map_index is not None else {}
        query = urlencode(asked | ({"batches": str(batches)} if batches else {}))
        return f"{self._base}{PREFIX}{self._place(run)}" + (f"?{query}" if query else "")

    def airflow_run(self, run: RunFact) -> str:
        """Return the address of our tab on the run in Airflow, if there is one that may be shown."""
        if hides(run.dag_id, run.run_id):
            return ""
        return f"{self._base}{self._place(run)}/plugin/smspartner-campaign"

    def airflow_task(self, run: RunFact, task: TaskFact) -> str:
        """Return the address of a task in Airflow, where its log is, if there is one that may be shown."""
        if hides(run.dag_id, run.run_id, task.task_id):
            return ""
        return self._task(run, task.task_id, task.map_index)

    def airflow_answer(self, run: RunFact, where: tuple[str, int]) -> str:
        """Return the address at which a task's question is answered, if there is one that may be shown."""
        if hides(run.dag_id, run.run_id, where[0]):
            return ""
        return f"{self._task(run, *where)}/required_actions"

    def _task(self, run: RunFact, task_id: str, map_index: int) -> str:
        mapped = f"/mapped/{map_index}" if map_index >= 0 else ""
        return f"{self._base}{self._place(run)}/tasks/{quote(task_id, safe='')}{mapped}"

    def _place(self, run: RunFact) -> str:
        return place_of(run.dag_id, run.run_id)
