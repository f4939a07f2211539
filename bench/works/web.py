"""The web app in a headless Chromium: how soon it shows something, and how it holds out.

It needs Chromium, the package playwright, and the built app: `make ui-bench`. Figures are of the
browser's own clock, from the moment an address is opened until what was asked for is drawn.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import dags
from bench.checks import require
from bench.client import moment
from bench.processes import MEGABYTE
from bench.result import NotReadyError
from bench.systems.system import Server
from bench.works.runs import wait_for_dag
from bench.works.work import Figures, Measure, Setting

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--expose-gc",
)
VIEW = {"width": 1280, "height": 800}
PATIENCE_MS = 120_000

CELL = "[role=gridcell] a"
NODE = ".react-flow__node"
LINE = "[role=log] [data-level]"
FRAMES = 150
GOOD_FRAME_MS = 34
"""Two frames of a screen that shows 60 in a second; what takes longer was dropped."""
LOG_MB = 500


def first(setting: Setting) -> Iterator[Figures]:
    """The home page with nothing in the browser's cache."""
    with setting.server(lambda folder: dags.write_small(folder, "small")) as server:
        wait_for_dag(server, "small", setting.limit_seconds)
        server.client.time_run("small", setting.limit_seconds)
        with chromium() as browser:
            for _ in range(setting.rounds):
                page = opened(browser, server)
                shown = drawn(page, "/", "main h1")
                yield {"first_screen_seconds": shown, **weight(page)}
                page.context.close()


def large(count: int, runs: int) -> Measure:
    """The grid and the graph of a DAG with so many tasks, with groups and without."""

    def write(folder: Path) -> None:
        dags.write_large(folder, "grouped", count, grouped=True)
        dags.write_large(folder, "flat", count, grouped=False)

    def measure(setting: Setting) -> Iterator[Figures]:
        with setting.server(write) as server:
            for dag_id in ("grouped", "flat"):
                wait_for_dag(server, dag_id, setting.limit_seconds)
                for _ in range(runs):
                    timing = server.client.time_run(dag_id, setting.limit_seconds)
                    require(timing.state == "success", f"{dag_id} ended in {timing.state}")
            with chromium() as browser:
                for _ in range(setting.rounds):
                    page = opened(browser, server)
                    drawn(page, "/", "main h1")
                    yield {
                        "grid_seconds": drawn(page, "/dags/grouped", CELL),
                        "grid_flat_seconds": drawn(page, "/dags/flat", CELL),
                        "grid_dropped_percent": scrolled(page, "[role=grid]"),
                        "graph_seconds": drawn(page, "/dags/grouped?tab=graph", NODE),
                        "graph_flat_seconds": drawn(page, "/dags/flat?tab=graph", NODE),
                    }
                    page.context.close()

    return measure


def changes(setting: Setting) -> Iterator[Figures]:
    """From the moment that a task's end has in the database until the grid shows it."""
    with setting.server(lambda folder: dags.write_small(folder, "small", 1)) as server:
        wait_for_dag(server, "small", setting.limit_seconds)
        server.client.time_run("small", setting.limit_seconds)
        with chromium() as browser:
            page = opened(browser, server)
            drawn(page, "/dags/small", CELL)
            page.evaluate(WATCH_GRID)
            for _ in range(setting.rounds):
                timing = server.client.time_run("small", setting.limit_seconds)
                run = server.client.run("small", timing.run_id)
                ended = moment(run["end_date"]).timestamp()
                shown = page.wait_for_function(
                    "(id) => window.shownAt[id]", arg=timing.run_id, timeout=PATIENCE_MS
                ).json_value()
                yield {"change_shown_seconds": max(0.0, shown / 1000 - ended)}


def log(setting: Setting) -> Iterator[Figures]:
    """A log of 500 MB: opened at its end, gone to its beginning, and searched."""
    with setting.server(lambda folder: dags.write_log(folder, "talks", LOG_MB)) as server:
        wait_for_dag(server, "talks", setting.limit_seconds)
        run_id = server.client.time_run("talks", setting.limit_seconds).run_id
        address = f"/dags/talks/runs/{run_id}/tasks/talk"
        with chromium() as browser:
            for _ in range(setting.rounds):
                page = opened(browser, server)
                shown = drawn(page, address, LINE)
                dropped = scrolled(page, "[role=log]")
                yield {
                    "log_shown_seconds": shown,
                    "log_dropped_percent": dropped,
                    "log_heap_mb": heap_mb(page),
                }
                page.context.close()


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def chromium_path() -> str:
    """Where the browser is. Raises `NotReadyError`."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise NotReadyError("There is no Chromium here: apt-get install chromium.")
    return path


def opened(browser: Any, server: Server) -> Any:
    """A page of a person who has never been here."""
    # Its headers forbid the evaluation of strings, by which playwright waits.
    context = browser.new_context(
        viewport=VIEW, base_url=str(server.client.base_url), bypass_csp=True
    )
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


def drawn(page: Any, address: str, selector: str) -> float:
    """Seconds from opening the address until such an element stands on the screen."""
    page.goto(address, wait_until="commit")
    milliseconds = page.wait_for_function(
        "(css) => document.querySelector(css) && performance.now()", arg=selector
    ).json_value()
    return float(milliseconds) / 1000


def weight(page: Any) -> Figures:
    """What was loaded so far, compressed."""
    sizes = page.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter((one) => one.name.endsWith(".js"))
            .map((one) => one.encodedBodySize)"""
    )
    return {"script_kb": sum(sizes) / 1000, "script_files": len(sizes)}


def scrolled(page: Any, selector: str) -> float:
    """Scroll down, a bit in every frame; the share of frames that came too late."""
    frames = page.evaluate(SCROLL, [selector, FRAMES])
    return 100 * sum(1 for frame in frames if frame > GOOD_FRAME_MS) / len(frames)


def heap_mb(page: Any) -> float:
    """What scripts hold once everything that nobody uses is gone."""
    tools = page.context.new_cdp_session(page)
    tools.send("HeapProfiler.collectGarbage")
    used = tools.send("Runtime.getHeapUsage")["usedSize"]
    tools.detach()
    return float(used) / MEGABYTE


SCROLL = """async ([css, count]) => {
  const place = document.querySelector(css);
  place.scrollTop = 0;
  const frames = [];
  let before = await new Promise(requestAnimationFrame);
  for (let at = 0; at < count; at++) {
    place.scrollTop += 60;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  return frames;
}"""

WATCH_GRID = """() => {
  window.shownAt = {};
  const look = () => {
    for (const link of document.querySelectorAll("[role=columnheader] a")) {
      const id = decodeURIComponent(link.getAttribute("href").split("/").at(-1));
      const text = link.getAttribute("aria-label");
      if (text.startsWith("Success") && !window.shownAt[id]) window.shownAt[id] = Date.now();
    }
  };
  new MutationObserver(look).observe(document.body,
    { subtree: true, childList: true, attributes: true, characterData: true });
}"""
