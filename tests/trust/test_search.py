"""The search finds what is planted, in each kind of place, so that finding nothing means something."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zlib
from base64 import b64encode, urlsafe_b64encode
from contextlib import closing
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest
from cryptography.fernet import Fernet

from tests.trust.search import Found, Search

KEY, NUMBER, OTHER = "K3y+sec/ret=Z9q", "+33600001001", "+33600001002"
FERNET = Fernet.generate_key()
SEARCH = Search(keys=(KEY,), numbers=(NUMBER, OTHER), fernet_key=FERNET)

KEY_FORMS = {
    "raw": KEY,
    "cut off": KEY[:-1],
    "without its first character": KEY[1:],
    "quote": quote(KEY),
    "quote all": quote(KEY, safe=""),
    "lower case": quote(KEY, safe="").replace("%2B", "%2b"),
    "quote_plus": quote_plus(KEY),
    "quoted twice": quote(quote(KEY, safe=""), safe=""),
    "query": "https://localhost/v1/me?" + urlencode({"apiKey": KEY, "tag": "x"}),
    "JSON": json.dumps({"apiKey": KEY}),
    "JSON in JSON": json.dumps(json.dumps({"apiKey": KEY}).replace("/", "\\/")),
    "JSON escapes": "".join(rf"\u{ord(char):04x}" for char in KEY),
    "HTML": escape(quote(KEY, safe="")).replace("%", "&#37;"),
    "base64": b64encode(KEY.encode()).decode(),
    "base64 of a pair": b64encode(f":{KEY}".encode()).decode(),
    "base64 in the middle": urlsafe_b64encode(f"me:{KEY};".encode()).decode(),
}
NUMBER_FORMS = [
    *("+33600001001", "33600001001", "0033600001001", "0600001001", "600001001", "%2B33600001001"),
    *("06 00 00 10 01", "06.00.00.10.01", "06-00-00-10-01", "+33 6 00 00 10 01", "+33 (0)6 00 00 10 01"),
    *("00 33 6 00 00 10 01", "06\N{NO-BREAK SPACE}00\N{NO-BREAK SPACE}00\N{NO-BREAK SPACE}10 01"),
    *('["+33600001001"]', "2026-11-20 0600001001", "numbers=5,0600001001;", r"06\u00a000 00 10 01"),
]


@pytest.mark.parametrize("text", KEY_FORMS.values(), ids=KEY_FORMS)
def test_a_key_is_found_however_it_is_written(text: str) -> None:
    assert SEARCH.in_text(f"before {text} behind") == {KEY}


@pytest.mark.parametrize("text", NUMBER_FORMS)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert SEARCH.in_text(f"before {text} behind") == {NUMBER}


@pytest.mark.parametrize(
    "text", ["+33 6 •• •• •• 01", "1600001001", "6000010010", "K3y", "***", "0612345678", "", "20261120"]
)
def test_nothing_is_found_where_nothing_is(text: str) -> None:
    assert SEARCH.in_text(text) == set()


def test_each_file_is_searched(tmp_path: Path) -> None:
    said = f"{KEY} {NUMBER}"
    places = {
        "scheduler.log": said.encode(),
        "logs/task/attempt=1.log": json.dumps({"event": said}).encode(),
        "free.db": b"\x00\xff\x93" + said.encode() + b"\xff",
        "log.gz": gzip.compress(said.encode()),
        f"{KEY.replace('/', '%2F')} 0600001001": b"",
    }
    for name, data in places.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "harmless.log").write_text("nothing to see")

    assert SEARCH.in_files(tmp_path) == {Found(name, what) for name in places for what in (KEY, NUMBER)}


def test_each_column_is_searched(tmp_path: Path) -> None:
    said = json.dumps({"__var": [f"{KEY}, 06 00 00 10 01"]})
    values = {
        "xcom.value": said,
        "task_instance.next_kwargs": said.replace("+", r"\u002b"),
        "trigger.encrypted_kwargs": Fernet(FERNET).encrypt(said.encode()).decode(),
        "connection.password": Fernet(FERNET).encrypt(said.encode()),
        "serialized_dag.data_compressed": zlib.compress(said.encode()),
        "callback.fetched": f'before {{"token": "{Fernet(FERNET).encrypt(said.encode()).decode()}"}}',
        "odd table.odd column": said,
    }
    path = tmp_path / "airflow.db"
    with closing(sqlite3.connect(path)) as database, database:
        for place, value in values.items():
            table, column = place.split(".")
            database.execute(f'CREATE TABLE "{table}" (id INTEGER, "{column}" BLOB)')
            database.execute(f'INSERT INTO "{table}" VALUES (?, ?)', (600001002, value))
            database.execute(f'INSERT INTO "{table}" VALUES (NULL, NULL)')

    found = SEARCH.in_database(path)

    ids = {Found(f"{place.split('.')[0]}.id", OTHER) for place in values}
    assert found == ids | {Found(place, what) for place in values for what in (KEY, NUMBER)}


def test_what_is_encrypted_stays_closed_without_the_key(tmp_path: Path) -> None:
    (tmp_path / "airflow.db").write_bytes(Fernet(FERNET).encrypt(KEY.encode()))

    assert SEARCH.in_files(tmp_path) == set()
