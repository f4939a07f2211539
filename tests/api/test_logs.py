"""Logs of tries."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client, Clock
from tests.api.making import ETL, a_run, recorded, started

from slipstream.api.app import create_app
from slipstream.api.log_reading import every_line, read_page
from slipstream.api.settings import ApiSettings
from slipstream.model.attempt import Attempt
from slipstream.model.states import TaskState
from slipstream.runtime.log_carrier import RemoteLogError
from slipstream.runtime.log_files import log_path
from slipstream.store.interface import Store
from slipstream.wire.messages import LogRead

TASKS = "/dags/etl/dagRuns/first/taskInstances"


def line(event: str, **more: object) -> str:
    fields = {"timestamp": "2026-03-01T12:00:00Z", "level": "info", "event": event, **more}
    return json.dumps(fields) + "\n"


def written(
    settings: ApiSettings, text: str, task_id: str = "extract", map_index: int = -1
) -> Path:
    path = settings.log_dir / log_path("etl", "first", task_id, map_index, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def prepared(store: Store, state: TaskState) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version, extract=state, transform=state)


def events(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [entry["event"] for entry in answer["content"]]


def test_a_log_is_structured(api: Client, store: Store, settings: ApiSettings) -> None:
    prepared(store, TaskState.SUCCESS)
    written(settings, line("one", logger="task.stdout") + line("two", level="error"))
    answer = api.get(f"{TASKS}/extract/logs/1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "content": [
            {
                "timestamp": "2026-03-01T12:00:00Z",
                "level": "info",
                "event": "one",
                "logger": "task.stdout",
            },
            {"timestamp": "2026-03-01T12:00:00Z", "level": "error", "event": "two"},
        ],
        "continuation_token": None,
    }


def test_a_log_can_be_read_as_text_and_as_lines_of_json(
    api: Client, store: Store, settings: ApiSettings
) -> None:
    prepared(store, TaskState.SUCCESS)
    written(settings, line("one") + line("two", level="error"))
    path = f"{TASKS}/extract/logs/1"
    text = api.get(path, headers={"accept": "text/plain"})
    assert text.text == ("[2026-03-01T12:00:00Z] INFO - one\n[2026-03-01T12:00:00Z] ERROR - two\n")
    lines = api.get(path, headers={"accept": "application/x-ndjson"})
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(entry)["event"] for entry in lines.text.splitlines()] == ["one", "two"]


def test_a_running_tasks_log_goes_on_where_it_was_left(
    api: Client, store: Store, settings: ApiSettings
) -> None:
    prepared(store, TaskState.RUNNING)
    path = f"{TASKS}/extract/logs/1"
    first = api.get(path).json()
    assert first["content"] == []
    assert first["continuation_token"]
    file = written(settings, line("one"))
    second = api.get(path, params={"token": first["continuation_token"]}).json()
    assert events(second) == ["one"]
    with file.open("a") as log:
        log.write(line("two") + '{"event": "half')
    third = api.get(path, params={"token": second["continuation_token"]}).json()
    assert events(third) == ["two"]
    with file.open("a") as log:
        log.write(' a line"}\n')
    fourth = api.get(path, params={"token": third["continuation_token"]}).json()
    assert events(fourth) == ["half a line"]


def test_a_long_log_comes_in_pages(
    portal: BlockingPortal, store: Store, settings: ApiSettings, clock: Clock
) -> None:
    small = replace(settings, log_page_bytes=500)
    client = Client(portal, create_app(store, settings=small, clock=clock))
    prepared(store, TaskState.SUCCESS)
    written(settings, "".join(line(f"line {number}") for number in range(50)))
    found: list[str] = []
    token, pages = None, 0
    while pages == 0 or token:
        page = client.get(
            f"{TASKS}/extract/logs/1", params={"token": token} if token else {}
        ).json()
        found += events(page)
        token, pages = page["continuation_token"], pages + 1
    assert found == [f"line {number}" for number in range(50)]
    assert pages > 5
    whole = client.get(f"{TASKS}/extract/logs/1", params={"full_content": "true"}).json()
    assert (events(whole), whole["continuation_token"]) == (found, None)


def test_a_mapped_instance_has_its_own_log(
    api: Client, store: Store, settings: ApiSettings
) -> None:
    prepared(store, TaskState.SUCCESS)
    written(settings, line("mine"), "transform", 1)
    answer = api.get(f"{TASKS}/transform/logs/1", params={"map_index": 1})
    assert events(answer.json()) == ["mine"]


def test_a_missing_log_says_why(api: Client, store: Store) -> None:
    prepared(store, TaskState.FAILED)
    answer = api.get(f"{TASKS}/extract/logs/1").json()
    assert "no log" in answer["content"][0]["event"]
    assert "It is failed." in answer["content"][0]["event"]
    assert answer["continuation_token"] is None
    text = api.get(f"{TASKS}/extract/logs/1", headers={"accept": "text/plain"}).text
    assert "no log" in text


def test_a_line_that_is_no_json_is_shown_as_it_is(
    api: Client, store: Store, settings: ApiSettings
) -> None:
    prepared(store, TaskState.SUCCESS)
    written(settings, 'Segmentation fault\n{"no": "event"}\n' + line("fine"))
    found = events(api.get(f"{TASKS}/extract/logs/1").json())
    assert found == ["Segmentation fault", '{"no": "event"}', "fine"]


@pytest.mark.parametrize(
    "token", ["x", "!!", "YXQgLTE", "YXQgMSAy", "YXQgOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"]
)
def test_a_made_up_token_is_refused(api: Client, store: Store, token: str) -> None:
    prepared(store, TaskState.SUCCESS)
    answer = api.get(f"{TASKS}/extract/logs/1", params={"token": token})
    assert answer.status_code == 400


def test_a_try_that_there_was_not_is_not_found(api: Client, store: Store) -> None:
    prepared(store, TaskState.SUCCESS)
    assert api.get(f"{TASKS}/extract/logs/2").status_code == 404
    assert api.get(f"{TASKS}/extract/logs/0").status_code == 404
    assert api.get(f"{TASKS}/no/logs/1").status_code == 404


def test_no_name_leads_out_of_the_log_folder(
    api: Client, store: Store, settings: ApiSettings
) -> None:
    secret = settings.log_dir.parent / "attempt=1.log"
    secret.write_text(line("secret"))
    evil = "../../.."
    version = recorded(store, replace(ETL, dag_id=evil))
    started(store, a_run(store, version, evil), version, extract=TaskState.SUCCESS)
    quoted = "..%2F..%2F.."
    answer = api.get(f"/dags/{quoted}/dagRuns/{quoted}/taskInstances/extract/logs/1")
    assert "secret" not in answer.text


def test_there_is_no_other_place_to_read_logs(api: Client, store: Store) -> None:
    prepared(store, TaskState.SUCCESS)
    assert api.get(f"{TASKS}/extract/externalLogUrl/1").status_code == 400


def test_a_line_longer_than_a_page_comes_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(line("x" * 10_000) + line("y"))
    page = read_page(path, 0, 100)
    assert len(page.lines) >= 1
    assert "x" * 10_000 in page.lines[0].decode()
    assert len(list(every_line(path))) == 2


def keeping(
    portal: BlockingPortal, store: Store, settings: ApiSettings, said: LogRead | Exception
) -> Client:
    """A client of an API whose logs are kept elsewhere, where this is found."""

    def read(attempt: Attempt, end_date: datetime | None) -> Future[LogRead]:
        assert (attempt.run.dag_id, attempt.task_id, attempt.try_number) == ("etl", "extract", 1)
        result: Future[LogRead] = Future()
        if isinstance(said, Exception):
            result.set_exception(said)
        else:
            result.set_result(said)
        return result

    return Client(portal, create_app(store, settings=settings, read_remote_log=read))


def test_a_log_that_is_kept_elsewhere_is_read_from_there(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    prepared(store, TaskState.SUCCESS)
    kept = [line("one").strip(), line("two").strip(), "no JSON"]
    api = keeping(portal, store, settings, LogRead(number=1, lines=kept))
    answer = api.get(f"{TASKS}/extract/logs/1").json()
    assert events(answer) == ["one", "two", "no JSON"]
    assert answer["continuation_token"] is None
    # What was written since is here only; the rest may be here, too.
    written(settings, line("two") + line("three"))
    assert events(api.get(f"{TASKS}/extract/logs/1").json()) == ["one", "two", "no JSON", "three"]
    text = api.get(f"{TASKS}/extract/logs/1", headers={"accept": "text/plain"}).text
    assert text.splitlines()[-1].endswith("three")


def test_a_log_that_cannot_be_read_from_elsewhere_says_so(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    prepared(store, TaskState.SUCCESS)
    written(settings, line("one"))
    api = keeping(portal, store, settings, RemoteLogError("no such bucket"))
    told = events(api.get(f"{TASKS}/extract/logs/1").json())
    assert "no such bucket" in told[0]
    assert told[1:] == ["one"]


def test_a_running_tasks_log_is_read_here(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    prepared(store, TaskState.RUNNING)
    written(settings, line("one"))
    api = keeping(portal, store, settings, AssertionError("nobody is to ask"))
    assert events(api.get(f"{TASKS}/extract/logs/1").json()) == ["one"]
