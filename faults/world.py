"""A world in which a send goes wrong on cue: a clock, a line to the platform, and processes that die.

The platform is the simulator's own, reached without a socket. What the line loses, the hook reports by the
same errors; the tests of the hook show that it does.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from airflow_provider_smspartner.api import Call
from airflow_provider_smspartner.api.wire import Answer
from airflow_provider_smspartner.exceptions import (
    APIConnectionError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitError,
)
from airflow_provider_smspartner.simulator.endpoints import GETS, POSTS, Endpoint, check_key
from airflow_provider_smspartner.simulator.refusals import Refusal
from airflow_provider_smspartner.simulator.stage import Stage
from faults import untrue
from faults.fates import SPOILT, UNKNOWN, Fate, FateOfLook

ENDPOINTS: Mapping[str, Endpoint] = {**GETS, **POSTS}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
LONGEST_REQUEST = 65.0


class Crash(BaseException):
    """The process is killed at this point."""


@contextmanager
def quiet_crashes() -> Iterator[None]:
    """Have threads that die by a crash not reported: a process that cancels dies in a thread of its own."""
    told = threading.excepthook

    def tell(caught: threading.ExceptHookArgs) -> None:
        if caught.exc_type is not Crash:
            told(caught)

    threading.excepthook = tell
    try:
        yield
    finally:
        threading.excepthook = told


class Clock:
    """Time in the test's hand, the platform's too."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._seconds = NOON
        self._alarms: list[tuple[float, Callable[[], object]]] = []

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self._seconds

    def utc(self) -> datetime:
        """Return the same as the simulator wants it."""
        return datetime.fromtimestamp(self._seconds, UTC)

    def pause(self, seconds: float) -> None:
        """Let time pass at once, with everything that is due meanwhile."""
        with self.lock:
            end = self._seconds + max(seconds, 0.001)
            while due := [alarm for alarm in self._alarms if alarm[0] <= end]:
                alarm = min(due, key=lambda each: each[0])
                self._alarms.remove(alarm)
                self._seconds = max(self._seconds, alarm[0])
                alarm[1]()
            self._seconds = max(self._seconds, end)

    def after(self, seconds: float, deed: Callable[[], object]) -> None:
        """Have something done when this time has passed."""
        with self.lock:
            self._alarms.append((self._seconds + seconds, deed))


class Process:
    """A process that may die at its n-th step; a dead one takes no further step, in no thread."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.dead = False
        self.steps = 0
        self.number = 0
        """Which try of its task it is."""
        self.meanwhile: tuple[int, Callable[[], object]] | None = None
        """What others do once, while this process is at its n-th step or soon after it."""
        self._dies_at = dies_at
        self._lock = threading.Lock()

    def step(self, *, alone: bool = False) -> None:
        """Come one step further, or die.

        :param alone: nothing happens elsewhere: no client can tell that it was suspended right here.
        """
        with self._lock:
            self.steps += 1
            self.dead = self.dead or self.steps == self._dies_at
            if self.dead:
                raise Crash
            others = self.meanwhile
            if others is None or alone or self.steps < others[0]:
                return
            self.meanwhile = None
        others[1]()


class Line:
    """Carries calls to a platform, as the hook does, and lets each send meet its fate."""

    def __init__(self, stage: Stage, clock: Clock) -> None:
        self.stage = stage
        self.clock = clock
        self.fates: deque[Fate] = deque()
        """What becomes of the next sends; afterwards all are answered."""
        self.always: Fate | None = None
        """What becomes of all sends, when there is such a rule."""
        self.arrives_after = LONGEST_REQUEST
        """Seconds from a late request's start to its arrival."""
        self.key = stage.api_key
        """The key of the connection."""
        self.blind = False
        """Whether looks by tag find nothing, whatever is there."""
        self.lost_looks = 0
        """How many of the next looks get no answer."""
        self.posts: list[Call[Any]] = []
        self.cancels: list[Call[Any]] = []
        self.fates_of_cancels: deque[Fate] = deque()
        """What becomes of the next requests that cancel."""
        self.fates_of_looks: deque[FateOfLook] = deque()
        """What becomes of the next looks by tag."""
        self.looks = 0
        self.met: Counter[str] = Counter()
        """How often each fate was met."""
        self.settled_id: str | None = None
        """A message of which this process has long read the answer."""
        self._slipped: set[str] = set()
        self._in_flight = 0
        self._message_ids: list[str] = []

    def begin(self, *, in_flight: int) -> None:
        """Serve a new process, which reads the answer to a send before that many others have left."""
        self._in_flight, self._message_ids, self.settled_id = in_flight, [], None

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.fates.clear()
        self.fates_of_cancels.clear()
        self.fates_of_looks.clear()
        self.always, self.lost_looks, self.blind = None, 0, False

    def of(self, process: Process) -> LineOfProcess:
        """Return this line as one process uses it."""
        return LineOfProcess(self, process)

    def carry(self, call: Call[Any]) -> Any:
        """Carry one call to the end."""
        with self.clock.lock:
            if call.path == "/message-cancel":
                self.cancels.append(call)
                fates = self.fates_of_cancels
                return self._meet(call, fates.popleft() if fates else Fate.ANSWERED)
            if call.method == "GET":
                return self._look(call)
            self.posts.append(call)
            return self._meet(call, self.always or (self.fates.popleft() if self.fates else Fate.ANSWERED))

    def _look(self, call: Call[Any]) -> Any:
        self.looks += 1
        if self.lost_looks:
            self.lost_looks -= 1
            raise OutcomeUnknownError("The look got no answer.")
        if self.blind:
            raise NotFoundError(call.path, 4)
        self._meet_look(call)
        if self._lags(call):  # what was missed once is not missed twice in a row
            self._slipped.add(str(call.fields["tag"]))
        return call.read(self.answer(call))

    def _lags(self, call: Call[Any]) -> bool:
        """Tell whether a look finds nobody because the list does not show yet what was sent."""
        tag, platform = call.fields.get("tag"), self.stage.platform
        is_sent = any(message.order.tag == tag for message in platform.messages.values())
        return tag is not None and is_sent and not any(platform.tagged(str(tag)))

    def _meet_look(self, call: Call[Any]) -> None:
        if not (self.fates_of_looks and "tag" in call.fields):
            return
        fate, tag = self.fates_of_looks.popleft(), str(call.fields["tag"])
        if fate is FateOfLook.SLIPS and (tag in self._slipped or call.fields.get("page", 1) != 1):
            fate = FateOfLook.ANSWERED
        self._slipped.discard(tag)
        self._note(fate)
        if fate is FateOfLook.LOST:
            raise OutcomeUnknownError("The look got no answer.")
        if fate is FateOfLook.THROTTLED:
            raise RateLimitError(call.path, 429, (), 10.0)
        if fate is FateOfLook.SLIPS:
            self._slipped.add(tag)
            raise NotFoundError(call.path, 4)
        if fate is FateOfLook.EMPTY_YES:
            call.read(self._written(untrue.yes()))

    def _note(self, fate: Fate | FateOfLook) -> None:
        self.met[fate.value] += fate.value != Fate.ANSWERED.value

    def _meet(self, call: Call[Any], fate: Fate) -> Any:
        if fate is Fate.STALE_ID and self.settled_id is None:
            fate = Fate.ANSWERED
        self._note(fate)
        if fate is Fate.UNREACHABLE:
            raise APIConnectionError("It never left.")
        if fate is Fate.THROTTLED:
            raise RateLimitError(call.path, 429, (), 10.0)
        if fate in (Fate.EMPTY_YES, Fate.STALE_ID):
            return call.read(self._written(untrue.yes(self.settled_id if fate is Fate.STALE_ID else None)))
        if fate is Fate.LATE:
            stage = self.stage  # it bears the key that it has left with, whichever is entered meanwhile
            self.clock.after(self.arrives_after, lambda: self.answer(call, stage))
        if fate not in (Fate.LATE, Fate.REQUEST_LOST):
            answer = self.answer(call)
        if fate is Fate.UNTRUE_NO:
            raise RateLimitError(call.path, 429, (), 10.0)
        if fate is Fate.HANG:
            self.clock.pause(LONGEST_REQUEST)
        if fate in UNKNOWN:
            raise OutcomeUnknownError("It left and got no answer.")
        return call.read(self._told(call, answer, fate))

    def _told(self, call: Call[Any], answer: Answer, fate: Fate) -> Answer:
        """Return what the client reads instead of what the platform has answered."""
        payload = json.loads(answer.body)
        if not payload.get("success"):
            return answer
        if fate is Fate.UNTRUE_NUMBER:
            return self._written(untrue.named_no(call.fields))
        self._learn(payload.get("message_id"))
        spoil = SPOILT.get(fate)
        return self._written(spoil(payload)) if spoil else answer

    def _learn(self, message_id: object) -> None:
        self._message_ids.append(str(message_id))
        if len(self._message_ids) > self._in_flight:
            self.settled_id = self._message_ids[0]

    def _written(self, payload: dict[str, Any]) -> Answer:
        return Answer(status=200, body=json.dumps(payload).encode(), secret=self.key)

    def answer(self, call: Call[Any], stage: Stage | None = None) -> Answer:
        """Return what the platform answers, on the account of now or on another one."""
        stage = stage or self.stage
        fields = json.loads(json.dumps(call.encode(self.key)))
        with stage.lock:
            platform = stage.platform
            try:
                check_key(platform, fields)
                payload, status = ENDPOINTS[call.path](platform, fields), 200
            except Refusal as no:
                payload, status = no.payload, platform.settings.status_of(no.code)
        return Answer(status=status, body=json.dumps(payload).encode(), secret=self.key)


class LineOfProcess:
    """The line in one process, which may die before a request, after it, and before it knows the answer."""

    def __init__(self, line: Line, process: Process) -> None:
        self._line = line
        self._process = process

    def call(self, call: Call[Any], *, before: Callable[[], None] | None = None) -> Any:
        """Carry a call as ``SMSPartnerHook.call`` does."""
        self._process.step()
        answer = self._line.carry(call) if before is None else self._carry_claimed(call, before)
        self._process.step()
        return answer

    def _carry_claimed(self, call: Call[Any], before: Callable[[], None]) -> Any:
        clock = self._line.clock
        while True:
            before()
            checked_at = clock.now()
            self._process.step(alone=True)
            with clock.lock:
                if clock.now() - checked_at < 1:  # only this clock leaps between a check and its request
                    return self._line.carry(call)
