"""Which account and which platform are simulated: one value with everything the vendor leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, get_args

QuietHours = Literal["off", "hold", "refuse"]
StopNumbers = Literal["refuse", "skip"]
NumberFaults = Literal["elements", "items"]
SandboxStatus = Literal["delivered", "waiting", "not_found"]
UnknownTag = Literal["refuse", "empty"]

# Only these two were seen with another status than 200, see the recorded answers.
REFUSAL_STATUS: Mapping[int, int] = MappingProxyType({9: 400, 90: 400})

_CHOICES = {
    "quiet_hours": get_args(QuietHours),
    "stop_numbers": get_args(StopNumbers),
    "number_faults": get_args(NumberFaults),
    "sandbox_status": get_args(SandboxStatus),
    "unknown_tag": get_args(UnknownTag),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one text: which status its recipient reports in the end, and when."""

    status: str | None = "Delivered"
    """The final word as the platform writes it; None: this phone never reports."""
    stop: bool = False
    """The person answers STOP: the row carries the flag and the number enters the STOP list."""
    after_polls: int = 0
    """So many looks at the message still see ``Waiting``."""
    after_seconds: float = 0.0
    """The report comes so many seconds after the text left."""

    def __post_init__(self) -> None:
        if self.after_polls < 0:
            raise ValueError(f"after_polls: {self.after_polls} is less than no look at all; pass 0 or more")
        if self.after_seconds < 0:
            raise ValueError(f"after_seconds: {self.after_seconds} lies in the past; pass 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """An account of the platform, and how the platform behaves where its documents are silent.

    Raises ValueError for a choice that does not exist, a price or a page size that is not positive.
    """

    api_key: str = "simulator-key"
    """The only key that is accepted."""
    balance: Decimal = Decimal("1000")
    """Credit at the start, in euros."""
    price: Decimal = Decimal("0.045")
    """Price of one segment to anybody, in euros."""
    quiet_hours: QuietHours = "off"
    """A marketing account: at night, on Sundays and holidays texts wait, or codes 22 and 23 refuse them."""
    stop_numbers: StopNumbers = "refuse"
    """Recipients on the STOP list: the request is refused with code 14, or they are left out."""
    number_faults: NumberFaults = "elements"
    """How a bad number is named: code 9 with ``elementId`` items, or code 55 with ``phoneNumber`` items."""
    constraint_codes: bool = False
    """A broken constraint is refused with its own code (43 to 49) instead of code 9 and a list."""
    refusal_status: Mapping[int, int] = field(default_factory=dict)
    """HTTP status by code, over the defaults (400 for codes 9 and 90, else 200)."""
    national_numbers: bool = False
    """French numbers are echoed as 06… instead of +336…."""
    sandbox_status: SandboxStatus = "delivered"
    """What the status endpoints say about sandbox texts."""
    omit_waiting: bool = False
    """Recipients who have not reported yet have no row in the status lists."""
    page_size: int = 500
    """Rows on one page of ``/bulk-status-by-tag``."""
    ignore_page: bool = False
    """``/bulk-status-by-tag`` answers page 1 whatever page is asked for."""
    unknown_tag: UnknownTag = "refuse"
    """``/bulk-status-by-tag`` of a tag nobody used: code 4, or an empty list."""
    tag_delay: float = 0.0
    """Seconds until a message can be found by its tag."""
    delivery: Fate = Fate()
    """What becomes of texts to numbers that have no fate of their own."""

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if (value := getattr(self, name)) not in allowed:
                raise ValueError(f"{name}: {value!r} is not one of {', '.join(allowed)}")
        if self.price <= 0:
            raise ValueError(f"price: {self.price} is not a positive number of euros")
        if self.page_size < 1:
            raise ValueError(f"page_size: {self.page_size} is not a positive number of rows")

    def status_of(self, code: int) -> int:
        """Return the HTTP status that comes with a refusal."""
        return self.refusal_status.get(code, REFUSAL_STATUS.get(code, 200))
