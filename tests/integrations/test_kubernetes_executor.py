"""`[core] executor = "KubernetesExecutor"`: the stock executor and real workers on a stand-in API."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.cli.servers import environment, eventually, processes_of, running, token
from tests.integrations.far import ATTEMPTS, DAG, STATES, dag_is_there, wait_for_the_end
from tests.integrations.kubernetes_api import kubernetes_api

TEMPLATE = """
apiVersion: v1
kind: Pod
metadata: {name: template}
spec:
  restartPolicy: Never
  containers: [{name: base, image: unused}]
"""


def test_tasks_run_in_pods(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "far.py").write_text(DAG)
    (home / "pod.yaml").write_text(TEMPLATE)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    (home / "slipstream.toml").write_text(
        f"""
        [core]
        executor = "KubernetesExecutor"
        execution_api_server_url = "http://127.0.0.1:{port}/execution/"
        [kubernetes_executor]
        in_cluster = false
        config_file = "{home / "kube.yaml"}"
        pod_template_file = "{home / "pod.yaml"}"
        worker_container_repository = "slipstream"
        worker_container_tag = "1"
        worker_pods_creation_batch_size = 4
        [scheduler]
        job_heartbeat_sec = 0.2
        """
    )
    with kubernetes_api(environment(home)) as (cluster, config):
        (home / "kube.yaml").write_text(config)
        with running(home, "standalone", "--port", str(port)) as server:
            bearer = {"Authorization": token(server)}
            eventually(lambda: dag_is_there(server, bearer))
            run = {"logical_date": None, "dag_run_id": "r"}
            server.post("/api/v2/dags/far/dagRuns", run, **bearer)
            assert wait_for_the_end(server, bearer, lambda: True) == STATES
            prefix = "/api/v2/dags/far/dagRuns/r/taskInstances"
            value = server.get(f"{prefix}/flaky/xcomEntries/return_value", **bearer)
            assert isinstance(value, dict)
            assert value["value"] == [2, 4, 6]
            assert "from the worker" in str(server.get(f"{prefix}/shell/logs/1", **bearer))
            eventually(lambda: not cluster.pods)
            server.end()
        assert len(cluster.made) == ATTEMPTS
        owners = {pod["metadata"]["labels"]["airflow-worker"] for pod in cluster.made}
        assert len(owners) == 1
        assert all(pod["spec"]["containers"][0]["image"] == "slipstream:1" for pod in cluster.made)
    eventually(lambda: not processes_of(home))
