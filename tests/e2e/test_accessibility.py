"""axe finds nothing wrong on any screen, light or dark (WCAG 2.2, A and AA)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_module = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]
SCREENS = (
    "/",
    "/dags",
    "/dags/orders",
    "/dags/orders?tab=graph",
    "/dags/orders?tab=overview",
    "/dags/orders?tab=runs",
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
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def wrong_on(page: Page) -> list[str]:
    """`rule: element` of all that axe finds."""
    found = (
        axe_module.Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response
    )
    return [
        f"{violation['id']}: {node['target'][0]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def loaded(page: Page) -> None:
    """Wait until nothing on the page says that it is on its way."""
    sync_api.expect(page.locator(".mantine-Loader-root")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, log_in: Callable[..., None], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto("/")
    page.get_by_label("User name").wait_for()
    wrong = {"login": wrong_on(page)}
    log_in()
    page.goto("/dags/orders")
    page.get_by_role("button", name="Trigger", exact=True).first.click()
    page.get_by_role("dialog").get_by_label("rows").wait_for()
    wrong["form"] = wrong_on(page)
    page.get_by_role("dialog").get_by_role("button", name="Trigger", exact=True).click()
    page.get_by_text("3 success").wait_for()
    wrong["run"] = wrong_on(page)
    for tab in ("Gantt", "Tasks", "Compare", "Details"):
        page.get_by_role("tab", name=tab).click()
        loaded(page)
        wrong[f"run {tab}"] = wrong_on(page)
    page.get_by_role("tab", name="Tasks").click()
    page.get_by_role("link", name="read", exact=True).click()
    page.get_by_text("Reading 3 rows.").wait_for()
    wrong["log"] = wrong_on(page)
    for tab in ("XCom", "Timeline", "Code", "Details"):
        page.get_by_role("tab", name=tab).click()
        loaded(page)
        wrong[f"task {tab}"] = wrong_on(page)
    for screen in SCREENS:
        page.goto(screen)
        page.locator("main h1, main h2, main h3").first.wait_for()
        loaded(page)
        wrong[screen] = wrong_on(page)
    assert {name: found for name, found in wrong.items() if found} == {}
