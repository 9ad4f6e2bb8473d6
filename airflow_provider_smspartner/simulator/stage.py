"""What a tester sets and reads: the platform behind a lock, its faults and its clock."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from airflow_provider_smspartner.rules.phone import normalize
from airflow_provider_smspartner.simulator.cues import Faults
from airflow_provider_smspartner.simulator.messages import Message, ReceivedRequest, SentText
from airflow_provider_smspartner.simulator.platform import Platform
from airflow_provider_smspartner.simulator.posting import Post, Postman, attack, replies, reports
from airflow_provider_smspartner.simulator.settings import Fate, Settings


def utc_now() -> datetime:
    return datetime.now(UTC)


class Stage:
    """A platform as its tester sees it; every member but ``platform`` may be used from any thread.

    ``clock`` returns aware datetimes; ``advance`` and ``set_clock`` shift what it says.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.lock = threading.RLock()
        self.faults = Faults()
        self._clock = clock
        self.postman = Postman(lambda: self.now)
        self.platform = self._new_platform(settings or Settings())

    def _new_platform(self, settings: Settings) -> Platform:
        return Platform(settings, clock=self._clock, accepted=self._post_reports)

    def reset(self) -> None:
        """Forget messages, requests, fates, STOPs, posts and faults; credit and clock are as at the start."""
        self.faults.clear()
        self.postman.clear()
        with self.lock:
            self.platform = self._new_platform(self.settings)

    @property
    def settings(self) -> Settings:
        """The account and the platform's ways; another value holds from the next request on."""
        return self.platform.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        with self.lock:
            self.platform.settings = settings

    @property
    def api_key(self) -> str:
        """The only key that is accepted."""
        return self.settings.api_key

    @api_key.setter
    def api_key(self, key: str) -> None:
        self.settings = replace(self.settings, api_key=key)

    @property
    def credits(self) -> Decimal:
        """What is left of the account's credit, in euros."""
        return self.platform.balance

    @credits.setter
    def credits(self, balance: Decimal) -> None:
        with self.lock:
            self.platform.balance = balance

    @property
    def now(self) -> datetime:
        """The platform's present."""
        return self.platform.now()

    def advance(self, seconds: float) -> None:
        """Move the platform's clock forward."""
        with self.lock:
            self.platform.shift += timedelta(seconds=seconds)

    def set_clock(self, moment: datetime) -> None:
        """Make it this moment, from which the clock runs on; a naive one raises ValueError."""
        if moment.utcoffset() is None:
            raise ValueError("moment: it has no UTC offset; pass an aware datetime")
        with self.lock:
            self.platform.set_clock(moment)

    def deliver(
        self,
        *numbers: str,
        status: str | None = "Delivered",
        stop: bool = False,
        after_polls: int = 0,
        after_seconds: float = 0.0,
    ) -> None:
        """Choose what becomes of texts to these numbers, or of all others when none is named.

        The other arguments are those of Fate. A number that is no mobile raises InvalidPhoneNumber.
        """
        fate = Fate(status=status, stop=stop, after_polls=after_polls, after_seconds=after_seconds)
        fates = dict.fromkeys(map(normalize, numbers), fate)
        with self.lock:
            self.platform.fates.update(fates)
            if not numbers:
                self.platform.fate = fate

    def reply(self, number: str, text: str) -> None:
        """Let somebody answer the last text to them, "STOP" too; it is posted to the address of its send.

        A number that is no mobile raises InvalidPhoneNumber, one without a text to answer ValueError.
        """
        written = normalize(number)
        with self.lock:
            now, posting = self.now, self.settings.posting
            if (message := self.platform.latest_to(written)) is None:
                raise ValueError("number: nothing that asks for replies was sent to it; set urlResponse")
            bodies = list(replies(message, written, text, now, posting))
            if text.strip().casefold() == "stop":
                self.platform.stop(written)
        self.postman.add([(now, message.order.url_response, body) for body in bodies], posting)

    def attack(self, number: str) -> dict[str, int | None]:
        """Post what no platform would to the addresses of the last text to somebody, at once.

        Wrong secrets, and bodies that are meant to break whoever reads them, a few dozen for each address.
        What was answered is returned by the name of each, None where nobody answered. Raises as ``reply``.
        """
        written = normalize(number)
        with self.lock:
            if (message := self.platform.latest_to(written)) is None:
                raise ValueError("number: nothing that asks for replies was sent to it; set urlResponse")
        return {
            f"{kind}: {name}": status
            for kind, url in (("reply", message.order.url_response), ("report", message.order.url_dlr))
            for name, status in attack(url, written).items()
        }

    @property
    def posts(self) -> list[Post]:
        """Everything that was posted to the addresses of sends, with what was answered."""
        return list(self.postman.posts)

    def wait_for_posts(self, seconds: float = 30.0) -> None:
        """Wait until all that is due by now was posted. Raises TimeoutError."""
        self.postman.wait(seconds)

    def _post_reports(self, message: Message) -> None:
        order, posting = message.order, self.settings.posting
        if order.sandbox or not (order.url_dlr or order.url_response):
            return
        bodies = []
        for number in order.numbers:
            fate = self.platform.fate_of(number)
            if order.url_dlr:
                told = reports(message, number, fate, posting)
                bodies += [(at, order.url_dlr, body) for at, body in told]
            if order.url_response and fate.stop:
                at = message.due + timedelta(seconds=fate.after_seconds)
                parts = replies(message, number, "STOP", at, posting)
                bodies += [(at, order.url_response, body) for body in parts]
        self.postman.add(bodies, posting)

    @property
    def fates(self) -> dict[str, Fate]:
        """What becomes of texts by the recipient's number as E.164; may be changed in place."""
        return self.platform.fates

    def add_to_stop_list(self, *numbers: str) -> None:
        """Let these people want no more texts. A number that is no mobile raises InvalidPhoneNumber."""
        for number in list(map(normalize, numbers)):
            with self.lock:
                self.platform.stop(number)

    @property
    def stop_list(self) -> list[str]:
        """The numbers on the STOP list, oldest entry first."""
        with self.lock:
            return list(self.platform.stops)

    @property
    def sent(self) -> list[SentText]:
        """Every text that really left, in the order of acceptance: no sandbox, nothing that still waits."""
        return [text for text in self.accepted if text.sent_at is not None]

    @property
    def accepted(self) -> list[SentText]:
        """Every text that was taken on: those of the sandbox, the waiting and the cancelled ones too."""
        with self.lock:
            now = self.platform.now()
            return [text for message in self.platform.messages.values() for text in message.texts(now)]

    def texts_per_number(self) -> Counter[str]:
        """Count the texts that really left for each number."""
        counter: Counter[str] = Counter()
        with self.lock:
            now = self.platform.now()
            for message in self.platform.messages.values():
                if message.has_left(now):
                    counter.update(message.order.numbers)
        return counter

    @property
    def requests(self) -> list[ReceivedRequest]:
        """Every request that arrived, whatever became of it."""
        with self.lock:
            return list(self.platform.requests)

    def requests_per_endpoint(self) -> Counter[str]:
        """Count the requests by their path without ``/v1``."""
        return Counter(request.endpoint for request in self.requests)
