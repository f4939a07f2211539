"""What people do beside watching runs: backfill, answer, look after assets and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pytest
from tests.e2e import shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def dag_files() -> Mapping[str, str]:
    """The shop's."""
    return shop.FILES


def trigger(page: Page, dag_id: str) -> None:
    """Start a run by its button."""
    page.goto(f"/dags/{dag_id}")
    page.get_by_role("button", name="Trigger", exact=True).first.click()
    page.get_by_role("dialog").get_by_role("button", name="Trigger", exact=True).click()
    page.wait_for_url("**/runs/**")


def test_a_week_is_backfilled_after_a_look_at_what_it_would_make(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/dags/shop_stock")
    page.get_by_role("tab", name="Backfills").click()
    page.get_by_role("button", name="New backfill").click()
    form = page.get_by_role("dialog")
    form.get_by_text("Run it again if it has ended").click()
    form.get_by_text("Newest first").click()
    expect(form.get_by_role("region", name="Preview")).to_contain_text("7 runs, the newest first")
    form.get_by_role("button", name="Backfill 7 runs").click()
    expect(form).to_have_count(0)
    line = page.get_by_role("row").filter(has_text="newest first")
    expect(line).to_contain_text("100 % of 7: 7 success")
    expect(line).to_contain_text("completed")
    page.get_by_role("link", name="Backfills", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="shop_stock")).to_contain_text("by admin")


def test_a_backfill_is_paused_goes_on_and_is_cancelled(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/dags/shop_orders?tab=backfills&create=true")
    form = page.get_by_role("dialog")
    # The DAG is paused as every new one is, and nothing of the backfill begins.
    form.get_by_role("switch").press("Space")
    form.get_by_text("Run it again if it has ended").click()
    form.get_by_role("button", name="Backfill 7 runs").click()
    page.get_by_role("button", name="Pause backfill").click()
    expect(page.get_by_role("cell", name="paused", exact=True)).to_be_visible()
    page.get_by_role("button", name="Unpause backfill").click()
    expect(page.get_by_role("cell", name="running", exact=True)).to_be_visible()
    page.get_by_role("button", name="Cancel backfill").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the backfill").click()
    expect(page.get_by_role("cell", name="cancelled", exact=True)).to_be_visible()


def test_a_step_is_approved_and_the_run_goes_on(page: Page, log_in: Callable[..., None]) -> None:
    log_in()
    trigger(page, "release_model")
    run = page.url
    page.get_by_role("link", name="Approvals").click()
    expect(page.get_by_label("1 waiting")).to_be_visible()
    page.get_by_role("link", name="Release the model?").click()
    expect(page.get_by_role("cell", name="0.93")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    answer = page.get_by_role("region", name="The answer")
    expect(answer).to_contain_text("Approve")
    expect(answer).to_contain_text("by admin")
    page.goto(run)
    expect(page.locator("main").get_by_text("Success", exact=True).first).to_be_visible()
    page.goto("/approvals?show=answered")
    expect(page.get_by_role("link", name="Release the model?")).to_be_visible()


def test_a_form_is_filled_in_and_mistakes_are_told(page: Page, log_in: Callable[..., None]) -> None:
    log_in()
    trigger(page, "plan_campaign")
    page.get_by_role("link", name="Approvals").click()
    page.get_by_role("link", name="What is the campaign's budget?").click()
    page.get_by_label("budget").fill("2000")
    page.get_by_role("button", name="OK").click()
    expect(page.get_by_role("region", name="The answer")).to_contain_text("2000")
    page.get_by_role("link", name="Approvals").first.click()
    page.get_by_role("link", name="Which channels?").click()
    page.get_by_label("Mail").check()
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_role("region", name="The answer")).to_contain_text("MailWeb")


def test_an_event_of_an_asset_starts_the_dags_that_wait_for_it(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/dags/shop_dashboard")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.get_by_role("switch", name="shop_dashboard is active").press("Space")
    page.get_by_role("link", name="Assets", exact=True).click()
    page.get_by_role("link", name="sales", exact=True).click()
    expect(page.get_by_role("region", name="Starts")).to_contain_text("shop_dashboard")
    page.get_by_role("button", name="Create an event").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Extra").fill("[1]")
    form.get_by_role("button", name="Create", exact=True).click()
    expect(form.get_by_text("must be a JSON object")).to_be_visible()
    form.get_by_label("Extra").fill('{"rows": 77}')
    form.get_by_role("button", name="Create", exact=True).click()
    event = page.get_by_role("row").filter(has_text='"rows":77')
    expect(event).to_contain_text("by hand")
    expect(event.get_by_role("link", name="shop_dashboard")).to_be_visible()
    page.goto("/assets?view=graph&q=sales")
    expect(page.locator(".react-flow__node").filter(has_text="shop_dashboard")).to_be_visible()


def test_a_viewer_reads_and_finds_no_button_that_would_fail(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    trigger(page, "release_model")
    page.get_by_role("link", name="Approvals").click()
    page.get_by_role("link", name="Release the model?").first.click()
    page.get_by_role("button", name="Approve").wait_for()
    asked = page.url
    page.context.clear_cookies()
    log_in("viewer", "look")
    page.goto(asked)
    expect(page.get_by_text("Your role may read this and not answer it")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.goto("/dags/shop_stock?tab=backfills&create=true")
    expect(page.get_by_role("cell", name="completed", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="New backfill")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto("/assets")
    page.get_by_role("link", name="sales", exact=True).click()
    expect(page.get_by_role("region", name="Starts")).to_contain_text("shop_dashboard")
    expect(page.get_by_role("button", name="Create an event")).to_have_count(0)
    expect(page.get_by_role("button", name="Materialise")).to_have_count(0)
