"""How large a file, a class and a function of the package may be.

What passes these limits is not wrong; it hides something, and nobody sees at which line it began to.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, TypeAlias

import pytest

from tests.sources import ROOT, package, parsed

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

LONGEST_FILE: Final = 300
MOST_ATTRIBUTES: Final = 12
LONG: Final = 18
"""Lines; one function in ten may have more."""
MOST_ENTRIES: Final = 12
AIRFLOWS: Final = {"operators", "sensors", "triggers", "notifications", "links", "plugins"}
"""Folders whose names Airflow's users expect: to a reader they are one."""
TAKE_ARGUMENTS: Final = ("operators", "sensors", "triggers", "notifications")
"""Folders of the classes whose arguments Airflow's users give by name, as many as there are."""


def attributes(found: ast.ClassDef) -> set[str]:
    """What the methods of a class assign to ``self``."""
    stored = (node for node in ast.walk(found) if isinstance(node, ast.Attribute))
    return {
        node.attr
        for node in stored
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


def arguments(found: ast.ClassDef) -> set[str]:
    """What a class is made of, by name."""
    inits = (each for each in found.body if isinstance(each, ast.FunctionDef) and each.name == "__init__")
    return {argument.arg for init in inits for argument in init.args.kwonlyargs}


def crowded(module: str, source: str) -> Iterator[str]:
    """Yield the classes with too many attributes of their own."""
    given_by_users = any(module.startswith(f"{ROOT}.{folder}.") for folder in TAKE_ARGUMENTS)
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.ClassDef):
            own = attributes(node) - (arguments(node) if given_by_users else set())
            if len(own) > MOST_ATTRIBUTES:
                yield f"{module}.{node.name} has {len(own)} attributes: {', '.join(sorted(own))}"


def lengths(source: str) -> Iterator[int]:
    """Yield the lines of each function, its docstring included."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, Function):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


def long_files(sources: dict[str, str]) -> list[str]:
    counts = {module: len(source.splitlines()) for module, source in sources.items()}
    return [f"{module}: {count} lines" for module, count in counts.items() if count > LONGEST_FILE]


def test_the_top_of_the_package_is_seen_at_a_glance() -> None:
    entries = {module.removeprefix(f"{ROOT}.").partition(".")[0] for module in package()}

    assert entries >= AIRFLOWS
    assert len(entries - AIRFLOWS - {"__init__", "exceptions"}) <= MOST_ENTRIES


def test_no_file_is_long() -> None:
    assert long_files(package()) == []


def test_no_class_holds_more_than_a_reader_does() -> None:
    assert [line for module, source in package().items() for line in crowded(module, source)] == []


def test_nine_of_ten_functions_are_short() -> None:
    counts = [count for source in package().values() for count in lengths(source)]

    assert len(counts) > 1000
    assert sum(count > LONG for count in counts) <= len(counts) / 10


CROWD = "\n".join(f"        self.a{n} = 0" for n in range(13))


def test_a_long_file_is_found() -> None:
    assert long_files({"a": "x = 1\n" * 300, "b": "x = 1\n" * 301}) == ["b: 301 lines"]


@pytest.mark.parametrize(
    ("module", "source", "is_found"),
    [
        ("sending.engine", f"class A:\n    def go(self):\n{CROWD}", True),
        ("sending.engine", f"class A:\n    def go(self):\n{CROWD.replace('a12', 'a11')}", False),
        ("sending.engine", f"class A:\n    def __init__(self, *, a0, a1):\n{CROWD}", True),
        ("operators.send", f"class A:\n    def __init__(self, *, a0, a1):\n{CROWD}", False),
        ("operators.send", f"class A:\n    def go(self):\n{CROWD}", True),
        ("operators.send", f"class A:\n    def go(self):\n{CROWD.replace('= 0', '+= 1')}", True),
    ],
)
def test_a_crowded_class_is_found(module: str, source: str, is_found: bool) -> None:
    assert bool(list(crowded(f"{ROOT}.{module}", source))) == is_found


def test_a_function_is_as_long_as_its_lines() -> None:
    assert list(lengths("def a():\n    '''One.\n\n    Two.\n    '''\nasync def b(): ...\n")) == [5, 1]
