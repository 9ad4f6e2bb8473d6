"""The package as a reader of files sees it: its modules, their sources, and who imports whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import airflow_provider_smspartner

FOLDER = Path(airflow_provider_smspartner.__file__).parent
ROOT = FOLDER.name


def package() -> dict[str, str]:
    """The sources of the package by dotted module name; a folder's own file ends in ``__init__``."""
    names = {path: path.relative_to(FOLDER.parent).with_suffix("") for path in FOLDER.rglob("*.py")}
    return {".".join(name.parts): path.read_text() for path, name in names.items()}


@cache
def parsed(source: str) -> ast.Module:
    """The tree of a source, which several tests look through."""
    return ast.parse(source)


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements of a tree in their order: a tenth of its nodes, and all that can import."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        for block in ("cases", "finalbody", "orelse", "handlers", "body"):
            inner = getattr(node, block, None)
            todo += reversed(inner) if isinstance(inner, list) else ()


def imports(module: str, source: str) -> Iterator[tuple[str, str]]:
    """Yield what a source imports, anywhere in it: where from, and which name; no name for ``import x``."""
    for node in statements(parsed(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join([*module.split(".")[: -node.level or None], *filter(None, [node.module])])
            origin = above if node.level else node.module or ""
            yield from ((origin, alias.name) for alias in node.names)


def graph(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Which of these modules each of them imports, inside functions and under TYPE_CHECKING too."""
    names = {module.removesuffix(".__init__"): module for module in sources}
    return {
        module: {
            names[target]
            for origin, name in imports(module, source)
            if (target := f"{origin}.{name}" if f"{origin}.{name}" in names else origin) in names
        }
        for module, source in sources.items()
    }


def circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Sets of modules each of which leads to all of the others of its set, and to itself."""
    reach = {module: reached(module, edges) for module in edges}
    found = {
        tuple(sorted(other for other in reach[module] if module in reach[other]))
        for module in edges
        if module in reach[module]
    }
    return sorted(map(list, found))


def reached(module: str, edges: Mapping[str, set[str]]) -> set[str]:
    """Where imports lead from a module, over any number of steps."""
    seen: set[str] = set()
    todo = [*edges[module]]
    while todo:
        if (other := todo.pop()) not in seen:
            seen.add(other)
            todo += edges[other]
    return seen
