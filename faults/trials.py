"""Campaigns that go wrong in this process: the seed says how, and the simulator's count says how it ended."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from airflow_provider_smspartner.exceptions import NeedsPerson, SMSPartnerError
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import LOGS, MOST_TRIES, Campaign, people
from faults.fates import FATES_OF_CANCELS, UNTRUE, Fate
from faults.world import Crash

MOST_BATCHES = 12
SCHEDULED_IN = 3 * 3600.0
MOST_STEPS = 80
"""A campaign of so many batches takes some eighty steps at which its process can die."""
QUICK_TAGS, SLOW_TAGS = (0.0,), (0.0, 30.0, 200.0)
"""Seconds until a message can be found by its tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a campaign ended, in counts."""

    faults: int
    """What went wrong: requests, answers and looks lost, processes and stores that died."""
    twice: int
    """People with more than one text."""
    lost: int
    """People of the last audience with none, though their number is good."""
    to_a_person: int
    """Tries that ended for good, so that somebody had to look and clear the task."""
    recipients: int
    """People whom the task says it has texted, over all of its tries."""
    miscounted: int
    """Whether that is not what really left."""
    unfinished: int
    """Whether it had not succeeded after many tries."""
    put_back: int = 0
    """Changes that an error for good has had put back."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """What changed between tries, and in what way answers and lists were not whole, with how often."""
    fates: Mapping[str, int] = field(default_factory=dict)
    """What became of requests and looks, with how often."""

    def as_row(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


class Trial:
    """One campaign under one seed."""

    def __init__(self, log: str, seed: int, *, batch_size: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  # a seed must say it all
        untrue = self.dice.random() < 0.2
        settings = Settings(
            balance=Decimal(10**6),
            tag_delay=self.dice.choice(QUICK_TAGS if untrue else SLOW_TAGS),
            page_size=self.dice.choice([500, 3]),
        )
        self.kinds = [fate for fate in Fate if untrue or fate not in UNTRUE]
        concurrency = self.dice.choice([1, 2, 4, 8])
        self.campaign = Campaign(LOGS[log], settings=settings, concurrency=concurrency)
        self.audience = people(self.dice.randint(1, MOST_BATCHES * batch_size))
        self.bad = self.dice.sample(self.audience, k=self.dice.choice([0, 0, 1, 2]) % len(self.audience))
        self.campaign.stage.add_to_stop_list(*self.bad)
        self.faults = self.to_a_person = 0

    def run(self) -> Result:
        """Let some tries go wrong, then all go right, and count."""
        for _ in range(self.dice.randint(1, 3)):
            self._go_wrong()
        recipients = self._finish()
        return self._result(recipients)

    def run_without_answers(self) -> Result:
        """Lose every answer that the platform ever gives to a send."""
        self.campaign.line.always = Fate.ANSWER_LOST
        self.campaign.stage.platform.stops.clear()  # a refusal that is lost for ever would end nowhere
        self.bad = []
        recipients = self._finish()
        self.faults = len(self.campaign.line.posts)
        return self._result(recipients)

    def run_stopped(self) -> Result:
        """Schedule everything, let some tries be stopped while they send, and lose answers about that too."""
        self.campaign.send_at = self.campaign.clock.now() + SCHEDULED_IN
        for _ in range(self.dice.randint(1, 3)):
            self.campaign.meanwhile = (self.dice.randint(8, MOST_STEPS), self._stop)
            fates = self.dice.choices(FATES_OF_CANCELS, k=self.dice.randint(0, MOST_BATCHES))
            self.campaign.line.fates_of_cancels = deque(fates)
            self._go_wrong()
        return self._result(self._finish())

    def _stop(self) -> None:
        if self.campaign.sending is not None:
            self.campaign.sending.kill()
            self.faults += 1

    def _go_wrong(self) -> None:
        line, dice = self.campaign.line, self.dice
        weights = [8 if fate is Fate.ANSWERED else 1 for fate in self.kinds]
        planned = dice.choices(self.kinds, weights, k=dice.randint(0, MOST_BATCHES))
        line.fates, line.lost_looks = deque(planned), dice.choice([0, 0, 0, 1, 2])
        looks = line.lost_looks
        self._attempt(dice.choice([None, dice.randint(1, MOST_STEPS)]))
        met = planned[: len(planned) - len(line.fates)]
        self.faults += sum(fate is not Fate.ANSWERED for fate in met) + looks - line.lost_looks
        self.campaign.clock.pause(dice.choice([0, 10, 100, 1000]))
        if dice.random() < 0.1:
            self.campaign.store.clear()
            self.faults += 1
        if dice.random() < 0.2:
            self._change_audience()

    def _change_audience(self) -> None:
        kept = [number for number in self.audience if self.dice.random() < 0.9]
        self.audience = kept + people(self.dice.randint(1, 5), start=10_000 + self.campaign.tries * 10)
        self.dice.shuffle(self.audience)

    def _attempt(self, dies_at: int | None) -> None:
        error = self.campaign.attempt_anyway(self.audience, dies_at=dies_at)
        self.faults += isinstance(error, Crash)
        self.to_a_person += isinstance(error, NeedsPerson)

    def _finish(self) -> int | None:
        line = self.campaign.line
        line.fates.clear()
        line.fates_of_cancels.clear()
        line.lost_looks = 0
        for _ in range(MOST_TRIES):
            try:
                return self.campaign.attempt(self.audience).recipients
            except NeedsPerson:
                self.to_a_person += 1
            except SMSPartnerError:
                pass  # Airflow tries again
            self.campaign.clock.pause(600)
        return None

    def _result(self, recipients: int | None) -> Result:
        self.campaign.clock.pause(1000 + SCHEDULED_IN)  # nothing is on its way any more
        return Result(
            faults=self.faults,
            twice=len(self.campaign.doubles),
            lost=len(self.campaign.missing(self.audience) - set(self.bad)),
            to_a_person=self.to_a_person,
            recipients=recipients or 0,
            miscounted=recipients != sum(self.campaign.stage.texts_per_number().values()),
            unfinished=recipients is None,
        )
