"""Workers elsewhere that are killed at the worst moment, and a server that is, under their feet."""

from __future__ import annotations

import os
import signal
import socket
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.chaos.conftest import Deployment
from tests.cli.servers import eventually, processes_of, running
from tests.executors.far_servers import FaultyNetwork

from slipstream.model.states import TaskState
from slipstream.store import open_store
from slipstream.store.records import InstanceFilter
from slipstream.wire import remote

pytestmark = pytest.mark.processes

EXECUTOR = """
import os
import subprocess
import sys

from airflow.executors.base_executor import BaseExecutor


class FarExecutor(BaseExecutor):
    '''Starts workers, and looks after none of them: whoever dies says nothing.'''

    def _process_workloads(self, workloads):
        kept = {k: v for k, v in os.environ.items() if k != "SLIPSTREAM_LINEAGE"}
        for workload in workloads:
            self.queued_tasks.pop(workload.key)
            with open(os.path.join(os.environ["SLIPSTREAM_HOME"], "worker.log"), "ab") as log:
                subprocess.Popen(
                    [
                        *(sys.executable, "-m", "slipstream.executors.provided.execute_workload"),
                        *("--json-string", workload.model_dump_json()),
                    ],
                    env=kept,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def revoke_task(self, *, ti):
        pass

    def end(self):
        pass

    def terminate(self):
        pass
"""

DAG_FILE = """
import os
import time
from pathlib import Path

from airflow.sdk import DAG, Variable, task

HOME = Path(__file__).parent.parent


def note(what):
    record = os.open(HOME / "record" / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(record, f"{what} far {os.getpid()}\\n".encode())
    os.close(record)


def tell(context):
    # After the end was told: the worker still speaks for its attempt, or this raises.
    Variable.set("told", context["ti"].task_id)
    note("told")


with DAG("chaos", schedule=None, is_paused_upon_creation=False):

    @task(on_success_callback=tell)
    def far():
        note("start")
        while not (HOME / "go").exists():
            time.sleep(0.05)
        note("end")
        return Variable.get("greeting", "hello")

    far()
"""


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Deployment]:
    home = tmp_path / "home"
    for folder in ("dags", "record", "site"):
        (home / folder).mkdir(parents=True)
    (home / "dags" / "chaos.py").write_text(DAG_FILE)
    (home / "site" / "far_executor.py").write_text(EXECUTOR)
    store = open_store(f"sqlite:///{home / 'slipstream.db'}", xcom_url=str(home / "xcom"))
    store.migrate()
    yield Deployment(home, store)
    store.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def settle(home: Path, workers_port: int, silence_seconds: int) -> None:
    """Settings; `silence_seconds`: a worker that is not heard for so long is lost."""
    (home / "slipstream.toml").write_text(
        f"""
        [core]
        executor = "far_executor.FarExecutor"
        execution_api_server_url = "http://127.0.0.1:{workers_port}/execution/"
        [scheduler]
        job_heartbeat_sec = 0.1
        task_instance_heartbeat_timeout = {silence_seconds}
        [workers]
        min_heartbeat_interval = 1
        max_failed_heartbeats = 10000
        """
    )


def workers(home: Path) -> list[list[str]]:
    """The command lines of the workers that live."""
    return [line.split() for line in processes_of(home) if "execute_workload" in line]


def test_a_worker_killed_before_it_hears_that_it_may_begin_is_started_again(
    far: Deployment,
) -> None:
    port = free_port()
    killed: list[int] = []

    def kill_the_first(verb: str, body: bytes) -> None:
        if verb == "begin" and not killed:
            killed.append(msgspec.msgpack.decode(body, type=remote.Begin).pid)
            os.kill(killed[0], signal.SIGKILL)

    with FaultyNetwork(port, on_answer=kill_the_first) as network:
        settle(far.home, network.own_port, silence_seconds=10)
        (far.home / "go").touch()
        with running(far.home, "standalone", "--port", str(port)) as server:
            far.trigger()
            assert far.wait_for_end() == "success"
            eventually(lambda: far.counts()["told"])
            assert server.end() == 0
    assert killed
    assert network.verbs.count("begin") == 2
    assert far.counts() == Counter(start=1, end=1, told=1)
    (entry,) = far.store.iterate_instances(InstanceFilter(dag_ids=["chaos"]))
    assert (entry.instance.state, entry.instance.try_number) == (TaskState.SUCCESS, 1)
    eventually(lambda: not processes_of(far.home))


def test_a_server_started_again_in_mid_run_has_the_task_run_anew_and_ends_what_runs(
    far: Deployment,
) -> None:
    port = free_port()
    settle(far.home, port, silence_seconds=300)
    with running(far.home, "standalone", "--port", str(port)) as server:
        far.trigger()
        eventually(lambda: far.counts()["start"] == 1)
        (words,) = workers(far.home)
        workload = msgspec.json.decode(words[words.index("--json-string") + 1])
        attempt_id, first = workload["ti"]["id"], workload["token"]
        # What everybody on that machine can read opens nothing any more.
        begin = remote.Begin(hostname="thief", pid=1, nonce="a nonce of a thief's own")
        assert post(port, attempt_id, "begin", first, begin)[0] == 409
        assert post(port, attempt_id, "beat", first, None)[0] == 403
        server.end(signal.SIGKILL)
    with running(far.home, "standalone", "--port", str(port)) as server:
        # The old worker ends its task; another one begins it anew.
        eventually(lambda: far.counts()["start"] == 2)
        assert post(port, attempt_id, "begin", first, begin)[0] == 401
        eventually(lambda: len(workers(far.home)) == 1)
        said = (far.home / "worker.log").read_text()
        assert "the server was started again since then, and the attempt with it" in said
        (far.home / "go").touch()
        assert far.wait_for_end() == "success"
        eventually(lambda: far.counts()["told"])
        assert server.end() == 0
    assert far.counts() == Counter(start=2, end=1, told=1)
    assert first not in said
    eventually(lambda: not processes_of(far.home))


def post(port: int, attempt_id: str, verb: str, token: str, message: object) -> tuple[int, str]:
    """Status and text of the answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/execution/{attempt_id}/{verb}",
        data=remote.encode(message),
        headers={"Authorization": f"Bearer {token}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
