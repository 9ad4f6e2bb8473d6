"""Messages as they stand in a request, written and measured many at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.characters import (
    BETWEEN,
    outgoing,
    spelled,
    unsupported_in,
    with_one_line_break,
)
from airflow_provider_smspartner.rules.links import may_lose
from airflow_provider_smspartner.rules.message import measure
from airflow_provider_smspartner.rules.segments import MAX_SEGMENTS, segments_of_each

AT_ONCE: Final = 1_000
"""Messages that are looked at together; more of them take longer, as they leave the caches of a processor."""

Written: TypeAlias = tuple[str, int]
"""A message as it stands in a request, and how many SMS it takes."""


def wire_text(message: str, *, unicode: bool = False) -> str:
    """Write a message as the API wants it: ``:br:`` for each line break, ``:euro:`` for €.

    The rest is the text of ``characters.outgoing``, so that what leaves is what ``estimate`` measures.
    Quotes survive because JSON escapes them.
    """
    return on_wire(outgoing(message, unicode=unicode))


def on_wire(text: str) -> str:
    """Return a text that leaves with the API's spelling of line breaks and €."""
    return with_one_line_break(text).replace("\n", ":br:").replace("€", ":euro:")


def write(
    messages: Sequence[str], *, unicode: bool = False, low_cost: bool = False, stop_sms: bool = False
) -> list[Written | InvalidMessage]:
    """Return what ``wire_text`` and ``measure`` make of each of many messages, or why it cannot be sent.

    Looking at many of them as one text takes a fraction of the time; only those that may be refused are
    looked at alone.
    """
    look = partial(_look, unicode=unicode, low_cost=low_cost, stop_sms=stop_sms)
    found: list[Written | InvalidMessage] = []
    for at in range(0, len(messages), AT_ONCE):
        some = messages[at : at + AT_ONCE]
        joined = BETWEEN.join(some)
        if (low_cost and stop_sms) or joined.count(BETWEEN) >= len(some):
            found += map(look, some)
        else:
            found += _write_together(
                some, joined, look, unicode=unicode, most=1 if low_cost else MAX_SEGMENTS
            )
    return found


def _write_together(
    messages: Sequence[str],
    joined: str,
    look: Callable[[str], Written | InvalidMessage],
    *,
    unicode: bool,
    most: int,
) -> list[Written | InvalidMessage]:
    leaves, arrives = spelled(joined, unicode=unicode)
    leave, arrive = on_wire(leaves).split(BETWEEN), arrives.split(BETWEEN)
    segments = segments_of_each(arrives, unicode=unicode)
    found: list[Written | InvalidMessage] = list(zip(leave, segments, strict=True))
    doubtful = {place for place, text in enumerate(arrive) if not text or text.isspace()}
    doubtful |= {place for place, size in enumerate(segments) if size > most}
    if bad := unsupported_in(arrives, unicode=unicode) - {BETWEEN}:
        doubtful |= {place for place, text in enumerate(arrive) if not bad.isdisjoint(text)}
    for doubt in (_has_brace, may_lose):
        if doubt(joined):
            doubtful |= {place for place, message in enumerate(messages) if doubt(message)}
    for place in doubtful:
        found[place] = look(messages[place])
    return found


def _look(message: str, *, unicode: bool, low_cost: bool, stop_sms: bool) -> Written | InvalidMessage:
    try:
        size = measure(message, unicode=unicode, low_cost=low_cost, stop_sms=stop_sms)
    except InvalidMessage as error:
        return error
    return wire_text(message, unicode=unicode), size.segments


def _has_brace(message: str) -> bool:
    return "{" in message or "}" in message
