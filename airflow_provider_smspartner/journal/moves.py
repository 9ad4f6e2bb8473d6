"""Rows of the ledger on their way through the table of states: no statement moves one past it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from airflow_provider_smspartner.journal.schema import BATCHES, PEOPLE
from airflow_provider_smspartner.rules.sending_states import (
    FORGIVEN,
    REJECTED,
    BatchState,
    Event,
    after,
    before,
    names,
    sources,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Update


def can(*events: Event) -> ColumnElement[bool]:
    """Return the batches to which one of these events can happen, as a condition."""
    return BATCHES.c.state.in_(names(sources(*events)))


def moved(event: Event) -> Update:
    """Return what moves by an event whatever batches are in a state in which it can happen."""
    # From wherever an event can happen it leads to one state, or no single statement could write it
    [target] = {after(state, event) for state in sources(event)}
    return update(BATCHES).where(can(event)).values(state=target.value)


def brought(state: BatchState) -> Update:
    """Return what brings to a state whatever batches one step can bring there."""
    return update(BATCHES).where(BATCHES.c.state.in_(names(before(state)))).values(state=state.value)


def forgiven() -> Update:
    """Return what frees people whose refusal was not for good."""
    return update(PEOPLE).where(PEOPLE.c.state == REJECTED).values(state=FORGIVEN.value)
