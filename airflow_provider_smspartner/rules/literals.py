"""Values that a template turned into text, read back."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from typing import Any, Final

UNREADABLE: Final = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)
"""What Python raises of text that is no value."""

_may_have_plus = re.compile(r"(?:^|[\[({,:])\s*\+").search
"""Finds texts that need the slower look; a plus behind a quotation mark needs none."""


def read_literal(text: str, read_python: Callable[[str], Any] = ast.literal_eval) -> object:
    """Return the list or mapping that a text holds, as JSON or as Python writes it; other text as it is."""
    if not text.lstrip().startswith(("[", "(", "{")):
        return text
    for read in (json.loads, read_python):
        try:
            value = read(text.strip())
        except UNREADABLE:
            continue
        if isinstance(value, list | tuple | dict):
            return value
    return text


def read_numbers(text: str) -> object:
    """Return what ``read_literal`` does, of a text that holds phone numbers: they keep their plus."""
    return read_literal(text, read_with_plus)


def read_with_plus(text: str) -> Any:
    """Return a value as Python writes it, and a whole number that has a plus as text.

    As a number, ``+687751234`` of New Caledonia would be a French one that has lost its zero.

    :raises ValueError: it is no value; also any other of ``UNREADABLE``.
    """
    tree: ast.AST = ast.parse(text, mode="eval")
    return ast.literal_eval(WithPlus().visit(tree) if _may_have_plus(text) else tree)


class WithPlus(ast.NodeTransformer):
    """Makes a text of each whole number that has a plus."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        """Return such a number as text, anything else as it is."""
        number = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if isinstance(node.op, ast.UAdd) and type(number) is int:
            return ast.copy_location(ast.Constant(f"+{number}"), node)
        return node
