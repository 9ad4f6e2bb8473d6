"""The look by tag as a send uses it: our people in any spelling, its refusals left to a later try."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Self

from airflow_provider_smspartner.exceptions import (
    APIError,
    AuthenticationError,
    LookFailed,
    NotFoundError,
    RateLimitError,
)
from airflow_provider_smspartner.hooks.paging import Listing, look_up
from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.rules.people import Person
from airflow_provider_smspartner.sending.cancellation import CallPlatform
from airflow_provider_smspartner.sending.evidence import Look
from airflow_provider_smspartner.sending.plan import Plan

ACCESS_REFUSED = 40
"""The code of one endpoint that is closed to the account, and not of a key that is wrong."""


class Looks:
    """Looks batches up. It holds nothing that changes: the main thread and that which claims both use one."""

    def __init__(self, plan: Plan, call: CallPlatform) -> None:
        self._plan = plan
        self._call = call

    def look(self, batch: Batch) -> Listing | None:
        """Return who is on the platform under a batch's tag; None when it lists nobody.

        :raises LookFailed: the platform refused to say; a later try asks again.
        :raises SMSPartnerError: nobody can tell, for another reason.
        """
        of_batch = self._plan.is_of(batch) if batch.people or batch.hashes else None
        try:
            return look_up(self._call, batch.tag, ours=of_batch)
        except (RateLimitError, NotFoundError):
            raise
        except APIError as error:
            # What is wrong with a look is no reason to give the send up, unless the key itself is wrong
            if isinstance(error, AuthenticationError) and error.code != ACCESS_REFUSED:
                raise
            raise LookFailed(f"Tag {batch.tag} could not be looked up: {error}") from error

    def numbers_of(self, tag: str, ours: Collection[str]) -> frozenset[str] | None:
        """Return who is on the platform under the tag of another task; None when it lists nobody.

        ``ours`` are those who may be there: national forms are read as theirs; see ``rules.echoes``.
        """
        seen = self.look(Batch(ordinal=0, tag=tag, people=tuple(map(Person, ours))))
        return seen.numbers if seen else None


class LookAhead:
    """Looks for the batches whose turn comes next while the first of them is awaited.

    Some tens of looks stand before the first request of a send, one after the other they would take longer
    than many a campaign. Used by the main thread alone; the looks run in threads of their own.
    """

    def __init__(self, look: Look, width: int) -> None:
        self._look = look
        self._width = width
        self._begun: dict[int, Future[Listing | None]] = {}
        self._pool = ThreadPoolExecutor(width, "smspartner-look")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not waited for: what comes of a look after an error is of no use to anybody
        self._pool.shutdown(wait=False, cancel_futures=True)

    def begin(self, batches: Iterable[Batch]) -> None:
        """Begin to look for batches that will surely be asked for, as many at a time as may be."""
        for batch in batches:
            if len(self._begun) >= self._width:
                return
            if batch.ordinal not in self._begun:
                self._begun[batch.ordinal] = self._pool.submit(self._look, batch)

    def result(self, batch: Batch) -> Listing | None:
        """Return what the look for a batch says.

        :raises SMSPartnerError: as ``Looks.look``.
        """
        self.begin([batch])
        return self._begun.pop(batch.ordinal).result()

    def results(self, batches: Sequence[Batch]) -> Iterator[Listing | None]:
        """Yield what the look for each of some batches says, in their order.

        :raises SMSPartnerError: as ``Looks.look``.
        """
        for place, batch in enumerate(batches):
            self.begin(islice(batches, place, place + self._width))
            yield self.result(batch)
