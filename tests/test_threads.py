"""Threads that a reader sees: each class of the engine says which of its methods run in which."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from tests.sources import ROOT, package, parsed

ENGINE: Final = f"{ROOT}.sending."
NO_STATE: Final = ("Error", "Enum", "Protocol")
"""Bases of what no two threads could disturb each other in; so are a frozen value and an error of ours."""


def is_value(found: ast.ClassDef) -> bool:
    """Tell whether a class holds nothing that a thread could change under another."""
    bases = [ast.unparse(base) for base in found.bases]
    return bool(found.decorator_list) or any(base.endswith(NO_STATE) for base in bases)


def silent(sources: Mapping[str, str]) -> Iterator[str]:
    """Yield the classes of the engine whose docstring names no thread."""
    for module, source in sources.items():
        nodes = ast.walk(parsed(source)) if module.startswith(ENGINE) else ()
        classes = [node for node in nodes if isinstance(node, ast.ClassDef) and not is_value(node)]
        yield from (
            f"{module}.{one.name}" for one in classes if "thread" not in (ast.get_docstring(one) or "")
        )


def test_each_class_of_the_engine_says_where_it_runs() -> None:
    assert list(silent(package())) == []


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("class A:\n    pass", True),
        ("class A:\n    '''Counts.'''", True),
        ("class A:\n    '''Counts. Used by the main thread alone.'''", False),
        ("class A(StrEnum):\n    '''Kinds.'''", False),
        ("class Late(SMSPartnerError):\n    '''It is late.'''", False),
        ("@dataclass(frozen=True)\nclass A:\n    '''A value.'''", False),
    ],
)
def test_one_that_says_nothing_is_found(source: str, is_found: bool) -> None:
    assert bool(list(silent({f"{ENGINE}engine": source}))) == is_found
