"""What the page says of answers: how many, when, and the newest ones, as text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_provider_smspartner.plugins.drawing.replies import RepliesStory, replies_story
from airflow_provider_smspartner.plugins.facts import Answer, Answers
from tests.plugins.facts import AT, send, told


def answer(n: int, kind: str = "reply", text: str = "Oui") -> Answer:
    return Answer(kind=kind, at=AT + timedelta(minutes=n), number="+33 6 •• •• •• 01", text=text)


def story(*answers: Answers) -> RepliesStory:
    tasks = [replace(send("success", campaign=told()), map_index=n, answers=a) for n, a in enumerate(answers)]
    found = replies_story(tasks)
    assert found is not None
    return found


def inbox(*given: Answer) -> Answers:
    return Answers(times=[(one.at, one.kind) for one in given], last=list(reversed(given)))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "Nobody has answered so far."),
        ([answer(1)], "1 reply and 0 STOP."),
        ([answer(1), answer(2), answer(3, "stop")], "2 replies and 1 STOP."),
    ],
)
def test_how_many_have_answered_is_said(given: list[Answer], sentence: str) -> None:
    assert story(inbox(*given)).sentence == sentence


def test_curves_are_drawn_where_there_is_something_to_see() -> None:
    several = story(inbox(*(answer(n) for n in range(5)), answer(6, "stop")))

    assert [title for title, _ in several.curves] == ["Replies"]
    assert story(inbox(answer(1))).curves == []


def test_the_answers_to_all_shards_are_one_list_the_newest_first() -> None:
    both = story(inbox(answer(1), answer(4)), inbox(answer(2, "stop", "STOP"), answer(3)))

    assert [line.at for line in both.lines] == [AT + timedelta(minutes=n) for n in (4, 3, 2, 1)]
    assert both.lines[2].kind == "STOP"
    assert len(story(*(inbox(*(answer(n) for n in range(15))) for _ in range(3))).lines) == 20


def test_what_is_missing_is_said() -> None:
    assert story(Answers(fault="OperationalError"), Answers(cut=True)).notes == [
        "The inbox cannot be read (OperationalError).",
        "Only the newest 20,000 replies and STOP of the inbox are looked at.",
    ]


def test_without_an_inbox_there_is_nothing_to_tell() -> None:
    assert replies_story([send("success", campaign=told())]) is None
