"""Deliveries in virtual time: a clock that nobody waits for, and a sensor driven in each of its modes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from airflow.exceptions import AirflowRescheduleException
from airflow.models.trigger import Trigger
from airflow.providers.common.compat.sdk import TaskDeferred
from airflow.sdk import timezone

from airflow_provider_smspartner.hooks.smspartner import SMSPartnerHook
from airflow_provider_smspartner.sensors.smspartner import DeliveryStatusSensor
from airflow_provider_smspartner.simulator import Simulator
from airflow_provider_smspartner.tracking.handover import DELIVERY_KEY, Delivery, read_delivery
from airflow_provider_smspartner.triggers.smspartner import DeliveryStatusTrigger

ANN, BOB, EVE, ZOE = (f"+3360000000{n}" for n in range(1, 5))
TWO_DAYS, HOUR = timedelta(hours=48), timedelta(hours=1)
START = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)  # a Wednesday
MODES: dict[str, dict[str, Any]] = {
    "deferrable": {},
    "poke": {"deferrable": False, "mode": "poke"},
    "reschedule": {"deferrable": False},
}


@dataclass(slots=True)
class Clock:
    """A time that moves on by what would have been slept."""

    now: datetime = START
    naps: list[float] = field(default_factory=list)
    """Every wait of more than ten seconds, which are the waits between looks."""
    meanwhile: Callable[[], object] = int
    """What happens elsewhere during each such wait, when it is over."""

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.now - START > timedelta(days=30):
            pytest.fail("nobody waits for so long")
        if seconds > 10:
            self.naps.append(seconds)
            self.meanwhile()

    def patch(self, monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
        """Make the modules, Airflow and every sleep live in this time."""
        clock, yield_to_others = self, asyncio.sleep

        class Present(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Present:
                return cls.fromtimestamp(clock.now.timestamp(), tz)

        async def asleep(seconds: float, result: Any = None) -> Any:
            if seconds > 0:
                clock.sleep(seconds)
            return await yield_to_others(0, result)

        for module in modules:
            monkeypatch.setattr(module, "datetime", Present)
        monkeypatch.setattr(timezone, "utcnow", clock)
        monkeypatch.setattr(time, "sleep", clock.sleep)
        monkeypatch.setattr(asyncio, "sleep", asleep)


@dataclass(slots=True)
class Story:
    """A platform, a clock, and a sensor in one of its modes."""

    sim: Simulator
    clock: Clock
    mode: str
    pushed: list[tuple[str, Any]] = field(default_factory=list)
    """XComs, in the order in which they came."""
    trouble: Exception | None = None
    """Why none can be pushed."""
    deferrals: list[TaskDeferred] = field(default_factory=list)

    def send(self, *numbers: str, **changes: Any) -> dict[str, Any]:
        """Send a text and return what an operator would."""
        sandbox = bool(changes.get("sandbox"))
        sent = SMSPartnerHook().send_sms("Hello", numbers, sandbox=sandbox)
        moment = {"sent_at": self.clock.now.isoformat(), "scheduled_for": None, "sandbox": False}
        counts = {sent.message_id: len(numbers)}
        return {"message_ids": [sent.message_id], "tags": [], "counts": counts, **moment, **changes}

    def wait(self, *, pulled: Mapping[str, Any] | None = None, **arguments: Any) -> Any:
        """Let the sensor wait as Airflow would, and return its result.

        :param pulled: what arguments have become that are the output of another task.
        """
        arguments = {"task_id": "wait", **arguments, **MODES[self.mode]}
        first: list[datetime] = []
        ti = SimpleNamespace(
            dag_id="campaign",
            run_id="manual__1",
            get_first_reschedule_date=lambda _: first[0] if first else None,
            xcom_push=self.push,
        )
        context: Any = {"ti": ti, "task_state_store": Store()}
        deferral: TaskDeferred | None = None
        while True:
            event = deferral and asyncio.run(fire(restored(deferral.trigger)))
            sensor = DeliveryStatusSensor(**arguments)  # each time in a process of its own
            sensor.render_template_fields(context)
            for name, value in (pulled or {}).items():
                setattr(sensor, name, value)
            try:
                if deferral is None:
                    return sensor.execute(context)
                return sensor.resume_execution(deferral.method_name, {"event": event}, context)
            except AirflowRescheduleException as later:
                first = first or [self.clock.now]
                self.clock.sleep((later.reschedule_date - self.clock.now).total_seconds())
            except TaskDeferred as again:
                deferral = again
                self.deferrals.append(again)

    def push(self, key: str, value: Any) -> None:
        """Keep what a task pushes, as Airflow would."""
        if self.trouble:
            raise self.trouble
        self.pushed.append((key, json.loads(json.dumps(value))))

    @property
    def told(self) -> list[Delivery]:
        """What was handed over to the campaign page."""
        values = [read_delivery(value) for key, value in self.pushed if key == DELIVERY_KEY]
        assert None not in values
        return [value for value in values if value is not None]

    @property
    def looks(self) -> int:
        """How often the status of a message was asked for."""
        return self.sim.requests_per_endpoint()["/bulk-status"]


def ends_after(story: Story, trouble: timedelta) -> None:
    """Let the API come back when it has been unreadable for so long."""

    def end() -> None:
        if story.clock.now >= START + trouble:
            story.sim.faults.clear()

    story.clock.meanwhile = end
    story.sim.faults.add("/bulk-status", "error_before", times=None)


class Store(dict[str, Any]):
    """The task state store, as far as a sensor uses it."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value

    def delete(self, key: str) -> None:
        self.pop(key, None)


def restored(trigger: Any) -> DeliveryStatusTrigger:
    """Take a trigger through the database as Airflow does."""
    row = Trigger.from_object(trigger)
    assert row.classpath == "airflow_provider_smspartner.triggers.smspartner.DeliveryStatusTrigger"
    return DeliveryStatusTrigger(**row.kwargs)


async def fire(trigger: DeliveryStatusTrigger) -> Any:
    """Run a trigger to its one event and return what it carries."""
    events = [event async for event in trigger.run()]
    assert len(events) == 1
    return json.loads(json.dumps(events[0].payload))
