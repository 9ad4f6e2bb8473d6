"""From when and until when the delivery sensor waits."""

from __future__ import annotations

from datetime import timedelta

from tests.sensors.story import ANN, HOUR, START, Story


def test_a_scheduled_send_is_waited_for_from_its_own_time_on(story: Story) -> None:
    story.sim.deliver(status=None)
    scheduled = START + timedelta(days=3)

    story.wait(sent=story.send(ANN, scheduled_for=scheduled.isoformat()), timeout=3600)

    assert scheduled + HOUR <= story.clock.now <= scheduled + HOUR + timedelta(minutes=31)
    second = [request.at for request in story.sim.requests if request.endpoint == "/bulk-status"][1]
    assert timedelta(seconds=15) <= second - scheduled < timedelta(seconds=19)


def test_a_marketing_send_is_waited_for_from_the_next_allowed_hour_on(story: Story) -> None:
    story.sim.deliver(status=None)
    night = START.replace(hour=22)

    story.wait(sent=story.send(ANN, sent_at=night.isoformat(), stop_sms=True), timeout=3600)

    morning = START.replace(hour=7) + timedelta(days=1)  # 8:00 in Paris
    assert morning + HOUR <= story.clock.now <= morning + HOUR + timedelta(minutes=31)


def test_a_marketing_text_that_leaves_at_night_all_the_same_is_final_that_night(story: Story) -> None:
    story.sim.deliver(after_polls=2)
    night = story.clock.now = START.replace(hour=22)

    result = story.wait(sent=story.send(ANN, stop_sms=True))

    assert result["delivered"] == 1
    assert story.clock.now - night < timedelta(minutes=1)


def test_a_marketing_text_that_is_held_is_seen_soon_after_it_has_left(story: Story) -> None:
    story.sim.deliver(status=None)
    evening = START.replace(day=21, hour=20)  # a Saturday
    story.clock.now, monday = evening, START.replace(day=23, hour=7)  # 8:00 in Paris

    def leave() -> None:
        if story.clock.now >= monday:
            story.sim.deliver(status="delivered")

    story.clock.meanwhile = leave

    result = story.wait(sent=story.send(ANN, stop_sms=True))

    assert result["delivered"] == 1
    assert timedelta(0) <= story.clock.now - monday < timedelta(seconds=40)
    assert story.looks < 100


def test_a_deadline_that_has_passed_leaves_one_look(story: Story) -> None:
    story.sim.deliver(status=None)
    sent = story.send(ANN)
    story.clock.sleep(3600)

    assert story.wait(sent=sent, timeout=timedelta(hours=1))["waiting"] == 1
    assert story.looks == 1


def test_the_poke_interval_is_the_least_wait(story: Story) -> None:
    story.sim.deliver(after_polls=2)

    story.wait(sent=story.send(ANN), poke_interval=timedelta(hours=1))

    assert story.clock.naps == [3600, 3600]
