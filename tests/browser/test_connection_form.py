"""The form of the connection, filled in by hand, and its Test button."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

import pytest
from airflow.sdk import Connection
from playwright.sync_api import Locator, Page, expect

from airflow_provider_smspartner.hooks.connection import Settings, read
from airflow_provider_smspartner.simulator import Simulator
from scripts.local_airflow import LocalAirflow
from tests.airflow_versions import AIRFLOW, needs, since
from tests.browser.conftest import SignIn, TakePicture

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("no_connections")]
needs_declared_fields = needs("connection form out of what a provider declares", "3.2")

URL, KEY = ("API URL", "API key") if since("3.2") else ("Host", "Password")
STANDARD = ["Description", URL, KEY, "Port"]
EXTRA = {
    "Sender": "",
    "Timeout": "30",
    "Requests per second": "5",
    "Price per segment": "",
    "Redirect to": "",
    "Max recipients": "",
    "Inbox URL": "",
}
FILLED = {
    "Sender": "ACME",
    "Timeout": "20",
    "Requests per second": "2.5",
    "Price per segment": "0.045",
    "Redirect to": "06 00 00 00 01",
    "Max recipients": "50000",
    "Inbox URL": "https://sms.example.org/inbox",
}
UNSET = ("sender", "price_per_segment", "redirect_to", "max_recipients", "inbox_url")
# A connection without a port, of any type, passes for another one than the stored: apache/airflow#73298
REFUSE_NO_PORT = ("3.3.1", "3.3.2")


def open_form(page: Page, conn_id: str) -> Locator:
    """Open the form for a new connection of our type."""
    page.goto("/connections")
    page.get_by_role("button", name="Add Connection").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Connection ID").fill(conn_id)
    dialog.get_by_label("Connection Type").fill("SMS Partner")
    page.keyboard.press("Enter")
    dialog.get_by_label(KEY).wait_for()
    return dialog


def standard_fields(dialog: Locator) -> Locator:
    """Return the part of the form that each type of connection has."""
    if since("3.4"):
        return dialog.get_by_role("heading", name="Standard Fields").locator(
            "xpath=following-sibling::div[1]"
        )
    return dialog.get_by_role("region")


def open_extra_fields(dialog: Locator) -> None:
    """Unfold the extra fields, which folds the standard ones; from Airflow 3.4 on nothing is folded."""
    if not since("3.4"):
        dialog.get_by_role("button", name="Extra Fields", exact=True).click()


def extra_field(dialog: Locator, label: str) -> Locator:
    """Return the input beside a label; Airflow does not tie all of them together."""
    field = dialog.get_by_role("group").filter(has=dialog.page.get_by_text(label, exact=True))
    return field.locator("input:not([type=hidden])")


def fill_in(dialog: Locator, values: Mapping[str, str]) -> None:
    """Type into extra fields, one after the other."""
    for label, value in values.items():
        extra_field(dialog, label).fill(value)
        extra_field(dialog, label).blur()


def save(dialog: Locator) -> None:
    """Save the connection and wait until the form is gone."""
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()


def stored(airflow: LocalAirflow, conn_id: str) -> tuple[dict[str, Any], Settings]:
    """Return what Airflow stored as extra fields, and what the hook makes of the connection."""
    row = airflow.connection(conn_id)
    assert (row["login"], row["schema"], row["port"]) == (None, None, None)
    shown = {name: row[name] for name in ("conn_type", "host", "extra")}
    return json.loads(row["extra"]), read(Connection(conn_id=conn_id, password="a-key", **shown))


def press_test(page: Page, conn_id: str) -> Locator:
    """Press the Test button of a stored connection and return the message that Airflow shows."""
    page.goto("/connections")
    page.get_by_role("row", name=conn_id).get_by_role("button", name="Test Connection").click()
    message = page.get_by_role("region", name=re.compile("Notifications")).get_by_role("status")
    message.wait_for()
    return message


def connect(page: Page, conn_id: str, *, key: str, simulator: Simulator) -> None:
    """Save a connection to the simulator, with the port that the form names where it has to have one."""
    dialog = open_form(page, conn_id)
    dialog.get_by_label(KEY).fill(key)
    dialog.get_by_label(URL).fill(simulator.url)
    if AIRFLOW in REFUSE_NO_PORT:
        expect(dialog.get_by_label("Port")).to_have_attribute("placeholder", re.compile(f"443.*{AIRFLOW}"))
        dialog.get_by_label("Port").fill("443")
    save(dialog)


def test_the_first_click_on_test_is_green_with_the_port_that_the_form_names(
    sign_in: SignIn, simulator: Simulator, picture: TakePicture
) -> None:
    page = sign_in("admin")
    connect(page, "smspartner_default", key=simulator.api_key, simulator=simulator)

    message = press_test(page, "smspartner_default")

    expect(message).to_contain_text(f"SMS Partner as simulator@example.org: {simulator.credits:.3f} EUR")
    picture(page, "connection-tested", height=480)


@needs_declared_fields
def test_every_field_of_the_connection_is_in_the_form(sign_in: SignIn, picture: TakePicture) -> None:
    dialog = open_form(sign_in("admin"), "smspartner_default")

    assert standard_fields(dialog).locator("label").all_inner_texts() == STANDARD
    picture(dialog.page, "connection-form", of=dialog)
    open_extra_fields(dialog)
    expect(extra_field(dialog, "Sandbox")).to_be_checked(checked=False)
    for label, value in EXTRA.items():
        expect(extra_field(dialog, label)).to_have_value(value)
    picture(dialog.page, "connection-extra-fields", of=dialog, height=1400)


@needs_declared_fields
def test_an_untouched_form_means_the_defaults(sign_in: SignIn, airflow: LocalAirflow) -> None:
    dialog = open_form(sign_in("admin"), "untouched")
    dialog.get_by_label(KEY).fill("a-key")
    save(dialog)

    extra, settings = stored(airflow, "untouched")

    assert extra == {**dict.fromkeys(UNSET), "sandbox": False, "timeout": 30, "requests_per_second": 5}
    assert settings == Settings(conn_id="untouched", api_key="a-key")


@needs_declared_fields
def test_what_is_filled_in_is_what_the_hook_reads(sign_in: SignIn, airflow: LocalAirflow) -> None:
    dialog = open_form(sign_in("admin"), "filled_in")
    dialog.get_by_label(KEY).fill("a-key")
    dialog.get_by_label(URL).fill("https://sms.example.org/v1")
    open_extra_fields(dialog)
    fill_in(dialog, FILLED)
    extra_field(dialog, "Sandbox").press("Space")
    save(dialog)

    extra, settings = stored(airflow, "filled_in")

    assert extra == {
        "sender": "ACME",
        "sandbox": True,
        "timeout": 20,
        "requests_per_second": 2.5,
        "price_per_segment": 0.045,
        "redirect_to": "06 00 00 00 01",
        "max_recipients": 50_000,
        "inbox_url": "https://sms.example.org/inbox",
    }
    assert settings == Settings(
        conn_id="filled_in",
        api_key="a-key",
        url="https://sms.example.org/v1",
        sender="ACME",
        sandbox=True,
        timeout=20,
        requests_per_second=2.5,
        price_per_segment=Decimal("0.045"),
        redirect_to="+33600000001",
        max_recipients=50_000,
        inbox_url="https://sms.example.org/inbox",
    )


@needs_declared_fields
def test_a_field_that_is_emptied_again_means_its_default(sign_in: SignIn, airflow: LocalAirflow) -> None:
    dialog = open_form(sign_in("admin"), "emptied")
    dialog.get_by_label(KEY).fill("a-key")
    open_extra_fields(dialog)
    fill_in(dialog, FILLED)
    fill_in(dialog, dict.fromkeys(FILLED, ""))
    save(dialog)

    _, settings = stored(airflow, "emptied")

    assert settings == Settings(conn_id="emptied", api_key="a-key")


def test_the_test_button_says_what_is_wrong_and_not_the_key(sign_in: SignIn, simulator: Simulator) -> None:
    page, key = sign_in("admin"), "wrong+key/that=nobody-has"
    connect(page, "wrong_key", key=key, simulator=simulator)

    message = press_test(page, "wrong_key")

    expect(message).to_contain_text("SMS Partner refused /me (code 10)")
    shown = page.content()
    assert [text for text in (key, quote_plus(key), key.split("+")[1]) if text in shown] == []
