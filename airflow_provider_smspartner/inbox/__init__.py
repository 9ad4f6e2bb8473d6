"""Replies, STOP and delivery reports in a pipeline: the receiver keeps them, and DAGs read them here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from airflow_provider_smspartner.exceptions import InvalidMessage, SMSPartnerError

if TYPE_CHECKING:
    from airflow_provider_smspartner.inbox.messages import Message

log = logging.getLogger(__name__)

KINDS: Final = ("reply", "stop", "report")
LONGEST_CONSUMER: Final = 200


@contextmanager
def unread(
    *, consumer: str, ledger_conn_id: str, kinds: Sequence[str] = ("reply", "stop")
) -> Iterator[Iterator[Message]]:
    """Give what a consumer has not had, in the order in which it came; for ``@task`` code.

    The consumer's position moves when the block ends without an error, behind the last message that was taken
    out of the iterator: a task that fails reads the same messages again, so each may come more than once and
    none is left out. Consumers are independent of each other; of one consumer, one worker reads at a time.

    :param consumer: names who reads, 1 to 200 characters; a new name begins with the first message. It has a
        position in each kind.
    :param ledger_conn_id: the SQL connection that the receiver writes to.
    :param kinds: which messages: ``reply``, ``stop``, ``report``.
    :raises InvalidMessage: an argument is none of these, or the connection is none of a SQL database.
    :raises StaleProcess: another worker has taken over, because this one took more than five minutes for one
        message.
    :raises SMSPartnerError: another worker of this consumer reads, or the database cannot be reached.
    """
    check_consumer(consumer)
    check_kinds(kinds)
    # A DAG file imports this module: what only a task needs is loaded by the task
    from airflow_provider_smspartner.inbox.consumers import open_reader

    reader = open_reader(consumer, ledger_conn_id, kinds)
    try:
        reader.take()
        try:
            yield reader.messages()
        except BaseException:  # whatever ends the block, the next worker must not wait for this one
            try:
                reader.give_back()
            except SMSPartnerError as error:  # what has ended the block matters more
                log.warning("The next worker of %r has to wait for the end of the lease: %s", consumer, error)
            raise
        reader.finish()
    finally:
        reader.ledger.close()  # a reader in a loop must not use up the database's


def check_consumer(consumer: object) -> None:
    """Refuse what names nobody, or does not fit."""
    if not isinstance(consumer, str) or not consumer.strip() or len(consumer) > LONGEST_CONSUMER:
        raise InvalidMessage(f"consumer: give it a name of 1 to {LONGEST_CONSUMER} characters")


def check_kinds(kinds: Sequence[str]) -> None:
    """Refuse kinds that no message has."""
    if not isinstance(kinds, list | tuple | set | frozenset) or not kinds or not set(kinds) <= set(KINDS):
        raise InvalidMessage(f"kinds: {kinds!r}; give a list of {', '.join(KINDS)}")
