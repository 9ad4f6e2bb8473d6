"""Which account and which platform are simulated: one value with everything the vendor leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, get_args

QuietHours = Literal["off", "hold", "refuse"]
StopNumbers = Literal["refuse", "skip"]
NumberFaults = Literal["elements", "items", "sentence"]
BadNumbers = Literal["refuse", "skip"]
ErrorKey = Literal["vendor", "error", "errors", "both"]
LowCostCredit = Literal["creditSmsECO", "creditSmsLowCost"]
ListedNumbers = Literal["plus", "digits", "blank", "national", "masked"]
TotalCounts = Literal["rows", "pages", "nothing"]
SandboxStatus = Literal["delivered", "waiting", "not_found"]
UnknownTag = Literal["refuse", "empty"]

# Only the first two were seen with another status than 200, see the recorded answers; the others are no codes
# of the platform, whose answer to what it does not know is not documented.
REFUSAL_STATUS: Mapping[int, int] = MappingProxyType({9: 400, 90: 400, 404: 404, 405: 405})

_CHOICES = {
    "quiet_hours": get_args(QuietHours),
    "stop_numbers": get_args(StopNumbers),
    "number_faults": get_args(NumberFaults),
    "bad_numbers": get_args(BadNumbers),
    "low_cost_credit": get_args(LowCostCredit),
    "error_key": get_args(ErrorKey),
    "listed_numbers": get_args(ListedNumbers),
    "total_counts": get_args(TotalCounts),
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
class Posting:
    """How the platform posts to the addresses of a send, of which its documents say nearly nothing."""

    after_seconds: float = 0.0
    """Reports and replies are posted so many seconds late."""
    times: int = 1
    """Each post comes so often."""
    attempts: int = 5
    """A post that is not acknowledged comes again, half a second later, so often at most."""
    waiting_first: bool = False
    """A report of ``waiting`` comes before the final one."""
    out_of_order: bool = False
    """What is due at the same time is posted backwards: the final report before the open one."""
    form: bool = False
    """Bodies are forms, not JSON."""
    long_number: bool = False
    """Replies look like those to a long number: other names, a date, parts of 153 characters."""

    def __post_init__(self) -> None:
        if self.times < 1 or self.attempts < 1 or self.after_seconds < 0:
            raise ValueError("posting: times and attempts are at least 1, after_seconds at least 0")


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
    """How a bad number is named: code 9 with ``elementId`` items, or code 55 with ``phoneNumber`` items, or
    with items whose sentence alone holds the number, as in the one answer that was captured."""
    bad_numbers: BadNumbers = "refuse"
    """Bad numbers: the request is refused, or they are left out (code 55 when nobody is left)."""
    name_left_out: bool = False
    """A success of ``/send`` names whom it leaves out, in items under ``errors``."""
    error_key: ErrorKey = "vendor"
    """Under which key a refusal lists its items: as each page of the vendor does, or always the same."""
    constraint_codes: bool = False
    """A broken constraint is refused with its own code (43 to 49) instead of code 9 and a list."""
    low_cost_credit: LowCostCredit = "creditSmsECO"
    """The name of the low cost credit in ``/me``: today's, or that of 2018."""
    refusal_status: Mapping[int, int] = field(default_factory=dict)
    """HTTP status by code, over the defaults (400 for codes 9 and 90, else 200)."""
    national_numbers: bool = False
    """French numbers are echoed as 06… instead of +336…."""
    listed_numbers: ListedNumbers = "plus"
    """How answers write numbers: ``+33…``, digits, a blank and digits, the national form of every country, or
    with the middle hidden."""
    sandbox_status: SandboxStatus = "delivered"
    """What the status endpoints say about sandbox texts."""
    omit_waiting: bool = False
    """Recipients who have not reported yet have no row in the status lists."""
    page_size: int = 500
    """Rows on one page of ``/bulk-status-by-tag``."""
    total_counts: TotalCounts = "rows"
    """What ``total`` of ``/bulk-status-by-tag`` counts; nothing: there is no ``total``."""
    list_at_most: int | None = None
    """The status lists leave out whoever comes after so many people of a message."""
    ignore_page: bool = False
    """``/bulk-status-by-tag`` answers page 1 whatever page is asked for."""
    unknown_tag: UnknownTag = "refuse"
    """``/bulk-status-by-tag`` of a tag nobody used: code 4, or an empty list."""
    tag_delay: float = 0.0
    """Seconds until a message can be found by its tag."""
    list_scheduled: bool = True
    """Whether scheduled and held texts are listed by tag before they leave; if not, ``tag_delay`` counts from
    then."""
    degraded: bool = False
    """Says yes to every request, whatever the key, with a sentence and nothing else, and does nothing."""
    delivery: Fate = Fate()
    """What becomes of texts to numbers that have no fate of their own."""
    posting: Posting = Posting()
    """How reports and replies are posted to the addresses of a send, when these are on this machine."""

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if (value := getattr(self, name)) not in allowed:
                raise ValueError(f"{name}: {value!r} is not one of {', '.join(allowed)}")
        if self.price <= 0:
            raise ValueError(f"price: {self.price} is not a positive number of euros")
        if self.list_at_most is not None and self.list_at_most < 0:
            raise ValueError(f"list_at_most: {self.list_at_most} is less than nobody; pass 0 or more")
        if self.page_size < 1:
            raise ValueError(f"page_size: {self.page_size} is not a positive number of rows")

    def status_of(self, code: int) -> int:
        """Return the HTTP status that comes with a refusal."""
        return self.refusal_status.get(code, REFUSAL_STATUS.get(code, 200))
