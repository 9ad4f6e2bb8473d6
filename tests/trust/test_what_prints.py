"""What a value prints as: tracebacks, logs and error trackers do, and no number or text may be in it."""

from __future__ import annotations

import dataclasses
import importlib
import pickle
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import airflow_provider_smspartner as package
from airflow_provider_smspartner.exceptions import InvalidRequestError, Problem

NUMBER, TEXT = "+33612345678", "Bonjour Zoé"
PERSONAL = {
    *("number", "numbers", "people", "person", "redirect_to", "values", "others", "event", "groups"),
    *("text", "texts", "body", "fields", "default"),
}
"""Names of fields that hold numbers, or what is said to people; counts of such a name are whole numbers."""
NEITHER = {
    ("Columns", "event"),  # a column's name
    ("XmlNames", "fields"),
    ("Template", "fields"),  # columns' names; what stands in for them is hidden there
    ("CampaignRow", "people"),  # how many, as it is written
    ("CampaignRow", "numbers"),  # figures
    ("SendStory", "groups"),  # sizes of batches
    ("Pill", "text"),  # a state on the page
}
"""Fields of such a name that hold neither."""


def values() -> Iterator[type]:
    """Every dataclass and NamedTuple of the package, but for the simulator's: its people are made up."""
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".simulator" in module.name:
            continue
        found = vars(importlib.import_module(module.name)).values()
        for value in found:
            if isinstance(value, type) and value.__module__ == module.name and fields_of(value):
                yield value


def fields_of(value: type) -> dict[str, str]:
    """Its fields, each with its type as it is written."""
    if dataclasses.is_dataclass(value):
        return {field.name: str(field.type) for field in dataclasses.fields(value)}
    named = issubclass(value, tuple) and hasattr(value, "_fields")
    kinds = value.__annotations__ if named else {}
    return {name: getattr(kind, "__forward_arg__", str(kind)) for name, kind in kinds.items()}


def filled(value: type) -> Any:
    """One whose every field is a number with a text."""
    names = fields_of(value)
    if issubclass(value, tuple):
        return value(*[f"{name}:{NUMBER} {TEXT}" for name in names])
    made = object.__new__(value)
    for name in names:
        object.__setattr__(made, name, f"{name}:{NUMBER} {TEXT}")
    return made


@pytest.mark.parametrize("value", list(values()), ids=lambda value: value.__name__)
def test_a_value_prints_neither_a_number_nor_what_is_said(value: type) -> None:
    hidden = [
        name
        for name, kind in fields_of(value).items()
        if name in PERSONAL and not kind.startswith("int") and (value.__name__, name) not in NEITHER
    ]

    shown = repr(filled(value))

    assert [name for name in hidden if f"{name}:{NUMBER}" in shown] == []


def test_a_refusal_that_is_stored_holds_no_number() -> None:
    problem = Problem(message="This is no phone number", code=9, number=NUMBER)

    stored = pickle.dumps(InvalidRequestError("/send", 9, (problem,)))

    assert NUMBER[-8:].encode() not in stored
    assert str(pickle.loads(stored)) == "SMS Partner refused /send (code 9): This is no phone number"
