"""What a memory was made under: how it is written, and what a later try may not have changed."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.journal.world import World, check_same, fingerprint, later, world_of

USUAL = World(connection="smspartner_default")
IN_LEDGER = World(connection="smspartner_default", ledger="3f", campaign="sale")
MOMENTS = st.floats(0, 2**33) | st.just(math.inf)
WORLDS = st.builds(
    World, connection=st.text(min_size=1), account=st.none() | st.text(), unseen_until=st.none() | MOMENTS
)


@given(WORLDS)
def test_what_is_written_as_json_is_read_as_it_was(world: World) -> None:
    text = json.dumps(world.as_dict(), allow_nan=False)

    assert world_of(json.loads(text)) == world


@pytest.mark.parametrize(
    ("world", "written"),
    [
        (USUAL, {"connection": "smspartner_default"}),
        (
            replace(USUAL, unseen_until=math.inf),
            {"connection": "smspartner_default", "unseen_until": "for ever"},
        ),
        (IN_LEDGER, {"connection": "smspartner_default", "ledger": "3f", "campaign": "sale"}),
    ],
)
def test_only_what_is_unusual_is_written(world: World, written: dict[str, Any]) -> None:
    assert world.as_dict() == written


@pytest.mark.parametrize("fields", [{}, {"check": "a1"}, {"batches": 3}])
def test_a_memory_of_an_earlier_version_names_no_world(fields: dict[str, Any]) -> None:
    assert world_of(fields) is None


def test_a_field_of_a_later_version_is_left_out() -> None:
    assert world_of({"connection": "smspartner_default", "moon": "full"}) == USUAL


def test_a_moment_that_somebody_has_edited_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        world_of({"connection": "smspartner_default", "unseen_until": "soon"})


def test_a_fingerprint_is_what_earlier_versions_wrote_and_tells_accounts_apart() -> None:
    assert fingerprint("Ann", "smspartner_default") == "c595080b651ee87b"
    assert fingerprint("Ann", "another") != fingerprint("Ann", "smspartner_default")
    assert fingerprint("Bob", "smspartner_default") != fingerprint("Ann", "smspartner_default")


@pytest.mark.parametrize("name", [None, ""])
def test_an_account_without_a_name_has_no_fingerprint(name: str | None) -> None:
    assert fingerprint(name, "smspartner_default") is None


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({}, {}),
        ({"tag": "spring"}, {"tag": "summer"}),
        ({"check": "a1"}, {"check": "b2"}),
        ({}, {"ledger": "3f"}),
        ({"ledger": "3f"}, {}),
        ({"account": "ann"}, {"account": None}),
        ({"account": None}, {"account": "ann"}),
        ({"unseen_until": 1.0}, {"unseen_until": math.inf}),
    ],
)
def test_a_later_try_goes_on_under_what_leaves_the_meaning_of_a_memory(
    before: dict[str, Any], now: dict[str, Any]
) -> None:
    check_same(replace(USUAL, **before), replace(USUAL, **now), in_ledger=False)


@pytest.mark.parametrize("ledger", [None, "unnamed"])
def test_a_ledger_without_an_identity_may_be_any(ledger: str | None) -> None:
    check_same(replace(IN_LEDGER, ledger=ledger), IN_LEDGER, in_ledger=True)


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ({"connection": "a"}, {"connection": "b"}, "smspartner_conn_id: .*was 'a', now it is 'b'"),
        ({"sandbox": True}, {"sandbox": False}, "sandbox: .*was True, now it is False"),
        ({"redirected": True}, {}, "Redirect to .*was set, now it is not set"),
        ({}, {"redirected": True}, "Redirect to .*was not set, now it is set"),
        ({"by_event": True}, {}, "event_column: .*was given, now it is not given"),
        ({}, {"by_event": True}, "event_column: .*was not given, now it is given"),
        ({"ledger": "3f"}, {"ledger": None}, "ledger_conn_id: .*campaign 'sale', now it is not given"),
        ({"ledger": "3f"}, {"ledger": "4e"}, "ledger_conn_id: .*was ledger 3f, now it is ledger 4e"),
        ({"account": "ann"}, {"account": "bob"}, "API key of connection .*'smspartner_default'"),
        ({"tag": "spring"}, {"tag": None}, "tag: .*was 'spring', now it is None"),
    ],
)
def test_a_later_try_that_would_misread_the_memory_is_told_what_to_put_back(
    before: dict[str, Any], now: dict[str, Any], words: str
) -> None:
    with pytest.raises(NeedsPerson, match=f"^{words}"):
        check_same(replace(IN_LEDGER, **before), replace(IN_LEDGER, **now), in_ledger=True, lost=True)


@pytest.mark.parametrize(
    ("before", "now", "account"),
    [
        ({"account": "ann"}, {}, "ann"),
        ({"account": "ann"}, {"account": "bob"}, "bob"),
        ({"account": "ann", "check": "a1"}, {"check": "b2"}, None),
    ],
)
def test_an_account_stays_known_under_one_secret(
    before: dict[str, Any], now: dict[str, Any], account: str | None
) -> None:
    assert later(replace(USUAL, **before), replace(USUAL, **now)).account == account


@given(st.none() | MOMENTS, st.none() | MOMENTS)
def test_all_sends_of_a_task_can_be_seen_when_the_last_one_can(
    before: float | None, now: float | None
) -> None:
    united = later(replace(USUAL, unseen_until=before), replace(USUAL, unseen_until=now))

    assert (united.unseen_until or 0.0) == max(before or 0.0, now or 0.0)


def test_the_first_try_leaves_what_it_ran_under() -> None:
    assert later(None, IN_LEDGER) == IN_LEDGER
