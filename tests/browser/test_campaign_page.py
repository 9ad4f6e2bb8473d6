"""The campaign page inside the Airflow UI: one campaign is watched while it runs, one has gone wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from airflow_provider_smspartner.simulator import Simulator
from scripts.local_airflow import LocalAirflow
from tests.airflow_versions import needs_task_state_store
from tests.browser.conftest import PATIENCE, SignIn, TakePicture
from tests.browser.setting import AUTUMN, WINTER

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

AUTUMN_RUN = "autumn-catalogue"
WINTER_RUN = "winter-boots"
HOSTILE_RUN = '"><img src=x onerror="window.hostile=1"><script>window.hostile=1;'
RUN = "/dags/autumn_campaign/runs/autumn-catalogue"
BROKEN = "/dags/winter_campaign/runs/winter-boots"
TAB = f"{RUN}/plugin/smspartner-campaign"
PAGES = {"run": f"/smspartner{RUN}", "broken run": f"/smspartner{BROKEN}", "overview": "/smspartner/"}
REACHED = "a[href], button, select, input, summary, [tabindex='0']"
STOPS_OF_A_DATE = 4  # day, month, year, and the calendar
SLOWLY = 2 * PATIENCE  # a report is looked for every few seconds


@pytest.fixture(scope="module", autouse=True)
def _campaigns(airflow: LocalAirflow, simulator: Simulator) -> Iterator[None]:
    """Start both campaigns; three seconds go by before the platform answers a send."""
    simulator.faults.add("/send", "latency", seconds=3, times=None)
    simulator.faults.add("/bulk-send", "reset_after")
    airflow.trigger("autumn_campaign", run_id=AUTUMN_RUN)
    airflow.trigger("winter_campaign", run_id=WINTER_RUN)
    yield
    simulator.faults.clear()


@pytest.fixture(scope="module")
def autumn(airflow: LocalAirflow) -> None:
    """The campaign that goes well, at its end."""
    assert airflow.wait("autumn_campaign", AUTUMN_RUN) == "success"


@pytest.fixture(scope="module")
def winter(airflow: LocalAirflow) -> None:
    """The campaign that goes wrong, at its end."""
    assert airflow.wait("winter_campaign", WINTER_RUN) == "failed"


def inside(page: Page) -> FrameLocator:
    """Return our page within the tab of Airflow."""
    return page.frame_locator("iframe")


def figure(page: Page | FrameLocator, label: str) -> Locator:
    """Return the number at the head of the page under a label."""
    return page.locator(".figure").filter(has_text=re.compile(rf"^\s*{label}")).locator("dd")


def accepted(frame: FrameLocator) -> int:
    """Read how many people SMS Partner has accepted by what the page says."""
    return int(re.match(r"[\d,]+", figure(frame, "Accepted").inner_text())[0].replace(",", ""))  # type: ignore[index]


@needs_task_state_store
def test_a_campaign_is_watched_without_a_reload(sign_in: SignIn, picture: TakePicture) -> None:
    page = sign_in("admin")
    page.goto(TAB)
    frame = inside(page)
    expect(figure(frame, "Accepted")).to_contain_text(re.compile(r"^[1-9]"), timeout=SLOWLY)
    page.frames[-1].evaluate("window.loaded = 'once'")
    first = accepted(frame)

    assert first < len(AUTUMN), "too quick to be watched"
    expect(frame.locator("[data-kind=send]")).to_have_attribute("data-state", "running")
    expect(figure(frame, "Accepted")).not_to_contain_text(re.compile(f"^{first:,} "))
    picture(page, "campaign-running")

    expect(frame.locator("[data-kind=status]")).to_have_attribute("data-state", "success", timeout=3 * SLOWLY)
    assert accepted(frame) == len(AUTUMN)
    expect(figure(frame, "Delivered")).to_contain_text("99.3 %")
    assert page.frames[-1].evaluate("window.loaded") == "once"


def test_the_links_of_a_task_lead_to_the_page_and_to_the_platform(sign_in: SignIn, autumn: None) -> None:
    page = sign_in("admin")
    for task in ("send", "delivery"):
        page.goto(f"{RUN}/tasks/{task}/details")
        platform = page.get_by_role("link", name="SMS Partner")
        expect(platform).to_have_attribute("href", "https://my.smspartner.fr/connexion")
        campaign = page.get_by_role("link", name="SMS campaign")

        campaign.evaluate("link => link.target = ''")  # else it opens a page of its own
        campaign.click()

        page.wait_for_url(f"**{TAB}")
        expect(inside(page).get_by_role("heading", level=1)).to_have_text("autumn_campaign")


def test_the_tab_of_a_task_shows_that_task(sign_in: SignIn, autumn: None) -> None:
    page = sign_in("admin")
    page.goto(f"{RUN}/tasks/delivery")

    page.get_by_role("link", name="SMS", exact=True).click()

    expect(inside(page).locator("[data-task=delivery]")).to_be_visible()
    expect(inside(page).locator("[data-task=send]")).to_have_count(0)


def test_the_overview_is_in_the_navigation(
    sign_in: SignIn, autumn: None, winter: None, picture: TakePicture
) -> None:
    page = sign_in("admin")
    page.goto("/")
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="SMS campaigns").click()
    campaigns = inside(page).locator("tr[data-dag]")
    expect(campaigns).to_have_count(2)
    picture(page, "campaigns", height=480)

    inside(page).get_by_label("DAG").select_option("winter_campaign")
    inside(page).get_by_label("Connection").select_option("sms")
    inside(page).get_by_role("button", name="Show").click()
    expect(campaigns).to_have_count(1)
    expect(figure(inside(page), "Campaigns")).to_have_text(re.compile("^1"))
    with page.expect_download() as download:
        inside(page).get_by_role("link", name="CSV").click()
    assert WINTER_RUN in download.value.path().read_text(encoding="utf-8-sig")
    campaigns.get_by_role("link", name="open").click()

    page.wait_for_url(f"**{BROKEN}/plugin/smspartner-campaign")


def test_the_tab_of_a_dag_lists_its_runs(sign_in: SignIn, autumn: None) -> None:
    page = sign_in("admin")
    page.goto("/dags/autumn_campaign")

    page.get_by_role("link", name="SMS", exact=True).click()

    expect(inside(page).locator("tr[data-run]")).to_have_count(1)
    expect(figure(inside(page), "Delivered")).to_contain_text("99.3 %")


def test_the_text_is_shown_as_it_arrives(sign_in: SignIn, autumn: None, winter: None) -> None:
    page = sign_in("admin")
    page.goto(TAB)
    expect(inside(page).locator("[data-bubble=text]")).to_have_text(
        "Your autumn catalogue is here: 20% off until Sunday"
    )
    expect(inside(page).get_by_text("SMS Partner adds the STOP mention")).to_be_visible()

    page.goto(f"{BROKEN}/plugin/smspartner-campaign")
    regulars = inside(page).locator("[data-task=send_to_regulars] [data-bubble=text]")
    expect(regulars.locator(".field")).to_have_text("name")


@needs_task_state_store
def test_a_failure_is_explained(sign_in: SignIn, winter: None, picture: TakePicture) -> None:
    page = sign_in("admin")
    page.goto(f"{BROKEN}/plugin/smspartner-campaign")
    frame = inside(page)

    unknown = frame.locator("[data-task=send_to_regulars] [data-trouble=unknown]")
    expect(unknown).to_contain_text("1 batch, 2 people")
    expect(unknown).to_contain_text("What to do:")
    expect(frame.locator("[data-task=send]")).to_contain_text("Rejected 3")
    expect(frame.locator("[data-task=delivery]")).to_have_attribute("data-state", "failed")
    shown = page.frames[-1].content()
    assert [number for number in WINTER if number in shown or number[3:] in shown] == []


@pytest.mark.parametrize("run", [RUN, BROKEN], ids=["run", "broken run"])
def test_the_page_asks_nothing_of_others_and_breaks_nothing_of_its_own(
    run: str, sign_in: SignIn, airflow: LocalAirflow, autumn: None, winter: None, picture: TakePicture
) -> None:
    page = sign_in("admin", width=1000)
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(error.message))

    page.goto(f"/smspartner{run}")
    page.locator("[data-kind=status]").wait_for()

    assert [url for url in asked if not url.startswith(airflow.url)] == []
    assert faults == []
    if run == RUN:
        picture(page, "campaign-delivered", of=page.locator("body"), width=1000)
    else:
        picture(page, "campaign-failed", of=page.locator("[data-task=send_to_regulars]"), width=1000)


def test_a_hostile_run_id_is_text(sign_in: SignIn, airflow: LocalAirflow) -> None:
    airflow.trigger("shop_notice", run_id=HOSTILE_RUN)
    assert airflow.wait("shop_notice", HOSTILE_RUN) == "success"
    page = sign_in("admin")

    for path in (
        f"/smspartner/dags/shop_notice/runs/{quote(HOSTILE_RUN, safe='')}",
        "/smspartner/?dag_id=shop_notice",
        f"/smspartner/?dag_id={quote(HOSTILE_RUN)}",
        f"/smspartner/dags/{quote(HOSTILE_RUN, safe='')}/runs/{quote(HOSTILE_RUN, safe='')}",
    ):
        page.goto(path)
        page.get_by_role("heading", level=1).wait_for()
        assert page.locator("img, body script:not([nonce])").count() == 0
        assert page.evaluate("window.hostile") is None
    page.goto(f"/smspartner/dags/shop_notice/runs/{quote(HOSTILE_RUN, safe='')}")
    expect(page.get_by_text(HOSTILE_RUN)).to_be_visible()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_telephone_shows_the_page_without_scrolling_sideways(
    path: str, sign_in: SignIn, autumn: None, winter: None
) -> None:
    page = sign_in("admin", width=400)
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_the_keyboard_reaches_everything(path: str, sign_in: SignIn, autumn: None, winter: None) -> None:
    page = sign_in("admin")
    page.goto(path)
    wanted = page.locator(REACHED).count()
    assert wanted > 1
    seen = set()
    dates = page.locator("input[type=date]").count()
    for _ in range(wanted + dates * (STOPS_OF_A_DATE - 1)):
        page.keyboard.press("Tab")
        at = page.evaluate(
            """(reached) => {
                const all = [...document.querySelectorAll(reached)];
                const style = getComputedStyle(document.activeElement);
                return [all.indexOf(document.activeElement), style.outlineStyle];
            }""",
            REACHED,
        )
        seen.add(at[0])
        assert at[1] != "none", "the focus cannot be seen"
    assert seen == set(range(wanted))


def lightness(page: Page) -> tuple[int, int]:
    """Return how light background and text of our page are, from 0 to 255; it is the last frame."""
    colours = "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color];"
    painted = page.frames[-1].evaluate(f"() => {{ {colours} }}")
    background, text = (max(map(int, re.findall(r"\d+", colour)[:3])) for colour in painted)
    return background, text


@pytest.mark.parametrize("path", [PAGES["run"], TAB], ids=["alone", "in Airflow"])
def test_the_page_is_light_or_dark_as_the_browser_wishes(path: str, sign_in: SignIn, autumn: None) -> None:
    for dark in (False, True):
        page = sign_in("admin", dark=dark)
        page.goto(path)
        (inside(page) if path == TAB else page).locator("[data-kind=send]").wait_for()
        background, text = lightness(page)
        assert (background < 60 and text > 180) if dark else (background > 230 and text < 60)


def test_the_page_follows_the_theme_of_airflow(sign_in: SignIn, autumn: None, picture: TakePicture) -> None:
    page = sign_in("admin")
    page.goto(TAB)
    inside(page).locator("[data-kind=send]").wait_for()
    assert lightness(page)[0] > 230

    page.get_by_role("button", name="User").click()
    page.get_by_role("menuitem", name="Appearance").hover()
    page.get_by_role("menuitemradio", name="Dark").click()

    expect(page.locator("html")).to_have_class(re.compile("dark"))
    assert lightness(page)[0] < 60
    picture(page, "campaign-dark")
