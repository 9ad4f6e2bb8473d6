"""A whole Airflow on this machine: four processes, one SQLite database, loopback only."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import requests

from scripts import sessions
from scripts.airflow_command import airflow, airflow_environment, command

SERVICES: Mapping[str, Sequence[str]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),  # logs are read from the disk; their servers
    "triggerer": ("triggerer", "--skip-serve-logs"),  # would listen on every interface
    "dag-processor": ("dag-processor",),
}

POLICY = Path(__file__).with_name("cluster_policy.py")
NAME = "LOCAL_AIRFLOW_SERVICE"
"""The variable that tells a service, and what it starts, its name."""
FINISHED = ("success", "failed")
WAITING = ("awaiting_input", "deferred")


class LocalAirflow:
    """Scheduler with LocalExecutor, triggerer, DAG processor and API server, for the time of a `with` block.

    The user is `admin`. Each process runs in its own session and writes `<home>/<name>.log`; leaving the
    block, by whatever exception, ends all of them with their children. Runs are those that `trigger` or an
    asset's event starts: the clock starts none.

    :param home: the AIRFLOW_HOME, made when it is missing.
    :param dags: the folder of DAG files.
    :param env: more environment variables, connections among them.
    :param services: what is started, as commands of `airflow` by name.
    """

    username = "admin"

    def __init__(
        self,
        home: Path,
        *,
        dags: Path,
        env: Mapping[str, str],
        services: Mapping[str, Sequence[str]] = SERVICES,
    ) -> None:
        self.home = home.resolve()
        self.services = services
        self._held = ExitStack()
        # Until the server listens, and whenever it is restarted, others ask for a free port, too
        self.port = self._held.enter_context(held_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = airflow_environment(self.home, dags=dags.resolve(), env=self._settings() | dict(env))
        self.processes: dict[str, sessions.Process] = {}
        self._http = requests.Session()
        self._http.trust_env = False

    def _settings(self) -> dict[str, str]:
        return {
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
        }

    def __enter__(self) -> Self:
        (self.home / "config").mkdir(parents=True, exist_ok=True)
        shutil.copy(POLICY, self.home / "config" / "airflow_local_settings.py")
        if airflow("db", "migrate", env=self.env, log=self.home / "db-migrate.log"):
            raise RuntimeError(f"airflow db migrate failed; see {self.home / 'db-migrate.log'}")
        try:
            for name in self.services:
                self._start(name)
            self._wait_for("a healthy Airflow", self._is_healthy, timeout=120)
            self._log_in()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process, with all that it started."""
        sessions.end(self.processes.values())
        self.processes.clear()
        self._http.close()
        self._held.close()

    @property
    def password(self) -> str:
        """The password that Airflow made up for `admin`."""
        return self.password_of(self.username)

    def password_of(self, user: str) -> str:
        """Return the password that Airflow made up for a user of `[core] simple_auth_manager_users`."""
        path = self.home / "simple_auth_manager_passwords.json.generated"
        return str(json.loads(path.read_text())[user])

    @property
    def pids(self) -> dict[str, int]:
        """The process id, process group id and session id, which are one, of each service."""
        return {name: process.pid for name, process in self.processes.items()}

    def restart(self, name: str, *, down: float = 0) -> None:
        """Start a service again, ending it first when it still runs, and wait until Airflow is healthy.

        :param name: one of the services.
        :param down: seconds between end and start.
        """
        sessions.end([self.processes.pop(name)] if name in self.processes else [])
        time.sleep(down)
        self._start(name)
        self._wait_for("a healthy Airflow", self._is_healthy, timeout=120)

    def kill(self, name: str) -> None:
        """End a service and all that it started with SIGKILL; `restart` brings it back."""
        sessions.kill([self.processes.pop(name)])

    def _start(self, name: str) -> None:
        log, env = self.home / f"{name}.log", self.env | {NAME: name}
        started = sessions.start(command(*self.services[name]), env=env, cwd=self.home, log=log)
        self.processes[name] = started

    def check(self) -> None:
        """Raise `RuntimeError` when one of the services has ended by itself."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RuntimeError(
                    f"{name} ended with status {process.returncode}; see {self.home}/{name}.log"
                )

    def _is_healthy(self) -> bool:
        self.check()
        try:
            parts = self._http.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        except (requests.ConnectionError, requests.Timeout):
            return False
        return all(part["status"] == "healthy" for part in parts.values())

    def _log_in(self) -> None:
        answer = self._http.post(
            f"{self.url}/auth/token", json={"username": self.username, "password": self.password}, timeout=30
        )
        answer.raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def trigger(
        self, dag_id: str, *, conf: Mapping[str, Any] | None = None, run_id: str | None = None
    ) -> str:
        """Unpause a DAG, start a run of it and return the run's id, which Airflow chooses unless told."""
        self.unpause(dag_id)
        wanted = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf or {})}
        run = self._json("POST", f"dags/{dag_id}/dagRuns", wanted)
        return str(run["dag_run_id"])

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run by its schedule, once Airflow knows it."""
        self._wait_for(f"the DAG {dag_id}", lambda: self._request("GET", f"dags/{dag_id}").ok, timeout=60)
        self._json("PATCH", f"dags/{dag_id}", {"is_paused": False})

    def wait(self, dag_id: str, run_id: str, *, timeout: float = 180) -> str:
        """Wait for the end of a run and return `success` or `failed`.

        Raises `TimeoutError` after `timeout` seconds, and `RuntimeError` when a service ends meanwhile.
        """

        def is_finished() -> bool:
            self.check()
            return self.state(dag_id, run_id) in FINISHED

        self._wait_for(f"the end of {run_id}", is_finished, timeout=timeout)
        return self.state(dag_id, run_id)

    def connection(self, conn_id: str) -> Any:
        """Return a connection as the API shows it: without its password."""
        return self._json("GET", f"connections/{conn_id}")

    def forget_connections(self) -> None:
        """Delete all connections but those of the environment."""
        for known in self._json("GET", "connections")["connections"]:
            self._request("DELETE", f"connections/{known['connection_id']}").raise_for_status()

    def clear(self, dag_id: str, run_id: str, **options: bool) -> None:
        """Clear all tasks of a run, whatever they are doing, so that they run again.

        :param options: further ones of Airflow's REST API.
        """
        wanted = {"dry_run": False, "dag_run_id": run_id, "only_failed": False, "reset_dag_runs": True}
        self._json("POST", f"dags/{dag_id}/clearTaskInstances", wanted | options)

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Give a task another state, as a person does in the UI, whatever it is doing.

        :param state: `failed` or `success`.
        """
        task = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}"
        # The API server answers 500 while SQLite is locked; whoever clicks in the UI clicks again
        self._wait_for(
            f"{task_id} to be {state}",
            lambda: self._request("PATCH", task, {"new_state": state}).ok,
            timeout=60,
        )

    def state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run, such as `running` or one of `FINISHED`."""
        return str(self._json("GET", f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}")["state"])

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the state of each task of a run by the task's id."""
        answer = self._json("GET", f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances")
        return {task["task_id"]: task["state"] for task in answer["task_instances"]}

    def hosts(self, dag_id: str, run_id: str) -> Counter[str]:
        """Count the running tasks of a run by the name of the machine they are on."""
        answer = self._json("GET", f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances")
        tasks = answer["task_instances"]
        return Counter(task["hostname"] for task in tasks if task["state"] == "running")

    def xcom(self, dag_id: str, run_id: str, task_id: str, *, key: str = "return_value") -> Any:
        """Return what a task left under a key."""
        run = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
        return self._json("GET", f"{run}/taskInstances/{task_id}/xcomEntries/{key}?deserialize=true")["value"]

    def links(self, dag_id: str, run_id: str, task_id: str) -> dict[str, str | None]:
        """Return the links that the UI shows of a task, by their names."""
        run = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
        shown: dict[str, str | None] = self._json("GET", f"{run}/taskInstances/{task_id}/links")[
            "extra_links"
        ]
        return shown

    def xcom_keys(self, dag_id: str, run_id: str, task_id: str) -> set[str]:
        """Return under which keys a task has left something."""
        run = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
        listed = self._json("GET", f"{run}/taskInstances/{task_id}/xcomEntries")["xcom_entries"]
        return {entry["key"] for entry in listed}

    def task_log(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Return the log of a task, all its tries and its trigger, as it lies on the disk."""
        folder = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        return "".join(path.read_text() for path in sorted(folder.rglob("*.log")))

    def question(self, dag_id: str, run_id: str, task_id: str, *, timeout: float = 120) -> Any:
        """Wait until a task asks a person, and return what it shows, such as its `body`."""
        path = _question_path(dag_id, run_id, task_id)
        self._wait_for(f"the question of {task_id}", lambda: self._request("GET", path).ok, timeout=timeout)
        return self._json("GET", path)

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str, *, timeout: float = 120) -> None:
        """Choose one of the options that a task asks about, and wait until the task has taken note of it."""
        path = _question_path(dag_id, run_id, task_id)

        def is_done() -> bool:
            state = self.task_states(dag_id, run_id)[task_id]
            if state in WAITING:
                time.sleep(3)  # Airflow asks anew when it is answered before its scheduler knows of the wait
                self._request("PATCH", path, {"chosen_options": [option]})
            return state in FINISHED

        self._wait_for(f"the end of {task_id}", is_done, timeout=timeout)

    def _json(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self._request(method, path, body)
        answer.raise_for_status()
        return answer.json()

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        return self._http.request(method, f"{self.url}/api/v2/{path}", json=body, timeout=30)

    def _wait_for(self, what: str, condition: Callable[[], bool], *, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {timeout:.0f} s for {what}; see the logs in {self.home}")
            time.sleep(0.5)


def _question_path(dag_id: str, run_id: str, task_id: str) -> str:
    return f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}/-1/hitlDetails"


def service_name() -> str:
    """Return the service of this process: a `[core] hostname_callable`, for machines that are one."""
    return os.environ[NAME]


@contextmanager
def held_port() -> Iterator[int]:
    """Hold a port of the loopback interface for a server: while it is down, nobody else is given the port."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that sets it too may listen
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
