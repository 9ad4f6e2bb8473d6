"""Tests mirror the package: whoever looks for the tests of a file finds them by its name.

``rules/phone.py`` is tested in ``tests/rules/test_phone.py``, and a ``__main__`` in ``test_main.py``. A
module without a file of its own is in the map below, with the files that drive it; a check follows what these
import themselves, so that the map cannot name one that has nothing to do with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.sources import ROOT, graph, package, reached

TESTS: Final = Path(__file__).parent

SENDS: Final = ("sending/test_one_try", "sending/test_later_tries", "sending/test_machine")
PAGES: Final = ("plugins/drawing/test_verdict", "plugins/drawing/test_story")
CALLS: Final = ("api/test_calls", "api/test_recorded_answers")

DRIVEN_BY: Final[dict[str, tuple[str, ...]]] = {
    # what a call sends is checked at its call, and what comes back at its answer
    "api.call": CALLS,
    "api.changes": CALLS,
    "api.questions": CALLS,
    "api.sends": CALLS,
    "api.forms": ("api/test_posts",),
    "api.entries": ("api/test_answers", "api/test_wire_any_bytes"),
    "api.options": ("api/test_calls", "api/test_calls_refused"),
    "api.problems": ("api/test_answers", "api/test_wire"),
    "audience.contents": ("audience/test_personal_texts",),
    "audience.rows": ("audience/test_lists", "audience/test_warehouse"),
    "audience.spool": ("audience/test_personal_texts",),
    "audience.stop_table": ("operators/test_stop_list",),
    # a socket on the other side tells more than a call of the inner function
    "hooks.confirming": ("hooks/test_asking",),
    "hooks.deadline": ("hooks/test_hostile",),
    "hooks.environment": ("hooks/test_connection", "hooks/test_smspartner"),
    "hooks.frames": ("hooks/test_departure",),
    "hooks.over_aiohttp": ("hooks/test_carrying", "hooks/test_never_left", "hooks/test_faults"),
    "hooks.over_requests": ("hooks/test_carrying", "hooks/test_never_left", "hooks/test_faults"),
    "hooks.stops": ("hooks/test_paging",),
    "hooks.transport": ("hooks/test_never_left", "hooks/test_faults"),
    "inbox.receiver": ("inbox/test_app", "inbox/test_process"),
    "inbox.consumers": ("inbox/test_unread",),
    "inbox.messages": ("inbox/test_unread",),
    # a journal shows by what it remembers, whatever it is made of
    "journal.batch": ("journal/test_task_state", "journal/test_cancelling"),
    "journal.burying": ("journal/test_upkeep", "journal/test_anonymising"),
    "journal.census": ("journal/test_screening",),
    "journal.columns": ("journal/test_rows", "journal/test_table"),
    "journal.exactness": ("journal/test_table",),
    "journal.inbox": ("inbox/test_posts",),
    "journal.ledger": ("journal/test_claims", "journal/test_whole_sends"),
    "journal.memory": ("journal/test_task_state",),
    "journal.moves": ("journal/test_claims", "journal/test_cancelling"),
    "journal.opening": ("journal/test_table",),
    "journal.statuses": ("journal/test_upkeep",),
    "journal.protocol": ("journal/test_task_state", "sending/test_stopping"),
    "journal.refreshing": ("operators/test_refresh_statuses",),
    "journal.reported": ("sensors/test_reported",),
    "journal.schema": ("journal/test_table", "journal/test_rows"),
    "journal.seals": ("journal/test_task_state", "sending/test_edited_store"),
    "journal.told": ("journal/test_sets",),
    "ledger": ("journal/test_anonymising",),
    "notifications.alerts": ("notifications/test_smspartner", "notifications/test_at_most"),
    "notifications.delivery": ("notifications/test_errors",),
    "notifications.given": ("notifications/test_smspartner", "notifications/test_errors"),
    # one operator, looked at from each of its arguments
    "operators.arguments": ("operators/test_rendering", "operators/test_refusals"),
    "operators.base": ("operators/test_refusals", "operators/test_rendering"),
    "operators.journals": (
        "operators/test_without_store",
        "operators/test_ledger",
        "operators/test_executions",
    ),
    "operators.plans": ("operators/test_hours", "operators/test_tries_of_a_task"),
    "operators.results": ("operators/test_smspartner", "operators/test_handover", "operators/test_dry_run"),
    "operators.running": ("operators/test_tries", "operators/test_dry_run"),
    "operators.send": ("operators/test_smspartner", "operators/test_tries", "operators/test_cancel_on_kill"),
    # a page is judged by what it says, not by the part that says it
    "plugins.drawing.arrivals": PAGES,
    "plugins.drawing.batches": ("plugins/drawing/test_sends",),
    "plugins.drawing.campaigns": ("plugins/drawing/test_story",),
    "plugins.drawing.causes": PAGES,
    "plugins.drawing.deliveries": ("plugins/drawing/test_story",),
    "plugins.drawing.judgement": ("plugins/drawing/test_verdict",),
    "plugins.drawing.reach": ("plugins/drawing/test_sends",),
    "plugins.drawing.states": ("plugins/drawing/test_story",),
    "plugins.drawing.stopped": ("plugins/drawing/test_verdict",),
    "plugins.drawing.sums": ("plugins/drawing/test_sends", "plugins/drawing/test_story"),
    "plugins.facts": ("plugins/drawing/test_sends", "plugins/reading/test_runs"),
    "plugins.reading.dags": ("plugins/reading/test_ledger_of_runs",),
    "plugins.reading.history": ("plugins/reading/test_answered",),
    "plugins.reading.store": ("plugins/reading/test_runs",),
    # an engine with one door: each of its parts shows in what the platform has got in the end
    "sending.cancellation": ("sending/test_cancelling", "sending/test_cancelling_cut_short"),
    "sending.claiming": SENDS,
    "sending.engine": SENDS,
    "sending.in_flight": ("sending/test_stopping", *SENDS),
    "sending.plan": SENDS,
    "sending.reconciliation": ("sending/test_unknown",),
    "sending.recovery": ("sending/test_later_tries", "sending/test_between_tries"),
    "sending.settlement": ("sending/test_refused", *SENDS),
    "sending.shutdown": ("sending/test_cancelling_cut_short", "sending/test_signals"),
    "sending.totals": ("sending/test_one_try", "sending/test_stopping"),
    "sending.walk": ("sending/test_evidence", "sending/test_absence"),
    "sensors.asking": ("sensors/test_trouble", "sensors/test_connections"),
    # the simulator is met as its users meet it, over HTTP
    "simulator.cues": ("sending/test_between_tries",),
    "simulator.endpoints": ("simulator/test_answers", "simulator/test_platform"),
    "simulator.guards": ("simulator/test_server",),
    "simulator.hostile": ("inbox/test_hostile",),
    "simulator.messages": ("simulator/test_delivery",),
    "simulator.orders": ("simulator/test_reader",),
    "simulator.refusals": ("simulator/test_reader", "simulator/test_platform"),
    "simulator.routes": ("simulator/test_server",),
    "simulator.stage": ("sending/test_cancelling_cut_short", "sending/test_another_key"),
    "simulator.wire": ("simulator/test_answers", "simulator/test_server"),
    "tasks.executions": ("operators/test_executions",),
    "tasks.failures": ("operators/test_refusals",),
    "tasks.reported": ("sensors/test_reported",),
    "tasks.templates": ("operators/test_rendering", "operators/test_data_as_templates"),
}


def modules() -> Iterator[str]:
    """The modules of the package, without its name; a folder's own file only names what is in it."""
    for module in package():
        if not module.endswith(".__init__"):
            yield module.removeprefix(f"{ROOT}.")


def place_of(module: str) -> Path:
    """Where the tests of a module belong."""
    *folders, name = module.split(".")
    return TESTS.joinpath(*folders, f"test_{name.strip('_')}.py")


def reading() -> dict[str, set[str]]:
    """Who imports whom, the tests and the faults that they stage included.

    The ``conftest`` above a test counts only where the test takes a name from it: each stands below one, and
    would reach through it nearly all that there is.
    """
    files = (path for folder in (TESTS, TESTS.parent / "faults") for path in folder.rglob("*.py"))
    names = {path: path.relative_to(TESTS.parent).with_suffix("") for path in files}
    return graph(package() | {".".join(name.parts): path.read_text() for path, name in names.items()})


def test_every_module_has_tests_of_its_name_or_a_place_in_the_map() -> None:
    without = {module for module in modules() if not place_of(module).exists()}

    assert without - DRIVEN_BY.keys() == set()
    assert DRIVEN_BY.keys() - without == set(), "these have tests of their own, or are gone"


def test_what_drives_a_module_reaches_it() -> None:
    edges = reading()
    idle = [
        f"{module}: {name}"
        for module, names in DRIVEN_BY.items()
        for name in names
        if not (TESTS / f"{name}.py").exists()
        or f"{ROOT}.{module}" not in reached(f"tests.{name.replace('/', '.')}", edges)
    ]

    assert idle == []
