"""One request to SMS Partner as a value: the fields to send, how to read the answer, what its codes mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, NoReturn, TypeVar

from airflow_provider_smspartner.api.entries import XmlNames
from airflow_provider_smspartner.api.evidence import NotWhole
from airflow_provider_smspartner.api.wire import Answer, decode, untrusted
from airflow_provider_smspartner.exceptions import (
    APIError,
    AuthenticationError,
    InsufficientCreditError,
    InvalidMessage,
    InvalidRequestError,
    NotFoundError,
    OutsideSendingHoursError,
    RateLimitError,
    StopListError,
)

T = TypeVar("T")
ResponseFormat = Literal["json", "xml"]
Reader = Callable[[Mapping[str, Any]], T | None]
ErrorMap = Mapping[int, type[APIError]]

# Codes mean different things on different endpoints, so each has its own map.
# Source: the vendor's page of error codes, and the lists at the foot of each endpoint's page.
ACCOUNT: ErrorMap = dict.fromkeys((1, 10, 20, 30, 40, 96), AuthenticationError)
SENDING: ErrorMap = {
    **ACCOUNT,
    **dict.fromkeys((2, 3, 9, *range(42, 53), 55, 90, 992), InvalidRequestError),
    **dict.fromkeys((11, 13), InsufficientCreditError),
    **dict.fromkeys((14, 15), StopListError),
    **dict.fromkeys((22, 23), OutsideSendingHoursError),
    4: NotFoundError,
}
READING: ErrorMap = {
    **ACCOUNT,
    **dict.fromkeys((2, 3, 9, 50), InvalidRequestError),
    4: NotFoundError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request to SMS Partner, as a value."""

    method: Literal["GET", "POST"]
    path: str
    fields: Mapping[str, Any] = field(repr=False)
    """What goes on the wire besides the key; may hold phone numbers."""
    reader: Reader[T] = field(repr=False, compare=False)
    """Turns the fields of a success into a value, None when what the call must bring is missing.

    It raises ``evidence.NotWhole`` for a success that is not the answer to this request.
    """
    errors: ErrorMap = field(repr=False)
    repeatable: bool
    """Whether sending it twice does no harm. It does not follow from the verb: cancelling is a GET."""
    response_format: ResponseFormat = "json"
    xml: XmlNames | None = field(default=None, repr=False)
    confirming: int | None = None
    """The code that tells, when asked again, that it was done; for a call whose success brings nothing."""

    def __post_init__(self) -> None:
        if self.response_format not in ("json", "xml"):
            raise InvalidMessage(f'response_format: {self.response_format!r} is neither "json" nor "xml"')
        if self.response_format == "xml" and self.xml is None:
            raise InvalidMessage(f'response_format: XML answers of {self.path} have no names; use "json"')

    def encode(self, api_key: str) -> dict[str, Any]:
        """Return the JSON body of a POST, or the query of a GET."""
        return {"apiKey": api_key, **self.payload()}

    def payload(self) -> dict[str, Any]:
        """Return the same without the key, which joins a request at the last moment."""
        wanted = {"_format": "xml"} if self.response_format == "xml" else {}
        return {**self.fields, **wanted}

    def read(self, answer: Answer) -> T:
        """Return the value that the answer stands for.

        :raises APIError: the platform said no, so nothing was done; a subclass says why.
        :raises OutcomeUnknownError: nobody can tell from this answer what the platform did.
        """
        try:
            xml = self.xml if self.response_format == "xml" else None
            fields = decode(answer, self.path, xml, repeatable=self.repeatable)
        except RateLimitError:
            raise
        except APIError as refusal:
            self._refuse(refusal)
        try:
            value = self.reader(fields)
        except NotWhole as fault:
            untrusted(self.path, answer, f"a success that does not cover the request, as {fault}", fields)
        if value is None:
            untrusted(self.path, answer, "a success that lacks what it must bring")
        return value

    def _refuse(self, refusal: APIError) -> NoReturn:
        """Raise the refusal under the name that its code has on this endpoint."""
        items = {problem.code for problem in refusal.problems}
        # Under an envelope such as 55 the items are more precise; they decide when they agree
        codes = (*(items if len(items) == 1 else ()), refusal.code)
        name = next((self.errors[code] for code in codes if code in self.errors), APIError)
        raise name(refusal.path, refusal.code, refusal.problems) from None
