"""The web app while very much happens: what its pages hold, and how soon they show a change.

A day of a busy deployment is told in minutes: no page can know that its clock runs faster, for all
that it does is caused by what the event stream tells it.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
import psutil

from bench import dags
from bench.client import Client, moment
from bench.processes import MEGABYTE, stop, tree, wait_for
from bench.systems.system import Server
from bench.works.runs import wait_for_dag
from bench.works.web import (
    CELL,
    FLAGS,
    PATIENCE_MS,
    WATCH_GRID,
    chromium,
    chromium_path,
    drawn,
    heap_mb,
    opened,
)
from bench.works.work import Figures, Setting

TASKS = 100
CHANGES = 200_000
"""Task instances that end: 24 hours of 8,300 tasks an hour."""
STEPS = 10
AT_ONCE = 16
GRID_TASKS = 1000
LEAST_PAGE_MB = 20


def memory(setting: Setting) -> Iterator[Figures]:
    """What the grid, the home page and a log that grows hold, a tenth of the day after the other.

    The heap is what scripts hold once everything that nobody uses is gone; the memory is that of
    the page's process alone, without what it shares with others.
    """

    def write(folder: Path) -> None:
        dags.write_large(folder, "busy", TASKS, grouped=True)
        dags.write_chatty(folder, "chatty")

    with setting.server(write) as server, unwatched() as browser:
        for dag_id in ("busy", "chatty"):
            wait_for_dag(server, dag_id, setting.limit_seconds)
        server.client.time_run("busy", setting.limit_seconds)
        talk = server.client.trigger("chatty")
        pages = {
            "grid": "/dags/busy",
            "home": "/",
            "log": f"/dags/chatty/runs/{talk}/tasks/talk",
        }
        pids = {
            name: browser.open(f"{server.client.base_url}{path}") for name, path in pages.items()
        }
        for step in range(STEPS + 1):
            if step:
                many_runs(server.client, CHANGES // STEPS // TASKS, setting.limit_seconds)
            heaps = browser.heaps_mb()
            yield {
                f"{name}_{what}_mb": value
                for name, path in pages.items()
                for what, value in (
                    ("heap", heaps[f"{server.client.base_url}{path}"]),
                    ("memory", uss_mb(pids[name])),
                )
            }


def changes(setting: Setting) -> Iterator[Figures]:
    """From the moment that a run's end has in the database until an open grid of 1,000 tasks shows
    it, while other runs come as fast as they can."""

    def write(folder: Path) -> None:
        dags.write_large(folder, "busy", TASKS, grouped=True)
        dags.write_large(folder, "large", GRID_TASKS, grouped=False)

    with setting.server(write) as server, chromium() as browser:
        for dag_id in ("busy", "large"):
            wait_for_dag(server, dag_id, setting.limit_seconds)
        server.client.time_run("large", setting.limit_seconds)
        page = opened(browser, server)
        drawn(page, "/dags/large", CELL)
        page.evaluate(WATCH_GRID)
        with busy(server):
            for _ in range(setting.rounds):
                timing = server.client.time_run("large", setting.limit_seconds)
                run = server.client.run("large", timing.run_id)
                ended = moment(run["end_date"]).timestamp()
                shown = page.wait_for_function(
                    "(id) => window.shownAt[id]", arg=timing.run_id, timeout=PATIENCE_MS
                ).json_value()
                yield {"change_shown_seconds": max(0.0, shown / 1000 - ended)}


def many_runs(client: Client, count: int, limit_seconds: float) -> None:
    """So many runs of the busy DAG, from the first trigger until the last one has ended."""
    for number in range(count):
        client.trigger("busy")
        if (number + 1) % AT_ONCE == 0:
            wait_until_idle(client, limit_seconds)
    wait_until_idle(client, limit_seconds)


def wait_until_idle(client: Client, limit_seconds: float) -> None:
    """Return when no run of the busy DAG goes on."""

    def is_idle() -> bool | None:
        found = client.runs("busy", state=["queued", "running"], limit=1)
        return True if found["total_entries"] == 0 else None

    wait_for(is_idle, what="the end of all runs", limit_seconds=limit_seconds, pause_seconds=0.05)


@contextmanager
def busy(server: Server) -> Iterator[None]:
    """Runs of the busy DAG, one batch after the other, until the end of the block."""
    client = Client(server.client.base_url)
    is_over = threading.Event()

    def trigger() -> None:
        while not is_over.is_set():
            many_runs(client, AT_ONCE, 60)

    thread = threading.Thread(target=trigger, name="busy")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        client.close()


class Unwatched:
    """A Chromium that nobody debugs but for moments: a debugger that is attached has the browser
    keep all that its pages have received."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        """The process runs, with its profile in that folder."""
        self._pid = process.pid
        self._taken: set[int] = set()
        port = folder / "DevToolsActivePort"
        wait_for(
            lambda: (port.exists() and len(port.read_text().split()) == 2) or None,
            what="Chromium",
            limit_seconds=60,
        )
        self._address = f"http://127.0.0.1:{port.read_text().split()[0]}"

    def open(self, address: str) -> int:
        """Open a page; gives the process that draws it."""
        httpx.put(f"{self._address}/json/new?{quote(address)}").raise_for_status()

        def draws() -> int | None:
            # The browser has spare ones ready, which hold little until a page takes them.
            used = {pid: uss_mb(pid) for pid in self._renderers() - self._taken}
            pid = max(used, key=lambda one: used[one], default=None)
            return pid if pid is not None and used[pid] > LEAST_PAGE_MB else None

        pid = wait_for(draws, what=f"the page {address}", limit_seconds=60)
        self._taken.add(pid)
        return pid

    def heaps_mb(self) -> dict[str, float]:
        """`{address: what its scripts hold}` of every page."""
        from playwright.sync_api import sync_playwright

        with sync_playwright() as tools:
            browser = tools.chromium.connect_over_cdp(self._address)
            pages = [page for context in browser.contexts for page in context.pages]
            heaps = {unquote(page.url): heap_mb(page) for page in pages}
            browser.close()
            return heaps

    def _renderers(self) -> set[int]:
        return {one.pid for one in tree(self._pid) if "--type=renderer" in words(one)}


@contextmanager
def unwatched() -> Iterator[Unwatched]:
    """A headless Chromium of its own."""
    path = chromium_path()
    with tempfile.TemporaryDirectory(prefix="slipstream-bench-") as folder:
        flags = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
        process = subprocess.Popen(
            [path, *FLAGS, *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Unwatched(process, Path(folder))
        finally:
            stop(process)


def uss_mb(pid: int) -> float:
    """What a process holds for itself alone; nothing where it is gone."""
    try:
        return float(psutil.Process(pid).memory_full_info().uss) / MEGABYTE
    except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
        return 0.0


def words(process: psutil.Process) -> list[str]:
    """The command line, empty for a process that is gone."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
        return []
