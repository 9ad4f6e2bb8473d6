"""What Airflow learns of this package: valid for its schemas, true, and free of imports."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points, metadata
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.models import Connection
from packaging.utils import canonicalize_name

import airflow_provider_smspartner
from airflow_provider_smspartner import get_provider_info
from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.hooks import connection
from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook

PACKAGE = "airflow-provider-smspartner"
SCHEMAS = Path(airflow.__file__).parent
MODULES = [
    module
    for kind in ("hooks", "operators", "sensors", "triggers")
    for entry in get_provider_info()[kind]
    for module in entry["python-modules"]
]


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text())


def test_it_fits_the_schema_that_airflow_checks_at_every_start() -> None:
    jsonschema.validate(get_provider_info(), schema("provider_info.schema.json"))


def test_the_form_fits_the_stricter_schema_of_airflows_own_providers() -> None:
    form = schema("provider.yaml.schema.json")["properties"]["connection-types"]

    jsonschema.Draft7Validator(form).validate(get_provider_info()["connection-types"])


def test_the_name_is_the_one_of_the_distribution() -> None:
    assert get_provider_info()["package-name"] == canonicalize_name(metadata(PACKAGE)["Name"]) == PACKAGE
    assert metadata(PACKAGE)["Version"] == airflow_provider_smspartner.__version__


def test_airflow_finds_it_by_its_entry_point() -> None:
    [entry] = entry_points(group="apache_airflow_provider", name="provider_info").select(
        module="airflow_provider_smspartner"
    )

    assert entry.load() is get_provider_info


@pytest.mark.parametrize("module", MODULES)
def test_what_it_names_is_there(module: str) -> None:
    assert import_module(module).__doc__


def test_the_form_belongs_to_the_hook() -> None:
    [form] = get_provider_info()["connection-types"]

    assert form["hook-class-name"] == f"{SMSPartnerHook.__module__}.{SMSPartnerHook.__qualname__}"
    assert form["connection-type"] == SMSPartnerHook.conn_type
    assert form["hook-name"] == SMSPartnerHook.hook_name


def test_the_defaults_of_the_form_are_those_of_an_empty_connection() -> None:
    [form] = get_provider_info()["connection-types"]
    fields = form["conn-fields"]
    defaults = {name: field["schema"].get("default") for name, field in fields.items()}

    empty = connection.read(Connection(conn_id="c", conn_type="smspartner", password="key"))
    saved = Connection(conn_id="c", conn_type="smspartner", password="key", extra=json.dumps(defaults))

    assert {name: getattr(empty, name) for name in fields} == defaults
    assert connection.read(saved) == empty


def test_every_field_of_the_form_is_read() -> None:
    for name in get_provider_info()["connection-types"][0]["conn-fields"]:
        wrong = Connection(conn_id="c", conn_type="smspartner", password="key", extra=json.dumps({name: "?"}))

        with pytest.raises(InvalidMessage, match="Connection 'c': "):
            connection.read(wrong)


def test_the_package_alone_imports_nothing_heavy() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "import airflow_provider_smspartner; airflow_provider_smspartner.get_provider_info()\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - sys.stdlib_module_names))"
    )

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "['airflow_provider_smspartner']"


def test_each_answer_is_a_value_of_its_own() -> None:
    get_provider_info()["hooks"].clear()

    assert get_provider_info()["hooks"]
