"""A trial: one DAG run through the real scheduler and real task processes, kept in memory.

The deployment's variables, connections and pools are there as copies, so that nothing that the
tasks do to them is kept; runs, XComs and logs are gone at the end. The file's other DAGs are there
for tasks that start a run of them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Self, cast

from slipstream.cli.deployment import Deployment
from slipstream.cli.paging import every
from slipstream.cli.server.bundles import team_of
from slipstream.cli.server.wiring import host_settings, parallelism
from slipstream.cli.trial.finding import FoundDag
from slipstream.cli.trial.specs import when_triggered
from slipstream.executors.interface import Report, Sink
from slipstream.executors.local import LocalExecutor
from slipstream.executors.skipping import SkippingExecutor
from slipstream.model.attempt import Asker, Attempt, Failed
from slipstream.model.dag import DagSpec
from slipstream.model.events import AttemptEnded
from slipstream.model.states import RUN_FINISHED
from slipstream.model.team import no_team
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source, source_of
from slipstream.services.callbacks import CallbackService
from slipstream.services.changes import ChangeBoard
from slipstream.services.execution import ExecutionService
from slipstream.services.scheduler import Scheduler
from slipstream.services.triggerer.local import LocalTriggerer
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import PoolRecord, RunSnapshot, RunWrite
from slipstream.store.triggering import RunRequest, requested_run
from slipstream.wire.execution import Answer, Request

if TYPE_CHECKING:
    from slipstream.services.scheduler.needs import SchedulingStore

FREE_SLOTS = 128
"""The slots of a pool that a task names and nobody has made."""


class Trial:
    """Holds what a trial needs for as long as the `with` block lasts."""

    def __init__(self, deployment: Deployment) -> None:
        """Nothing is started yet."""
        self._deployment = deployment
        self._opened = ExitStack()
        self._changed = Event()
        self._news = ChangeBoard()
        self._execution: ExecutionService | None = None

    def __enter__(self) -> Self:
        """Start the process host, whose root process imports while the store is made."""
        folder = self._opened.enter_context(
            tempfile.TemporaryDirectory(prefix="slipstream-trial-", ignore_cleanup_errors=True)
        )
        self.logs_folder = Path(folder) / "logs"
        settings = replace(
            host_settings(self._deployment),
            log_dir=self.logs_folder,
            run_dir=Path(folder) / "run",
        )
        self.host = ProcessHost(settings, self._answer)
        self.host.start()
        self._opened.callback(self.host.stop, 0)
        self._opened.callback(self._news.close)
        self.store = open_store(
            "sqlite://", xcom_url=str(Path(folder) / "xcom"), dags_paused_at_creation=False
        )
        self._opened.callback(self.store.close)
        self.store.migrate()
        return self

    def __exit__(self, *_error: object) -> None:
        """End the tasks that still run, and remove everything."""
        self._opened.close()

    def run(
        self,
        found: FoundDag,
        spec: DagSpec,
        request: RunRequest,
        is_done: Callable[[Attempt], bool],
    ) -> Iterator[RunSnapshot]:
        """Run the DAG as `spec` describes it; gives how it stands, again and again, to its end.

        A snapshot comes after every change, and every tenth of a second for whoever shows the
        time that passes. Attempts that `is_done` names succeed without being run.
        """
        others = (when_triggered(dag) for dag in found.parsed.dags if dag.dag_id != spec.dag_id)
        dags = (spec, *others)
        self._copy_settings(dags)
        self.store.record_parsed([replace(found.parsed, dags=dags)])
        whose = team_of(self._deployment) or no_team
        self._execution = ExecutionService(self.store, changes=self._news, team_of=whose)
        source = source_of(found.parsed.fileloc, found.parsed.sources)
        scheduler = self._start_scheduler(source, is_done)
        try:
            dag = self.store.get_dag(spec.dag_id)
            now = datetime.now(UTC)
            run = self.store.create_run(requested_run(dag, request, now))
            while True:
                self._changed.wait(0.1)
                self._changed.clear()
                snapshot = self.store.load_run(run.pk)
                yield snapshot
                if snapshot.run.state in RUN_FINISHED:
                    break
            CallbackService(self.store, self.host.call_back, lambda _attempt: source).call_all()
            yield snapshot
        finally:
            scheduler.stop(0)

    def _start_scheduler(self, source: Source, is_done: Callable[[Attempt], bool]) -> Scheduler:
        executor = LocalExecutor(
            self.host, parallelism(self._deployment.config), lambda _attempt: source
        )
        # What is not overridden is the store's own: it has every verb.
        store = cast("SchedulingStore", _ObservedStore(self.store, self._changed.set))
        scheduler = Scheduler(
            store,
            _HurryingExecutor(executor, is_done),
            triggerer=LocalTriggerer(self.host, lambda _attempt: source),
            observers=[self._news],
        )
        scheduler.start()
        return scheduler

    def _answer(self, asker: Asker, request: Request) -> Answer | Future[Answer]:
        """A file that is being loaded reads the deployment's settings, a task the copy of them."""
        service = self._execution
        if service is None:
            deployed = self._deployment
            service = ExecutionService(
                deployed.store if deployed.has_store else self.store,
                team_of=team_of(deployed) or no_team,
            )
        return service.answer_in_time(asker, request)

    def _copy_settings(self, dags: Iterable[DagSpec]) -> None:
        """The deployment's settings, and the pools that the tasks name."""
        if self._deployment.has_store:
            original = self._deployment.store
            self.store.add_teams(original.list_teams())
            for variable in every(lambda window: original.list_variables(None, window)):
                self.store.set_variable(variable)
            for connection in every(lambda window: original.list_connections(None, window)):
                self.store.set_connection(connection)
            for pool in every(lambda window: original.list_pools(None, window)):
                self.store.set_pool(pool)
        for name in {task.pool for dag in dags for task in dag.tasks.values()}:
            if self.store.get_pool(name) is None:
                self.store.set_pool(PoolRecord(name=name, slots=FREE_SLOTS))


class _ObservedStore:
    """A store that tells when the scheduler has written something."""

    def __init__(self, store: Store, tell: Callable[[], None]) -> None:
        self._store = store
        self._tell = tell

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """See `slipstream.store.interface.SchedulerStore`."""
        refused = self._store.apply(writes)
        self._tell()
        return refused

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


class _HurryingExecutor(SkippingExecutor):
    """Lets every retry begin at once, whatever a retry policy says."""

    def start(self, sink: Sink) -> None:
        """Begin to work."""
        super().start(lambda reports: sink([_without_delay(report) for report in reports]))


def _without_delay(report: Report) -> Report:
    match report.event:
        case AttemptEnded(outcome=Failed(retry_delay=timedelta()) as outcome) as event:
            hurried = replace(outcome, retry_delay=timedelta(0))
            return replace(report, event=replace(event, outcome=hurried))
    return report
