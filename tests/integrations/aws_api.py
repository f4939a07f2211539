"""A stand-in for ECS, Batch and Lambda: containers and functions run as processes of this machine.

It has what Amazon's executors ask for, in the services' own protocols. A container's image is this
interpreter with the entry point that docs/howto/run-on-workers.md says; a function's is the
handler of that page beside the provider's own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ENTRY_POINT = [sys.executable, "-m", "slipstream.executors.provided.execute_workload"]
HANDLER = """
import json, sys
from app import lambda_handler

def handler(event, context):
    event["command"][:3] = [sys.executable, "-m", "slipstream.executors.provided.execute_workload"]
    return lambda_handler(event, context)

if __name__ == "__main__":
    handler(json.load(sys.stdin), None)
"""


@dataclass
class Cloud:
    """What was asked for, and the processes that came of it."""

    environment: Mapping[str, str]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """`(operation, request)`, in order."""
    refusals: int = 0
    """So many of the next tasks, jobs and functions are not started."""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, command: list[str], given: bytes | None = None) -> str:
        """Run it; gives the name that it has here."""
        name = str(uuid.uuid4())
        process = subprocess.Popen(
            command,
            env={**self.environment},
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        )
        self.processes[name] = process
        if given is not None:
            assert process.stdin is not None
            process.stdin.write(given)
            process.stdin.close()
        return name

    def end(self, name: str) -> None:
        """Ask a process to end."""
        self.processes[name].terminate()

    def close(self) -> None:
        """End every process at once."""
        for process in self.processes.values():
            process.kill()
            process.wait()

    def count(self, operation: str) -> int:
        """How often it was asked for."""
        return sum(name == operation for name, _ in self.asked)

    def _may_start(self) -> bool:
        self.refusals -= 1
        return self.refusals < 0

    # ECS

    def RunTask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Start a container."""
        if not self._may_start():
            return {"tasks": [], "failures": [{"arn": "arn:none", "reason": "RESOURCE:CPU"}]}
        (container,) = asked["overrides"]["containerOverrides"]
        return {"tasks": [self._task(self.start([*ENTRY_POINT, *container["command"]]))]}

    def DescribeTasks(self, asked: dict[str, Any]) -> dict[str, Any]:
        """How containers are."""
        return {"tasks": [self._task(one.rpartition("/")[2]) for one in asked["tasks"]]}

    def StopTask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """End a container."""
        name = asked["task"].rpartition("/")[2]
        if name not in self.processes:
            return {"__type": "InvalidParameterException", "message": "The task was not found."}
        self.end(name)
        return {"task": self._task(name)}

    def DescribeClusters(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The cluster has no capacity providers."""
        return {"clusters": [{"clusterName": asked["clusters"][0]}], "failures": []}

    def _task(self, name: str) -> dict[str, Any]:
        code = self.processes[name].poll()
        container = {"name": "worker", "containerArn": f"arn:aws:ecs:x:0:container/{name}"}
        status = "RUNNING" if code is None else "STOPPED"
        ended = {"stoppedReason": "Essential container in task exited"} if code is not None else {}
        return {
            "taskArn": f"arn:aws:ecs:us-east-1:000000000000:task/cluster/{name}",
            "lastStatus": status,
            "desiredStatus": status,
            "startedAt": 1.0,
            "containers": [container | ({} if code is None else {"exitCode": code})],
            **ended,
        }

    # Batch

    def submitjob(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Start a job."""
        if not self._may_start():
            return {"__type": "ClientException", "message": "JobQueue queue is disabled"}
        name = self.start([*ENTRY_POINT, *asked["containerOverrides"]["command"]])
        return {"jobArn": f"arn:{name}", "jobName": asked["jobName"], "jobId": name}

    def describejobs(self, asked: dict[str, Any]) -> dict[str, Any]:
        """How jobs are; one that is not known is left out."""
        return {"jobs": [self._job(one) for one in asked["jobs"] if one in self.processes]}

    def terminatejob(self, asked: dict[str, Any]) -> dict[str, Any]:
        """End a job."""
        self.end(asked["jobId"])
        return {}

    def _job(self, name: str) -> dict[str, Any]:
        code = self.processes[name].poll()
        status = "RUNNING" if code is None else "FAILED" if code else "SUCCEEDED"
        return {
            "jobId": name,
            "jobName": "airflow",
            "jobQueue": "queue",
            "jobDefinition": "definition",
            "startedAt": 1,
            "status": status,
            "statusReason": "Essential container in task exited",
        }

    # Lambda

    def invocations(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Call the function; nobody waits for it."""
        if not self._may_start():
            return {"__type": "TooManyRequestsException", "message": "Rate Exceeded."}
        handler = Path(self.environment["HOME"]) / "handler.py"
        self.start([sys.executable, str(handler)], json.dumps(asked).encode())
        return {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud: Cloud

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.headers.get("X-Amz-Target", "")
        operation = target.rpartition(".")[2] or self.path.rstrip("/").rpartition("/")[2]
        asked = json.loads(text)
        self.cloud.asked.append((operation, asked))
        answer = getattr(self.cloud, operation)(asked)
        status = 400 if "__type" in answer else 202 if operation == "invocations" else 200
        if operation == "invocations" and status == 202:
            body = b""
        else:
            body = json.dumps({"failures": []} | answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        if "__type" in answer:
            self.send_header("x-amzn-ErrorType", answer["__type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        name = self.path.rstrip("/").rpartition("/")[2]
        body = json.dumps({"Configuration": {"FunctionName": name}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_what: object) -> None:
        """Say nothing."""


@contextmanager
def aws_api(environment: Mapping[str, str]) -> Iterator[tuple[Cloud, str]]:
    """A cloud whose processes have this environment, and its address."""
    cloud = Cloud(environment)
    handler = type("Handler", (_Handler,), {"cloud": cloud})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield cloud, f"http://127.0.0.1:{server.server_port}"
    finally:
        cloud.close()
        server.shutdown()
        server.server_close()
