"""Servers that fail, each in a way of its own, under the names of the scenes."""

from __future__ import annotations

import json
import re
import socket
from contextlib import ExitStack
from functools import partial
from urllib.parse import unquote

from airflow_provider_smspartner.simulator import Settings, Simulator
from tests.hooks.servers import Server, answer
from tests.trust.scene_names import FAULTS, QUOTING


def failing_simulators(stack: ExitStack, *, key: str) -> dict[str, Simulator]:
    """Start a simulator for each kind of fault, which strikes for ever and everywhere.

    One who is told to slow down waits for minutes before giving up; here that is told a few times, and then
    refused for good.
    """
    running = {fault: stack.enter_context(Simulator(Settings(api_key=key))) for fault in FAULTS}
    for fault, simulator in running.items():
        simulator.faults.add("*", fault, times=4 if fault == "rate_limit" else None)
    running["rate_limit"].faults.add("*", "refuse", times=None)
    return running


def quoting_servers(stack: ExitStack) -> dict[str, Server]:
    """Start servers that refuse everything and quote what they were sent, numbers and key alike."""
    return {scene: stack.enter_context(Server(partial(quote, code=code))) for scene, code in QUOTING.items()}


def quote(server: Server, conn: socket.socket, *, code: int) -> None:
    """Refuse a request and repeat it; a tag is not found, so that the send goes on."""
    request = server.receive(conn)
    said = unquote(request.target) + " " + unquote(request.body.decode())
    key = re.findall(r"apiKey[=\": ]+([^&\"]+)", said)
    items = [
        {"elementId": f"children[{number}].data", "phoneNumber": number, "code": "14", "message": sentence}
        for number in re.findall(r"\+?33[0-9]{9}", said)
        for sentence in sentences(number[-9:])
    ]
    refusal = {
        "success": False,
        "code": 4 if request.method == "GET" else code,
        "message": f"{key} {said}",
        "errors": [{"elementId": f"apiKey {key}", "message": said}, *items[:18]],
    }
    conn.sendall(answer(json.dumps(refusal).encode(), 400, Connection="close"))


def sentences(national: str) -> list[str]:
    """Name a number as the platform might, in several spellings."""
    pairs = " ".join(("0" + national)[at : at + 2] for at in range(0, 10, 2))
    return [
        f"Numéro ({pairs}) refusé",
        f"0033{national} : non",
        f"+33{national}/0{national}",
        pairs.replace(" ", "."),
    ]
