"""Real processes, killed in the middle of a run of two hundred tasks."""

from __future__ import annotations

import signal

import pytest
from tests.chaos.conftest import TASKS, Deployment, children_of, kill, root_zygote
from tests.cli.servers import eventually, processes_of, running

pytestmark = pytest.mark.processes


def test_a_run_survives_the_death_of_the_server(deployment: Deployment) -> None:
    with running(deployment.home, "standalone") as server:
        deployment.trigger()
        deployment.wait_for(ends=60)
        server.end(signal.SIGKILL)
    eventually(lambda: not processes_of(deployment.home))
    ends = deployment.counts()["end"]
    assert ends < TASKS
    with running(deployment.home, "standalone") as server:
        assert deployment.wait_for_end() == "success"
        assert server.end() == 0
    deployment.check_record()
    assert deployment.counts()["end"] <= TASKS + 16, "what was done is not done again"
    assert processes_of(deployment.home) == []


def test_a_run_survives_the_death_of_its_zygotes_and_tasks(deployment: Deployment) -> None:
    with running(deployment.home, "standalone") as server:
        deployment.trigger()
        deployment.wait_for(ends=20)
        kill(eventually(deployment.running_tasks)[0])
        deployment.wait_for(ends=60)
        root = root_zygote(server.process.pid)
        kill(children_of(root)[0])
        deployment.wait_for(ends=100)
        kill(root_zygote(server.process.pid))
        assert deployment.wait_for_end() == "success"
        assert server.end() == 0
    deployment.check_record()
    assert processes_of(deployment.home) == []


def test_a_server_that_is_killed_again_and_again_gets_there(deployment: Deployment) -> None:
    deaths = 0
    with running(deployment.home, "standalone"):
        deployment.trigger()
    for ends in range(30, TASKS, 45):
        with running(deployment.home, "standalone") as server:
            deployment.wait_for(ends=ends)
            server.end(signal.SIGKILL)
            deaths += 1
        eventually(lambda: not processes_of(deployment.home))
    with running(deployment.home, "standalone") as server:
        assert deployment.wait_for_end() == "success"
        assert server.end() == 0
    assert deaths == 4
    deployment.check_record()
    assert processes_of(deployment.home) == []
