"""Logs as the web app reads them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.api.conftest import Client
from tests.api.making import a_run, recorded, started
from tests.api.test_logs import line, written

from slipstream.api.live.admission import Admission
from slipstream.api.live.events import View
from slipstream.api.live.feed import LiveFeed
from slipstream.api.log_reading import LARGEST_PLACE
from slipstream.api.settings import ApiSettings
from slipstream.api.ui.logs import _growth
from slipstream.model.states import TaskState
from slipstream.store.interface import Store

LOG = "/ui/dags/etl/runs/first/tasks/extract/logs/1"
PATIENCE_SECONDS = 30.0


def prepared(store: Store, state: TaskState) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version, extract=state, transform=state)


def test_the_last_lines_come_first(api: Client, store: Store, settings: ApiSettings) -> None:
    prepared(store, TaskState.SUCCESS)
    path = written(settings, "".join(line(f"row {at}") for at in range(9)))
    size = path.stat().st_size
    last = api.get(LOG + "/piece", params={"most_bytes": size // 3}).json()
    assert [one["event"] for one in last["lines"]][-1] == "row 8"
    assert (last["end"], last["size"], last["goes_on"]) == (size, size, False)
    before = api.get(LOG + "/piece", params={"before": last["begin"]}).json()
    assert (before["first_line"], len(before["lines"]) + len(last["lines"])) == (1, 9)
    found = api.get(LOG + "/piece", params={"line": 4}).json()
    assert (found["first_line"], found["lines"][0]["event"]) == (4, "row 3")


def test_hits_tell_where_they_are(api: Client, store: Store, settings: ApiSettings) -> None:
    prepared(store, TaskState.SUCCESS)
    written(settings, line("one") + line("two", level="error"))
    found = api.get(LOG + "/hits", params={"text": "TWO"}).json()
    assert found["are_all"]
    assert [hit["line"] for hit in found["hits"]] == [2]
    assert found["next_line"] == 3
    worse = api.get(LOG + "/hits", params={"level": "warning"}).json()
    assert [hit["line"] for hit in worse["hits"]] == [2]
    assert api.get(LOG + "/hits", params={"level": "error", "from_line": 3}).json()["hits"] == []
    assert api.get(LOG + "/hits").status_code == 400


def test_where_there_is_no_log_it_says_why(api: Client, store: Store) -> None:
    prepared(store, TaskState.SKIPPED)
    [only] = api.get(LOG + "/piece").json()["lines"]
    assert "no log of this try" in only["event"]


@pytest.mark.parametrize(
    "place", ["piece?offset={}", "piece?before={}", "piece?line={}", "stream?offset={}"]
)
@pytest.mark.parametrize("number", [LARGEST_PLACE + 1, 2**63, 10**30, -1])
def test_a_place_beyond_all_files_is_refused(
    api: Client, store: Store, settings: ApiSettings, place: str, number: int
) -> None:
    prepared(store, TaskState.SUCCESS)
    written(settings, line("one"))
    assert api.get(f"{LOG}/{place.format(number)}").status_code == 422


def test_the_last_place_that_there_can_be_is_behind_the_end(
    api: Client, store: Store, settings: ApiSettings
) -> None:
    prepared(store, TaskState.SUCCESS)
    written(settings, line("one"))
    assert api.get(f"{LOG}/piece?offset={LARGEST_PLACE}").json()["lines"] == []
    stream = api.get(f"{LOG}/stream?offset={LARGEST_PLACE}").text
    assert "event: end" in stream
    assert "event: lines" not in stream


def test_a_try_that_never_was_is_not_found(api: Client, store: Store) -> None:
    prepared(store, TaskState.SUCCESS)
    assert api.get(LOG.replace("/1", "/7") + "/piece").status_code == 404


def test_what_is_written_comes_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "of_a_task" / "attempt=1.log"
    live = LiveFeed()
    runs = [True]

    async def follow() -> list[tuple[str, object]]:
        admission = Admission(lambda: None, dag_ids=None, is_near=True)
        stream = _growth(live, View(dag_id="etl"), lambda: path, 0, lambda: runs[0], admission)
        told = []
        # The task has not begun to write; then it writes; then it ends.
        first = asyncio.ensure_future(_next(stream))
        while not path.parent.exists():
            await asyncio.sleep(0.01)
        path.write_text(line("one"))
        told.append(await asyncio.wait_for(first, PATIENCE_SECONDS))
        with path.open("a") as file:
            file.write(line("two"))
        told.append(await asyncio.wait_for(_next(stream), PATIENCE_SECONDS))
        with path.open("a") as file:
            file.write(line("three"))
        runs[0] = False
        live.dags_edited(["etl"])
        async for event in stream:
            told.append(_read(event))
        return told

    told = asyncio.run(follow())
    written_lines = [one for name, data in told if name == "lines" for one in _list(data)]
    assert [one["event"] for one in written_lines] == ["one", "two", "three"]
    assert told[-1][0] == "end"


async def _next(stream: AsyncIterator[bytes]) -> tuple[str, object]:
    return _read(await anext(stream))


def _read(event: bytes) -> tuple[str, object]:
    fields = dict(part.split(": ", 1) for part in event.decode().strip().split("\n"))
    return fields["event"], json.loads(fields["data"])


def _list(data: object) -> list[dict[str, str]]:
    assert isinstance(data, list)
    return data
