"""What ``make fuzz`` fuzzes, without its engine: seeds, mutations of them, and what the engine found."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import SMSPartnerError
from airflow_provider_smspartner.journal.task_state import TaskStateJournal
from airflow_provider_smspartner.rules.people import Pseudonymizer
from fuzz import __main__ as command
from fuzz import readers
from fuzz.readers import READERS, Reader, check
from fuzz.seeds import KEY
from tests.thorough import examples


@pytest.mark.parametrize("name", READERS)
def test_a_reader_reads_its_seeds_and_takes_some_of_them(name: str) -> None:
    taken = 0
    for seed in READERS[name].seeds:
        check(name, seed)
        try:
            READERS[name].read(seed)
        except SMSPartnerError:
            continue
        taken += 1

    assert taken


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, bytes]:
    """A reader, and one of its seeds of which a piece is another one."""
    name = draw(st.sampled_from(list(READERS)))
    reader = READERS[name]
    seed = draw(st.sampled_from(reader.seeds))
    start = draw(st.integers(0, len(seed)))
    end = draw(st.integers(start, min(len(seed), start + 12)))
    pieces = [*(word.encode() for word in reader.words), b"\0", b"[]", b"{}", b"null", b"-1", b"1e999", b'""']
    return name, seed[:start] + draw(st.sampled_from(pieces) | st.binary(max_size=8)) + seed[end:]


@settings(max_examples=examples(200))
@given(mutations())
def test_a_mutated_seed_gives_a_value_or_an_error_of_ours(mutated: tuple[str, bytes]) -> None:
    check(*mutated)


def test_an_error_that_tells_the_key_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(data: bytes) -> object:
        raise SMSPartnerError(data.decode())

    monkeypatch.setattr(readers, "READERS", {"teller": Reader(read=tell, seeds=())})
    check("teller", b"no key in here")
    with pytest.raises(AssertionError, match="tells the key"):
        check("teller", f"refused apiKey={KEY}".encode())


GROUP = {"at": 1.5, "check": "x", "tags": ["spring-0a1b"], "people": ["0123456789"]}
ACCEPTED = {"state": "accepted", "people": 1, "segments": 1, "cost": "0.045"}


@pytest.mark.parametrize(
    ("key", "edited"),
    [
        ("campaign", []),
        ("campaign", {"cancel": "soon"}),
        ("claims:000000", {**GROUP, "tags": [], "people": []}),
        ("claims:000000", {**GROUP, "people": []}),
        ("claims:000000", {**GROUP, "people": ["01234"]}),
        ("claims:000000", {**GROUP, "people": ["\u20ac"]}),
        ("claims:000000", {**GROUP, "at": "today"}),
        ("claims:000000", {name: value for name, value in GROUP.items() if name != "check"}),
        ("claims:000000", "edited"),
        ("batch:000000", {**ACCEPTED, "state": "sent"}),
        ("batch:000000", {**ACCEPTED, "cost": "free"}),
        ("batch:000000", {**ACCEPTED, "people": None}),
        ("batch:000000", {**ACCEPTED, "at": None}),
        ("batch:000000", {**ACCEPTED, "rejected": 5}),
        ("batch:000000", []),
    ],
)
def test_an_edited_send_log_stops_the_task_and_is_named(key: str, edited: object) -> None:
    """Found by fuzzing: one of these was read for ever, the others were errors of Python."""
    kept: dict[str, Any] = {"campaign": {"begun": True}, "claims:000000": GROUP, "batch:000000": ACCEPTED}
    store: Any = SimpleNamespace(get={**kept, key: edited}.get)
    with pytest.raises(SMSPartnerError, match=f"'{key}' that cannot be read .* nothing was sent"):
        TaskStateJournal(store, Pseudonymizer("key", [])).load()


# ---- the command ---------------------------------------------------------------------------------


def test_the_end_of_a_run_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text(
        "#8192\tpulse  cov: 240 ft: 900 corp: 80/9Kb exec/s: 4096 rss: 150Mb\n"
        "#9000\tDONE   cov: 262 ft: 990 corp: 91/9Kb exec/s: 4096 rss: 151Mb\n"
        "stat::number_of_executed_units: 9000\nstat::peak_rss_mb:              156\n"
    )

    run = command.read_log("answer", log, ())

    assert (run.inputs, run.covered, run.memory) == (9000, 262, 156)
    assert str(run).split() == ["answer", "9,000", "262", "156", "MB", "nothing", "found"]
    assert "crash-1" in str(command.read_log("answer", log, (Path("crash-1"),)))


def test_a_word_is_written_as_the_engine_reads_it() -> None:
    assert json.loads(f'"{command.quoted("é")}"'.replace("\\x", "\\u00")).encode("latin-1").decode() == "é"


@pytest.mark.airflow
def test_a_short_run_leaves_inputs_and_finds_nothing(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="the extra fuzz is not installed")

    run = command.fuzz("retry_after", tmp_path, seconds=1)

    assert run.inputs > len(READERS["retry_after"].seeds)
    assert run.findings == ()
    assert run.memory < command.MEMORY
