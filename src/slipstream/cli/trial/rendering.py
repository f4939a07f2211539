"""`slipstream tasks render`: what a task's templates give."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.finding import find_run
from slipstream.cli.moments import moment
from slipstream.cli.server.bundles import team_of
from slipstream.cli.trial.finding import FoundDag, find_dag_to_try
from slipstream.cli.trial.headings import print_property
from slipstream.cli.trial.trial import Trial
from slipstream.model.attempt import Attempt
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType, TriggeredBy
from slipstream.model.team import TeamOf, no_team
from slipstream.runtime import loader
from slipstream.runtime.supervisor_backend import SupervisorBackend
from slipstream.runtime.supervisor_link import SupervisorLink
from slipstream.sdk._context import build_context
from slipstream.sdk._mapping import unmap
from slipstream.sdk._running import running
from slipstream.services.execution import ExecutionService
from slipstream.store.interface import Store
from slipstream.wire import execution, messages


def render(deployment: Deployment, arguments: Namespace) -> None:
    """Print every template field as the task would see it.

    In a run that there is, XComs of other tasks are found; for a date nothing is there but it.
    """
    with Trial(deployment) as trial:
        found = find_dag_to_try(
            deployment, trial.host, arguments.dag_id, bundle_names=arguments.bundle_name
        )
        if arguments.task_id not in found.spec.tasks:
            raise NotFoundError(
                f"DAG {found.spec.dag_id!r} has no task {arguments.task_id!r}; "
                f"it has {', '.join(found.spec.tasks)}."
            )
        attempt = Attempt(
            attempt_id="",
            run=_run(deployment, found.spec.dag_id, arguments.logical_date_or_run_id),
            task_id=arguments.task_id,
            map_index=arguments.map_index,
            fileloc=found.parsed.fileloc,
        )
        store = deployment.store if deployment.has_store else trial.store
        whose = team_of(deployment) or no_team
        for field, value in _rendered(found, attempt, store, whose):
            print_property(field, value)


def _rendered(
    found: FoundDag, attempt: Attempt, store: Store, whose: TeamOf
) -> Sequence[tuple[str, Any]]:
    """The fields with their values; here the file is loaded into this process."""
    loader.preload()
    file = loader.load(
        messages.LoadSpec(fileloc=found.parsed.fileloc, dags_folder=str(found.folder)),
        will_fork=False,
    )
    dag = file.dags.get(found.spec.dag_id)
    if dag is None:
        raise CommandFailedError(f"{found.parsed.fileloc} does not load here:\n{file.error}")
    task = dag.get_task(attempt.task_id)
    backend = SupervisorBackend(_StoreLink(attempt, store, whose))
    context = build_context(dag, task, attempt, backend)
    with running(context):
        try:
            operator = unmap(task, context)
            operator.render_template_fields(context)
        except Exception as error:
            raise CommandFailedError(
                f"Task {attempt.task_id} cannot be rendered: {type(error).__name__}: {error}."
            ) from error
        return [(field, getattr(operator, field, None)) for field in operator.template_fields]


class _StoreLink(SupervisorLink):
    """Answers what a task's code asks from a store, without a supervisor."""

    def __init__(self, attempt: Attempt, store: Store, whose: TeamOf) -> None:
        super().__init__()
        self._attempt = attempt
        self._service = ExecutionService(store, team_of=whose)

    def ask(self, request: execution.Request) -> execution.Answer:
        """The store's answer."""
        return self._service.answer(self._attempt, request)

    def mask(self, secrets: Sequence[str]) -> None:
        """There is no log to hide anything in."""


def _run(deployment: Deployment, dag_id: str, text: str) -> DagRun:
    """The run of that id or date, or one that might be at that date."""
    if deployment.has_store:
        try:
            return find_run(deployment, dag_id, text)
        except NotFoundError:
            pass
    try:
        date = moment(text, deployment.config)
    except UsageError:
        raise NotFoundError(
            f"DAG {dag_id!r} has no run {text!r}; expected a run's id, or a moment as 2026-01-31."
        ) from None
    now = datetime.now(UTC)
    return DagRun(
        pk=0,
        dag_id=dag_id,
        run_id=f"manual__{date.isoformat()}",
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        version_id="",
        run_after=now,
        logical_date=date,
        data_interval_start=date,
        data_interval_end=date,
        start_date=now,
        triggered_by=TriggeredBy.TEST,
    )
