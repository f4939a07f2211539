"""The REST API v2 as the benchmarks use it; the same calls serve every system that speaks it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from bench.processes import wait_for

ENDED = {"success", "failed"}
LOOK_EVERY_SECONDS = 0.02
"""Seldom enough that answering does not take the machine from the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a run took, from just before the call that asked for it."""

    run_id: str
    state: str
    recorded_seconds: float
    """To the end that the database has for the run."""
    observed_seconds: float
    """To the moment that a client of the API saw that end."""


class Client:
    """A client of one server."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._http = httpx.Client(base_url=base_url, timeout=60)
        self._has_token = False

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def is_healthy(self) -> bool:
        """Whether the API answers and says that database, scheduler and parser are well."""
        try:
            answer = self._http.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return False
        if answer.status_code != httpx.codes.OK:
            return False
        parts = answer.json()
        names = ("metadatabase", "scheduler", "dag_processor")
        return all((parts.get(name) or {}).get("status") == "healthy" for name in names)

    def dag_count(self) -> int:
        """How many DAGs the server knows."""
        return int(self._call("GET", "/api/v2/dags", params={"limit": 1})["total_entries"])

    def import_errors(self) -> list[str]:
        """Why files could not be loaded."""
        found = self._call("GET", "/api/v2/importErrors")["import_errors"]
        return [error["stack_trace"] for error in found]

    def has_dag(self, dag_id: str) -> bool:
        """Whether the server knows that DAG."""
        found = self._call("GET", "/api/v2/dags", params={"dag_id_pattern": dag_id})
        return any(dag["dag_id"] == dag_id for dag in found["dags"])

    def unpause(self, dag_id: str) -> None:
        """Let the DAG's runs go on."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def newest_version(self, dag_id: str) -> int:
        """The number of the DAG's newest version."""
        details = self._call("GET", f"/api/v2/dags/{dag_id}/details")
        return int((details["latest_dag_version"] or {}).get("version_number", 0))

    def trigger(self, dag_id: str) -> str:
        """Ask for a run; gives its id."""
        body = {"logical_date": None}
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """A run as the API shows it."""
        return self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def runs(self, dag_id: str, **query: Any) -> dict[str, Any]:
        """A page of the DAG's runs."""
        return self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params=query)

    def time_run(self, dag_id: str, limit_seconds: float) -> Timing:
        """Trigger a run and wait for its end."""
        called, started = datetime.now(UTC), time.perf_counter()
        run_id = self.trigger(dag_id)

        def ended() -> dict[str, Any] | None:
            run = self.run(dag_id, run_id)
            return run if run["state"] in ENDED else None

        what = f"run {run_id} of {dag_id}"
        run = wait_for(
            ended, what=what, limit_seconds=limit_seconds, pause_seconds=LOOK_EVERY_SECONDS
        )
        observed = time.perf_counter() - started
        recorded = (moment(run["end_date"]) - called).total_seconds()
        return Timing(
            run_id=run_id,
            state=run["state"],
            recorded_seconds=recorded,
            observed_seconds=observed,
        )

    def xcom(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        """What a task instance returned."""
        path = (
            f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
            "/xcomEntries/return_value"
        )
        query = {"map_index": map_index, "deserialize": "false"}
        return self._call("GET", path, params=query)["value"]

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        if not self._has_token:
            self._log_in()
        answer = self._http.request(method, path, **options)
        if answer.is_error:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return dict(answer.json())

    def _log_in(self) -> None:
        """Take a token from a server where everybody is an administrator."""
        answer = self._http.get("/auth/token")
        answer.raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._has_token = True


def moment(text: str) -> datetime:
    """A moment as the API writes it."""
    return datetime.fromisoformat(text)
