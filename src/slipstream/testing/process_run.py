"""One run with a process for each task, on a store in memory: `DAG.test(use_executor=True)`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, cast

from slipstream.executors.local import LocalExecutor
from slipstream.executors.skipping import SkippingExecutor
from slipstream.model.attempt import Attempt
from slipstream.model.changes import Change, InstanceChanged, RunChanged
from slipstream.model.dag import on_demand
from slipstream.model.errors import InvalidInputError
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.schedule import NoSchedule
from slipstream.model.states import RUN_FINISHED, TaskState
from slipstream.model.version import ParsedFile
from slipstream.runtime.archives import is_archive
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import source_of
from slipstream.runtime.settings import HostSettings
from slipstream.sdk._backend_values import StoredConnection
from slipstream.services.callbacks import CallbackService
from slipstream.services.changes import ChangeBoard
from slipstream.services.execution import ExecutionService
from slipstream.services.scheduler import Scheduler
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import (
    ConnectionRecord,
    NewRun,
    PoolRecord,
    RunWrite,
    VariableRecord,
    Window,
    XComFilter,
)
from slipstream.testing.answering import answer_for, nobody

if TYPE_CHECKING:
    from slipstream.services.scheduler.needs import SchedulingStore


class ProcessRun:
    """Everything that one run takes, for as long as the `with` block lasts."""

    def __init__(
        self,
        fileloc: str,
        variables: Mapping[str, str],
        connections: Mapping[str, StoredConnection],
    ) -> None:
        path = Path(fileloc).absolute()
        self._path = path.parent if is_archive(path.parent) else path
        self._variables = variables
        self._connections = connections
        self._news = ChangeBoard()

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The store that the run is kept in, filled with the settings."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            self._folder = Path(folder)
            store = open_store("sqlite://", xcom_url=f"{folder}/xcom")
            try:
                store.migrate()
                self._fill(store)
                yield store
            finally:
                store.close()

    def drive(
        self,
        store: Store,
        planned: DagRun,
        is_marked: Callable[[str], bool],
        observe: Callable[[Change], None],
    ) -> DagRun:
        """Run it to its end. Raises `InvalidInputError` where the file does not load."""
        service = ExecutionService(store, changes=self._news)
        settings = HostSettings(
            log_dir=self._folder / "logs",
            run_dir=self._folder / "run",
            dags_folders=[self._path.parent],
        )
        host = ProcessHost(settings, service.answer_in_time)
        host.start()
        try:
            parsed = host.parse(self._path, self._path.parent).result()
            return self._run(store, host, parsed, planned, is_marked, observe)
        finally:
            self._news.close()
            host.stop(0)

    def _run(
        self,
        store: Store,
        host: ProcessHost,
        parsed: ParsedFile,
        planned: DagRun,
        is_marked: Callable[[str], bool],
        observe: Callable[[Change], None],
    ) -> DagRun:
        # The file's other DAGs run where a task starts them, and never by themselves.
        dags = [
            on_demand(dag) if dag.dag_id == planned.dag_id else replace(dag, schedule=NoSchedule())
            for dag in parsed.dags
        ]
        versions = store.record_parsed([replace(parsed, dags=tuple(dags))])
        version = versions.get(planned.dag_id)
        if version is None:
            raise InvalidInputError(
                f"{self._path} defines no DAG {planned.dag_id!r} when it is loaded: "
                f"{parsed.error or 'it has others'}"
            )
        store.set_paused(list(versions), False)
        for pool in {task.pool for dag in dags for task in dag.tasks.values()}:
            store.set_pool(PoolRecord(name=pool, slots=-1))
        source = source_of(parsed.fileloc, parsed.sources)
        local = LocalExecutor(host, os.cpu_count() or 1, lambda _attempt: source)
        executor = SkippingExecutor(local, lambda attempt: _is_marked(attempt, is_marked))
        written: SimpleQueue[tuple[int, Change]] = SimpleQueue()
        # What is not overridden is the store's own: it has every verb.
        watched = cast("SchedulingStore", _WatchedStore(store, lambda *change: written.put(change)))
        scheduler = Scheduler(watched, executor, observers=[self._news])
        callbacks = CallbackService(store, host.call_back, lambda _attempt: source)
        scheduler.start()
        try:
            created = store.create_run(_new_run(planned, version.version_id))
            while True:
                run_pk, change = written.get()
                if run_pk != created.pk:
                    continue
                observe(change)
                if isinstance(change, InstanceChanged):
                    _answer(store, planned, change.instance)
                if isinstance(change, RunChanged) and change.run.state in RUN_FINISHED:
                    callbacks.call_all()
                    return store.load_run(created.pk).run
        finally:
            scheduler.stop(0)

    def _fill(self, store: Store) -> None:
        for key, value in self._variables.items():
            store.set_variable(VariableRecord(key=key, value=value))
        for conn in self._connections.values():
            store.set_connection(
                ConnectionRecord(
                    conn_id=conn.conn_id,
                    conn_type=conn.conn_type,
                    description=conn.description,
                    host=conn.host,
                    login=conn.login,
                    password=conn.password,
                    schema=conn.schema,
                    port=conn.port,
                    extra=conn.extra,
                )
            )


def xcoms_of(store: Store, run: DagRun) -> Iterator[tuple[str, int, str, str]]:
    """`(task id, map index, key, value)` of everything that the run pushed."""
    offset = 0
    while True:
        window = Window(limit=500, offset=offset)
        which = XComFilter(dag_ids=[run.dag_id], run_ids=[run.run_id])
        page = store.list_xcoms(which, window)
        for record in page.items:
            yield record.task_id, record.map_index, record.key, record.value
        offset += len(page.items)
        if offset >= page.total or not page.items:
            return


def _answer(store: Store, run: DagRun, instance: TaskInstance) -> None:
    """Answer for people, where the task waits for them; one with a limit may wait for it."""
    if instance.state is not TaskState.AWAITING_INPUT:
        return
    asked = store.get_input(run.dag_id, run.run_id, instance.key)
    response = answer_for(instance.task_id, asked.request)
    if response is not None:
        store.answer_input(asked.attempt_id, response)
    elif store.deferrals_of([asked.asked_by])[instance.run_pk, instance.key].deferral.timeout_at:
        return
    else:
        raise nobody(instance.task_id, asked.request)


def _is_marked(attempt: Attempt, is_marked: Callable[[str], bool]) -> bool:
    return is_marked(attempt.task_id)


def _new_run(planned: DagRun, version_id: str) -> NewRun:
    return NewRun(
        dag_id=planned.dag_id,
        run_id=planned.run_id,
        run_type=planned.run_type,
        version_id=version_id,
        run_after=min(planned.run_after, datetime.now(UTC)),
        logical_date=planned.logical_date,
        data_interval_start=planned.data_interval_start,
        data_interval_end=planned.data_interval_end,
        triggered_by=planned.triggered_by,
        conf=planned.conf,
        reason=planned.reason,
    )


class _WatchedStore:
    """A store that shows what the scheduler has written."""

    def __init__(self, store: Store, show: Callable[[int, Change], None]) -> None:
        self._store = store
        self._show = show

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """See `slipstream.store.interface.SchedulerStore`."""
        refused = self._store.apply(writes)
        for write in writes:
            if write.run_pk not in refused:
                for change in write.changes:
                    self._show(write.run_pk, change)
        return refused

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)
