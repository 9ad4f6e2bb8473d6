"""What can go wrong, as one tree of errors that carry data.

SMSPartnerError
├── InvalidMessage (ValueError)     our own rules refused it, nothing was sent
│   └── InvalidPhoneNumber
├── APIError                        the API answered no: .path .code .problems
│   ├── AuthenticationError         the key, the account or the IP address is refused
│   ├── InsufficientCreditError     no credit, or no price for these numbers
│   ├── RateLimitError              HTTP 429: .retry_after
│   ├── OutsideSendingHoursError    a marketing text at night, on a Sunday or on a holiday
│   ├── NotFoundError               the platform does not know this message
│   ├── StopListError               a recipient is on the STOP list
│   └── InvalidRequestError         a constraint of the platform was not respected
├── APIConnectionError              the request never left: safe to repeat
├── OutcomeUnknownError             it left and no answer can be trusted: never repeated blindly
├── LookFailed                      nobody can tell yet what the platform has: a later try asks again
├── NeedsPerson                     no retry can help: somebody has to put something right
└── DeliveryFailed                  the sensor's verdict

No text of these errors holds an API key, a URL or a full phone number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

NO_PRICE = "Ask SMS Partner for a tariff that knows their countries, or leave those out with `countries`."
MOST_TOLD = 20
"""Reasons that the text of a refusal repeats."""


class SMSPartnerError(Exception):
    """Base of every error of this package."""


class InvalidMessage(SMSPartnerError, ValueError):
    """Our own rules refused it; nothing was sent."""


class InvalidPhoneNumber(InvalidMessage):
    """This is not the number of a mobile phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One item of the list that explains a refusal."""

    message: str
    """The vendor's sentence, in French or English, with the numbers in it masked."""
    element: str | None = None
    """The field it is about, such as ``sender``; None when the item names none."""
    code: int | None = None
    """The item's own code, when it brings one."""
    number: str | None = field(default=None, repr=False)
    """The recipient it is about, as the platform wrote it; kept out of every text and every pickle."""
    numbers: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """Whatever in its sentence may be a recipient's number; kept out as well."""

    def __str__(self) -> str:
        return f"{self.element}: {self.message}" if self.element else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # What is pickled is stored or travels, and names nobody there
        return partial(Problem, message=self.message, element=self.element, code=self.code), ()

    def __deepcopy__(self, memo: object) -> Problem:
        return self

    def serialize(self) -> dict[str, object]:
        """Return what an XCom may hold of it."""
        return {"message": self.message, "element": self.element, "code": self.code}


class APIError(SMSPartnerError):
    """The API answered no, and so nothing was sent.

    ``path`` is the endpoint, ``code`` the API's own number (None when the answer brought none; it is
    not the HTTP status), ``problems`` the explanation item by item.
    """

    def __init__(self, path: str, code: int | None = None, problems: Sequence[Problem] = ()) -> None:
        self.path = path
        self.code = code
        self.problems = tuple(problems)
        super().__init__(path, code, self.problems)  # so that pickle can build it again

    def __str__(self) -> str:
        told = [str(problem) for problem in self.problems[:MOST_TOLD]]
        if more := len(self.problems) - len(told):
            told.append(f"and {more} more")
        reasons = "; ".join(told) or "no reason given"
        return f"SMS Partner refused {self.path} (code {self.code}): {reasons}"


class AuthenticationError(APIError):
    """The key is missing or wrong, the account is closed or blocked, or the IP address is not allowed."""

    connection: str | None = None
    """The connection whose key was refused; the hook knows it."""

    def __str__(self) -> str:
        told = super().__str__()
        return told if self.connection is None else f"{told.rstrip('.')} (connection {self.connection!r})"


class InsufficientCreditError(APIError):
    """The account has not enough credit (11), or no price for these numbers (13)."""

    def __str__(self) -> str:
        remedy = NO_PRICE if self.code == 13 else "Top up the account."
        return f"{super().__str__().rstrip('.')}. {remedy}"


class RateLimitError(APIError):
    """Too many requests (HTTP 429). ``retry_after`` is the platform's wish in seconds, if it said one."""

    def __init__(
        self,
        path: str,
        code: int | None = None,
        problems: Sequence[Problem] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(path, code, problems)
        self.retry_after = retry_after
        self.args = (*self.args, retry_after)

    def __str__(self) -> str:
        wish = f"; it asks to wait {self.retry_after:.0f} seconds" if self.retry_after else ""
        return super().__str__() + wish


class OutsideSendingHoursError(APIError):
    """A marketing text outside the hours, or on a Sunday or a public holiday."""


class NotFoundError(APIError):
    """The platform does not know this message, or no longer."""


class StopListError(APIError):
    """A recipient has asked for no more texts."""


class InvalidRequestError(APIError):
    """A constraint of the platform was not respected."""


class APIConnectionError(SMSPartnerError):
    """The request never left this machine: repeating it is safe."""


class OutcomeUnknownError(SMSPartnerError):
    """The request left and no answer can be trusted: it must not be repeated blindly.

    ``message_id`` is the message that the answer names all the same, and so stands for no other request.
    """

    message_id: str | None = None


class LookFailed(SMSPartnerError):
    """A look by tag was refused, which says nothing about the batch: a later try looks again."""


class NeedsPerson(SMSPartnerError):
    """No retry can help: somebody has to put something right, and the text says what."""


class DeliveryFailed(SMSPartnerError):
    """Fewer texts were delivered than the task asked for."""
