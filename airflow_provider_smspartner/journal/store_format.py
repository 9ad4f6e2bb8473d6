"""How batches are written into the values of Airflow's task state store, and read out of them. Pure.

What is written stays readable: a running campaign holds values of earlier versions.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

from airflow_provider_smspartner.journal.batch import Batch, Receipt
from airflow_provider_smspartner.journal.world import moment_of, written
from airflow_provider_smspartner.rules.people import HASH_SIZE, each
from airflow_provider_smspartner.rules.sending_states import FREE, ON_PLATFORM, OPEN, BatchState

HEADER: Final = "campaign"
INTENT: Final = "cancel"
"""What the header calls the time, in seconds since the epoch, from which a try meant to cancel."""
IN_LEDGER: Final = "in_ledger"
"""What the header calls the number of ordinals that were claimed in a ledger."""
BEGUN: Final = "begun"
"""What the header says, whatever else is in it."""
CLAIMS: Final = "claims:"
BATCH: Final = "batch:"
"""How the keys of claims and of outcomes begin; an ordinal ends them."""
LONGEST_ORDINAL: Final = 9
"""Digits; a key of more is none of ours."""
LARGEST_CLAIMS: Final = 60_000
"""Bytes of hashes in base 85 that one value holds; the store takes values of 64 KB."""


# ---- writing -------------------------------------------------------------------------------------------


def groups(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Cut batches into groups whose claims fit one value."""
    group: list[Batch] = []
    size = 0
    for batch in batches:
        length = len(batch.hashes) * 5 // 4 + len(batch.tag) + 8
        if group and size + length > LARGEST_CLAIMS:
            yield group
            group, size = [], 0
        group.append(batch)
        size += length
    yield group


def claims_written(group: Sequence[Batch]) -> dict[str, Any]:
    """Write who is in some batches that were claimed at one moment."""
    return {
        "at": group[0].claimed_at,
        "tags": [batch.tag for batch in group],  # a user's tag may render otherwise on the next try
        "people": [packed(batch.hashes) for batch in group],
        **unseen(group[0]),
    }


def claim_written(batch: Batch) -> dict[str, Any]:
    """Write that a batch is claimed at another moment than its group."""
    return {"state": BatchState.CLAIMED.value, "at": batch.claimed_at, **unseen(batch)}


def outcome_written(batch: Batch) -> dict[str, Any]:
    """Write what became of a batch."""
    value: dict[str, Any] = {"state": batch.state.value, "people": batch.size, "tag": batch.tag}
    value |= {"at": batch.claimed_at, **unseen(batch)}
    if batch.rejected:
        value["rejected"] = packed(batch.rejected)
    if batch.forgiven:
        value["forgiven"] = packed(batch.forgiven)
    if batch.receipt:
        bill = batch.receipt
        value |= {"people": bill.people, "segments": bill.segments, "cost": str(bill.cost)}
        value |= {"message_id": bill.message_id or "", "currency": bill.currency or ""}
        if bill.scheduled_for is not None:
            value["scheduled_for"] = bill.scheduled_for
    return value


def claims_key(ordinal: int) -> str:
    """Name the claims whose first batch has this ordinal."""
    return f"{CLAIMS}{ordinal:06d}"


def batch_key(ordinal: int) -> str:
    """Name what became of a batch."""
    return f"{BATCH}{ordinal:06d}"


def packed(hashes: bytes) -> str:
    """Write hashes as text; base 85 is a sixth shorter than base 64, and JSON escapes none of it."""
    return base64.b85encode(hashes).decode()


def unpacked(text: str) -> bytes:
    """Read hashes back."""
    hashes = base64.b85decode(text)
    if len(hashes) % HASH_SIZE:
        raise ValueError("half a hash")
    return hashes


def unseen(batch: Batch) -> dict[str, Any]:
    """Write until when nobody can see a batch, for those of whom there is something to write."""
    return {} if batch.unseen_until is None else {"unseen": written(batch.unseen_until)}


# ---- reading -------------------------------------------------------------------------------------------


def claimed_in(group: dict[str, Any], *, first: int, is_comparable: bool) -> list[Batch]:
    """Return the batches of one value, of which ``first`` is the first ordinal."""
    claims = list(zip(group["tags"], group["people"], strict=True))
    if not claims:
        raise ValueError("a group of no batches would be read for ever")
    at, hidden = float(group["at"]), moment_of(group.get("unseen"))
    return [
        Batch(
            ordinal=ordinal,
            tag=str(tag),
            hashes=unpacked(hashes),
            claimed_at=at,
            unseen_until=hidden,
            comparable=is_comparable,
        )
        for ordinal, (tag, hashes) in enumerate(claims, start=first)
    ]


def with_outcome(batch: Batch, value: dict[str, Any], *, is_proved: bool) -> Batch:
    """Return a claimed batch with what became of it."""
    state = believed(value, is_proved=is_proved)
    forgiven, hashes = unpacked(value.get("forgiven", "")), batch.hashes
    if forgiven and state not in OPEN:  # they are nobody's, whatever became of the others
        free = set(each(forgiven))
        hashes = b"".join(hashed for hashed in each(hashes) if hashed not in free)
    return replace(
        batch,
        state=state,
        claimed_at=float(value.get("at", batch.claimed_at)),
        unseen_until=moment_of(value.get("unseen", written(batch.unseen_until))),
        hashes=hashes,
        rejected=unpacked(value.get("rejected", "")),
        forgiven=forgiven,
        receipt=receipt(value) if state in ON_PLATFORM else None,
    )


def believed(value: dict[str, Any], *, is_proved: bool) -> BatchState:
    """Return what a written state counts as: an edit must not make people free, who would be texted twice.

    An earlier version has written no seals, and neither does a person who edits the store. What proves
    nothing counts as what it came from, and the platform is asked.
    """
    state = BatchState(value["state"])
    if is_proved or state not in FREE:
        return state
    by_id = state is BatchState.CANCELLED and value.get("message_id")
    return BatchState.CANCELLING if by_id else BatchState.CLAIMED


def receipt(value: dict[str, Any]) -> Receipt:
    """Read the receipt of an accepted batch; a person may have edited it in the UI."""
    return Receipt(
        people=int(value.get("people", 0)),
        message_id=str(value["message_id"]) if value.get("message_id") else None,
        segments=int(value.get("segments", 0)),
        cost=Decimal(str(value.get("cost", 0))),
        currency=value.get("currency") or None,
        scheduled_for=float(value["scheduled_for"]) if value.get("scheduled_for") else None,
    )


# ---- reading what is only shown ------------------------------------------------------------------------


class Outline(NamedTuple):
    """What is written of a batch, but for its people. It may have been edited: whoever shows it checks it.

    A tuple is made faster than a dataclass: a page reads thousands.
    """

    state: BatchState
    people: Any = None
    """How many, or whatever somebody has put there; None when it is not written."""
    tag: Any = None
    claimed_at: Any = None
    message_id: Any = None
    segments: Any = 0
    cost: Any = 0
    currency: Any = None
    rejected: int = 0

    def __repr__(self) -> str:
        return f"Outline({self.state!r}, …)"  # whatever somebody has put there may be a number


def ordinal_in(key: str, prefix: str) -> int | None:
    """Return the ordinal in a key that begins so; None in any other."""
    digits = key.removeprefix(prefix)
    is_ours = digits != key and digits.isdecimal() and len(digits) <= LONGEST_ORDINAL
    return int(digits) if is_ours else None


def outline(value: dict[str, Any]) -> Outline:
    """Return what became of a batch.

    :raises KeyError, ValueError: it is none of ours.
    """
    return Outline(
        state=BatchState(value["state"]),
        people=value.get("people"),
        tag=value.get("tag"),
        claimed_at=value.get("at"),
        message_id=value.get("message_id") or None,
        segments=value.get("segments", 0),
        cost=value.get("cost", 0),
        currency=value.get("currency"),
        rejected=count_in(value.get("rejected", "")),
    )


def claims_outlined(group: dict[str, Any]) -> list[Outline]:
    """Return the claims of one value.

    :raises KeyError, TypeError, ValueError: it is none of ours.
    """
    claims = zip(group["tags"], group["people"], strict=True)
    return [
        Outline(state=BatchState.CLAIMED, people=count_in(hashes), tag=tag, claimed_at=group["at"])
        for tag, hashes in claims
    ]


def count_in(hashes: str) -> int:
    """Return how many people some packed hashes are, unread: five characters hold four bytes."""
    return len(hashes) * 4 // 5 // HASH_SIZE
