"""What is followed: the messages of a send, how many people each has, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.hooks.paging import Pages, pages_of_message, pages_of_tag
from airflow_provider_smspartner.rules import schedule
from airflow_provider_smspartner.rules.arguments import shown
from airflow_provider_smspartner.rules.literals import read_literal
from airflow_provider_smspartner.rules.message import check_message_id
from airflow_provider_smspartner.rules.sending_hours import next_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is followed, in values that survive a restart of the triggerer."""

    counts: Mapping[str, int | None]
    """People of each message id or tag, by its key, see ``split``; None when nobody told us."""
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
    connection: str = "smspartner_default"
    """The Airflow connection whose messages have bare keys."""
    skipped: int = 0
    """Sends that gave no result."""

    @property
    def leaves_by(self) -> datetime:
        """When the last text has left, at the latest; the deadline counts from here."""
        return self.held_until or self.since

    def split(self, key: str) -> tuple[str, str]:
        """Return the connection and the id or tag of a key: two platforms may give the same id.

        A key is the bare id or tag on ``connection``; on another connection that one stands before it, with
        a blank that neither of them can hold.
        """
        connection, _, name = key.rpartition(" ")
        return connection or self.connection, name

    def by_connection(self, keys: Iterable[str]) -> dict[str, list[str]]:
        """Return the keys that are to be asked for on each connection."""
        groups: dict[str, list[str]] = {}
        for key in keys:
            groups.setdefault(self.split(key)[0], []).append(key)
        return groups

    def reads(self, key: str) -> Pages:
        """Return the calls that read the reports of one of them; for ``paging.read_pages`` and its twin."""
        name = self.split(key)[1]
        if key in self.tags:
            return pages_of_tag(name, enough=self.counts[key])
        return pages_of_message(name)


def watch_sent(
    sent: object, *, now: datetime, connection: str = "smspartner_default", is_given: bool = False
) -> Watch:
    """Read what send operators returned: one result, or a list of them.

    :param connection: that of results which name none, as earlier versions returned them.
    :param is_given: whether the DAG's author has named it: then results of another one are refused.
    :raises InvalidMessage: it is something else.
    """
    counts: dict[str, int | None] = {}
    tags: set[str] = set()
    sandbox: set[str] = set()
    since: list[datetime] = []
    slots: list[datetime] = []
    given = list(results_of(sent))
    results = [result for result in given if result is not None]
    whose = [connection_of(result, connection, is_given=is_given) for result in results]
    first = connection if connection in whose or not whose else whose[0]
    for result, its_own in zip(results, whose, strict=True):
        try:
            by_tag = [str(tag) for tag in result.get("tags") or ()]
            names = [*map(check_message_id, result["message_ids"]), *by_tag]
            keys = {name: name if its_own == first else f"{its_own} {name}" for name in names}
            people = {keys[name]: int(result["counts"][name]) for name in names}
            moments = [result["sent_at"], *filter(None, [result.get("scheduled_for")])]
            latest = max(schedule.parse(moment, argument="sent") for moment in moments)
            slot = next_slot(latest) if result.get("stop_sms") else latest
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidMessage(
                f"sent: give what a send operator returned (its XCom); this one lacks something ({error!r})"
            ) from None
        counts |= people
        tags |= {keys[name] for name in by_tag}
        # In UTC, where two days are 48 hours when clocks change, too
        since.append(schedule.in_utc(latest, argument="sent"))
        slots.append(schedule.in_utc(slot, argument="sent"))
        if result.get("sandbox"):
            sandbox |= people.keys()
    begins, slot = max(since, default=now), max(slots, default=now)
    return Watch(
        counts=counts,
        since=begins,
        held_until=slot if slot > begins else None,
        tags=frozenset(tags),
        sandbox=frozenset(sandbox),
        connection=first,
        skipped=len(given) - len(results),
    )


def connection_of(result: object, own: str, *, is_given: bool) -> str:
    """Return which connection a result names; one that names none went through the sensor's own.

    :raises InvalidMessage: it names another than the DAG's author has given the sensor.
    """
    named = result.get("connection") if isinstance(result, Mapping) else None
    if named is None:
        return own
    if not isinstance(named, str) or not named or " " in named:
        raise InvalidMessage(
            f"sent: {shown(named)} is not an Airflow connection; give what a send operator returned"
        )
    if is_given and named != own:
        raise InvalidMessage(
            f"smspartner_conn_id: it is {own!r}, and the texts went through {named!r}, which alone knows "
            "them; omit the argument, and the sensor takes the connection of the send"
        )
    return named


def results_of(sent: object) -> Iterable[Mapping[str, Any] | None]:
    """Return the results in ``sent``, which a template turns into text; None for a send that gave none."""
    if isinstance(sent, str):
        sent = read_literal(sent)
        if isinstance(sent, str):
            raise InvalidMessage("sent: this text is not a result of a send operator")
    if sent is None or isinstance(sent, Mapping):
        return [sent]
    check_sent(sent)
    return flattened(sent)


def flattened(items: Any) -> Iterator[Any]:
    """Yield what a list holds, and what each list in it does, such as the results of a mapped task."""
    for item in items:
        if isinstance(item, str | bytes | Mapping) or not isinstance(item, Iterable):
            yield item  # the others are read with care
        else:
            yield from item


def check_sent(sent: object) -> None:
    """Refuse what can be neither a result nor a list of them.

    :raises InvalidMessage: it cannot.
    """
    if isinstance(sent, bytes) or not isinstance(sent, Iterable):
        raise InvalidMessage(
            f"sent: {type(sent).__name__} is neither a result of a send operator nor a list of them"
        )


def watch_ids(message_ids: object, *, now: datetime, connection: str = "smspartner_default") -> Watch:
    """Follow bare ids, given as one or as a list, or as the text that a template made of either."""
    if isinstance(message_ids, str):
        message_ids = read_literal(message_ids)
    check_ids(message_ids)
    given = [message_ids] if isinstance(message_ids, str | int) else message_ids
    counts = dict.fromkeys(map(check_message_id, given))  # type: ignore[call-overload]
    return Watch(counts=counts, since=now, connection=connection)


def check_ids(message_ids: object) -> None:
    """Refuse what can be neither an id nor a list of ids.

    :raises InvalidMessage: it cannot.
    """
    if isinstance(message_ids, bool | bytes) or not isinstance(message_ids, int | Iterable):
        raise InvalidMessage(f"message_ids: {type(message_ids).__name__} is neither an id nor a list of ids")
