"""Looks for keys and phone numbers in what an Airflow leaves behind, however they are written there."""

from __future__ import annotations

import html
import re
import sqlite3
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from cryptography.fernet import Fernet, InvalidToken

BETWEEN = "[ ().\\-/\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]{0,3}"
TOKEN = re.compile(rb"gAAAAA[\w-]{50,}={0,2}")
ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")


class Found(NamedTuple):
    """Something that was looked for, where it lies."""

    place: str
    """A file below the folder, or ``table.column``."""
    what: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for, and what opens Airflow's encrypted values.

    Keys are found raw, URL-encoded, escaped for JSON or HTML, in base64, and with their first or last
    character missing; numbers with country code or without, with separators or without.
    """

    keys: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """French ones, E.164."""
    fernet_key: bytes | None = None

    @cached_property
    def _key_forms(self) -> dict[str, str]:
        return {form: key for key in self.keys for form in (key[1:], key[:-1], *base64_forms(key))}

    @cached_property
    def _numbers(self) -> re.Pattern[str]:
        nationals = "|".join(BETWEEN.join(number[3:]) for number in self.numbers) or "(?!)"
        return re.compile(
            rf"(?<![0-9])(?:(?:\+|00)?33{BETWEEN}(?:0{BETWEEN})?|0{BETWEEN})?({nationals})(?![0-9])"
        )

    def in_text(self, text: str) -> set[str]:
        """Return the keys and the numbers that a text holds."""
        found: set[str] = set()
        for reading in readings(text):
            found |= {key for form, key in self._key_forms.items() if form in reading}
            found |= {"+33" + re.sub("[^0-9]", "", national) for national in self._numbers.findall(reading)}
        return found

    def in_bytes(self, data: bytes) -> set[str]:
        """Return what bytes hold, packed and encrypted values included."""
        found = self.in_text(data.decode(errors="replace"))
        with suppress(zlib.error):
            found |= self.in_text(zlib.decompress(data, wbits=47).decode(errors="replace"))
        if self.fernet_key is not None:
            for token in TOKEN.findall(data):
                with suppress(InvalidToken):
                    found |= self.in_bytes(Fernet(self.fernet_key).decrypt(token))
        return found

    def in_files(self, folder: Path) -> set[Found]:
        """Search all files below a folder, a database's free pages included, as they lie on the disk.

        What is encrypted there stays closed: ``in_database`` tells in which column it is.
        """
        closed = Search(keys=self.keys, numbers=self.numbers)
        return {
            Found(str(path.relative_to(folder)), what)
            for path in folder.rglob("*")
            if path.is_file()
            for what in closed.in_bytes(path.read_bytes()) | closed.in_text(path.name)
        }

    def in_database(self, path: Path) -> set[Found]:
        """Search each column of each table of an SQLite database."""
        return {Found(place, what) for place, cell in cells(path) for what in self.in_bytes(cell)}


def base64_forms(key: str) -> Iterator[str]:
    """Yield what base64 makes of a key in the middle of something, whatever stands before and behind it."""
    for before in range(3):
        packed = b64encode(b"\0" * before + key.encode()).rstrip(b"=").decode()
        inner = packed[(before * 8 + 5) // 6 : len(packed) - 1]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


def readings(text: str) -> Iterator[str]:
    """Yield a text as it stands, and as it reads when it was escaped for JSON, HTML or URLs."""
    yield text
    plain = ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    plain = unquote(unquote(html.unescape(re.sub(r"\\+/", "/", plain))))
    if plain != text:
        yield plain


def cells(path: Path, *, tables: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield the distinct values of each column of an SQLite database, of some tables or of all."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        known = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in known:
            if tables and table not in tables:
                continue
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
            for column in columns:
                for (value,) in database.execute(f'SELECT DISTINCT "{column}" FROM "{table}"'):
                    if value is not None:
                        yield f"{table}.{column}", value if isinstance(value, bytes) else str(value).encode()
