"""Judges a run of the proof of the inbox: what was acknowledged, against what is kept and what was read."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_smspartner.simulator.posting import Post

Told = tuple[str, str, str]
"""Kind, number, and the text or the status: no two messages of a run have all three in common."""


@dataclass(slots=True, kw_only=True)
class Block:
    """What one worker of the consumer read between taking the lease and giving it back."""

    ids: list[int] = field(default_factory=list)
    state: str = "cut short"
    """``done``: its position has moved; ``ended``: perhaps; ``cut short``: certainly not."""


def is_acknowledged(post: Post) -> bool:
    """Tell whether the receiver said that it has a post."""
    return post.status is not None and 200 <= post.status < 300


def unacknowledged(posts: Iterable[Post], times: int) -> int:
    """Count the bodies that were not acknowledged as often as they are to come."""
    acknowledged: Counter[str] = Counter()
    for post in posts:
        acknowledged[f"{post.url} {json.dumps(post.body)}"] += is_acknowledged(post)
    return sum(count < times for count in acknowledged.values())


def acknowledged(posts: Iterable[Post]) -> Counter[Told]:
    """Return what must be kept, each once, however often it was acknowledged."""
    whole: set[Told] = set()
    parts: defaultdict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    totals: dict[tuple[str, str], int] = {}
    for post in filter(is_acknowledged, posts):
        body = post.body
        number = "+" + str(body.get("phone") or body.get("phone_number") or body.get("msisdn")).lstrip("+")
        if "status" in body:
            whole.add(("report", number, body["status"]))
        elif "concat-ref" in body:
            reply = number, body["concat-ref"]
            parts[reply][int(body["concat-part"])] = body["text"]
            totals[reply] = int(body["concat-total"])
        else:
            kind = "stop" if body["text"].casefold() == "stop" else "reply"
            whole.add((kind, number, body["text"]))
    for reply, texts in parts.items():
        if len(texts) == totals[reply]:
            whole.add(("reply", reply[0], "".join(texts[n] for n in sorted(texts))))
    return Counter(whole)


def blocks_of(lines: Iterable[str]) -> list[Block]:
    """Read what the readers wrote down, in the order in which they began; the last line may be torn."""
    blocks: defaultdict[str, Block] = defaultdict(Block)
    for line in lines:
        if not line.endswith("\n"):
            continue
        note = json.loads(line)
        if "id" in note:
            blocks[note["block"]].ids.append(note["id"])
        else:
            blocks[note["block"]].state = note["state"]
    return list(blocks.values())


def misread(blocks: Sequence[Block], positions: Iterable[int]) -> int:
    """Count what the consumer was not given, or was given again after it had finished, or out of order."""
    faults = len(set(positions) - {one for block in blocks for one in block.ids})
    for number, block in enumerate(blocks):
        later = {one for other in blocks[number + 1 :] for one in other.ids}
        again = later & set(block.ids)
        faults += block.ids != sorted(set(block.ids))
        faults += {
            "done": len(again),
            "ended": 0 if again in (set(), set(block.ids)) else 1,
            "cut short": len(set(block.ids) - again),
        }[block.state]
    return faults


def gone_back(before: Mapping[str, str | None], now: Mapping[str, str | None]) -> int:
    """Count the people whose final status is another one than it was."""
    final = {"delivered", "not delivered", "ko"}
    return sum(status in final and now.get(number) != status for number, status in before.items())
