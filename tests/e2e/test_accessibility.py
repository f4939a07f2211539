"""axe finds nothing wrong on any screen or dialog, light or dark (WCAG 2.2, A and AA).

Each is opened once: light with all rules, then dark with those that the colours can break.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]
SCREENS = (
    "/",
    "/dags",
    "/dags/orders",
    "/dags/orders?tab=graph",
    "/dags/orders?tab=overview",
    "/dags/orders?tab=tasks",
    "/dags/orders?tab=runs",
    "/dags/orders?tab=backfills",
    "/dags/orders?tab=calendar",
    "/dags/orders?tab=code",
    "/dags/orders?tab=events",
    "/dags/orders?tab=details",
    "/pools",
    "/variables",
    "/connections",
    "/backfills",
    "/approvals",
    "/assets",
    "/assets?view=graph",
    "/assets?view=events",
    "/system",
    "/system?tab=config",
    "/system?tab=packages",
    "/system?tab=audit",
    "/access",
    "/access?tab=roles",
    "/access?tab=tokens",
    "/account",
)
RUN_TABS = ("graph", "gantt", "tasks", "compare", "details")
TASK_TABS = ("logs", "xcom", "rendered", "tries", "code", "details")
DIALOGS = (
    "/dags/orders?trigger=true",
    "/dags/orders?tab=backfills&create=true",
    "/pools?use=default_pool",
    "RUN?act=clear",
    "RUN?act=again",
    "RUN?act=delete",
    "RUN?act=failed",
    "RUN/tasks/read?act=clear",
    "RUN/tasks/read?act=skipped",
)
FORMS = {
    "/variables": "Add a variable",
    "/connections": "Add a connection",
    "/pools": "Add a pool",
    "/access": "Add a user",
    "/access?tab=roles": "Add a role",
    "/account": "Make a token",
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
STILL = """() => Promise.allSettled(document.getAnimations()
  .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime))
  .map((one) => one.finished))"""
OF_COLOURS = ["color-contrast", "link-in-text-block"]


def wrong_on(page: Page) -> list[str]:
    """`rule: element` of all that axe finds, light and dark."""
    in_scheme(page, "light")
    found = violations(page, {"type": "tag", "values": RULES})
    in_scheme(page, "dark")
    in_the_dark = violations(page, {"type": "rule", "values": OF_COLOURS})
    return found + [f"dark {one}" for one in in_the_dark]


def in_scheme(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Have the page in these colours; what fades into them has begun to."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sync_api.expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe finds by these rules, once colours have changed as far as they do."""
    page.evaluate(STILL)
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = axe_module.Axe().run(page, options=options).response
    return [
        f"{violation['id']}: {node['target'][0]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def loaded(page: Page) -> None:
    """Wait until nothing on the page says that it is on its way."""
    sync_api.expect(page.locator(".mantine-Loader-root")).to_have_count(0)


def opened(page: Page, address: str) -> list[str]:
    """What is wrong on the screen of that address."""
    page.goto(address)
    page.locator("main h1, main h2, main h3").first.wait_for()
    loaded(page)
    return wrong_on(page)


@pytest.fixture(scope="module")
def runs() -> list[str]:
    """The address of the run that the tests of this module share, once there is one."""
    return []


@pytest.fixture
def run(page: Page, log_in: Callable[..., None], runs: list[str]) -> str:
    """The address of a run that has ended, as the administrator sees it."""
    log_in()
    if not runs:
        page.goto("/dags/orders?trigger=true")
        page.get_by_role("dialog").get_by_label("rows").wait_for()
        page.get_by_role("dialog").get_by_role("button", name="Trigger", exact=True).click()
        page.wait_for_url(re.compile("/runs/"))
        page.locator("main").get_by_text("Success", exact=True).first.wait_for()
        runs.append(page.url.partition("?")[0])
    return runs[0]


def test_axe_finds_nothing_on_the_screens(page: Page, run: str) -> None:
    wrong = {screen: opened(page, screen) for screen in SCREENS}
    assert run
    assert {name: found for name, found in wrong.items() if found} == {}


def test_axe_finds_nothing_on_runs_and_tasks(page: Page, run: str) -> None:
    wrong = {tab: opened(page, f"{run}?tab={tab}") for tab in RUN_TABS}
    for tab in TASK_TABS:
        wrong[f"task {tab}"] = opened(page, f"{run}/tasks/read?tab={tab}")
    wrong["mapped"] = opened(page, f"{run}/tasks/double?tab=mapped")
    assert {name: found for name, found in wrong.items() if found} == {}


def test_axe_finds_nothing_in_the_dialogs(page: Page, run: str) -> None:
    wrong: dict[str, list[str]] = {}
    for address in DIALOGS:
        page.goto(address.replace("RUN", run))
        page.get_by_role("dialog").get_by_role("button").first.wait_for()
        loaded(page)
        wrong[address] = wrong_on(page)
    for address, name in FORMS.items():
        page.goto(address)
        page.get_by_role("button", name=name).click()
        page.get_by_role("dialog").get_by_role("textbox").first.wait_for()
        wrong[name] = wrong_on(page)
    page.goto("/dags")
    for key in ("Control+k", "Shift+?"):
        page.get_by_role("heading", name="DAGs").wait_for()
        page.keyboard.press(key)
        page.get_by_role("dialog").wait_for()
        wrong[key] = wrong_on(page)
        page.keyboard.press("Escape")
        sync_api.expect(page.get_by_role("dialog")).to_have_count(0)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_axe_finds_nothing_on_the_login(page: Page) -> None:
    page.goto("/")
    page.get_by_label("User name").wait_for()
    assert wrong_on(page) == []
