"""Values that a template turned into text, read back."""

from __future__ import annotations

import ast
import json


def read_literal(text: str) -> object:
    """Return the list or mapping that a text holds, as JSON or as Python writes it; other text as it is."""
    if not text.lstrip().startswith(("[", "(", "{")):
        return text
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text.strip())
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, list | tuple | dict):
            return value
    return text
