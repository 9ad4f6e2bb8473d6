"""Links in a message: which of their characters would not arrive as they were written.

A text that has lost an accent is still read; a link that has lost a character leads nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from airflow_provider_smspartner.rules.characters import is_plain, written_out
from airflow_provider_smspartner.rules.segments import Change, changes

# With a scheme or www in front, or a host that a path or a query follows; phones take all of them for links
_LINK = re.compile(r"(?:(?i:https?://|www\.)|(?<![\w.@-])(?:[a-z0-9-]+\.)+[a-z]{2,}[/?])\S*")
_MARK = re.compile(r"\.[^/?]*[/?]|://|(?i:www\.)")
# What stands behind a link and is none of it
_BEHIND = ".,;:!?)\"'…”’»›\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


class Loss(NamedTuple):
    """A character inside a link that would not arrive as it was written."""

    written: str
    instead: str
    """What arrives and means the same: the percent form, or "" for a character that does not show."""
    in_host: bool
    """Whether it is part of the host's name, which has no percent form."""


def losses(message: str, *, unicode: bool = False) -> list[Loss]:
    """Tell what the links of a message would lose, by the table of the vendor and by what is replaced here.

    With ``unicode`` the vendor's table counts all the same, for nothing says that it does not apply then.
    """
    return [loss(link, change) for link, change in _lost(written_out(message), unicode=unicode)]


def may_lose(message: str) -> bool:
    """Tell in a quick look whether links of a message may lose anything; else ``losses`` finds nothing."""
    before = message.replace("?", "/").split("/")[:-1]
    hosts = (word for text in before for word in text.rsplit(None, 1)[-1:])
    # As bytes in lower case, for text takes ten times as long
    www = b"www." in message.encode("utf-8", "surrogatepass").lower()
    if not www and not any("." in word or ":" in word for word in hosts):
        return False
    # In many messages most words come again
    return any(not is_plain(word) for word in set(message.split()) if _MARK.search(word))


def escaped(message: str) -> str:
    """Return the message with links that arrive: the percent form in place of what they would lose."""

    def mend(match: re.Match[str]) -> str:
        link = trimmed(match[0])
        parts, end = [], 0
        for change in changes(link):
            parts += [link[end : change.start], loss(link, change).instead]
            end = change.end
        return "".join(parts) + match[0][end:]

    return _LINK.sub(mend, message)


def _lost(message: str, *, unicode: bool) -> Iterator[tuple[str, Change]]:
    # Few words hold a link, and that is soon seen
    for word in filter(_MARK.search, message.split()):
        for match in _LINK.finditer(word):
            link = trimmed(match[0])
            for change in changes(link):
                if change.by_platform or not unicode:
                    yield link, change


def trimmed(link: str) -> str:
    """Return a link without the signs that end the sentence around it."""
    return link.rstrip(_BEHIND if "[" in link else _BEHIND + "]")


def loss(link: str, change: Change) -> Loss:
    """Return what is lost with a change, and what stands for it."""
    shows = change.arrives or change.by_platform
    instead = "".join(f"%{byte:02X}" for byte in change.written.encode()) if shows else ""
    host = re.match(r"(?i:https?://)?[^/?#]*", link)
    return Loss(change.written, instead, in_host=host is not None and change.start < host.end())
