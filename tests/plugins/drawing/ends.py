"""Each end that a run can come to, with the line that its verdict must show."""

from __future__ import annotations

from airflow_provider_smspartner.plugins.facts import TaskFact
from tests.plugins.drawing.tasks import (
    AWAY,
    LATER,
    NO_CREDIT,
    TOO_FEW,
    WRONG_COLUMN,
    done,
    failure,
    reports,
    shard,
    with_failure,
)
from tests.plugins.facts import batch, follow, send, told

ENDS: list[tuple[str, list[TaskFact], str, str, str]] = [
    ("everybody", [done(), reports(delivered=1000)], "Delivered", "good", "All 1,000 people have the text."),
    (
        "nearly everybody",
        [done(), reports(delivered=975, waiting=5)],
        *("Delivered", "good"),
        "975 of 1,000 people have the text. Without it: 20 not delivered. 5 people have not reported.",
    ),
    (
        "not one phone",
        [done(50), reports(delivered=0, of=50)],
        *("Not delivered", "bad"),
        "Nobody of 50 people has the text. Without it: 50 not delivered.",
    ),
    (
        "many lost",
        [done(), reports(delivered=700)],
        *("Partly delivered", "warn"),
        "700 of 1,000 people have the text. Without it: 300 not delivered.",
    ),
    (
        "refused and lost",
        [done(997, rejected=3), reports(delivered=990, of=997)],
        *("Delivered", "good"),
        "990 of 1,000 people have the text. Without it: 7 not delivered, 3 refused by SMS Partner.",
    ),
    (
        "reports still coming",
        [done(), reports("deferred", delivered=600, waiting=390, final=False)],
        *("Following", "live"),
        "600 of 1,000 people have the text so far. Without it: 10 not delivered. "
        "390 people have not reported yet.",
    ),
    (
        "no report yet",
        [done(), TaskFact(task_id="follow", sends=False, state="deferred")],
        *("Following", "live"),
        "SMS Partner has taken the texts of 1,000 of 1,000 people. No phone has reported yet.",
    ),
    (
        "nobody follows",
        [done()],
        *("Sent", "good"),
        "SMS Partner has taken the texts of 1,000 of 1,000 people. No task has followed their delivery.",
    ),
    (
        "too few delivered",
        [done(50), with_failure(reports("failed", delivered=40, of=50), TOO_FEW)],
        *("Not as asked for", "bad"),
        "40 of 50 people have the text. Without it: 10 not delivered. follow failed: 40 of 50 people got the "
        "text, a rate of 0.8; min_delivery_rate is 0.9.",
    ),
    (
        "platform down at the deadline",
        [done(), with_failure(reports("failed", delivered=600, waiting=400, final=False), AWAY)],
        *("Not as asked for", "bad"),
        "600 of 1,000 people have the text. 400 people have not reported. follow failed: At the deadline the "
        "API could not be read: it is away.",
    ),
    (
        "platform down all the time",
        [done(), TaskFact(task_id="follow", sends=False, state="failed", failure=AWAY)],
        *("Not as asked for", "bad"),
        "SMS Partner has taken the texts of 1,000 of 1,000 people. follow failed: At the deadline the API "
        "could not be read: it is away.",
    ),
    (
        "nobody",
        [done(0), follow(recipients=0, delivered=0, not_delivered=0, waiting=0, stop=0)],
        *("Nobody texted", "warn"),
        "Nobody was texted: the audience was empty.",
    ),
    (
        "all had it before",
        [done(0, excluded=790, excluded_by={"campaign": 700, "stop_list": 90})],
        *("Nobody texted", "warn"),
        "Nobody was texted: all 790 people were left out. Left out: 700 have had this campaign before, "
        "90 are on the STOP list.",
    ),
    (
        "all capped",
        [done(0, capped=40, held_out=10)],
        *("Nobody texted", "warn"),
        "Nobody was texted: all 50 people were left out. Left out: 10 are outside the share, 40 have had "
        "enough texts.",
    ),
    (
        "all refused",
        [done(0, rejected=12)],
        *("Nobody texted", "bad"),
        "12 of 12 people have no text: refused by SMS Partner.",
    ),
    (
        "some had it before",
        [done(90, excluded_by={"campaign": 910}), reports(delivered=90, of=90)],
        *("Delivered", "good"),
        "All 90 people have the text.",
    ),
    (
        "no credit in the middle",
        [
            send(
                "failed",
                [batch(0), batch(1), batch(2, people=19)],
                told(1060),
                logged=True,
                failure=NO_CREDIT,
            )
        ],
        *("Failed", "bad"),
        "41 of 1,060 people have no text: credit used up.",
    ),
    (
        "no credit at all",
        [send("failed", campaign=told(), logged=True, failure=NO_CREDIT)],
        *("Failed", "bad"),
        "1,500 of 1,500 people have no text: credit used up.",
    ),
    (
        "the wrong column",
        [send("failed", failure=WRONG_COLUMN)],
        *("Failed", "bad"),
        "This try has texted nobody: recipients: 30 of 30 rows cannot be texted ('x' has no digit); is "
        "phone_column the right column? Left out: 30 have no valid number.",
    ),
    (
        "a missing connection",
        [send("failed", failure=failure("AirflowNotFoundException", "The conn_id `x` isn't defined"))],
        *("Failed", "bad"),
        "This try has texted nobody: The conn_id `x` isn't defined.",
    ),
    (
        "killed",
        [send("failed", [batch(0)], told(), logged=True)],
        *("Failed", "bad"),
        "1,000 of 1,500 people have no text: its process ended without a message: it was killed, or its "
        "machine was lost.",
    ),
    (
        "an answer is lost",
        [send("failed", [batch(0), batch(1), batch(2, "unknown")], told(), failure=failure(sentence="Lost"))],
        *("Failed", "bad"),
        "Nobody is left to text, and yet the task failed: Lost. Nobody can tell yet about 500 people.",
    ),
    (
        "half of the shards failed",
        [shard(0, "success", [batch(0)]), shard(1, "failed", [], NO_CREDIT)],
        *("Failed", "bad"),
        "500 of 1,000 people have no text: credit used up.",
    ),
    (
        "will try again",
        [send("up_for_retry", [batch(0)], told(), failure=failure("APIConnectionError", "It never left"))],
        *("Will try again", "warn"),
        "1,000 of 1,500 people have no text: SMS Partner could not be reached.",
    ),
    (
        "cancelled",
        [
            send(
                "failed",
                [batch(0, "cancelled"), batch(1), batch(2)],
                told(),
                failure=failure(sentence="Stopped"),
            )
        ],
        *("Failed", "bad"),
        "500 of 1,500 people have no text: taken back before their time.",
    ),
    (
        "a canary stopped the rest",
        [
            done(50),
            with_failure(reports("failed", delivered=40, of=50), TOO_FEW),
            TaskFact(task_id="rest", sends=True, state="upstream_failed"),
        ],
        *("Stopped", "bad"),
        "rest has texted nobody: follow failed (40 of 50 people got the text, a rate of 0.8; "
        "min_delivery_rate is 0.9). 50 people have been texted before.",
    ),
    (
        "a task before failed",
        [send("upstream_failed"), TaskFact(task_id="follow", sends=False, state="upstream_failed")],
        *("Not started", "bad"),
        "send has texted nobody: a task before it failed.",
    ),
    ("skipped", [send("skipped")], "Skipped", "quiet", "Nobody was texted: the send was skipped."),
    (
        "marked as a success",
        [send("success")],
        *("Not known", "warn"),
        "The send is marked as a success without a result, so nobody can tell whether anybody was texted.",
    ),
    (
        "dry run",
        [send("success", result={"recipients": 8, "batches": 1, "dry_run": True, "invalid": 2})],
        *("Dry run", "quiet"),
        "Dry run: nobody was texted. 8 people would get the text. Left out: 2 have no valid number.",
    ),
    (
        "sandbox",
        [done(sandbox=True), reports(delivered=0)],
        *("Sandbox", "quiet"),
        "Sandbox: SMS Partner has taken the texts of 1,000 people, and none reaches a phone.",
    ),
    (
        "redirected",
        [done(2, redirected=True)],
        *("Redirected", "quiet"),
        "Redirected: one number got the texts instead, and nobody of the audience has one.",
    ),
    (
        "scheduled",
        [
            send(
                "success", campaign=told(1000, scheduled_for=LATER), result={"recipients": 1000, "batches": 2}
            )
        ],
        *("Scheduled", "live"),
        "SMS Partner sends to 1,000 people on 20 Nov 2026, 17:48 CET, in 7 h 48 min.",
    ),
    (
        "waiting for its hour",
        [send("deferred", waits_until=LATER)],
        *("Waiting for its hour", "live"),
        "Nobody has been texted yet: the text leaves at 20 Nov 2026, 17:48 CET, in 7 h 48 min.",
    ),
    (
        "waiting in the middle",
        [send("deferred", [batch(0)], told(), waits_until=LATER, logged=True)],
        *("Waiting for its hour", "live"),
        "500 of 1,500 people have been texted. The rest leaves at 20 Nov 2026, 17:48 CET, in 7 h 48 min.",
    ),
    (
        "reading",
        [send("running")],
        *("Sending", "live"),
        "The send is reading its audience; this try has texted nobody yet.",
    ),
    (
        "sending",
        [send("running", [batch(0)], told(), logged=True)],
        *("Sending", "live"),
        "500 of 1,500 people have been texted so far.",
    ),
    ("not begun", [send("queued")], "Not started", "quiet", "The send has not begun."),
    ("nothing", [], "No SMS", "quiet", "No task of this run has sent an SMS."),
]
