"""Values that a template turned into text, read back."""

from __future__ import annotations

import ast
import json
import re

_may_have_plus = re.compile(r"[\[({,:]\s*\+").search
"""Finds texts that need the slower look; a plus behind a quotation mark needs none."""


def read_literal(text: str) -> object:
    """Return the list or mapping that a text holds, as JSON or as Python writes it; other text as it is."""
    if not text.lstrip().startswith(("[", "(", "{")):
        return text
    for read in (json.loads, read_python):
        try:
            value = read(text.strip())
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, list | tuple | dict):
            return value
    return text


def read_python(text: str) -> object:
    """Return a value as Python writes it, with the plus of each number that has one.

    Without it ``+687751234``, of New Caledonia, would be a French number that has lost its zero.
    """
    if not _may_have_plus(text):
        return ast.literal_eval(text)
    return ast.literal_eval(WithPlus().visit(ast.parse(text, mode="eval")))


class WithPlus(ast.NodeTransformer):
    """Makes a text of each whole number that has a plus."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        """Return such a number as text, anything else as it is."""
        number = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(node.op, ast.UAdd) and type(number) is int:
            return ast.copy_location(ast.Constant(f"+{number}"), node)
        return node
