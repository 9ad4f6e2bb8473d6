"""What of an alert can be sent: its text may hold anything, for it quotes errors. No I/O here."""

from __future__ import annotations

from bisect import bisect_right

from airflow_provider_smspartner.rules.characters import outgoing
from airflow_provider_smspartner.rules.links import escaped
from airflow_provider_smspartner.rules.message import check_message
from airflow_provider_smspartner.rules.segments import MAX_SEGMENTS, estimate

_BRACES = str.maketrans("{}", "()")
_LONGEST = 153 * MAX_SEGMENTS
_END = "..."


def sendable(text: str) -> str:
    """Return a text that SMS Partner takes: an alert that is a little wrong beats one that stays away.

    Inside a link, what would not arrive takes its percent form. Braces become the parentheses that the
    platform would make of them, each character that GSM-7 cannot carry becomes "?", and what needs more than
    ten SMS is cut, with "..." at its end.

    :raises InvalidMessage: nothing is left of the text.
    """
    text = outgoing(escaped(text).translate(_BRACES))
    missing = dict.fromkeys(map(ord, estimate(text).unsupported), "?")
    text = _cut(text.translate(missing))
    check_message(text)
    return text


def _cut(text: str) -> str:
    if estimate(text).segments <= MAX_SEGMENTS:
        return text
    # Some characters count two or three, and some none
    fits = bisect_right(range(_LONGEST + 1), MAX_SEGMENTS, key=lambda n: estimate(text[:n] + _END).segments)
    return text[: fits - 1] + _END
