"""What is followed: the messages of a send, how many people each has, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.hooks.paging import Pages, pages_of_message, pages_of_tag
from airflow_provider_smspartner.rules import schedule
from airflow_provider_smspartner.rules.literals import read_literal
from airflow_provider_smspartner.rules.message import check_message_id
from airflow_provider_smspartner.rules.sending_hours import next_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is followed, in values that survive a restart of the triggerer."""

    counts: Mapping[str, int | None]
    """People of each message id or tag; None when nobody told us."""
    since: datetime
    """From when on there is something to see: the later of sending and schedule."""
    held_until: datetime | None = None
    """Later than ``since``: until when the platform may hold marketing back, which not every account does."""
    began: datetime | None = None
    """When they were first looked for; waits grow from then on."""
    tags: frozenset[str] = frozenset()
    """Which of them are tags: batches that were found by their tag have no message id."""
    sandbox: frozenset[str] = frozenset()
    """Which of them are looked at once, because nothing was sent."""

    @property
    def leaves_by(self) -> datetime:
        """When the last text has left, at the latest; the deadline counts from here."""
        return self.held_until or self.since

    def reads(self, name: str) -> Pages:
        """Return the calls that read the reports of one of them; for ``lookup.read_pages`` and its twin."""
        if name in self.tags:
            return pages_of_tag(name, enough=self.counts[name])
        return pages_of_message(name)


def watch_sent(sent: object, *, now: datetime) -> Watch:
    """Read what send operators returned: one result, or a list of them.

    :raises InvalidMessage: it is something else.
    """
    counts: dict[str, int | None] = {}
    tags: set[str] = set()
    sandbox: set[str] = set()
    since: list[datetime] = []
    slots: list[datetime] = []
    for result in results_of(sent):
        try:
            by_tag = [str(tag) for tag in result.get("tags") or ()]
            names = [*map(check_message_id, result["message_ids"]), *by_tag]
            given = {name: int(result["counts"][name]) for name in names}
            moments = [result["sent_at"], *filter(None, [result.get("scheduled_for")])]
            latest = max(schedule.parse(moment, argument="sent") for moment in moments)
            slot = next_slot(latest) if result.get("stop_sms") else latest
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidMessage(
                f"sent: give what a send operator returned (its XCom); this one lacks something ({error!r})"
            ) from None
        counts |= given
        tags |= set(by_tag)
        # In UTC, where two days are 48 hours when clocks change, too
        since.append(schedule.in_utc(latest, argument="sent"))
        slots.append(schedule.in_utc(slot, argument="sent"))
        if result.get("sandbox"):
            sandbox |= given.keys()
    begins, slot = max(since, default=now), max(slots, default=now)
    return Watch(
        counts=counts,
        since=begins,
        held_until=slot if slot > begins else None,
        tags=frozenset(tags),
        sandbox=frozenset(sandbox),
    )


def results_of(sent: object) -> Iterable[Mapping[str, Any]]:
    """Return the results in ``sent``; a template turns them into text, a skipped mapped task into None."""
    if isinstance(sent, str):
        sent = read_literal(sent)
        if isinstance(sent, str):
            raise InvalidMessage("sent: this text is no result of a send operator")
    if isinstance(sent, Mapping):
        return [sent]
    if sent is None or isinstance(sent, str | bytes) or not isinstance(sent, Iterable):
        raise InvalidMessage(
            f"sent: {type(sent).__name__} is no result of a send operator, nor a list of them"
        )
    return [result for result in sent if result is not None]


def watch_ids(message_ids: object, *, now: datetime) -> Watch:
    """Follow bare ids, given as one or as a list, or as the text that a template made of either."""
    if isinstance(message_ids, str):
        message_ids = read_literal(message_ids)
    given = [message_ids] if isinstance(message_ids, str | int) else message_ids
    if not isinstance(given, Iterable):
        raise InvalidMessage(f"message_ids: {type(message_ids).__name__} is neither an id nor a list of ids")
    return Watch(counts=dict.fromkeys(map(check_message_id, given)), since=now)
