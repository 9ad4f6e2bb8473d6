"""Campaigns between whose tries something changes, and whose answers and lists are not whole."""

from __future__ import annotations

import random
import re
from collections import Counter, deque
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_smspartner.exceptions import NeedsPerson, SMSPartnerError
from airflow_provider_smspartner.journal import CLOCK_MARGIN
from airflow_provider_smspartner.rules import batches
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import LOGS, Campaign, people, with_ledger_alone, with_nothing, with_task_state
from faults.changes import CHANGES, Change, Undo, counts_ordinals, knows
from faults.fates import FATES_OF_CANCELS, UNTRUE, Fate, FateOfLook
from faults.trials import MOST_BATCHES, MOST_STEPS, SCHEDULED_IN, Result
from faults.world import Crash

MEMORIES = {**LOGS, "ledger alone": with_ledger_alone}
"""What can remember, with a ledger on an Airflow without a task state store."""
SETTLED = 2000.0
"""Seconds after which everything that was sent can be seen by tag."""
MOST_TRIES = 16
MOST_ORDINALS = 1000
"""More than any of these campaigns uses up."""
BY_LOG_ALONE = ("another tag", "time to send at taken away")
"""What a walk over the tags cannot know."""
OLDER_COPY = "ledger restored from an older copy"
LITTLE_LAG = 1.0
"""Seconds by which a list may lag where a clock is further behind than clocks may differ."""
CLOCKS = {-400.0: "clock of the worker behind by 400 s", -50.0: "clock of the worker behind by 50 s"}
CLOCKS[50.0] = "clock of the worker ahead by 50 s"
SPELLINGS = {
    "plus": None,
    "digits": "lists without +",
    "blank": "lists with a blank for +",
    "national": "lists in national spelling",
    "masked": "lists with masked numbers",
}
TOTALS = {"rows": None, "pages": "lists whose total counts pages", "nothing": "lists without a total"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A change that may have to be put back."""

    change: Change
    undo: Undo


class Changing:
    """One campaign under one seed."""

    def __init__(self, log: str, seed: int, *, batch_size: int) -> None:
        self.dice = dice = random.Random(f"{log} {seed}")  # noqa: S311  # a seed must say it all
        self.log = log
        untrue, scheduled = dice.random() < 0.3, dice.random() < 0.25
        listed = dice.random() < 0.5
        self.settings = Settings(
            balance=Decimal(10**6),
            tag_delay=dice.choice([0.0, 1.0] if untrue else [0.0, 1.0, 30.0, 200.0]),
            page_size=dice.choice([500, 3]),
            unknown_tag=dice.choice(["refuse", "empty"]),
            list_scheduled=listed,
        )
        believed = set() if listed or not scheduled else {Fate.UNTRUE_NUMBER}  # as the platform's own word
        impossible = believed if untrue else UNTRUE
        self.kinds = [fate for fate in Fate if fate not in impossible]
        self.campaign = Campaign(
            MEMORIES[log],
            settings=self.settings,
            concurrency=dice.choice([1, 2, 4, 8]),
            send_in=SCHEDULED_IN if scheduled else None,
        )
        self.campaign.personal = dice.random() < 0.3
        self.audience = self._somebody(dice.randint(1, MOST_BATCHES * batch_size))
        self.bad = dice.sample(self.audience, k=dice.choice([0, 0, 1, 2]) % len(self.audience))
        self.campaign.stage.add_to_stop_list(*self.bad)
        self.faults = self.to_a_person = self.put_back = 0
        self.changes: Counter[str] = Counter()
        self.standing: list[Standing] = []
        self.newcomers = count(10**7, 10)
        self.quiet = self.lost = False

    def _somebody(self, many: int) -> list[str]:
        """Invent people of several countries."""
        numbers = people(many, start=self.dice.randrange(10**6))
        abroad = ["+32470{:06}", "+49151{:08}", "+262692{:06}"]
        return [
            self.dice.choice(abroad).format(int(number[4:]) % 10**6) if self.dice.random() < 0.3 else number
            for number in numbers
        ]

    def run(self) -> Result:
        """Let some tries go wrong, with changes between them, then all go right, and count."""
        for _ in range(self.dice.randint(2, 4)):
            self._go_wrong()
            self._change()
        return self._result(self._finish())

    # ---- a try that goes wrong ---------------------------------------------------------------------

    def _go_wrong(self) -> None:
        dice, campaign, line = self.dice, self.campaign, self.campaign.line
        line.fates = deque(self._fates(self.kinds, Fate.ANSWERED))
        looks = [FateOfLook.ANSWERED] if self.quiet else list(FateOfLook)
        line.fates_of_looks = deque(dice.choices(looks, [6, *[1] * (len(looks) - 1)], k=dice.randint(0, 30)))
        self._choose_ways()
        self._choose_clock()
        if self.log != "neither" and not self.quiet and dice.random() < 0.15:
            self.changes["another try while a process is frozen"] += 1
            campaign.meanwhile = (dice.randint(1, MOST_STEPS), self._replace)
        if campaign.send_at is not None and self.log != "neither" and dice.random() < 0.4:
            line.fates_of_cancels = deque(dice.choices(FATES_OF_CANCELS, k=dice.randint(0, MOST_BATCHES)))
            campaign.meanwhile = (dice.randint(8, MOST_STEPS), self._stop)
        self.quiet = self.lost = False
        self._attempt(dice.choice([None, dice.randint(1, MOST_STEPS)]))
        campaign.clock.pause(dice.choice([0, 10, 100, 1000]))

    def _fates(self, kinds: list[Fate], usual: Fate) -> list[Fate]:
        weights = [12 if fate is usual else 1 for fate in kinds]
        return self.dice.choices(kinds, weights, k=self.dice.randint(0, MOST_BATCHES))

    def _replace(self) -> None:
        """Let another try begin and end while a process is frozen."""
        self.campaign.attempt_anyway(self.audience)

    def _stop(self) -> None:
        if self.campaign.sending is not None:
            self.campaign.sending.kill()
            self.changes["task stopped"] += 1

    def _choose_ways(self) -> None:
        """Choose how the platform lists people; where nothing else knows them, all of them must be there."""
        dice = self.dice
        spelling, total = dice.choice([*["plus"] * 4, *SPELLINGS]), dice.choice([*["rows"] * 3, *TOTALS])
        is_known = self.log != "neither" and knows(self.campaign) and not self.lost
        most = dice.choice([None, None, 0, 2, 4]) if is_known else None
        ways: dict[str, Any] = {"listed_numbers": spelling, "total_counts": total, "list_at_most": most}
        if self.quiet:
            ways = {}
        self.campaign.stage.settings = replace(self.settings, **ways)
        told = [SPELLINGS[spelling], TOTALS[total], None if most is None else "lists that are cut short"]
        self.changes.update(name for name in told if name and ways)

    def _choose_clock(self) -> None:
        clock, shift = self.campaign.clock, self.dice.choice([0.0, 0.0, *CLOCKS])
        if shift < -CLOCK_MARGIN and self.settings.tag_delay > LITTLE_LAG:
            shift = -50.0  # of such a clock no more is promised than that requests are over
        self.campaign.now = lambda: clock.now() + shift
        if shift:
            self.changes[CLOCKS[shift]] += 1

    def _attempt(self, dies_at: int | None) -> None:
        before = len(self.campaign.line.posts)
        error = self.campaign.attempt_anyway(self.audience, dies_at=dies_at)
        self.faults += isinstance(error, Crash)
        if isinstance(error, NeedsPerson | AirflowFailException):
            self._ask_person(error)
        elif len(self.campaign.line.posts) > before:  # carried over: what has left has left under it
            self.standing = [each for each in self.standing if each.change.name == "key rolled"]

    def _ask_person(self, error: BaseException) -> None:
        """Put back the latest change that the error names."""
        self.to_a_person += 1
        for standing in reversed(self.standing):
            if re.search(standing.change.says, str(error)):
                self.standing.remove(standing)
                self.put_back += 1
                standing.undo()
                return

    # ---- between two tries -------------------------------------------------------------------------

    def _change(self) -> None:
        if self.dice.random() < 0.3:
            self._change_audience()
        possible = [change for change in CHANGES if self._is_possible(change)]
        if not possible or self.dice.random() < 0.3:
            return
        change = self.dice.choice(possible)
        self.changes[change.name] += 1
        if change.quietly:
            self.quiet = True
            self.campaign.clock.pause(SETTLED + (SCHEDULED_IN if self.campaign.send_at is not None else 0))
        self.lost = self.lost or change.loses
        undo = change.make(self.campaign, self.dice)
        if undo is not None:
            self.standing.append(Standing(change=change, undo=undo))

    def _is_possible(self, change: Change) -> bool:
        """Tell whether something can still notice a change, or carry it over, after all those before it."""
        is_lost = any(self.changes[other.name] for other in CHANGES if other.loses)
        known_by_log = any(self.changes[name] for name in BY_LOG_ALONE)
        # An older copy is noticed by the store's count alone
        if change.loses and (self.changes[OLDER_COPY] or (change.name == OLDER_COPY and is_lost)):
            return False
        if change.loses and (self.standing or known_by_log):
            return False
        if change.name in BY_LOG_ALONE and is_lost and self.log != "ledger":
            return False
        if change.quietly and not self._shows_first_ordinals():
            return False
        return self.log in change.logs and change.is_possible(self.campaign)

    def _shows_first_ordinals(self) -> bool:
        """Tell whether a new run would find what this one has sent, by as many tags as it looks for.

        It looks for those that can all have been refused at once. After further refusals in a row nothing
        but a ledger remembers, once a try has used it: see the limits in ``docs/how-it-works.md``.
        """
        campaign = self.campaign
        if campaign.open_log not in (with_nothing, with_task_state) and counts_ordinals(campaign):
            return True
        ordinals: dict[str | None, int] = {campaign.tag_of(each): each for each in range(MOST_ORDINALS)}
        messages = campaign.stage.platform.messages.values()
        sent = [ordinals[message.order.tag] for message in messages if not message.cancelled]
        needed = -(-len(self.audience) // batches.BATCH_LIMIT)
        return min(sent, default=0) <= 1 + min(2 * campaign.concurrency, needed)

    def _change_audience(self) -> None:
        kept = [number for number in self.audience if self.dice.random() < 0.9]
        self.audience = kept + people(self.dice.randint(1, 5), start=next(self.newcomers))
        self.dice.shuffle(self.audience)

    # ---- the end -----------------------------------------------------------------------------------

    def _finish(self) -> tuple[int, int] | None:
        campaign = self.campaign
        campaign.line.calm()
        campaign.meanwhile, campaign.now = None, campaign.clock.now
        campaign.stage.settings = self.settings
        for _ in range(MOST_TRIES):
            try:
                outcome = campaign.attempt(self.audience)
            except (NeedsPerson, AirflowFailException) as error:
                self._ask_person(error)
            except SMSPartnerError:
                pass  # Airflow tries again
            else:
                return outcome.recipients, outcome.unknown
            campaign.clock.pause(1200)
        return None

    def _result(self, told: tuple[int, int] | None) -> Result:
        self.campaign.clock.pause(SETTLED + SCHEDULED_IN)  # nothing is on its way any more
        recipients, unknown = told or (0, 0)
        texts = sum(self.campaign.texts.values())
        return Result(
            faults=self.faults + sum(self.campaign.line.met.values()),
            twice=len(self.campaign.doubles),
            lost=len(self.campaign.missing(self.audience) - set(self.bad)),
            to_a_person=self.to_a_person,
            recipients=recipients,
            miscounted=told is None or not recipients <= texts <= recipients + unknown,
            unfinished=told is None,
            put_back=self.put_back,
            changes=dict(self.changes),
            fates=dict(+self.campaign.line.met),
        )
