"""Loading a DAG file: compile it, execute it as a module, and say what it defined."""

from __future__ import annotations

import faulthandler
import importlib
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from slipstream import compat
from slipstream.runtime import processes
from slipstream.runtime.dag_modules import dags_of_file
from slipstream.runtime.dag_specs import specs_of
from slipstream.runtime.fork_safety import native_threads, reason_not_to_fork
from slipstream.runtime.fresh_imports import import_afresh_from
from slipstream.runtime.interrupts import time_limit
from slipstream.runtime.limits import limited_memory
from slipstream.runtime.sources import relative_name, sources_of
from slipstream.runtime.tracebacks import format_for_user
from slipstream.sdk._conf import conf, settings_folders
from slipstream.sdk._plugins.places import may_be_plugins
from slipstream.sdk._policies import import_timeout, policy_entry_points
from slipstream.sdk._warm import get_ready, warm_up
from slipstream.wire import messages

if TYPE_CHECKING:
    from slipstream.sdk import DAG

_PRELOADED = (
    "jinja2",
    "pendulum",
    "slipstream.compat",
    "slipstream.config",
    "slipstream.runtime.task_runner",
    "slipstream.sdk",
    "slipstream.sdk._collect",
    "slipstream.sdk._context",
    "slipstream.sdk._context_variables",
    "slipstream.sdk._spec",
    "slipstream.sdk._task_kinds",
    "slipstream.sdk.operators.bash",
    "slipstream.sdk.operators.python",
    "slipstream.sdk.sensors.python",
    "slipstream.wire.values",
)
_MOST_WARNINGS = 100


class LoadInterrupted(BaseException):
    """The time to load a file is over. Not an `Exception`, so that broad handlers let it pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedFile:
    """A DAG file as this process has it: its DAGs, ready to run."""

    spec: messages.LoadSpec
    dags: Mapping[str, DAG] = field(default_factory=dict)
    encoded: Sequence[bytes] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    refused: str | None = None
    """What is wrong with DAGs of the file that are not among `dags`."""
    warnings: Sequence[str] = ()
    unsafe: str | None = None
    duration_seconds: float = 0.0

    def message(self) -> messages.Loaded:
        """What the process host is told."""
        return messages.Loaded(
            dags=list(self.encoded),
            sources=self.sources,
            error=self.error,
            refused=self.refused,
            warnings=list(self.warnings),
            unsafe=self.unsafe,
            duration_seconds=self.duration_seconds,
            private_bytes=processes.private_bytes(),
        )


def preload() -> None:
    """Import what DAG files and tasks need, so that their processes share it."""
    for name in _PRELOADED:
        importlib.import_module(name)
    compat.install()
    warm_up()
    policy_entry_points()


def load(
    spec: messages.LoadSpec,
    *,
    will_fork: bool = True,
    on_timeout: Callable[[float], None] = lambda _seconds: None,
) -> LoadedFile:
    """Execute the file. Whatever goes wrong in it becomes the result's `error`.

    `will_fork`: the process is to fork once the file is loaded, if the file lets it. `on_timeout`
    is told where the deployment gives this file another time than `spec`; 0 is without end.
    """
    started = time.perf_counter()
    threads_before = native_threads()
    newest_module = next(reversed(sys.modules))
    root = Path(spec.overlay or spec.dags_folder)
    path = _where(spec, root)
    _extend_path(spec)
    result = LoadedFile(spec=spec)
    with _recorded_warnings() as recorded:
        try:
            with limited_memory(spec.memory_bytes):
                with _limited_time(spec.timeout_seconds, spec.grace_seconds):
                    seconds = import_timeout(spec.fileloc, spec.timeout_seconds)
                if seconds != spec.timeout_seconds:
                    on_timeout(max(seconds, 0.0))
                    spec = msgspec.structs.replace(spec, timeout_seconds=seconds)
                with _limited_time(seconds, spec.grace_seconds):
                    result = _execute(spec, path)
        except BaseException as error:  # noqa: BLE001 - nothing in the file may end the zygote
            result = replace(result, error=_explain(error, spec))
    unsafe = spec.fresh_for
    if unsafe is None and will_fork:
        unsafe = reason_not_to_fork(threads_before)
    if unsafe is not None:
        recorded.append(f"Each task of this file loads it anew, for {unsafe}.")
    return replace(
        result,
        sources=sources_of(path, spec, newest_module),
        warnings=tuple(recorded),
        unsafe=unsafe,
        duration_seconds=time.perf_counter() - started,
    )


def _execute(spec: messages.LoadSpec, path: Path) -> LoadedFile:
    if may_be_plugins() and not conf.getboolean("core", "lazy_load_plugins"):
        load_plugins()
    found = specs_of(dags_of_file(path, Path(spec.fileloc)))
    refused = "\n".join(found.refused) or None
    for dag in found.dags.values():
        get_ready(dag)
    if may_be_plugins():
        # Here, so that the file's tasks share them.
        load_plugins()
    return LoadedFile(spec=spec, dags=found.dags, encoded=found.encoded, refused=refused)


def load_plugins() -> None:
    """Import the deployment's plugins, with what templates find of them."""
    from slipstream.sdk._plugins import parts

    parts.macros()


def _where(spec: messages.LoadSpec, root: Path) -> Path:
    """The file to execute: an earlier version's lies in the overlay, at the same place."""
    path = Path(spec.fileloc)
    if spec.overlay is None:
        return path
    return root / relative_name(path, Path(spec.dags_folder))


def _extend_path(spec: messages.LoadSpec) -> None:
    """Let the file import its neighbours; an earlier version's come first."""
    for folder in (spec.overlay, spec.dags_folder):
        if folder is not None:
            import_afresh_from(folder)
            if folder not in sys.path:
                sys.path.append(folder)
    for folder in settings_folders():
        if os.path.isdir(folder) and folder not in sys.path:
            import_afresh_from(folder)
            sys.path.append(folder)


@contextmanager
def _limited_time(seconds: float, grace_seconds: float) -> Iterator[None]:
    if seconds <= 0:
        yield
        return
    error = LoadInterrupted(f"loading this file took longer than {seconds:g} s")
    # Native code that does not come back is ended by the host; this says where it hung.
    faulthandler.dump_traceback_later(seconds + grace_seconds / 2, file=2)
    try:
        with time_limit(seconds, error):
            yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def _recorded_warnings() -> Iterator[list[str]]:
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as recorded:
        warnings.simplefilter("default")
        yield texts
    for warning in recorded:
        text = (
            f"{warning.filename}:{warning.lineno}: {warning.category.__name__}: {warning.message}"
        )
        if text not in texts and len(texts) < _MOST_WARNINGS:
            texts.append(text)


def _explain(error: BaseException, spec: messages.LoadSpec) -> str:
    trace = format_for_user(error)
    match error:
        case SystemExit():
            hint = f"The file ended its process with exit code {error.code!r} while it was loaded."
        case LoadInterrupted():
            hint = (
                f"Loading this file took longer than {spec.timeout_seconds:g} s. Move slow work "
                "from the top level into tasks."
            )
        case MemoryError():
            hint = "The file took more memory than it may while it was loaded."
        case _:
            return trace
    return f"{trace}\n{hint}\n"
