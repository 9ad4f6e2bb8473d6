"""Who is left to send to: not those who are done, not yet those who may be, again those who are free."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator

from airflow_provider_smspartner.journal import Batch
from airflow_provider_smspartner.rules.batches import split_people
from airflow_provider_smspartner.rules.people import Known, Person, each


class Backlog:
    """The people of one audience, as far as they are not sent to. Used by the main thread alone."""

    def __init__(self, hash_of: Callable[[Person], bytes]) -> None:
        self._hash_of = hash_of
        self._done = Known()
        self._held: dict[bytes, list[Person]] = {}
        self._holders = Counter[bytes]()
        self._is_first = True
        """Whether nobody is done or held yet: most sends are first tries, and a hash takes its time."""
        self.again: deque[tuple[Person, ...]] = deque()
        """Groups that go again, each in a batch of its own."""

    def is_done(self, person: Person) -> bool:
        """Tell whether nothing is to be sent to somebody any more."""
        return self._hash_of(person) in self._done

    def finish(self, hashes: bytes) -> None:
        """Note who is done."""
        self._done.add(hashes)
        self._is_first = self._is_first and not hashes

    def hold(self, batch: Batch) -> None:
        """Keep the people of an earlier try's batch back until it is known what became of it."""
        for hashed in each(batch.hashes):
            self._held.setdefault(hashed, [])
            self._holders[hashed] += 1
            self._is_first = False

    def newcomers(self, people: Iterable[Person]) -> Iterator[Person]:
        """Leave out who is done, and keep back who may be."""
        for person in people:
            if self._is_first:
                yield person
                continue
            hashed = self._hash_of(person)
            if hashed in self._done:
                continue
            if hashed in self._held:
                # The person, not the hash alone: only the audience knows number and text
                self._held[hashed].append(person)
            else:
                yield person

    def release(self, batch: Batch, *, free: bool) -> None:
        """Let go of the people of an earlier try's batch; they go again unless another one may have them."""
        people: list[Person] = []
        # One batch that has them leaves them out; each that may have them must be free before they go again
        for hashed in each(batch.hashes):
            self._holders[hashed] -= 1
            if not free or self._holders[hashed] <= 0:
                people += self._held.pop(hashed, ())
        if free and people:
            self.send_again(people)

    def send_again(self, people: Iterable[Person]) -> None:
        """Put people in the queue, in groups that fit a request."""
        self.again.extend(split_people(people))
