"""A server in this process, on the home of the tests, and command lines that are sent to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.cli.conftest import Done, Slipstream

from slipstream.api.app import create_app
from slipstream.api.auth.personal import hash_of, new_token
from slipstream.api.server import ApiServer
from slipstream.api.settings import ApiSettings
from slipstream.model.changes import InstancesAdded, RunChanged
from slipstream.model.dag import DagSpec
from slipstream.model.run import TaskInstance
from slipstream.model.states import RunState, TaskState
from slipstream.store.access_records import AccountRecord
from slipstream.store.interface import Store
from slipstream.store.records import RunWrite

PASSWORD = "correct horse"

As = Callable[[str], None]


@pytest.fixture
def server(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server on the home's store. This user has nothing stored yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in ("SLIPSTREAM_SERVER", "SLIPSTREAM_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for name, role in (("ada", "Admin"), ("vic", "Viewer")):
        store.create_account(AccountRecord(username=name, password_hash=hashed, roles=(role,)))
    settings = ApiSettings(
        log_dir=tmp_path / "logs",
        login_attempts_per_minute=0,
        shown_config={"core": {"parallelism": "32", "fernet_key": "< hidden >"}},
    )
    api = ApiServer(lambda: create_app(store, settings=settings), port=0)
    api.start()
    assert api.wait_ready(30)
    yield api.url
    api.stop()


@pytest.fixture
def acting_as(store: Store, monkeypatch: pytest.MonkeyPatch) -> As:
    """Lets the command lines that follow be sent as that user."""

    def act(username: str) -> None:
        token = new_token()
        store.add_access_token(username, "tests", hash_of(token), None, None)
        monkeypatch.setenv("SLIPSTREAM_TOKEN", token)

    return act


@pytest.fixture
def remote(server: str, acting_as: As, slipstream: Slipstream) -> Slipstream:
    """Runs `slipstream WORDS… --server URL` as an administrator."""
    acting_as("ada")

    def run(*words: str) -> Done:
        return slipstream(*words, "--server", server)

    return run


STATES = {
    "load": TaskState.SUCCESS,
    "clean": TaskState.FAILED,
    "report": TaskState.UPSTREAM_FAILED,
}


@pytest.fixture
def failed_run(store: Store, sales: DagSpec, slipstream: Slipstream) -> str:
    """A run of `sales` whose second task failed."""
    slipstream("dags", "trigger", "sales", "--run-id", "mine", "--logical-date", "2026-01-02")
    run = store.get_run("sales", "mine")
    instances = tuple(
        TaskInstance(run_pk=run.pk, task_id=task_id, state=state, reason=f"because of {task_id}")
        for task_id, state in STATES.items()
    )
    ended = RunChanged(replace(run, state=RunState.FAILED))
    assert not store.apply([RunWrite(run.pk, run.revision, (InstancesAdded(instances), ended))])
    return "mine"
