"""Everyone once, whatever comes together: tries, crashes, lost answers and stores, people who come and go."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Sequence
from decimal import Decimal

from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airflow_provider_smspartner.exceptions import NeedsPerson
from airflow_provider_smspartner.simulator import Settings
from faults.campaign import LOGS, USABLE, VERIFY_TIMEOUT, Campaign, people
from faults.changes import CHANGES, Change, Undo
from faults.fates import FATES_OF_CANCELS, UNTRUE, Fate, FateOfLook
from faults.world import LONGEST_REQUEST
from tests.thorough import examples

MOST_PEOPLE = 20
SCHEDULED_IN = 2 * 3600.0
DECEIVING = [Fate.ANSWER_LOST, Fate.UNTRUE_NO]
FATES = st.lists(st.sampled_from([*Fate, *DECEIVING * 6]), max_size=8)
SLIPPING = st.lists(st.sampled_from([FateOfLook.SLIPS, FateOfLook.ANSWERED]), min_size=1, max_size=3)
FATES_OF_LOOKS = st.lists(st.sampled_from(FateOfLook), max_size=8) | SLIPPING.map(lambda some: some * 40)
CARRIED_OR_PUT_BACK = [change for change in CHANGES if not change.loses]
STEPS = st.one_of(st.none(), st.integers(1, 60))


class EveryoneOnce(RuleBasedStateMachine):
    """One task over its tries; at the end nothing goes wrong any more, and everybody has one text."""

    campaign: Campaign

    @initialize(
        log=st.sampled_from(sorted(USABLE)),
        concurrency=st.sampled_from([1, 3]),
        tag_delay=st.sampled_from([0.0, VERIFY_TIMEOUT]),
        page_size=st.sampled_from([500, 2]),
        size=st.integers(1, MOST_PEOPLE),
        stopped=st.sets(st.integers(0, MOST_PEOPLE), max_size=2),
        send_in=st.sampled_from([None, SCHEDULED_IN]),
    )
    def begin(
        self,
        log: str,
        concurrency: int,
        tag_delay: float,
        page_size: int,
        size: int,
        stopped: set[int],
        send_in: float | None,
    ) -> None:
        account = Settings(balance=Decimal(10**6), tag_delay=tag_delay, page_size=page_size)
        self.campaign = Campaign(LOGS[log], settings=account, concurrency=concurrency, send_in=send_in)
        self.audience = people(size)
        self.newcomers = MOST_PEOPLE
        self.stopped = {people(1, start=number)[0] for number in stopped}
        self.campaign.stage.add_to_stop_list(*self.stopped)
        self.log = log
        self.lost = False
        self.changed: Change | None = None
        self.undo: Undo | None = None

    def run(self, dies_at: int | None = None) -> None:
        """Run a try; a person puts back what it names."""
        posts, change = len(self.campaign.line.posts), self.changed
        error = self.campaign.attempt_anyway(self.audience, dies_at=dies_at)
        if change is None or self.undo is None:
            return
        if isinstance(error, NeedsPerson | AirflowFailException) and re.search(change.says, str(error)):
            self.undo()
            self.undo = None
        elif len(self.campaign.line.posts) > posts and change.name != "key rolled":
            self.undo = None  # carried over: what has left has left under it

    @rule(fates=FATES, of_looks=FATES_OF_LOOKS, dies_at=STEPS, arrives_after=st.floats(0, 1))
    def attempt(
        self, fates: list[Fate], of_looks: list[FateOfLook], dies_at: int | None, arrives_after: float
    ) -> None:
        """Run a try in which things go wrong, and which may die."""
        line = self.campaign.line
        line.fates, line.fates_of_looks = self.possible(fates), deque(of_looks)
        line.arrives_after = arrives_after * LONGEST_REQUEST
        self.run(dies_at)

    @rule(fates=FATES)
    def attempt_while_lists_are_empty(self, fates: list[Fate]) -> None:
        """Run a try to which the platform lists nobody under any tag, not even whom it certainly has."""
        if not self.has_control():
            return
        self.campaign.line.fates = self.possible([Fate.ANSWERED, *fates])
        self.campaign.line.blind = True
        self.run()
        self.campaign.line.blind = False

    def has_control(self) -> bool:
        """Tell whether the journal knows a batch that is, or will be, on the platform, and stays there.

        The first request is answered, but by a refusal where it is for somebody who is refused: with one
        batch nobody else would be a control.
        """
        if self.campaign.open_log is not LOGS.get("task state") or self.campaign.send_at is not None:
            return False
        return (not self.campaign.tries and not self.stopped) or any(
            value.get("state") == "accepted" for value in self.campaign.store.values().values()
        )

    @rule(at=st.integers(1, 40), fates=FATES)
    def clear_while_it_sends(self, at: int, fates: list[Fate]) -> None:
        """Let another try begin while one is at work, which is then fenced off."""
        if self.campaign.open_log is LOGS["neither"]:
            return  # nothing fences it off
        # What a connection mixes up are the answers of one process; the line knows them of the last one only
        own = [fate for fate in fates if fate is not Fate.STALE_ID]
        self.campaign.line.fates = self.possible(own)
        self.campaign.meanwhile = (at, lambda: self.campaign.attempt_anyway(self.audience))
        self.run()

    @rule(
        at=st.integers(8, 40),
        fates=FATES,
        fates_of_cancels=st.lists(st.sampled_from(FATES_OF_CANCELS), max_size=6),
        dies_at=STEPS,
    )
    def stop_while_it_sends(
        self, at: int, fates: list[Fate], fates_of_cancels: list[Fate], dies_at: int | None
    ) -> None:
        """Stop a task; what is scheduled is cancelled, as far as that goes."""
        line = self.campaign.line
        line.fates, line.fates_of_cancels = self.possible(fates), deque(fates_of_cancels)
        self.campaign.meanwhile = (at, self.kill)
        self.run(dies_at)

    def possible(self, fates: Sequence[Fate]) -> deque[Fate]:
        """Return those that the settings of this campaign allow for."""
        impossible: set[Fate] = set()
        if self.campaign.stage.platform.settings.tag_delay:
            impossible |= UNTRUE  # the two looks that confirm a refusal are only seconds apart
        if self.campaign.open_log is LOGS["ledger"]:
            impossible.add(Fate.UNTRUE_NUMBER)  # after a crash it counts for good: texted, told as rejected
        return deque(fate for fate in fates if fate not in impossible)

    def kill(self) -> None:
        """Do what Airflow does when a person stops the task."""
        if self.campaign.sending is not None:
            self.campaign.sending.kill()

    @precondition(lambda self: self.campaign.tries)
    @rule(change=st.sampled_from(CARRIED_OR_PUT_BACK), seed=st.integers(0, 1_000))
    def change(self, change: Change, seed: int) -> None:
        """Somebody changes something that the memory depends on."""
        # Not as a precondition, and with dice of its own: threads decide what there is, and Hypothesis
        # has to draw the same each time
        if self.changed or self.lost:
            return
        if self.log in change.logs and change.is_possible(self.campaign):
            self.changed, self.undo = change, change.make(self.campaign, random.Random(seed))

    @precondition(lambda self: self.campaign.tries)
    @rule(seconds=st.sampled_from([1.0, 60.0, 3600.0]))
    def pass_time(self, seconds: float) -> None:
        """Nothing happens for a while."""
        self.campaign.clock.pause(seconds)

    @precondition(lambda self: self.campaign.tries)
    @rule()
    def lose_the_store(self) -> None:
        """Somebody clears the task state store."""
        if not self.changed:
            self.campaign.store.clear()
            self.lost = True

    @precondition(lambda self: self.campaign.tries)
    @rule()
    def join(self) -> None:
        """Somebody joins the audience, at its front."""
        self.audience = [*people(1, start=self.newcomers), *self.audience]
        self.newcomers += 1

    @precondition(lambda self: self.campaign.tries)
    @rule(places=st.sets(st.integers(0, MOST_PEOPLE), max_size=5))
    def leave(self, places: set[int]) -> None:
        """Some people leave the audience."""
        self.audience = [number for at, number in enumerate(self.audience) if at not in places]

    @invariant()
    def nobody_is_texted_twice(self) -> None:
        """What counts is what really left."""
        if hasattr(self, "campaign"):
            assert not self.campaign.doubles

    def teardown(self) -> None:
        """Let everything go well, and count."""
        if not hasattr(self, "campaign"):
            return
        for _ in range(2 * (self.undo is not None)):
            self.campaign.line.calm()
            self.run()
        outcome = self.campaign.finish(self.audience)
        self.campaign.clock.pause(1000 + SCHEDULED_IN)  # nothing is on its way any more
        texts = self.campaign.texts
        assert not self.campaign.doubles
        assert self.campaign.missing(self.audience) == self.stopped & set(self.audience)
        assert outcome.recipients == sum(texts.values())


TestEveryoneOnce = EveryoneOnce.TestCase
TestEveryoneOnce.settings = settings(
    max_examples=examples(40, thorough=2_000),
    stateful_step_count=8,
    suppress_health_check=[HealthCheck.too_slow],
)
