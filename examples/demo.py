"""`make demo`: start a server, run the machine-learning pipeline on it, and show what happens.

    python -m examples.demo [--keep] [--fresh] [--folder DIR]

Everything that it makes is in `.demo/` in the repository, or in the folder given; the second run
finds the first one's model there. With `--keep` the server stays; with `--fresh` the folder is
emptied first.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from rich.console import Console
from rich.markup import escape
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
DAG_ID = "train_digits"
LOGGER = "digits"
USUAL_PORT = 8080
READY_LIMIT_SECONDS = 60
RUN_LIMIT_SECONDS = 600
LOOK_EVERY_SECONDS = 0.1
ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
MARKS = {"success": "[green]✔[/]", "failed": "[red]✘[/]", "skipped": "[yellow]↷[/]"}


class DemoError(Exception):
    """The demo cannot go on; the message says why and where to look."""


class Api:
    """The server's REST API, with nothing but the standard library."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token: str | None = None

    def log_in(self) -> None:
        """Take a token; this server lets everybody in."""
        self._token = self.call("GET", "/auth/token")["access_token"]

    def call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """The answer's JSON. Raises `DemoError` where the server refuses."""
        address = f"{self.url}{path}{'?' + urlencode(query) if query else ''}"
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(address, data=data, headers=headers, method=method)
        try:
            with urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise DemoError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def is_healthy(self) -> bool:
        """Whether everything in the server works."""
        try:
            parts = self.call("GET", "/api/v2/monitor/health")
        except (DemoError, URLError, OSError):
            return False
        names = ("metadatabase", "scheduler", "dag_processor")
        return all((parts.get(name) or {}).get("status") == "healthy" for name in names)


class Server:
    """`slipstream standalone` in a home of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.home = folder / "home"
        self.log = folder / "server.log"
        self.url = f"http://127.0.0.1:{port}"
        self.settings = {
            "SLIPSTREAM_HOME": str(self.home),
            "SLIPSTREAM__CORE__DAGS_FOLDER": str(ROOT / "examples"),
            "SLIPSTREAM__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "SLIPSTREAM__API__HOST": "127.0.0.1",
            "SLIPSTREAM__API__PORT": str(port),
            "AIRFLOW_VAR_DIGITS_DIR": str(folder / "digits"),
        }
        self.home.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*slipstream(), "standalone"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_healthy(self, api: Api) -> float:
        """Seconds that it took."""
        began = time.monotonic()
        while not api.is_healthy():
            if self.process.poll() is not None:
                said = self.log.read_text(errors="replace")[-2000:]
                raise DemoError(f"The server ended by itself. It said:\n{said}")
            if time.monotonic() - began > READY_LIMIT_SECONDS:
                raise DemoError(f"The server is not healthy yet. Its log: {self.log}")
            time.sleep(0.02)
        return time.monotonic() - began

    def stop(self) -> None:
        """End it, with grace first."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


class Follower:
    """Shows the task instances of a run as they begin and end."""

    def __init__(self, api: Api, run_id: str, console: Console) -> None:
        self._api = api
        self._path = f"/api/v2/dags/{DAG_ID}/dagRuns/{quote(run_id, safe='')}"
        self._console = console
        self._shown: dict[tuple[str, int, int], str] = {}

    def follow(self) -> dict[str, Any]:
        """Show everything until the run has ended; gives the run."""
        began = time.monotonic()
        with self._console.status("") as status:
            while time.monotonic() - began < RUN_LIMIT_SECONDS:
                run = self._api.call("GET", self._path)
                running = self._show(time.monotonic() - began)
                if run["state"] in ENDED:
                    return dict(run)
                status.update(f"running: {', '.join(running) or '…'}")
                time.sleep(LOOK_EVERY_SECONDS)
        raise DemoError(f"The run has not ended after {RUN_LIMIT_SECONDS} s.")

    def instances(self) -> list[dict[str, Any]]:
        """The run's task instances in the order of their starts."""
        page = self._api.call("GET", f"{self._path}/taskInstances", limit=100)
        return sorted(page["task_instances"], key=lambda one: one["start_date"] or "~")

    def returned(self, task_id: str) -> Any:
        """What a task returned."""
        path = f"{self._path}/taskInstances/{task_id}/xcomEntries/return_value"
        value = self._api.call("GET", path, deserialize="false", stringify="false")["value"]
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value

    def _show(self, passed: float) -> list[str]:
        """Print what is new; gives what is running."""
        running = []
        for one in self.instances():
            state, key = one["state"], (one["task_id"], one["map_index"], one["try_number"])
            if state == "running":
                running.append(label(one))
            if state == self._shown.get(key) or state not in ENDED | {"running", "up_for_retry"}:
                continue
            begins = state == "running"
            if begins or (key not in self._shown and one["duration"]):
                self._print(passed, "▶", label(one), "")
            if not begins:
                took = f"{one['duration']:.2f} s" if one["duration"] else state
                self._print(passed, MARKS.get(state, "[red]✘[/]"), label(one), took)
                for line in self._logged(one):
                    self._console.print(f"{'':12}[dim]{escape(line)}[/]", soft_wrap=True)
            self._shown[key] = state
        return running

    def _print(self, passed: float, mark: str, name: str, took: str) -> None:
        self._console.print(
            f"[dim]{passed:6.2f} s[/]  {mark} {escape(name):<44} {took}".rstrip(), highlight=False
        )

    def _logged(self, one: dict[str, Any]) -> Iterator[str]:
        """What the task itself logged; of a failed one, what went wrong."""
        if not one["try_number"]:
            return
        path = f"{self._path}/taskInstances/{one['task_id']}/logs/{one['try_number']}"
        page = self._api.call("GET", path, map_index=one["map_index"], full_content="true")
        for line in page["content"]:
            if line.get("logger") == LOGGER or line.get("level") in {"error", "critical"}:
                yield str(line["event"])


def label(one: dict[str, Any]) -> str:
    """A task instance's name for people."""
    if one["map_index"] < 0:
        return str(one["task_id"])
    return f"{one['task_id']} [{one['rendered_map_index'] or one['map_index']}]"


def slipstream() -> list[str]:
    """The command, or the module where it is not installed beside this Python."""
    installed = Path(sys.executable).with_name("slipstream")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "slipstream"]


def choose_port() -> int:
    """The usual one, or a free one where that is taken."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("No port of 127.0.0.1 is free.")


def wait_for_dag(api: Api) -> None:
    """Wait until the pipeline's file is loaded. Raises `DemoError` with the reason if it fails."""
    end = time.monotonic() + READY_LIMIT_SECONDS
    while time.monotonic() < end:
        for error in api.call("GET", "/api/v2/importErrors")["import_errors"]:
            if error["filename"].endswith("ml_pipeline.py"):
                raise DemoError(f"ml_pipeline.py does not load:\n{error['stack_trace']}")
        dags = api.call("GET", "/api/v2/dags", limit=100)["dags"]
        if any(dag["dag_id"] == DAG_ID for dag in dags):
            return
        time.sleep(0.05)
    raise DemoError(f"{DAG_ID} is not there after {READY_LIMIT_SECONDS} s.")


def run_pipeline(api: Api, console: Console) -> bool:
    """Trigger, follow and sum up; whether the run succeeded."""
    wait_for_dag(api)
    asked = time.monotonic()
    body = {"logical_date": None, "note": "started by make demo"}
    run_id = api.call("POST", f"/api/v2/dags/{DAG_ID}/dagRuns", body)["dag_run_id"]
    console.print(f"Triggered [bold]{DAG_ID}[/]: {run_id}\n", highlight=False)
    follower = Follower(api, run_id, console)
    run = follower.follow()
    instances = follower.instances()
    console.print(
        f"\nThe run ended in [bold]{run['state']}[/] after {time.monotonic() - asked:.1f} s:"
        f" {len(instances)} task instances, each in a process of its own.",
        soft_wrap=True,
    )
    if run["state"] != "success":
        return False
    states = {one["task_id"]: one["state"] for one in instances}
    taken = "promote" if states["promote"] == "success" else "keep_current"
    report = follower.returned("write_report")
    decision = f"The branch took [bold]{taken}[/]: {escape(report['decision'])}\n"
    console.print(decision, highlight=False, soft_wrap=True)
    show_scores(follower.returned("evaluate"), console)
    console.print(f"\nReport   {report['report']}", highlight=False, soft_wrap=True)
    console.print(f"Picture  {report['picture']}", highlight=False, soft_wrap=True)
    return True


def show_scores(scores: Sequence[dict[str, Any]], console: Console) -> None:
    """The models, best first."""
    table = Table(title="On 450 digits that no model has seen", title_justify="left")
    table.add_column("model")
    table.add_column("accuracy", justify="right")
    table.add_column("F1", justify="right")
    for score in scores:
        table.add_row(score["name"], f"{score['accuracy']:.2%}", f"{score['f1']:.4f}")
    console.print(table)


def show_where_to_look(server: Server, console: Console, kept: bool) -> None:
    """Paths, addresses and commands for going on."""
    command = shlex.join(slipstream())
    settings = " ".join(
        f"{name}={shlex.quote(server.settings[name])}"
        for name in ("SLIPSTREAM_HOME", "SLIPSTREAM__CORE__DAGS_FOLDER")
    )
    lines = [
        f"Logs     {server.home / 'logs'}",
        f"Server   {server.log}",
        "",
        "Look further:",
        f"  export {settings}",
        f"  {command} dags list-runs {DAG_ID}",
        f"  {command} dags details {DAG_ID}",
        f"  {command} dags test {ROOT / 'examples' / 'dynamic_mapping.py'}",
    ]
    if kept:
        lines += [
            "",
            f"The server goes on: {server.url}/docs shows its API.",
            f"Stop it with: kill {server.process.pid}",
        ]
    else:
        lines += ["", "Run it again: the model in use is there now, and the branch compares."]
        lines += ["Keep the server with: make demo ARGS=--keep"]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if the pipeline succeeded."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the server running")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs and models")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="where all of it lies")
    options = parser.parse_args(arguments)
    console = Console()
    folder = options.folder.absolute()
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    server = Server(folder, choose_port())
    succeeded = False
    try:
        api = Api(server.url)
        console.print(f"Starting slipstream standalone in {folder} ...", highlight=False)
        took = server.wait_until_healthy(api)
        console.print(f"Healthy after {took:.2f} s at {server.url}", highlight=False)
        api.log_in()
        succeeded = run_pipeline(api, console)
        show_where_to_look(server, console, kept=options.keep)
    except DemoError as error:
        console.print(f"[red]{escape(str(error))}[/]", highlight=False)
        console.print(f"The server's log: {server.log}", highlight=False)
    except KeyboardInterrupt:
        console.print("Stopped.")
    finally:
        if not (options.keep and succeeded):
            server.stop()
    return 0 if succeeded else 1


if __name__ == "__main__":
    # A closed terminal ends the demo as Ctrl-C does: the server does not stay behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    sys.exit(main())
