"""Which executor classes the settings name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from enum import Enum, unique
from typing import ClassVar

from slipstream.executors.provided.base_executor import BaseExecutor
from slipstream.sdk._conf import conf
from slipstream.sdk.exceptions import AirflowConfigException

LOCAL_EXECUTOR = "LocalExecutor"
CELERY_EXECUTOR = "CeleryExecutor"
KUBERNETES_EXECUTOR = "KubernetesExecutor"
MOCK_EXECUTOR = "MockExecutor"
CORE_EXECUTOR_NAMES = {LOCAL_EXECUTOR, CELERY_EXECUTOR, KUBERNETES_EXECUTOR, MOCK_EXECUTOR}


@unique
class ConnectorSource(Enum):
    """Where an executor's name comes from."""

    CORE = "core"
    CUSTOM_PATH = "custom path"


@dataclass(frozen=True, slots=True)
class ExecutorName:
    """An executor as `[core] executor` names it."""

    module_path: str
    alias: str | None = None
    team_name: str | None = None

    @property
    def connector_source(self) -> ConnectorSource:
        """Whether it is one of those with a short name."""
        return (
            ConnectorSource.CORE
            if self.alias in CORE_EXECUTOR_NAMES
            else ConnectorSource.CUSTOM_PATH
        )


class ExecutorLoader:
    """Reads `[core] executor`: names, import paths, or `alias:path`, with commas between."""

    executors: ClassVar[dict[str, str]] = {
        CELERY_EXECUTOR: "airflow.providers.celery.executors.celery_executor.CeleryExecutor",
        KUBERNETES_EXECUTOR: "airflow.providers.cncf.kubernetes.executors.kubernetes_executor."
        "KubernetesExecutor",
    }

    @classmethod
    def get_executor_names(cls, validate_teams: bool = True) -> list[ExecutorName]:
        """All that are named, the default one first."""
        text = str(conf.get("core", "executor"))
        return [cls._named(entry.strip()) for entry in text.split(",") if entry.strip()]

    @classmethod
    def get_default_executor_name(cls, team_name: str | None = None) -> ExecutorName:
        """The first one."""
        return cls.get_executor_names()[0]

    @classmethod
    def import_executor_cls(
        cls, executor_name: ExecutorName
    ) -> tuple[type[BaseExecutor], ConnectorSource]:
        """The class. Raises `AirflowConfigException` for one that cannot be imported, or is built
        into the server."""
        if executor_name.alias == LOCAL_EXECUTOR:
            raise AirflowConfigException(
                "LocalExecutor is part of the server and has no class to subclass or to load."
            )
        module, _, name = executor_name.module_path.rpartition(".")
        try:
            found: type[BaseExecutor] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise AirflowConfigException(
                f"[core] executor names {executor_name.module_path!r}, which cannot be imported: "
                f"{error}. Install its provider package, or correct the name."
            ) from error
        return found, executor_name.connector_source

    @classmethod
    def import_default_executor_cls(cls) -> tuple[type[BaseExecutor], ConnectorSource]:
        """The class of the first one."""
        return cls.import_executor_cls(cls.get_default_executor_name())

    @classmethod
    def load_executor(cls, executor_name: ExecutorName | str | None) -> BaseExecutor:
        """An instance of the one that is named, or of the first one."""
        if executor_name is None:
            executor_name = cls.get_default_executor_name()
        if isinstance(executor_name, str):
            executor_name = cls.lookup_executor_name_by_str(executor_name)
        kind, _ = cls.import_executor_cls(executor_name)
        executor = kind()
        executor.name = executor_name
        return executor

    @classmethod
    def lookup_executor_name_by_str(
        cls, executor_name_str: str, team_name: str | None = None
    ) -> ExecutorName:
        """The one of that alias, import path or class name. Raises `AirflowConfigException`."""
        for known in cls.get_executor_names():
            names = {known.alias, known.module_path, known.module_path.rpartition(".")[2]}
            if executor_name_str in names:
                return known
        raise AirflowConfigException(
            f"[core] executor does not name {executor_name_str!r}; it is "
            f"{conf.get('core', 'executor')!r}."
        )

    @classmethod
    def _named(cls, entry: str) -> ExecutorName:
        alias, colon, path = entry.partition(":")
        if colon:
            return ExecutorName(cls.executors.get(path, path), alias)
        if entry in cls.executors:
            return ExecutorName(cls.executors[entry], entry)
        if entry == LOCAL_EXECUTOR:
            return ExecutorName("airflow.executors.local_executor.LocalExecutor", entry)
        if "." not in entry:
            raise AirflowConfigException(
                f"[core] executor names {entry!r}; expected one of "
                f"{', '.join(sorted(cls.executors))}, LocalExecutor, or the import path of a class."
            )
        return ExecutorName(entry)
