"""Campaigns under a real Airflow to which things happen at random, until everybody should have a text."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import psutil
import requests

from airflow_provider_smspartner.simulator import Simulator
from scripts.local_airflow import LocalAirflow
from soak.dags.campaigns import LEDGERS
from soak.watch import Watch, strangers, task_processes

MOST_OPEN = 4
"""Campaigns at once: as many as tasks may run at once."""
LARGEST = 6_000
FIRST_NUMBER = 612_000_000
LATENCY = 0.4
"""Seconds that the platform takes for each batch."""
LATEST_REPORT = 20.0
"""Seconds until a text is reported as delivered, at most."""
LONGEST_DOWN = 12.0
"""Seconds that a service is gone, at most, beside what its start takes; the platform, too."""
MOST_CLEARS = 3
"""How often a person clears a run that has failed."""
SERVICES = ("api-server", "scheduler", "triggerer")
NOT_SENT = ("reset_before", "hang_before", "error_before", "garbage_before", "rate_limit")
SENT = ("reset_after", "hang_after", "error_after", "garbage_after", "half_answer", "no_id_after")
BLIPS: Mapping[str, tuple[str, ...]] = {
    "/send": NOT_SENT + SENT,
    "/bulk-status": NOT_SENT,
    "/bulk-status-by-tag": NOT_SENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One run of a DAG, with people whom no other run texts."""

    dag_id: str
    run_id: str
    first: int
    people: int

    @property
    def numbers(self) -> list[str]:
        """The people's numbers."""
        return [f"+33{number}" for number in range(self.first, self.first + self.people)]


@dataclass(slots=True, kw_only=True)
class Soak:
    """Everything that goes on, and what has happened so far."""

    airflow: LocalAirflow
    simulator: Simulator
    dice: random.Random
    watch: Watch = field(default_factory=Watch)
    campaigns: list[Campaign] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    """How often each thing was done to them, by its name in the report."""

    def go_on(self, seconds: float) -> None:
        """Let things happen for so long."""
        deeds: Mapping[Callable[[], None], float] = {
            self.start_campaign: 8,
            self.kill_task: 3,
            self.blip: 5,
            self.clear: 2,
            self.outage: 0.6,
            self.restart: 0.8,
        }
        self.simulator.faults.add("/send", "latency", seconds=LATENCY, times=None)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            [deed] = self.dice.choices(list(deeds), list(deeds.values()))
            deed()
            self.rest(self.dice.uniform(0, 2))

    def rest(self, seconds: float) -> None:
        """Let time pass; a service that has ended by itself is an error."""
        self.airflow.check()
        self.watch.look(self.airflow.pids)
        time.sleep(seconds)

    def start_campaign(self) -> None:
        """Start one, unless enough of them go on; one batch is as likely as several."""
        if len(self.open()) >= MOST_OPEN:
            return
        first = self.campaigns[-1].first + self.campaigns[-1].people if self.campaigns else FIRST_NUMBER
        people = self.dice.choice([self.dice.randint(1, 500), self.dice.randint(501, LARGEST)])
        dag_id, run_id = self.dice.choice(list(LEDGERS)), f"soak-{len(self.campaigns)}"
        campaign = Campaign(dag_id=dag_id, run_id=run_id, first=first, people=people)
        self.simulator.deliver(after_seconds=self.dice.uniform(0, LATEST_REPORT))
        self.airflow.trigger(dag_id, conf={"first": first, "last": first + people - 1}, run_id=run_id)
        self.campaigns.append(campaign)

    def open(self) -> list[Campaign]:
        """Return the campaigns that have not ended well."""
        return [each for each in self.campaigns if self.airflow.state(each.dag_id, each.run_id) != "success"]

    def kill_task(self) -> None:
        """Kill the process of a task, whatever it does."""
        tasks = task_processes(self.airflow.pids["scheduler"])
        if tasks:
            with suppress(psutil.NoSuchProcess):
                self.dice.choice(tasks).send_signal(signal.SIGKILL)
                self.happened["task processes killed with SIGKILL"] += 1

    def blip(self) -> None:
        """Let the platform answer badly, or not at all, to some of the next requests."""
        endpoint = self.dice.choice(list(BLIPS))
        kind, times = self.dice.choice(BLIPS[endpoint]), self.dice.randint(1, 3)
        self.simulator.faults.add(endpoint, kind, times=times)
        self.happened["requests that the platform was to fail"] += times

    def outage(self) -> None:
        """Let the platform refuse connections for some seconds."""
        self.simulator.pause()
        self.rest(self.dice.uniform(0, LONGEST_DOWN))
        self.simulator.resume()
        self.happened["outages of the platform"] += 1

    def clear(self) -> None:
        """Clear a run, whatever it is doing or has done."""
        if self.campaigns and self._clear(self.dice.choice(self.campaigns)):
            self.happened["runs cleared"] += 1

    def _clear(self, campaign: Campaign) -> bool:
        """Return whether Airflow took it; it refuses (409) when a task comes to its end at this moment."""
        try:
            self.airflow.clear(campaign.dag_id, campaign.run_id)
        except requests.HTTPError as error:
            if error.response.status_code != HTTPStatus.CONFLICT:
                raise
            return False
        return True

    def restart(self) -> None:
        """End a service, politely or by SIGKILL of all its processes, and start it again."""
        service = self.dice.choice(SERVICES)
        if self.dice.random() < 0.5:
            self.airflow.kill(service)
            self.happened[f"{service} killed"] += 1
        else:
            self.happened[f"{service} restarted"] += 1
        self.airflow.restart(service, down=self.dice.uniform(0, LONGEST_DOWN))

    def finish(self, timeout: float) -> list[Campaign]:
        """Let nothing more happen, wait for the ends, and return the campaigns that have none in time.

        A run that has failed is cleared, as a person would who has read its log.
        """
        self.simulator.faults.clear()
        deadline, cleared = time.monotonic() + timeout, Counter[str]()
        while (left := self.open()) and time.monotonic() < deadline:
            for campaign in left:
                failed = self.airflow.state(campaign.dag_id, campaign.run_id) == "failed"
                if failed and cleared[campaign.run_id] < MOST_CLEARS:
                    cleared[campaign.run_id] += self._clear(campaign)
            self.rest(2)
        self.happened["runs that had failed, cleared by a person"] = cleared.total()
        return left

    def left_running(self, timeout: float = 30) -> list[str]:
        """Wait until no task runs any more, and name the processes that are left of any."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self._left():
            self.rest(1)
        return [f"{process.pid} {process.name()}" for process in self._left()]

    def _left(self) -> list[psutil.Process]:
        pids = self.airflow.pids
        return task_processes(pids["scheduler"]) + strangers(self.airflow.home, pids)
