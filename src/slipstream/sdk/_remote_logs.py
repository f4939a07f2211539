"""Logs of tasks kept elsewhere: what uploads and reads them, as `[logging]` says.

A remote log is an object with `upload(path, ti)` and `read(relative path, ti)`: one that the
deployment's own `logging_config_class` has beside it as `REMOTE_TASK_LOG`, one of a provider for
the kind of URL that `remote_base_log_folder` is, or our own for whatever fsspec reaches. All are
people's code: only processes that may run it call this.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable
from urllib.parse import urlsplit

from slipstream.sdk._conf import conf
from slipstream.sdk._provider_info import provided
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowConfigException

if TYPE_CHECKING:
    from os import PathLike

DEFAULT_LOGGING = "airflow.config_templates.airflow_local_settings.DEFAULT_LOGGING_CONFIG"

LogMessages: TypeAlias = list[str]
"""Texts of a log, each of any number of lines."""
LogSourceInfo: TypeAlias = list[str]
"""Where they were found, for people."""
RawLogStream: TypeAlias = "Iterator[str]"
LogResponse: TypeAlias = "tuple[LogSourceInfo, LogMessages | None]"
StreamingLogResponse: TypeAlias = "tuple[LogSourceInfo, list[RawLogStream]]"


class RemoteLogIO(Protocol):
    """What keeps logs elsewhere."""

    @property
    def processors(self) -> tuple[Callable[..., UserValue], ...]:
        """Called for each line as `(logger, level, line)`; for stores that take lines, no files."""
        ...

    def upload(self, path: str | PathLike[str], ti: UserValue = None) -> None:
        """Keep the log that lies at this place below the log folder."""

    def read(self, relative_path: str, ti: UserValue) -> LogResponse:
        """Where it was found, and what is in it."""
        ...


@runtime_checkable
class RemoteLogStreamIO(RemoteLogIO, Protocol):
    """One that can be read line by line."""

    def stream(self, relative_path: str, ti: UserValue) -> StreamingLogResponse:
        """Where it was found, and its lines."""
        ...


class ActiveLoggingConfig:
    """What a log handler of a provider package has announced in this process."""

    logging_config_loaded = False
    remote_task_log: RemoteLogIO | None = None
    default_remote_conn_id: str | None = None

    @classmethod
    def set(cls, remote_task_log: RemoteLogIO | None, default_remote_conn_id: str | None) -> None:
        """Have logs kept there from now on, unless the deployment's own module says where."""
        cls.remote_task_log = remote_task_log
        cls.default_remote_conn_id = default_remote_conn_id
        cls.logging_config_loaded = True
        forget()


@cache
def remote_task_log() -> RemoteLogIO | None:
    """What keeps the logs of this deployment elsewhere; None where they stay where they are.

    Raises `AirflowConfigException` for settings that lead nowhere.
    """
    own = _own_attribute("REMOTE_TASK_LOG")
    if own is not None:
        found: RemoteLogIO = own
        return found
    if ActiveLoggingConfig.remote_task_log is not None:
        return ActiveLoggingConfig.remote_task_log
    if not conf.getboolean("logging", "remote_logging", fallback=False):
        return None
    base = str(conf.get("logging", "remote_base_log_folder", fallback="") or "")
    if not base:
        raise AirflowConfigException(
            "[logging] remote_logging is on, but remote_base_log_folder does not say where logs "
            "go. Set it to a URL such as s3://bucket/logs."
        )
    return _of_provider(urlsplit(base).scheme) or ObjectStoreLogIO.from_config()


def default_remote_conn_id() -> str | None:
    """The connection that opens the store: `remote_log_conn_id`, or what the deployment's own
    module names, or what a handler has announced."""
    named = conf.get("logging", "remote_log_conn_id", fallback=None)
    if named:
        return str(named)
    return _own_attribute("DEFAULT_REMOTE_CONN_ID") or ActiveLoggingConfig.default_remote_conn_id


def forget() -> None:
    """Read the settings anew."""
    remote_task_log.cache_clear()


class ObjectStoreLogIO:
    """Logs on whatever fsspec reaches: S3, Google Storage, Azure, SFTP, a folder."""

    processors = ()

    def __init__(
        self, remote_base: str, base_log_folder: str, *, delete_local_copy: bool = False
    ) -> None:
        self.remote_base = remote_base
        self.base_log_folder = Path(base_log_folder)
        self.delete_local_copy = delete_local_copy

    @classmethod
    def from_config(cls) -> ObjectStoreLogIO:
        """What `[logging]` describes."""
        return cls(
            str(conf.get("logging", "remote_base_log_folder")),
            str(conf.get("logging", "base_log_folder")),
            delete_local_copy=conf.getboolean("logging", "delete_local_logs"),
        )

    def upload(self, path: str | PathLike[str], ti: UserValue = None) -> None:
        """Put the log there, behind what is there already where local copies are deleted."""
        local = self.base_log_folder / path
        try:
            text = local.read_bytes()
        except FileNotFoundError:
            return
        remote = self._remote(local.relative_to(self.base_log_folder).as_posix())
        if self.delete_local_copy and remote.exists():
            text = remote.read_bytes() + text
        remote.parent.mkdir(parents=True, exist_ok=True)
        remote.write_bytes(text)
        if self.delete_local_copy:
            local.unlink()

    def read(self, relative_path: str, ti: UserValue) -> LogResponse:
        """The log as one text."""
        remote = self._remote(relative_path)
        try:
            return [str(remote)], [remote.read_text(encoding="utf-8")]
        except FileNotFoundError:
            return [], None

    def _remote(self, relative_path: str) -> UserValue:
        from slipstream.sdk._object_storage import ObjectStoragePath

        return ObjectStoragePath(self.remote_base, conn_id=default_remote_conn_id()) / relative_path


def _of_provider(scheme: str) -> RemoteLogIO | None:
    for entry in provided("remote-logging"):
        if entry.get("scheme") == scheme:
            path = str(entry["classpath"])
            module, _, name = path.rpartition(".")
            try:
                found: RemoteLogIO = getattr(importlib.import_module(module), name).from_config()
            except Exception as error:
                raise AirflowConfigException(
                    f"Logs cannot be kept at {scheme}:// by {path}: {type(error).__name__}: {error}"
                ) from error
            return found
    return None


def _own_attribute(name: str) -> UserValue:
    """What stands beside the deployment's own logging configuration."""
    path = str(conf.get("logging", "logging_config_class", fallback="") or "")
    if not path or path == DEFAULT_LOGGING:
        return None
    module = path.rpartition(".")[0]
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError as error:
        raise AirflowConfigException(
            f"[logging] logging_config_class = {path} cannot be imported: {error}. It must lie on "
            "the path, such as in the config folder of the home."
        ) from error


def relative_path_from_logger(logger: UserValue) -> Path | None:
    """Where, below the log folder, the file lies that processors' logger stands for; None for one
    that writes to no file. Raises `ValueError` for a file elsewhere."""
    file = getattr(logger, "_file", None)
    name = getattr(file, "name", None)
    if file is None or not isinstance(name, str) or file.fileno() == 1:
        return None
    return Path(name).relative_to(str(conf.get("logging", "base_log_folder")))


def lines_of(found: Sequence[str] | None) -> list[str] | None:
    """All lines of the texts of an answer; None where there is no log."""
    if found is None:
        return None
    return [line for text in found for line in text.splitlines() if line]
