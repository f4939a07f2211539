"""What people do with the web app, from end to end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]
PATIENCE_MS = 60_000


def test_who_gives_a_wrong_password_is_told_so(page: Page) -> None:
    page.goto("/dags")
    page.get_by_label("User name").fill("admin")
    page.get_by_role("textbox", name="Password").fill("guess")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Invalid credentials")).to_be_visible()


def test_a_file_that_cannot_be_loaded_is_shown_with_why(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.get_by_role("link", name="DAGs", exact=True).click()
    banner = page.get_by_role("alert").filter(has_text="cannot be loaded")
    banner.get_by_role("button", name="typo.py").click()
    expect(banner.get_by_text("nothing_of_that_name").last).to_be_visible()


def test_a_run_is_triggered_with_a_form_and_followed_to_its_end(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/dags/orders")
    page.get_by_role("button", name="Trigger", exact=True).first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("rows").fill("5")
    form.get_by_role("button", name="Trigger", exact=True).click()
    expect(page.get_by_text("5 success")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("main").get_by_text("Success", exact=True).first).to_be_visible()
    page.get_by_role("tab", name="Tasks").click()
    page.get_by_role("link", name="read", exact=True).click()
    expect(page.get_by_text("Reading 5 rows.")).to_be_visible()
    page.get_by_role("tab", name="XCom").click()
    expect(page.get_by_text("return_value")).to_be_visible()


def test_a_mistake_in_the_form_is_told_by_the_server(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/dags/orders")
    page.get_by_role("button", name="Trigger", exact=True).first.click()
    form = page.get_by_role("dialog")
    form.get_by_role("button", name="More").click()
    form.get_by_label("Further conf").fill('{"rows": 0}')
    form.get_by_role("button", name="Trigger", exact=True).click()
    expect(form.get_by_text("The run was not triggered")).to_be_visible()
    expect(form.get_by_role("alert").get_by_text("rows")).to_be_visible()


def test_a_failure_is_found_understood_mended_and_cleared(
    page: Page, log_in: Callable[..., None], dags_folder: Path
) -> None:
    log_in()
    page.goto("/dags/broken")
    page.get_by_role("button", name="Trigger", exact=True).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Trigger", exact=True).click()
    expect(page.locator("main").get_by_text("Failed", exact=True).first).to_be_visible(
        timeout=PATIENCE_MS
    )

    page.get_by_role("link", name="Home").click()
    failed = page.get_by_role("region", name="Failed last")
    failed.get_by_role("link", name="broken").first.click()
    page.get_by_role("tab", name="Tasks").click()
    page.get_by_role("link", name="load", exact=True).click()
    expect(page.get_by_text("ValueError: the table is gone").first).to_be_visible()
    page.get_by_role("button", name="Next error").click()
    expect(page.locator("[data-pointed]").first).to_have_attribute("data-level", "error")

    file = dags_folder / "broken.py"
    file.write_text(file.read_text().replace('raise ValueError("the table is gone")', "print(7)"))
    page.get_by_role("button", name="Clear").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("With the newest version of the DAG").check()
    expect(dialog.get_by_role("cell", name="load")).to_be_visible()
    dialog.get_by_role("button", name="Clear 1 task instance").click()
    expect(page.locator("main").get_by_text("Success", exact=True).first).to_be_visible(
        timeout=PATIENCE_MS
    )


def test_a_viewer_finds_no_button_that_would_fail(page: Page, log_in: Callable[..., None]) -> None:
    log_in("viewer", "look")
    page.goto("/dags/orders")
    expect(page.get_by_role("heading", name="orders")).to_be_visible()
    expect(page.get_by_role("switch", name="orders is active")).to_be_disabled()
    expect(page.get_by_role("button", name="Trigger")).to_have_count(0)
    expect(page.get_by_role("link", name="Variables")).to_have_count(0)
    page.goto("/dags")
    expect(page.get_by_role("link", name="orders", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Trigger")).to_have_count(0)


def test_the_keyboard_opens_the_palette_and_goes_to_a_dag(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("orde")
    expect(page.get_by_role("option", name="orders").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="orders")).to_be_visible()


def test_variables_are_added_and_removed(page: Page, log_in: Callable[..., None]) -> None:
    log_in()
    page.get_by_role("link", name="Variables").click()
    page.get_by_role("button", name="Add a variable").click()
    page.get_by_label("Key").fill("region")
    page.get_by_label("Value").fill("eu-west-1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="eu-west-1")).to_be_visible()
    page.get_by_role("button", name="Change region").click()
    page.reload()
    expect(page.get_by_role("dialog").get_by_label("Value")).to_have_value("eu-west-1")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Remove region").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("cell", name="eu-west-1")).to_have_count(0)


def test_the_app_speaks_german_to_who_wants_that(page: Page, log_in: Callable[..., None]) -> None:
    log_in()
    page.goto("/account")
    page.get_by_role("combobox", name="Language", exact=True).click()
    page.get_by_role("option", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Ihr Konto")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_role("link", name="Variablen").click()
    expect(page.get_by_role("button", name="Variable hinzufügen")).to_be_visible()
