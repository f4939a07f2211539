"""What executors of provider packages are given to run, as JSON that they hand to workers.

The shapes are Airflow's, for the packages write and read them.
"""

from __future__ import annotations

import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from slipstream.model.states import TaskState
from slipstream.sdk._task_instance import TaskInstanceKey


class CallbackState(StrEnum):
    """What can be known of a callback that a worker calls."""

    SCHEDULED = "scheduled"
    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CallbackKey:
    """Names a callback, and is no text by accident."""

    id: str

    def __str__(self) -> str:
        return self.id


WorkloadKey: TypeAlias = TaskInstanceKey | CallbackKey
WorkloadState: TypeAlias = TaskState | CallbackState


def state_class_for_key(key: WorkloadKey) -> type[TaskState] | type[CallbackState]:
    """The states that a workload of this key can be in. Raises `TypeError`."""
    if isinstance(key, TaskInstanceKey):
        return TaskState
    if isinstance(key, CallbackKey):
        return CallbackState
    raise TypeError(f"{key!r} names no workload; expected a TaskInstanceKey or a CallbackKey.")


class BaseWorkload:
    """Something of which a scheduler knows its DAG and its executor."""

    def get_dag_id(self) -> str | None:
        """The DAG's id."""
        raise NotImplementedError(f"{type(self).__name__} does not say its DAG.")

    def get_executor_name(self) -> str | None:
        """The executor's name."""
        raise NotImplementedError(f"{type(self).__name__} does not say its executor.")


class BundleInfo(BaseModel):
    """Which bundle of DAG files a workload is of."""

    name: str
    version: str | None = None


class BaseWorkloadSchema(BaseModel):
    """What all workloads have."""

    # What is wrong with a workload is said without the token that is in it.
    model_config = ConfigDict(populate_by_name=True, hide_input_in_errors=True)

    token: str = Field(repr=False)
    """With it the worker shows that the workload was given to it."""


class BaseDagBundleWorkload(BaseWorkloadSchema, ABC):
    """A workload that runs code of a DAG file."""

    dag_rel_path: os.PathLike[str]
    bundle_info: BundleInfo
    log_path: str | None
    """Where its log lies below the log folder."""

    @property
    @abstractmethod
    def key(self) -> Hashable:
        """What executors know it by."""

    @property
    @abstractmethod
    def display_name(self) -> str:
        """What people know it by."""

    @property
    @abstractmethod
    def success_state(self) -> WorkloadState:
        """The state of one that went well."""

    @property
    @abstractmethod
    def failure_state(self) -> WorkloadState:
        """The state of one that did not."""

    @property
    def running_state(self) -> WorkloadState | None:
        """The state to tell while it runs; None where nobody is told."""
        return None


class TaskInstanceDTO(BaseModel):
    """The task instance that is to run, and what executors order by."""

    id: uuid.UUID
    task_id: str
    dag_id: str
    run_id: str
    try_number: int
    dag_version_id: uuid.UUID
    map_index: int = -1
    hostname: str | None = None
    context_carrier: dict[str, Any] | None = None
    queue: str = "default"
    pool_slots: int
    priority_weight: int
    external_executor_id: str | None = Field(default=None, exclude=True)
    executor_config: dict[str, Any] | None = Field(default=None, exclude=True)

    @property
    def key(self) -> TaskInstanceKey:
        """What executors know it by."""
        return TaskInstanceKey(
            self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index
        )


class ExecuteTask(BaseDagBundleWorkload):
    """Run a task instance."""

    ti: TaskInstanceDTO
    sentry_integration: str = ""
    type: Literal["ExecuteTask"] = Field(init=False, default="ExecuteTask")

    @property
    def key(self) -> TaskInstanceKey:
        """See `BaseDagBundleWorkload`."""
        return self.ti.key

    @property
    def display_name(self) -> str:
        """See `BaseDagBundleWorkload`."""
        return str(self.ti.id)

    @property
    def success_state(self) -> TaskState:
        """See `BaseDagBundleWorkload`."""
        return TaskState.SUCCESS

    @property
    def failure_state(self) -> TaskState:
        """See `BaseDagBundleWorkload`."""
        return TaskState.FAILED


class CallbackFetchMethod(StrEnum):
    """How a callback is found by who calls it."""

    DAG_ATTRIBUTE = "dag_attribute"
    IMPORT_PATH = "import_path"


class CallbackDTO(BaseModel):
    """The callback that is to be called."""

    id: str
    fetch_method: CallbackFetchMethod
    data: dict[str, Any]

    @field_validator("id", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, uuid.UUID) else value

    @property
    def key(self) -> CallbackKey:
        """What executors know it by."""
        return CallbackKey(self.id)


class ExecuteCallback(BaseDagBundleWorkload):
    """Call a callback."""

    callback: CallbackDTO
    type: Literal["ExecuteCallback"] = Field(init=False, default="ExecuteCallback")

    @property
    def key(self) -> CallbackKey:
        """See `BaseDagBundleWorkload`."""
        return self.callback.key

    @property
    def display_name(self) -> str:
        """The callback's own name."""
        path = str(self.callback.data.get("path", ""))
        return path.rpartition(".")[2] if path else self.callback.id

    @property
    def success_state(self) -> CallbackState:
        """See `BaseDagBundleWorkload`."""
        return CallbackState.SUCCESS

    @property
    def failure_state(self) -> CallbackState:
        """See `BaseDagBundleWorkload`."""
        return CallbackState.FAILED

    @property
    def running_state(self) -> CallbackState:
        """See `BaseDagBundleWorkload`."""
        return CallbackState.RUNNING


All: TypeAlias = Annotated[ExecuteTask | ExecuteCallback, Field(discriminator="type")]
"""Anything that is to run, for pydantic to read."""
ExecutorWorkload: TypeAlias = All
"""Anything that an executor can be given."""
Workload: TypeAlias = ExecuteTask | ExecuteCallback


def ordered_by_priority(
    tasks: Mapping[TaskInstanceKey, ExecuteTask],
) -> list[tuple[TaskInstanceKey, ExecuteTask]]:
    """The tasks, the most urgent first."""
    return sorted(tasks.items(), key=lambda entry: entry[1].ti.priority_weight, reverse=True)
