"""The modules that triggers are defined in: imported beside the event loop, and looked after."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slipstream.runtime.dag_modules import DAG_MODULE, import_dag_file
from slipstream.runtime.fresh_imports import import_afresh_from, is_within
from slipstream.runtime.sources import files_imported_since
from slipstream.wire import messages


class TriggerModules:
    """What one process has imported for its triggers."""

    def __init__(self) -> None:
        self._folders: list[str] = []
        self._times: dict[str, int] = {}
        """`{file below a DAGs folder: its time when it was imported}`."""
        self._thread: ThreadPoolExecutor | None = None

    def are_outdated(self) -> bool:
        """Whether a file that was imported from a DAGs folder has been edited, or is gone."""
        return any(_time_of(file) != time for file, time in self._times.items())

    async def load(self, order: messages.TriggerOrder) -> None:
        """Import the trigger's module; other triggers go on meanwhile. Raises what it raised."""
        self._add_folder(order.dags_folder)
        module = order.classpath.rpartition(".")[0]
        if not module or module in sys.modules:
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="importing")
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()
        await loop.run_in_executor(self._thread, context.run, self._import, module, order)

    def _import(self, module: str, order: messages.TriggerOrder) -> None:
        newest = next(reversed(sys.modules))
        try:
            if module.startswith(DAG_MODULE):
                import_dag_file(module, Path(order.fileloc))
            else:
                importlib.import_module(module)
        finally:
            for file in files_imported_since(newest):
                if any(is_within(file, folder) for folder in self._folders):
                    self._times[file] = _time_of(file)

    def _add_folder(self, folder: str) -> None:
        if folder in self._folders:
            return
        self._folders.append(folder)
        import_afresh_from(folder)
        if folder not in sys.path:
            sys.path.append(folder)


def _time_of(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return -1
