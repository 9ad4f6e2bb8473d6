"""Which journal a send is remembered in: a ledger, Airflow's task state store, or none."""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_smspartner.journal import Journal, NoJournal
from airflow_provider_smspartner.journal.task_state import TaskStateJournal
from airflow_provider_smspartner.sending.looks import Looks

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
    from airflow_provider_smspartner.operators.orders import Durability
    from airflow_provider_smspartner.sending.plan import Plan
    from airflow_provider_smspartner.tasks.identity import Identity

log = logging.getLogger(__name__)


class PartOfStore:
    """The keys of a task state store that belong to one of several sends of a task instance."""

    def __init__(self, store: Any, identity: Identity) -> None:
        self._store = store
        self._prefix = f"{identity.operator or ''}:{identity.execution}:"

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value."""
        return self._store.get(self._prefix + key, default)

    def set(self, key: str, value: Any, **options: Any) -> None:
        """Keep a value."""
        self._store.set(self._prefix + key, value, **options)

    def delete(self, key: str) -> None:
        """Drop a value."""
        self._store.delete(self._prefix + key)


def open_journal(
    durability: Durability, context: Context, plan: Plan, identity: Identity, hook: SMSPartnerHook
) -> Journal:
    """Return what remembers the batches of a task."""
    store: Any = context.get("task_state_store") if durability.durable else None
    if store is not None and not identity.is_alone:
        store = PartOfStore(store, identity)
    remembered = TaskStateJournal(store, plan.pseudonymizer) if store is not None else None
    if durability.ledger_conn_id is not None:
        return open_ledger_journal(durability, context.get("ti"), plan, identity, hook, remembered)
    if remembered is not None:
        return remembered
    if durability.durable:
        log.warning(
            "This Airflow has no task state store (3.3 and later have one): a later try finds out "
            "by tag what was sent"
        )
    if plan.cancel_on_kill:
        log.warning("cancel_on_kill: nothing is cancelled, because no later try would know of it")
    return NoJournal()


def open_ledger_journal(
    durability: Durability,
    ti: Any,
    plan: Plan,
    identity: Identity,
    hook: SMSPartnerHook,
    fence: TaskStateJournal | None,
) -> Journal:
    """Return the journal that knows whom other runs and tasks have texted."""
    from airflow_provider_smspartner.journal.eligibility import Claimant, digest, owner_of
    from airflow_provider_smspartner.journal.ledger import LedgerJournal
    from airflow_provider_smspartner.journal.opening import open_ledger

    claimant = Claimant(
        connection=identity.connection,
        sandbox=identity.sandbox,
        campaign=str(durability.campaign),
        task=digest(identity.name),
        instance=digest(identity.name[2:]),
        owner=owner_of(getattr(ti, "try_number", 0), getattr(ti, "id", None) or uuid.uuid4()),
        secret=hook.settings.api_key,
        longest_request=plan.longest_request,
        verify_timeout=plan.verify_timeout,
        on_unknown=plan.on_unknown,
        invisible=plan.unseen_until(time.time()) is not None,
        redirect_to=plan.redirect_to,
        by_event=plan.world.by_event,
        at_most=durability.at_most,
    )
    ledger = open_ledger(str(durability.ledger_conn_id))
    look = Looks(plan, hook.call).numbers_of
    return LedgerJournal(ledger, claimant, plan.pseudonymizer, plan.tag_of, look, fence=fence)
