"""Who may do what, by the web app: users, roles, tokens, second factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.cli.servers import RunningServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pyotp = pytest.importorskip("pyotp", reason="pyotp is not installed")
expect = sync_api.expect

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill the login in and send it."""
    page.goto("/")
    page.get_by_role("textbox", name="User name", exact=True).fill(name)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_user_with_a_role_of_some_dags_sees_those_alone(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/access?tab=roles")
    page.get_by_role("button", name="Add a role").click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Name", exact=True).fill("Orders team")
    form.get_by_role("textbox", name="For some DAGs alone", exact=True).fill("orders")
    form.get_by_role("button", name="Add a row").click()
    expect(form.get_by_label("Read: DAG:orders")).to_be_checked()
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Orders team")).to_be_visible()
    page.get_by_role("tab", name="Users").click()
    page.get_by_role("button", name="Add a user").click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="User name", exact=True).fill("ada")
    form.get_by_role("textbox", name="Password").fill("analytical")
    form.locator(".mantine-Pill-remove").click()
    form.get_by_role("combobox", name="Roles").fill("Orders")
    page.get_by_role("option", name="Orders team").click()
    page.keyboard.press("Tab")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="Orders team")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, "ada", "analytical")
    page.get_by_role("heading", name="Home").wait_for()
    page.goto("/dags")
    expect(page.get_by_role("link", name="orders", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="broken", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Access")).to_have_count(0)


def test_a_token_is_shown_once_counts_and_is_removed(
    page: Page, log_in: Callable[..., None], server: RunningServer
) -> None:
    log_in()
    page.goto("/account")
    page.get_by_role("button", name="Make a token").click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Name", exact=True).fill("nightly")
    form.get_by_label("May").last.fill("read:dag")
    form.get_by_label("May").last.press("Enter")
    page.keyboard.press("Tab")
    form.get_by_role("button", name="Make", exact=True).click()
    token = form.get_by_role("textbox", name="The token").input_value()
    form.get_by_role("button", name="Done").click()
    bearer = {"Authorization": f"Bearer {token}"}
    found = server.get("/api/v2/dags", **bearer)
    assert isinstance(found, dict)
    assert found["total_entries"] == 2
    row = page.get_by_role("row").filter(has_text="nightly")
    expect(row.get_by_text("read:dag")).to_be_visible()
    row.get_by_label("Remove nightly").click()
    expect(page.get_by_text("The token nightly counts no more.")).to_be_visible()
    expect(row).to_have_count(0)
    assert page.request.get("/api/v2/dags", headers=bearer).status == 401


def test_a_second_factor_is_set_up_asked_for_and_reset(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/access")
    page.get_by_role("button", name="Add a user").click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="User name", exact=True).fill("grace")
    form.get_by_role("textbox", name="Password").fill("compiler")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="grace", exact=True)).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, "grace", "compiler")
    page.get_by_role("heading", name="Home").wait_for()
    page.goto("/account")
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_alt_text("The key as a QR code")).to_be_visible()
    codes = pyotp.TOTP(page.get_by_role("textbox", name="Key", exact=True).input_value())
    page.get_by_role("textbox", name="Code", exact=True).fill("000000")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("The code was not taken")).to_be_visible()
    page.get_by_role("textbox", name="Code", exact=True).fill(codes.now())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Signing in takes a code of")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, "grace", "compiler")
    expect(page.get_by_role("textbox", name="Code", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("textbox", name="Code", exact=True).fill("12 34 56")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("You are not logged in")).to_be_visible()
    page.get_by_role("button", name="As somebody else").click()
    expect(page.get_by_role("textbox", name="User name", exact=True)).to_be_visible()
    log_in()
    page.goto("/access")
    page.get_by_label("More about grace").click()
    page.get_by_role("menuitem", name="Reset the second factor").click()
    expect(page.get_by_text("grace signs in without a code now.")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, "grace", "compiler")
    page.get_by_role("heading", name="Home").wait_for()


def test_a_new_password_ends_what_was_signed_in_with_the_old_one(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in("viewer", "look")
    page.goto("/account")
    page.get_by_role("textbox", name="Old password", exact=True).fill("look")
    page.get_by_role("textbox", name="New password", exact=True).fill("look again")
    page.get_by_role("textbox", name="New password again", exact=True).fill("look agian")
    expect(page.get_by_text("The two differ")).to_be_visible()
    page.get_by_role("textbox", name="New password again", exact=True).fill("look again")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password is changed.")).to_be_visible()
    sign_in(page, "viewer", "look again")
    page.get_by_role("heading", name="Home").wait_for()
