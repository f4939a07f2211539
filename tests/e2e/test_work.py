"""What people do to see more and to get on faster: values as pictures and tables, two runs beside
each other, several things at once, the way back, connections by type, the palette."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cli.servers import RunningServer
from tests.compat.fake_provider import make_provider
from tests.e2e import conftest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

PICTURE = (
    "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI0MCIg"
    "aGVpZ2h0PSIyMCI+PHJlY3Qgd2lkdGg9IjQwIiBoZWlnaHQ9IjIwIi8+PC9zdmc+"
)
VALUES = f'''
from airflow.sdk import DAG, task

with DAG("values"):
    @task
    def tree():
        return {{"model": {{"name": "forest", "depth": 7}}, "parts": ["a", "b"]}}

    @task
    def table():
        return [{{"region": "eu", "orders": 7}}, {{"region": "us", "orders": 9}}]

    @task
    def picture():
        return "{PICTURE}"

    @task
    def fails():
        print("about to")
        raise ValueError("the table is gone")

    [tree(), table(), picture()] >> fails()
'''


@pytest.fixture(scope="module")
def dag_files() -> Mapping[str, str]:
    """Those of everybody, and one whose tasks give all kinds of values."""
    return {"orders.py": conftest.DAGS["orders.py"], "values.py": VALUES}


@pytest.fixture(scope="module")
def server(dags_folder: Path) -> Iterator[RunningServer]:
    """A server with a provider package, where connections may be tested."""
    home = dags_folder.parent
    make_provider(home / "site")
    (home / "slipstream.toml").write_text('[core]\ntest_connection = "Enabled"\n')
    yield from conftest.serving(home)


def trigger(page: Page, dag_id: str) -> str:
    """Start a run by its button and wait for its end; gives its address."""
    page.goto(f"/dags/{dag_id}?trigger=true")
    page.get_by_role("dialog").get_by_role("button", name="Trigger", exact=True).click()
    page.wait_for_url(re.compile("/runs/"))
    ended = page.locator("main").get_by_text(re.compile("^(Success|Failed)$"))
    expect(ended.first).to_be_visible()
    return page.url.partition("?")[0]


def palette(page: Page, text: str) -> None:
    """Open the palette of a screen that is there, and type."""
    page.locator("main h1").first.wait_for()
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill(text)


def rows(page: Page) -> Locator:
    """The rows of the page's table that can be chosen."""
    return page.get_by_role("row").filter(has=page.get_by_role("checkbox"))


def test_values_are_shown_as_trees_tables_and_pictures(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    run = trigger(page, "values")
    page.goto(f"{run}/tasks/tree?tab=xcom")
    expect(page.get_by_text("forest")).to_be_visible()
    page.locator("summary").filter(has_text="model:").click()
    expect(page.get_by_text("forest")).to_be_hidden()
    page.get_by_text("JSON", exact=True).click()
    expect(page.locator(".cm-content")).to_contain_text('"depth": 7')
    page.goto(f"{run}/tasks/table?tab=xcom")
    expect(page.get_by_role("columnheader", name="region")).to_be_visible()
    expect(page.get_by_role("cell", name="us")).to_be_visible()
    page.goto(f"{run}/tasks/picture?tab=xcom")
    picture = page.get_by_role("img", name="return_value")
    expect(picture).to_be_visible()
    assert picture.evaluate("(img) => img.decode().then(() => img.naturalWidth)") == 40


def test_a_log_tells_failures_by_colour_and_the_timeline_shows_each_try(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    run = trigger(page, "values")
    page.goto(f"{run}/tasks/fails")
    failure = page.locator("[data-level=error]").filter(has_text="the table is gone").first
    expect(failure).to_be_visible()
    told = page.locator("[data-level=info]").filter(has_text="about to")
    colour = "(line) => getComputedStyle(line.lastElementChild).color"
    assert failure.evaluate(colour) != told.evaluate(colour)
    page.get_by_role("button", name="Clear").click()
    expect(page).to_have_url(re.compile("act=clear"))
    page.get_by_role("dialog").get_by_role("button", name="Clear 1 task instance").click()
    expect(page.get_by_text("Try 2", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Timeline").click()
    tries = page.get_by_role("row").filter(has_text="Failed")
    expect(tries).to_have_count(2)
    expect(tries.first.get_by_role("cell").first).to_have_text("1")


def test_a_run_is_made_again_with_changes_and_compared_with_the_first(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    first = trigger(page, "orders")
    page.get_by_role("button", name="More about this run").click()
    page.get_by_role("menuitem", name="Run again with changes").click()
    form = page.get_by_role("dialog")
    form.get_by_label("rows").fill("4")
    form.get_by_role("button", name="Trigger", exact=True).click()
    expect(page.get_by_text("4 success")).to_be_visible()
    assert page.url.partition("?")[0] != first
    page.get_by_role("tab", name="Compare").click()
    facts = page.get_by_role("region", name="The runs")
    line = facts.get_by_role("row").filter(has_text="rows")
    expect(line.get_by_role("cell").nth(0)).to_have_text("4")
    expect(line.get_by_role("cell").nth(1)).to_have_text("as by default")
    expect(line).to_contain_text("differs")


def test_several_runs_are_marked_and_deleted_at_once(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    trigger(page, "orders")
    trigger(page, "orders")
    page.goto("/dags/orders?tab=runs&state=success")
    before = rows(page)
    expect(before.nth(2)).to_be_visible()
    count = before.count() - 1
    before.nth(1).get_by_role("checkbox").check()
    before.nth(2).get_by_role("checkbox").check()
    chosen = page.get_by_role("group", name="With the chosen runs")
    chosen.get_by_role("button", name="Mark").click()
    page.get_by_role("menuitem", name="As failed").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Mark")).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(rows(page)).to_have_count(count - 2 + 1 if count > 2 else 0)
    page.goto("/dags/orders?tab=runs&state=failed")
    page.get_by_role("checkbox", name="Choose all").check()
    chosen.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Delete")).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("row")).to_have_count(0)


def test_several_dags_are_paused_at_once_and_the_way_back_is_offered(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/dags")
    page.get_by_role("checkbox", name="Choose all").check()
    page.get_by_role("button", name="Unpause", exact=True).click()
    for name in ("orders", "values"):
        expect(page.get_by_role("switch", name=f"{name} is active")).to_be_checked()
    page.get_by_role("checkbox", name="Choose all").check()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("2 DAGs are paused.")).to_be_visible()
    page.get_by_role("alert").filter(has_text="paused").get_by_role("button", name="Undo").click()
    for name in ("orders", "values"):
        expect(page.get_by_role("switch", name=f"{name} is active")).to_be_checked()


def test_favourites_are_kept_and_listed_alone(page: Page, log_in: Callable[..., None]) -> None:
    log_in()
    page.goto("/dags")
    star = page.get_by_role("button", name="Favourite values")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.goto("/dags?favourites=true")
    expect(page.get_by_role("link", name="values", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="orders", exact=True)).to_have_count(0)
    star.click()
    expect(page.get_by_text("No DAG is like that")).to_be_visible()


def test_what_was_done_with_a_dag_stands_in_its_events(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/dags/orders")
    switch = page.get_by_role("switch", name="orders is active")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        switch.press("Space")
    page.goto("/dags/orders?tab=events")
    entry = page.get_by_role("row").filter(has_text="is_paused").first
    expect(entry).to_contain_text("admin")


def test_a_connection_has_the_fields_of_its_type_and_is_tested(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    page.goto("/connections")
    page.get_by_role("button", name="Add a connection").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Type").fill("nothing_known")
    expect(form.get_by_text("No installed provider has the type")).to_be_visible()
    expect(form.get_by_label("Schema")).to_be_visible()
    form.get_by_label("Type").fill("acme")
    page.keyboard.press("Escape")
    expect(form.get_by_label("Where")).to_be_visible()
    expect(form.get_by_label("Schema")).to_have_count(0)
    form.get_by_label("Id").fill("shovel")
    form.get_by_label("Where").fill("acme.example")
    form.get_by_label("Retries").fill("2")
    form.get_by_role("button", name="Test").click()
    expect(form.get_by_role("alert")).to_contain_text("well")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="acme.example")).to_be_visible()


def test_the_palette_acts_and_finds_tasks(page: Page, log_in: Callable[..., None]) -> None:
    log_in()
    run = trigger(page, "orders")
    page.goto(run)
    palette(page, "total")
    page.get_by_role("option", name="report.total").click()
    expect(page).to_have_url(re.compile(r"/tasks/report\.total"))
    page.goto(run)
    palette(page, "clear this run")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=re.compile("^Clear "))).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.goto("/")
    palette(page, "trigger ord")
    page.get_by_role("option", name="Trigger orders").click()
    expect(page.get_by_role("dialog").get_by_label("rows")).to_be_visible()


def test_a_graph_is_shared_as_it_is_looked_at(page: Page, log_in: Callable[..., None]) -> None:
    log_in()
    page.goto(f"{trigger(page, 'orders')}?tab=graph")
    page.get_by_text("Top down").click()
    page.get_by_role("switch", name="Critical path").press("Space")
    page.get_by_role("button", name="Fold report").click()
    expect(page.get_by_role("button", name="Unfold report")).to_be_visible()
    address = page.url
    page.evaluate("localStorage.clear()")
    page.goto("/")
    page.goto(address)
    expect(page.get_by_role("button", name="Unfold report")).to_be_visible()
    expect(page.get_by_role("switch", name="Critical path")).to_be_checked()
    expect(page.get_by_role("radio", name="Top down")).to_be_checked()


def test_the_keyboard_reaches_everything_and_returns(
    page: Page, log_in: Callable[..., None]
) -> None:
    log_in()
    trigger(page, "orders")
    page.goto("/dags/orders")
    page.get_by_role("grid").locator("a").first.wait_for()
    page.keyboard.press("/")
    expect(page.get_by_label("Find a task")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Find a DAG, run, task, place or action")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Find a task")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Find a task")).not_to_be_focused()
    page.keyboard.press("g")
    expect(page).to_have_url(re.compile("tab=graph"))
    page.keyboard.press("g")
    cell = page.get_by_role("gridcell").locator("a").first
    cell.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-row='1']:focus")).to_have_count(1)
    page.keyboard.press("Shift+?")
    sheet = page.get_by_role("dialog")
    for text in ("Search on this page", "Move in the grid", "Find a DAG", "This sheet"):
        expect(sheet.get_by_text(text)).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    button = page.get_by_role("button", name="Trigger", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("rows")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
