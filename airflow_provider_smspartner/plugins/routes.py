"""The FastAPI app behind the campaign page: who may see what, and the headers of every answer.

It is loaded with the first request, so that no other process of Airflow pays for it. Every route needs a
user who may read the DAG; none of them writes.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final

from airflow import __version__ as airflow_version
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.models.dag import DagModel
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException as AnyHTTPException

from airflow_provider_smspartner.plugins.addresses import PREFIX, Links
from airflow_provider_smspartner.plugins.drawing import words
from airflow_provider_smspartner.plugins.drawing.advice import name_of
from airflow_provider_smspartner.plugins.drawing.campaigns import CampaignRow, campaign_row, refresh
from airflow_provider_smspartner.plugins.drawing.comparing import MOST_COMPARED, compared
from airflow_provider_smspartner.plugins.drawing.filters import DAYS, OUTCOMES, Filters, filters_of
from airflow_provider_smspartner.plugins.drawing.language import READER, Reader, mark, say, say_in_html
from airflow_provider_smspartner.plugins.drawing.story import run_story
from airflow_provider_smspartner.plugins.drawing.totals import as_csv, totals
from airflow_provider_smspartner.plugins.facts import RunFact
from airflow_provider_smspartner.plugins.readers import ForItsReader
from airflow_provider_smspartner.plugins.reading.history import History, read_history, read_last
from airflow_provider_smspartner.plugins.reading.runs import read_run

BATCHES_PER_PAGE: Final = 100
MOST_EXPORTED: Final = 20
"""Pages of the overview that one file holds."""
REFUSALS: Final = {
    401: (mark("Please log in"), mark("Log in to Airflow, then load this page again.")),
    403: (
        mark("Not for you"),
        mark(
            "Your user may not read this DAG, its task instances and its XComs. Whoever runs this Airflow "
            "can grant the rights."
        ),
    ),
    404: (mark("Not here"), mark("There is no such run, or it has been deleted.")),
}

SHOWN: Final = (DagAccessEntity.TASK_INSTANCE, DagAccessEntity.XCOM)
"""What a page is made of, and what its reader may read."""

MAY_READ: Final = [Depends(requires_access_dag(method="GET", access_entity=entity)) for entity in SHOWN]

app = FastAPI(title="SMS Partner", docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(ForItsReader)
templates = Environment(
    loader=PackageLoader("airflow_provider_smspartner.plugins.drawing"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.globals |= {"say": say_in_html, "of": words.of, "words": words, "state_name": name_of}


@app.get("/")
def overview(request: Request, user: GetUserDep, session: SessionDep, page: str = "1") -> HTMLResponse:
    """Show the campaigns of the last 30 days, or of the days that are asked for."""
    wanted = filters_of(request.query_params)
    history, rows = campaigns(session, user, wanted, page=max(1, whole(page) or 1))
    chosen = [row for row in rows if wanted.wants(row)]
    return answer(
        request,
        "overview.html",
        history=history,
        rows=chosen,
        totals=totals(chosen),
        wanted=wanted,
        connections=sorted({name for row in rows for name in row.numbers.connections} | {wanted.connection}),
        outcomes=OUTCOMES,
        days=DAYS,
        refresh=refresh(history.runs),
    )


@app.get("/campaigns.csv")
def export(request: Request, user: GetUserDep, session: SessionDep) -> Response:
    """Return the campaigns that are asked for as CSV, a bounded number of them."""
    wanted = filters_of(request.query_params)
    found: list[CampaignRow] = []
    for page in range(1, MOST_EXPORTED + 1):
        history, rows = campaigns(session, user, wanted, page=page)
        found += filter(wanted.wants, rows)
        if not history.more:
            break
    headers = {
        "Content-Disposition": 'attachment; filename="sms-campaigns.csv"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    # With a mark at its beginning: Excel takes it for another encoding otherwise
    return Response(as_csv(found).encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


def campaigns(session: Any, user: Any, wanted: Filters, *, page: int) -> tuple[History, list[CampaignRow]]:
    """Return a page of campaigns of a period that a user may read, each told in a line."""
    now = datetime.now(UTC)
    since, until = wanted.period(now)
    history = read_history(
        session,
        readable=lambda dag_ids: readable(dag_ids, user),
        since=since,
        until=until,
        dag_id=wanted.dag_id,
        page=page,
    )
    return history, [campaign_row(run, now=now) for run in history.runs]


@app.get("/dags/{dag_id}/runs", dependencies=MAY_READ)
def dag_page(request: Request, dag_id: str, session: SessionDep) -> HTMLResponse:
    """Show the last runs of a DAG, the newest one against those before."""
    now = datetime.now(UTC)
    runs = read_last(session, dag_id, most=1 + MOST_COMPARED)
    story = compared([campaign_row(run, now=now) for run in runs])
    return answer(request, "dag.html", story=story, dag_id=dag_id, refresh=refresh(runs))


@app.get("/dags/{dag_id}/runs/{run_id:path}", dependencies=MAY_READ)
def run_page(
    request: Request,
    dag_id: str,
    run_id: str,
    session: SessionDep,
    task_id: str = "",
    map_index: str = "",
    batches: str = "",
) -> HTMLResponse:
    """Show a run, one task of it, or one page of the batches of a task."""
    chosen = whole(map_index) if task_id else None
    run = read_run(session, dag_id=dag_id, run_id=run_id, task_id=task_id or None, map_index=chosen)
    if run is None:
        raise HTTPException(404)
    story = run_story(run, now=datetime.now(UTC))
    return answer(
        request,
        "run.html",
        story=story,
        run=run,
        task_id=task_id,
        listed=listed(run, whole(batches)) if task_id else None,
        airflow_version=airflow_version,
        refresh=story.refresh,
    )


def readable(dag_ids: Collection[str], user: Any) -> set[str]:
    """Return the DAGs of which a user may read all that the overview shows."""
    manager = get_auth_manager()
    mine = manager.get_authorized_dag_ids(user=user, method="GET") & set(dag_ids)
    return {dag_id for dag_id in mine if all(may_read(dag_id, entity, user) for entity in SHOWN)}


def may_read(dag_id: str, entity: DagAccessEntity, user: Any) -> bool:
    """Ask the auth manager as Airflow does for its own pages."""
    details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return get_auth_manager().is_authorized_dag(
        method="GET", access_entity=entity, details=details, user=user
    )


def listed(run: RunFact, page: int | None) -> dict[str, Any] | None:
    """Return one page of the batches of what is shown; None when nobody asks for them."""
    if not page or page < 1:
        return None
    batches = [(task, batch) for task in run.tasks for batch in task.batches]
    start = (page - 1) * BATCHES_PER_PAGE
    some = batches[start : start + BATCHES_PER_PAGE]
    return {
        "page": page,
        "pages": -(-len(batches) // BATCHES_PER_PAGE),
        "first": start + 1,
        "last": start + len(some),
        "total": len(batches),
        "rows": some,
    }


def whole(text: str) -> int | None:
    """Read a whole number out of a URL; an Airflow of ours leaves the place-holder where there is none."""
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 10 else None


@app.exception_handler(AnyHTTPException)
def refuse(request: Request, error: AnyHTTPException) -> HTMLResponse:
    """Answer with a page that says why, and the same status."""
    code = error.status_code
    if code in REFUSALS:
        title, why = map(say, REFUSALS[code])
    else:
        title, why = say("That did not work"), say("The answer is {code}.", code=code)
    return answer(request, "refused.html", status=code, title=title, why=why, refresh=None)


def answer(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page; nothing but what it brings along itself may load in it, and nobody else may frame it."""
    nonce = secrets.token_urlsafe(16)
    base = str(request.scope.get("root_path", "")).removesuffix(PREFIX)
    reader = READER.get()
    html = templates.get_template(template).render(
        **values, nonce=nonce, links=Links(base), now=datetime.now(UTC), reader=reader, zone=zone_name(reader)
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html, status_code=status, headers=headers)


def zone_name(reader: Reader) -> str:
    """Return what a reader's time zone is called: Europe/Paris."""
    return str(getattr(reader.zone, "key", None) or getattr(reader.zone, "name", None) or reader.zone)
