"""`BaseExecutor`: what executors of provider packages subclass.

Whoever drives one calls `start`, then `queue_workload` and `heartbeat` again and again, takes what
happened by `get_event_buffer`, and at last `end`. A subclass says in `_process_workloads` how
workloads get to their workers, and in `sync` what has become of them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeAlias

from slipstream.executors.provided.workloads import (
    CallbackKey,
    ExecuteCallback,
    ExecuteTask,
    Workload,
    WorkloadKey,
    WorkloadState,
    ordered_by_priority,
    state_class_for_key,
)
from slipstream.sdk._conf import conf
from slipstream.sdk._logging import LoggingMixin
from slipstream.sdk._stats import stats
from slipstream.sdk._task_instance import TaskInstanceKey
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException, TaskAlreadyRunningError

EventBufferValueType: TypeAlias = tuple[WorkloadState | None, Any]
"""A state, and whatever the executor says about it."""

PARALLELISM = conf.getint("core", "parallelism")


class RunningRetryAttemptType:
    """How often, and since when, a workload was tried that seems to run still."""

    MIN_SECONDS = 10

    def __init__(self) -> None:
        self.total_tries = 0
        self.tries_after_min = 0
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the first try."""
        return time.monotonic() - self._began

    def can_try_again(self) -> bool:
        """Whether another try makes sense: until one has come after `MIN_SECONDS`."""
        if self.tries_after_min > 0:
            return False
        self.total_tries += 1
        if self.elapsed > self.MIN_SECONDS:
            self.tries_after_min += 1
        return True


class ExecutorConf:
    """The settings as an executor of a team sees them: the team's own, then the defaults."""

    def __init__(self, team_name: str | None = None) -> None:
        self.team_name = team_name

    def __getattr__(self, name: str) -> UserValue:
        """`get`, `getboolean` and so on, as `conf` has them."""
        return partial(getattr(conf, name), team_name=self.team_name)


def get_execution_api_server_url(conf_source: UserValue = conf) -> str:
    """Where workers find the server: `[core] execution_api_server_url`, or `execution/` below
    `[api] base_url`."""
    named = conf_source.get("core", "execution_api_server_url", fallback=None)
    if named:
        return str(named)
    base = str(conf_source.get("api", "base_url", fallback=None) or "/")
    if base.startswith("/"):
        base = f"http://localhost:8080{base}"
    return f"{base.rstrip('/')}/execution/"


class BaseExecutor(LoggingMixin):
    """Keeps what is queued and what runs; subclasses bring it to workers."""

    supports_ad_hoc_ti_run: bool = False
    supports_callbacks: bool = False
    supports_multi_team: bool = False
    supports_connection_test: bool = False
    sentry_integration: str = ""
    is_local: bool = False
    is_production: bool = True
    pre_assigns_external_executor_id: ClassVar[bool] = False
    serve_logs: bool = False
    job_id: int | str | None = None
    name: UserValue = None
    callback_sink: UserValue = None

    def __init__(self, parallelism: int = PARALLELISM, team_name: str | None = None) -> None:
        """Raises `ValueError` for a parallelism that lets nothing run."""
        super().__init__()
        if parallelism <= 0:
            raise ValueError(f"parallelism is {parallelism}; expected at least 1.")
        self.parallelism = parallelism
        self.team_name = team_name
        self.queued_tasks: dict[TaskInstanceKey, ExecuteTask] = {}
        self.queued_callbacks: dict[CallbackKey, ExecuteCallback] = {}
        self.running: set[WorkloadKey] = set()
        self.event_buffer: dict[WorkloadKey, EventBufferValueType] = {}
        self.attempts: dict[WorkloadKey, RunningRetryAttemptType] = {}
        self.conf = ExecutorConf(team_name)

    def __repr__(self) -> str:
        team = f", team_name={self.team_name!r}" if self.team_name else ""
        return f"{type(self).__name__}(parallelism={self.parallelism}{team})"

    # What subclasses say.

    def start(self) -> None:
        """Get ready; called once, before anything is queued."""

    def sync(self) -> None:
        """Look what has become of the workloads, and tell by `success`, `fail` and the like."""

    def end(self) -> None:
        """Wait for what runs, and let go of everything."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it ends.")

    def terminate(self) -> None:
        """Let go of everything at once."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is terminated.")

    def _process_workloads(self, workload_items: Sequence[Workload]) -> None:
        """Bring these to workers, out of the queues and into `running`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how workloads are run.")

    def revoke_task(self, *, ti: UserValue) -> None:
        """Take a task instance back, wherever it is; nothing is told of it afterwards."""
        raise NotImplementedError(f"{type(self).__name__} takes no tasks back.")

    def try_adopt_task_instances(self, tis: Sequence[UserValue]) -> Sequence[UserValue]:
        """Take over what another executor of this kind has begun; gives what could not be."""
        return tis

    def get_task_log(self, ti: UserValue, try_number: int) -> tuple[list[str], list[str]]:
        """Where a log is that only the executor can reach, and its text."""
        return [], []

    @staticmethod
    def run_workload(
        workload: Workload,
        *,
        server: str | None = None,
        dry_run: bool = False,
        subprocess_logs_to_stdout: bool = False,
        proctitle: str | None = None,
    ) -> int:
        """On a worker: run the workload to its end; gives 0, or 1 where it did not go well.

        `server` is the URL of the execution API; the settings name it otherwise. Raises
        `AirflowException` where the server does not want it run.
        """
        if not isinstance(workload, ExecuteTask):
            raise AirflowException(
                f"A worker of Slipstream runs tasks; it was given {type(workload).__name__}. "
                "Callbacks are called beside the scheduler."
            )
        if dry_run:
            return 0
        from slipstream.runtime.remote_worker import run_attempt_elsewhere
        from slipstream.runtime.server_link import RefusedError, ServerError, UntoldEndError

        url = server or get_execution_api_server_url()
        try:
            return 0 if run_attempt_elsewhere(str(workload.ti.id), workload.token, url) else 1
        except UntoldEndError as error:
            raise AirflowException(
                f"{workload.display_name} was run, but the server was not told its end: {error}"
            ) from error
        except ServerError as error:
            if isinstance(error, RefusedError) and error.status == 409:
                raise TaskAlreadyRunningError(str(error)) from error
            raise AirflowException(f"{workload.display_name} is not run: {error}") from error

    @staticmethod
    def get_cli_commands() -> list[UserValue]:
        """Groups of commands that it adds."""
        return []

    # What whoever drives it calls.

    def queue_workload(self, workload: Workload, session: UserValue = None) -> None:
        """Run this when there is a place. Raises `NotImplementedError` for a kind that the executor
        does not run, `ValueError` for what is no workload."""
        if isinstance(workload, ExecuteTask):
            self.queued_tasks[workload.ti.key] = workload
        elif isinstance(workload, ExecuteCallback):
            if not self.supports_callbacks:
                raise NotImplementedError(f"{type(self).__name__} calls no callbacks.")
            self.queued_callbacks[workload.key] = workload
        else:
            raise ValueError(
                f"{type(self).__name__} was given a {type(workload).__name__}; expected "
                "ExecuteTask or ExecuteCallback."
            )

    def heartbeat(self) -> None:
        """Start what there are places for, and look after what runs."""
        open_slots = self.parallelism - len(self.running)
        self._send_metrics(open_slots)
        self.trigger_tasks(open_slots)
        self.sync()

    def trigger_tasks(self, open_slots: int) -> None:
        """Start as many workloads: callbacks first, for they end what has begun."""
        chosen = self._get_workloads_to_schedule(open_slots)
        for key, _ in chosen:
            self.attempts.pop(key, None)
        if chosen:
            self._process_workloads([workload for _, workload in chosen])

    def _get_workloads_to_schedule(self, open_slots: int) -> list[tuple[WorkloadKey, Workload]]:
        chosen: list[tuple[WorkloadKey, Workload]] = [
            *self.queued_callbacks.items(),
            *self.order_queued_tasks_by_priority(),
        ]
        return chosen[: max(0, open_slots)]

    def order_queued_tasks_by_priority(self) -> list[tuple[TaskInstanceKey, ExecuteTask]]:
        """The queued tasks, the most urgent first."""
        return ordered_by_priority(self.queued_tasks)

    def has_task(self, task_instance: UserValue) -> bool:
        """Whether a task instance is queued or running here."""
        names = {getattr(task_instance, "id", None), task_instance.key}
        return any(name in self.queued_tasks or name in self.running for name in names)

    def get_event_buffer(
        self, dag_ids: Sequence[str] | None = None
    ) -> Mapping[WorkloadKey, EventBufferValueType]:
        """Take what has happened, of all DAGs or of these; what is of no DAG always comes."""
        if dag_ids is None:
            found, self.event_buffer = self.event_buffer, {}
            return found
        wanted = [
            key
            for key in self.event_buffer
            if not isinstance(key, TaskInstanceKey) or key.dag_id in dag_ids
        ]
        return {key: self.event_buffer.pop(key) for key in wanted}

    @property
    def slots_occupied(self) -> int:
        """How much is queued or running."""
        return len(self.running) + len(self.queued_tasks) + len(self.queued_callbacks)

    @property
    def slots_available(self) -> int:
        """How much more can be queued."""
        return self.parallelism - self.slots_occupied

    # What subclasses tell.

    def change_state(
        self,
        key: WorkloadKey,
        state: WorkloadState,
        info: UserValue = None,
        remove_running: bool = True,
    ) -> None:
        """A workload is in that state now."""
        if remove_running:
            self.running.discard(key)
        self.event_buffer[key] = state, info

    def success(self, key: WorkloadKey, info: UserValue = None) -> None:
        """A workload has gone well."""
        self.change_state(key, state_class_for_key(key).SUCCESS, info)

    def fail(self, key: WorkloadKey, info: UserValue = None) -> None:
        """A workload has not gone well."""
        self.change_state(key, state_class_for_key(key).FAILED, info)

    def queued(self, key: WorkloadKey, info: UserValue = None) -> None:
        """A workload waits for a worker."""
        self.change_state(key, state_class_for_key(key).QUEUED, info)

    def running_state(self, key: WorkloadKey, info: UserValue = None) -> None:
        """A worker has begun with a workload."""
        self.change_state(key, state_class_for_key(key).RUNNING, info, remove_running=False)

    def log_task_event(self, *, event: str, extra: str, ti_key: WorkloadKey) -> None:
        """Something that people should know of a task instance."""
        self.log.info("%s: %s %s", ti_key, event, extra)

    def send_callback(self, request: UserValue) -> None:
        """Have a callback called by whoever takes them."""
        if self.callback_sink is None:
            raise ValueError(f"{type(self).__name__} has nobody to send callbacks to.")
        self.callback_sink.send(request)

    def debug_dump(self) -> None:
        """Log everything that is held."""
        for what in ("queued_tasks", "queued_callbacks", "running", "event_buffer"):
            held = getattr(self, what)
            self.log.info("executor.%s (%d): %r", what, len(held), held)

    def _send_metrics(self, open_slots: int) -> None:
        tags = {"executor_class_name": type(self).__name__}
        if self.team_name:
            tags["team_name"] = self.team_name
        queued = len(self.queued_tasks) + len(self.queued_callbacks)
        stats.gauge("executor.open_slots", open_slots, tags={"status": "open", **tags})
        stats.gauge("executor.queued_tasks", queued, tags={"status": "queued", **tags})
        stats.gauge("executor.running_tasks", len(self.running), tags={"status": "running", **tags})
