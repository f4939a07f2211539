"""A stand-in for the API of Kubernetes: pods are kept, watched, and run as processes of this machine.

It has what `KubernetesExecutor` asks for: pods of one namespace, made, listed and watched by labels,
patched and deleted. The image of every container is this interpreter with Slipstream.
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
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

ENTRY_POINT = [sys.executable, "-m", "slipstream.executors.provided.execute_workload"]
POD = {
    "name": "pods",
    "singularName": "",
    "namespaced": True,
    "kind": "Pod",
    "verbs": ["create", "delete", "get", "list", "patch", "watch"],
}
DISCOVERY = {
    "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [POD]},
}
PODS = "/api/v1/namespaces/default/pods"


@dataclass
class Cluster:
    """The pods, what has happened to them, and the processes of their containers."""

    environment: Mapping[str, str]
    pods: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)
    """Every pod that there was, as it was asked for."""
    changed: threading.Condition = field(default_factory=threading.Condition)
    is_over: bool = False
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def create(self, pod: dict[str, Any]) -> dict[str, Any]:
        """Keep the pod, and start its container."""
        self.made.append(json.loads(json.dumps(pod)))
        created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        pod["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": created}
        pod["metadata"].setdefault("namespace", "default")
        self.pods[pod["metadata"]["name"]] = pod
        self.tell("ADDED", pod, phase="Pending")
        threading.Thread(target=self._run, args=(pod,), daemon=True).start()
        return pod

    def delete(self, name: str) -> dict[str, Any] | None:
        """End the pod; None where there is none."""
        pod = self.pods.pop(name, None)
        if pod is not None:
            if process := self._processes.get(name):
                process.terminate()
            pod["metadata"]["deletionTimestamp"] = pod["metadata"]["creationTimestamp"]
            self.tell("DELETED", pod)
        return pod

    def patch(self, name: str, change: dict[str, Any]) -> dict[str, Any] | None:
        """Merge what is said about the metadata; None where there is no such pod."""
        pod: dict[str, Any] | None = self.pods.get(name)
        if pod is not None:
            for part, values in change.get("metadata", {}).items():
                pod["metadata"].setdefault(part, {}).update(values)
            self.tell("MODIFIED", pod)
        return pod

    def tell(self, kind: str, pod: dict[str, Any], **status: object) -> None:
        """Something has happened to a pod."""
        with self.changed:
            pod.setdefault("status", {}).update(status)
            pod["metadata"]["resourceVersion"] = str(len(self.events) + 1)
            self.events.append({"type": kind, "object": json.loads(json.dumps(pod))})
            self.changed.notify_all()

    def close(self) -> None:
        """End every container, and every watch."""
        with self.changed:
            self.is_over = True
            self.changed.notify_all()
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _run(self, pod: dict[str, Any]) -> None:
        container = pod["spec"]["containers"][0]
        own = {one["name"]: one["value"] for one in container.get("env", ()) if "value" in one}
        process = subprocess.Popen(
            [*ENTRY_POINT, *container["args"]],
            env={**self.environment, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._processes[pod["metadata"]["name"]] = process
        self.tell("MODIFIED", pod, phase="Running")
        process.communicate()
        ended = {"exitCode": process.returncode, "reason": "Error" if process.returncode else ""}
        container_status = {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": ended},
        }
        phase = "Failed" if process.returncode else "Succeeded"
        if pod["metadata"]["name"] in self.pods:
            self.tell("MODIFIED", pod, phase=phase, containerStatuses=[container_status])


def fits(pod: Mapping[str, Any], selector: str) -> bool:
    """Whether the labels are as `a=1,b!=2,c` says."""
    labels = pod["metadata"].get("labels", {})
    for term in filter(None, selector.split(",")):
        key, is_not, value = term.partition("!=")
        if not is_not:
            key, given, value = (part.strip("=") for part in term.partition("="))
            if (labels.get(key) != value) if given or "=" in term else key not in labels:
                return False
        elif labels.get(key) == value:
            return False
    return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if found := DISCOVERY.get(url.path.rstrip("/")):
            self._answer(found)
        elif url.path == PODS and asked.get("watch") in ("true", "True", "1"):
            self._watch(asked)
        elif url.path == PODS:
            pods = [
                one
                for one in self.cluster.pods.values()
                if fits(one, asked.get("labelSelector", ""))
            ]
            version = {"resourceVersion": str(len(self.cluster.events))}
            self._answer(
                {"kind": "PodList", "apiVersion": "v1", "metadata": version, "items": pods}
            )
        else:
            self._answer_pod(self.cluster.pods.get(url.path.rpartition("/")[2]))

    def do_POST(self) -> None:
        self._answer(self.cluster.create(self._body()), 201)

    def do_PATCH(self) -> None:
        name = urlsplit(self.path).path.rpartition("/")[2]
        self._answer_pod(self.cluster.patch(name, self._body()))

    def do_DELETE(self) -> None:
        self._body()
        self._answer_pod(self.cluster.delete(urlsplit(self.path).path.rpartition("/")[2]))

    def _body(self) -> dict[str, Any]:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return json.loads(text) if text else {}

    def _answer_pod(self, pod: dict[str, Any] | None) -> None:
        if pod is not None:
            self._answer(pod)
        else:
            self._answer({"kind": "Status", "code": 404, "reason": "NotFound"}, 404)

    def _answer(self, body: object, code: int = 200) -> None:
        text = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _watch(self, asked: Mapping[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        seen = int(asked.get("resourceVersion") or 0)
        try:
            while not self.cluster.is_over:
                with self.cluster.changed:
                    self.cluster.changed.wait_for(
                        lambda seen=seen: self.cluster.is_over or len(self.cluster.events) > seen,
                        timeout=5,
                    )
                    news = self.cluster.events[seen:]
                seen += len(news)
                for one in news:
                    if fits(one["object"], asked.get("labelSelector", "")):
                        line = json.dumps(one).encode() + b"\n"
                        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                        self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def log_message(self, *_what: object) -> None:
        """Say nothing."""


@contextmanager
def kubernetes_api(environment: Mapping[str, str]) -> Iterator[tuple[Cluster, str]]:
    """A cluster whose containers have this environment, and a kubeconfig for it."""
    cluster = Cluster(environment)
    handler = type("Handler", (_Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": address}}],
        "users": [{"name": "me", "user": {}}],
        "contexts": [{"name": "it", "context": {"cluster": "here", "user": "me"}}],
        "current-context": "it",
    }
    try:
        yield cluster, yaml.safe_dump(config)
    finally:
        cluster.close()
        server.shutdown()
        server.server_close()
