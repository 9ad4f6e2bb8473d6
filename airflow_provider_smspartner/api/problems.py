"""Why the platform said no: its five shapes of a reason as one, printable, without keys and full numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from airflow_provider_smspartner.api.values import LONGEST_TEXT, error_code, spelling
from airflow_provider_smspartner.exceptions import Problem
from airflow_provider_smspartner.rules.phone import mask_numbers

MOST_PROBLEMS = 1_000
"""A request has 500 numbers, each of which may be named under both keys."""
DEEPEST_TEXT = 3
LONGEST_SENTENCE = 16_000
"""Characters in which numbers are looked for; 500 of them have some 8,000."""

NUMBER = re.compile(
    r"""(?<! [0-9+] ) (?:
        \+? [0-9]{9,15}  # in one piece, whatever stands beside it: a price, a place in a list, another number
      | (?: 0 | (?: \+ | 00 )? 33 [ .\u00a0\u202f-]? ) [1-9] (?: [ .\u00a0\u202f-] [0-9]{2} ){4}  # in pairs
    ) (?! [0-9] )""",
    re.VERBOSE,
)
"""Numbers that can be told from the digits around them."""


def problems(fields: Mapping[str, Any], secret: str) -> tuple[Problem, ...]:
    """Return the reasons of a refusal; the vendor writes them in five shapes, under two names."""
    found: list[Problem] = []
    for items in (fields.get("errors"), fields.get("error")):
        for item in items if isinstance(items, list) else [items]:
            if item:
                found.append(problem(item, secret))
            if len(found) == MOST_PROBLEMS:
                return tuple(found)
    if not found and isinstance(fields.get("message"), str):
        found.append(problem(fields["message"], secret))
    return tuple(found)


def problem(item: object, secret: str) -> Problem:
    """Read one reason, given as a sentence or as a mapping."""
    if not isinstance(item, dict):
        return Problem(message=sentence(item, secret), number=number_in(item), numbers=numbers_in(item))
    element, said = item.get("elementId"), item.get("message")
    number = spelling(item.get("phoneNumber"))
    return Problem(
        message=sentence(said, secret),
        element=field_name(element, secret) if isinstance(element, str) else None,
        code=error_code(item.get("code")),
        number=number_in(said) if number is None else number,
        numbers=numbers_in(said),
    )


def field_name(element: str, secret: str) -> str:
    """Turn ``children[sender].data``, the path of a form, into ``sender``."""
    match = re.search(r"children\[(\w{1,40})\]", element)
    return sentence(match[1] if match else element, secret)


def sentence(said: object, secret: str) -> str:
    """Return the vendor's words in one printable line, without full numbers and without our key."""
    text = said if isinstance(said, str) else "" if said is None else type(said).__name__
    if secret:
        text = spellings(secret).sub("***", text)
    line = "".join(char if char.isprintable() else " " for char in text[:LONGEST_TEXT])
    return mask_numbers(" ".join(line.split())) or "no text"


# Kept: every answer is struck of the key, and to spell it out takes longer than to read the answer
@lru_cache(maxsize=4)
def spellings(secret: str) -> re.Pattern[str]:
    """Match the key, each of its characters as it is or percent-encoded: URL libraries differ in which."""
    forms = (f"(?:{re.escape(char)}|{quote(char, safe='', errors='replace')})" for char in secret)
    return re.compile("".join(forms), re.IGNORECASE)


def may_hold(body: bytes, secret: str) -> bool:
    """Tell in a quick look whether our key may be in a text of a JSON body, in whatever spelling."""
    # Without escapes of either kind a text is its bytes; with a zero it would be UTF-16 or UTF-32
    if not (body.isascii() and secret.isascii()) or any(sign in body for sign in (b"\\", b"%", b"\0")):
        return True
    return secret.lower().encode() in body.lower()


def strike(fields: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """Strike our key from the texts of an answer, as deep as any of them is read."""
    if not secret:
        return dict(fields)
    key = spellings(secret)

    def struck(value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return value if value.isdecimal() else key.sub("***", value)
        if isinstance(value, dict) and depth:
            return {name: struck(inner, depth - 1) for name, inner in value.items()}
        return [struck(inner, depth - 1) for inner in value] if isinstance(value, list) and depth else value

    return {name: struck(value, DEEPEST_TEXT) for name, value in fields.items()}


def number_in(said: object) -> str | None:
    """Return the number that a sentence quotes in parentheses, as in "not valid (922264)"; no amount."""
    quoted = re.search(r"\((\+?[\d .-]{6,24})\)", said[:LONGEST_SENTENCE]) if isinstance(said, str) else None
    number = quoted[1].strip() if quoted else ""
    return number if number and not re.fullmatch(r"[0-9 ]*\.[0-9]{1,4}", number) else None


def numbers_in(said: object) -> tuple[str, ...]:
    """Return everything in a sentence that may be a phone number, as in "no price for (+336…, +324…)"."""
    text = said[:LONGEST_SENTENCE] if isinstance(said, str) else ""
    runs = (number for run in re.findall(r"\+?[0-9][0-9 ().\u00a0\u202f-]{4,}", text) for number in cut(run))
    # What is none of our numbers counts for nothing, so that one more reading of the same digits does no harm
    return tuple(dict.fromkeys([*runs, *NUMBER.findall(text)]))


def cut(run: str) -> Iterator[str]:
    """Yield a run of digits as one number, or each of those in it when it is too long for one."""
    for part in [run] if sum(map(str.isdecimal, run)) <= 15 else run.split():
        if 6 <= sum(map(str.isdecimal, part)) <= 17:
            yield part.strip(" ().-")
