"""The proof of the inbox: its judge sees what is wrong, and some of its runs find nothing."""

from __future__ import annotations

import json
import socket
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_smspartner.simulator.posting import Post
from faults import inbox_judge as judge
from faults.inbox import run_all
from faults.inbox_report import BEGIN, END, write_part
from scripts.local_airflow import held_port

COUNTS = {
    "cut_short": 1,
    "posts": 1_500,
    "messages": 20,
    "lost": 1,
    "twice": 2,
    "back": 3,
    "misread": 4,
    "unfinished": 0,
}
ROW: dict[str, Any] = {"seed": 1, "spooled": False, "kills": {"receiver": 2, "reader": 1}, **COUNTS}
ANN = {"phone_number": "+33611000001", "text": "OUI"}
PART = {"msisdn": "33611000002", "concat-ref": "7", "concat-total": "2"}


def post(body: dict[str, str], answered: int | None = 204) -> Post:
    return Post(url="http://127.0.0.1/s/reply", body=body, status=answered)


def test_what_was_acknowledged_must_be_kept_once() -> None:
    posts = [
        post(ANN),
        post(ANN),
        post(ANN | {"text": "never heard"}, None),
        post(ANN | {"text": "refused"}, 503),
        post({"phone": "+33611000001", "status": "delivered"}),
        post(ANN | {"text": "Stop"}),
        post(PART | {"concat-part": "2", "text": "b"}),
        post(PART | {"concat-part": "1", "text": "a"}),
        post(PART | {"concat-part": "1", "text": "its other part never came", "concat-ref": "8"}),
    ]
    assert judge.acknowledged(posts) == Counter(
        [
            ("reply", "+33611000001", "OUI"),
            ("report", "+33611000001", "delivered"),
            ("stop", "+33611000001", "Stop"),
            ("reply", "+33611000002", "ab"),
        ]
    )
    assert (judge.unacknowledged(posts, 1), judge.unacknowledged(posts, 2)) == (2, 7)


def noted(*blocks: tuple[str, list[int], str]) -> list[judge.Block]:
    lines = []
    for name, ids, state in blocks:
        lines += [{"block": name, "id": one} for one in ids]
        lines += [{"block": name, "state": state}] if state else []
    return judge.blocks_of([json.dumps(line) + "\n" for line in lines] + ['{"block": "torn'])


@pytest.mark.parametrize(
    ("blocks", "faults"),
    [
        ([("a", [1, 2], "done"), ("b", [3, 4], "done")], 0),
        ([("a", [1, 2], ""), ("b", [1, 2, 3, 4], "done")], 0),
        ([("a", [1, 2], "ended"), ("b", [1, 2, 3, 4], "done")], 0),
        ([("a", [1, 2], "ended"), ("b", [3, 4], "done")], 0),
        ([("a", [1, 2], ""), ("b", [3, 4], "done")], 2),
        ([("a", [1, 2], "ended"), ("b", [2, 3, 4], "done")], 1),
        ([("a", [1, 2], "done"), ("b", [2, 3, 4], "done")], 1),
        ([("a", [1, 2, 4], "done")], 1),
        ([("a", [2, 1, 3, 4], "done")], 1),
    ],
)
def test_what_a_reader_misses_or_gets_again_is_seen(
    blocks: list[tuple[str, list[int], str]], faults: int
) -> None:
    assert judge.misread(noted(*blocks), [1, 2, 3, 4]) == faults


def test_a_status_that_goes_back_is_seen() -> None:
    before = {"ann": "delivered", "bob": "waiting", "eve": None}
    assert judge.gone_back(before, {"ann": "delivered", "bob": "delivered", "eve": "waiting"}) == 0
    assert judge.gone_back(before, {"ann": "waiting", "bob": None, "eve": None}) == 1


def test_the_table_goes_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "faults.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_part([ROW, ROW, ROW | {"spooled": True}], page)
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| receiver | runs |")
    assert text.endswith(f"{END}\nafter\n")
    assert "| without a spool | 2 | 4 | 0 | 2 | 2 | 3,000 | 40 | 2 | 4 | 6 | 8 | 0 |" in text
    page.write_text("no place")
    with pytest.raises(SystemExit, match="no place for figures"):
        write_part([ROW], page)


@pytest.mark.airflow
@pytest.mark.timeout(300)
def test_nothing_is_lost_when_receiver_reader_and_database_are_killed() -> None:
    rows = list(run_all(range(6), jobs=2))
    assert {row["spooled"] for row in rows} == {True, False}
    assert {victim for row in rows for victim in row["kills"]} == {"receiver", "reader", "database"}
    assert sum(row["cut_short"] for row in rows)  # a reader was killed while it read
    faults = ("lost", "twice", "back", "misread", "unfinished")
    assert [row for row in rows if any(row[name] for name in faults)] == []


def test_the_port_of_a_server_that_is_down_is_given_to_nobody_else() -> None:
    with held_port() as port:
        for _ in range(2):  # a server, and the one that takes its place
            with socket.create_server(("127.0.0.1", port)):
                socket.create_connection(("127.0.0.1", port), timeout=5).close()

        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
