"""Who may see the campaign page: nobody without a login, and nobody a DAG that is not theirs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from scripts.local_airflow import LocalAirflow
from tests.browser.conftest import SignIn
from tests.browser.limited_rights import HER_DAG, LIMITED_USER

pytestmark = pytest.mark.airflow

FORBIDDEN = "winter_campaign"
SECRET_RUN, OPEN_RUN = "secret-run", "open-run"
ROUTES = [
    "/smspartner/",
    f"/smspartner/?dag_id={FORBIDDEN}",
    f"/smspartner/dags/{FORBIDDEN}/runs/{SECRET_RUN}",
    f"/smspartner/dags/{FORBIDDEN}/runs/{SECRET_RUN}?task_id=send&map_index=-1",
    f"/smspartner/dags/{FORBIDDEN}/runs/{SECRET_RUN}?task_id=send&batches=1",
    f"/smspartner/dags/{HER_DAG}/runs/{OPEN_RUN}",
]
NOT_THERE = ["/smspartner/docs", "/smspartner/redoc", "/smspartner/openapi.json", "/smspartner/nothing"]


@pytest.fixture(scope="module", autouse=True)
def _runs(airflow: LocalAirflow) -> None:
    """Let both DAGs have run."""
    airflow.trigger(FORBIDDEN, run_id=SECRET_RUN)
    airflow.trigger(HER_DAG, run_id=OPEN_RUN)
    airflow.wait(FORBIDDEN, SECRET_RUN)
    airflow.wait(HER_DAG, OPEN_RUN)


def look(page: Page, path: str) -> tuple[int, str]:
    """Go to an address; return the status and the source of what is shown."""
    answer = page.goto(path)
    assert answer is not None
    return answer.status, page.content()


@pytest.mark.parametrize("path", ROUTES)
def test_anonymous_sees_nothing(path: str, sign_in: SignIn) -> None:
    status, shown = look(sign_in(None), path)

    assert status in (401, 403)
    assert [name for name in (SECRET_RUN, OPEN_RUN) if name in shown] == []


@pytest.mark.parametrize("path", NOT_THERE)
@pytest.mark.parametrize("user", [None, "admin"])
def test_there_is_no_other_route(path: str, user: str | None, sign_in: SignIn) -> None:
    status, _ = look(sign_in(user), path)

    assert status == 404


@pytest.mark.parametrize("path", ROUTES[2:5])
def test_a_user_without_the_right_to_the_dag_is_refused(path: str, sign_in: SignIn) -> None:
    status, shown = look(sign_in(LIMITED_USER), path)

    assert status == 403
    assert SECRET_RUN not in shown
    assert look(sign_in("admin"), path)[0] == 200


@pytest.mark.parametrize(
    "path", [path for path in ROUTES if path.startswith("/smspartner/?") or path.endswith("/")]
)
def test_the_overview_holds_only_what_the_user_may_read(path: str, sign_in: SignIn) -> None:
    status, shown = look(sign_in(LIMITED_USER), path)

    assert status == 200
    assert (SECRET_RUN in shown, f"{FORBIDDEN}</" in shown) == (False, False)
    assert (OPEN_RUN in shown) is ("?" not in path)
    assert SECRET_RUN in look(sign_in("admin"), path)[1]


def test_a_user_sees_the_page_of_her_own_dag(sign_in: SignIn) -> None:
    page = sign_in(LIMITED_USER)
    page.goto(f"/dags/{HER_DAG}/runs/{OPEN_RUN}/plugin/smspartner-campaign")

    expect(page.frame_locator("iframe").locator("[data-kind=send]")).to_have_attribute(
        "data-state", "success"
    )


@pytest.mark.parametrize(
    "dag_id", [f"{HER_DAG}%2F..%2F{FORBIDDEN}", f"{HER_DAG}/../{FORBIDDEN}", f"%2F{FORBIDDEN}"]
)
def test_a_dag_id_cannot_be_disguised(dag_id: str, sign_in: SignIn) -> None:
    status, shown = look(sign_in(LIMITED_USER), f"/smspartner/dags/{dag_id}/runs/{SECRET_RUN}")

    assert status in (403, 404)
    assert SECRET_RUN not in shown
