"""Answers what tasks ask while they run, from the store."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Protocol, assert_never

from slipstream.model.attempt import Asker, Attempt
from slipstream.model.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotYoursError,
)
from slipstream.model.input import InputResponse
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun
from slipstream.model.states import LIVE, RunState, RunType, TaskState, TriggeredBy
from slipstream.model.team import TeamOf, no_team
from slipstream.services.alerts import failed_alert
from slipstream.services.assets import answer_about_assets
from slipstream.services.changes import ChangeBoard
from slipstream.services.found_instances import found_instances
from slipstream.services.kept_state import answer_state
from slipstream.services.own_things import require_own_xcom
from slipstream.services.owned_settings import OwnedSettings
from slipstream.store.errors import AttemptSupersededError
from slipstream.store.input_interface import EventLogStore
from slipstream.store.interface import (
    AssetStore,
    DagStore,
    InputStore,
    KeptStateStore,
    RunStore,
    SchedulerStore,
    SettingsStore,
    XComStore,
)
from slipstream.store.records import (
    InstanceFilter,
    Range,
    RunFilter,
    Window,
)
from slipstream.store.triggering import AskTimetable, RunRequest, requested_run
from slipstream.wire import execution as wire

_log = logging.getLogger(__name__)


class ExecutionStore(
    SchedulerStore,
    DagStore,
    RunStore,
    InputStore,
    XComStore,
    KeptStateStore,
    AssetStore,
    SettingsStore,
    EventLogStore,
    Protocol,
):
    """What answering needs of the store."""


class FencedError(ConflictError):
    """The attempt that asks is no longer the latest of its task instance, or has ended."""


class ExecutionService:
    """Answers for all attempts; safe to call from any thread."""

    def __init__(
        self,
        store: ExecutionStore,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        changes: ChangeBoard | None = None,
        ask_timetable: AskTimetable | None = None,
        team_of: TeamOf = no_team,
    ) -> None:
        """Without `changes` nobody is told of any, and who waits for one waits its whole time.
        `ask_timetable` puts questions to timetables of users. `team_of` says whose a DAG file
        is."""
        self._ask_timetable = ask_timetable
        self._store = store
        self._clock = clock
        self._changes = changes or ChangeBoard()
        self._owned = OwnedSettings(store, team_of)

    def answer_in_time(
        self, asker: Asker, request: wire.Request
    ) -> wire.Answer | Future[wire.Answer]:
        """As `answer`; what has to wait for something to happen is answered when it has."""
        if not isinstance(asker, Attempt) or not isinstance(request, wire.AwaitChange):
            return self.answer(asker, request)
        later: Future[wire.Answer] = Future()
        number = self._changes.wait(request.dag_id, request.seen, request.seconds)
        number.add_done_callback(lambda found: later.set_result(wire.Count(value=found.result())))
        return later

    def answer(self, asker: Asker, request: wire.Request) -> wire.Answer:
        """Carry out what the process of `attempt` asks; a refusal is an answer, not an error.

        A DAG file that is being loaded may read variables and connections. Those of a team are for
        this team's DAGs alone.

        Orders are refused once the attempt no longer counts. Questions change nothing and are
        answered regardless.
        """
        try:
            if isinstance(asker, Attempt):
                return self._answer(asker, request)
            return self._read(asker, request)
        except NotYoursError as error:
            return wire.Refused(code="not_yours", message=str(error))
        except FencedError as error:
            return wire.Refused(code="fenced", message=str(error))
        except NotFoundError as error:
            return wire.Refused(code="not_found", message=str(error))
        except AlreadyExistsError as error:
            return wire.Refused(code="already_exists", message=str(error))
        except InvalidInputError as error:
            return wire.Refused(code="invalid", message=str(error))
        except ConflictError as error:
            return wire.Refused(code="conflict", message=str(error))
        except Exception as error:  # noqa: BLE001  # A task gets an answer whatever happened.
            who = f"attempt {asker.attempt_id}" if isinstance(asker, Attempt) else "a DAG file"
            _log.exception("Could not answer %s of %s", type(request).__name__, who)
            return wire.Refused(code="internal", message=f"{type(error).__name__}: {error}")

    def _read(self, asker: Asker, ask: wire.Request) -> wire.Answer:
        """Answer what anything may ask, whether it belongs to an attempt or not."""
        match ask:
            case wire.GetVariable():
                return wire.Text(value=self._owned.get_variable(asker, ask.key))
            case wire.GetConnection():
                return self._owned.get_connection(asker, ask.conn_id)
            case wire.GetTeam():
                return wire.Text(value=self._owned.team(asker))
            case _:
                raise InvalidInputError(
                    "While a DAG file is loaded it can read variables and connections, nothing "
                    f"else ({type(ask).__name__} was asked for). Do this in a task."
                )

    def _answer(self, attempt: Attempt, ask: wire.Request) -> wire.Answer:
        match ask:
            case wire.GetVariable() | wire.GetConnection() | wire.GetTeam():
                return self._read(attempt, ask)
            case wire.SetVariable():
                self._require_current(attempt)
                self._owned.set_variable(attempt, ask)
                return wire.Done()
            case wire.DeleteVariable():
                self._require_current(attempt)
                return wire.Done(found=self._owned.delete_variable(attempt, ask.key))
            case wire.GetXCom() | wire.GetXComs() | wire.CountXComs():
                return self._read_xcom(ask)
            case wire.GetXComItem():
                return self._xcom_item(ask)
            case wire.SetXCom() | wire.DeleteXCom():
                return self._write_xcom(attempt, ask)
            case wire.TakeXComs():
                return self._take_xcoms(attempt, ask)
            case wire.GetState() | wire.SetState() | wire.DeleteState():
                require = self._require_latest if attempt.is_over else self._require_current
                try:
                    return answer_state(self._store, attempt, ask, require)
                except AttemptSupersededError as error:
                    raise _fenced(attempt) from error
            case wire.GetAsset() | wire.GetAssetEvents() | wire.GetTriggeringEvents():
                return answer_about_assets(self._store, ask)
            case wire.GetRun():
                return self._run(ask)
            case wire.GetPreviousRun():
                return self._previous_run(ask)
            case wire.GetTaskStates():
                return self._task_states(ask)
            case wire.FindInstances():
                return wire.Instances(instances=list(found_instances(self._store, ask)))
            case wire.GetRunState():
                return self._run_state(ask)
            case wire.CountRuns():
                return wire.Count(value=self._count_runs(ask))
            case wire.GetDag():
                return self._dag(ask.dag_id)
            case wire.AwaitChange():
                changes = self._changes.wait(ask.dag_id, ask.seen, ask.seconds)
                return wire.Count(value=changes.result())
            case wire.NoteFailedAlert():
                self._store.log_event(failed_alert(attempt, ask.error))
                return wire.Done()
            case wire.AskInput() | wire.GetInput() | wire.TakeDefaultInput():
                return self._input(attempt, ask)
            case wire.TriggerRun():
                self._require_current(attempt)
                return wire.Text(value=self._trigger(attempt, ask))
            case _:
                assert_never(ask)

    def _require_current(self, attempt: Attempt) -> None:
        """Refuse the orders of an attempt that no longer counts.

        Callbacks tell of what has happened, whatever became of the task instance since.
        """
        if attempt.is_over:
            return
        found = self._store.get_instance(attempt.run.dag_id, attempt.run.run_id, attempt.key)
        # A deferred attempt speaks through its trigger.
        counts = found.instance.state in LIVE or found.instance.state is TaskState.DEFERRED
        if found.instance.attempt_id != attempt.attempt_id or not counts:
            raise _fenced(attempt)

    def _require_latest(self, attempt: Attempt) -> None:
        """Refuse what would overwrite what a later try pushed."""
        found = self._store.get_instance(attempt.run.dag_id, attempt.run.run_id, attempt.key)
        if found.instance.attempt_id != attempt.attempt_id:
            raise _fenced(attempt)

    def _input(
        self, attempt: Attempt, ask: wire.AskInput | wire.GetInput | wire.TakeDefaultInput
    ) -> wire.Answer:
        match ask:
            case wire.AskInput():
                try:
                    self._store.ask_input(attempt.attempt_id, ask.request)
                except AttemptSupersededError as error:
                    raise _fenced(attempt) from error
                return wire.Done()
            case wire.TakeDefaultInput():
                self._require_current(attempt)
                response = InputResponse(
                    chosen_options=tuple(ask.chosen_options),
                    params_input=ask.params_input,
                    responded_at=self._clock(),
                )
                self._store.answer_input(attempt.attempt_id, response)
                asked = attempt.attempt_id
            case wire.GetInput():
                asked = ask.attempt_id
            case _:
                assert_never(ask)
        request, answer = self._store.get_asked(attempt.run.pk, attempt.key, asked)
        return wire.InputFound(request=request, response=answer)

    def _read_xcom(self, ask: wire.GetXCom | wire.GetXComs | wire.CountXComs) -> wire.Answer:
        match ask:
            case wire.GetXCom():
                record = self._store.get_xcom(
                    dag_id=ask.dag_id,
                    run_id=ask.run_id,
                    task_id=ask.task_id,
                    map_index=ask.map_index,
                    key=ask.key,
                    include_prior_dates=ask.include_prior_dates,
                )
                return wire.Text(value=None if record is None else record.value)
            case wire.GetXComs():
                records = self._store.get_xcoms(
                    dag_id=ask.dag_id,
                    run_id=ask.run_id,
                    task_id=ask.task_id,
                    key=ask.key,
                    start=ask.start,
                    stop=ask.stop,
                    step=ask.step,
                    include_prior_dates=ask.include_prior_dates,
                )
                return wire.Texts(values=[record.value for record in records])
            case wire.CountXComs():
                count = self._store.count_xcoms(
                    dag_id=ask.dag_id, run_id=ask.run_id, task_id=ask.task_id, key=ask.key
                )
                return wire.Count(value=count)
            case _:
                assert_never(ask)

    def _xcom_item(self, ask: wire.GetXComItem) -> wire.Answer:
        found = self._store.get_xcom_item(
            dag_id=ask.dag_id,
            run_id=ask.run_id,
            task_id=ask.task_id,
            map_index=ask.map_index,
            key=ask.key,
            index=ask.index,
        )
        if found is None:
            return wire.Missing()
        return wire.Item(text=found.text, length=found.length, is_pair=found.is_pair)

    def _write_xcom(self, attempt: Attempt, ask: wire.SetXCom | wire.DeleteXCom) -> wire.Answer:
        require_own_xcom(attempt, ask)
        run, key = attempt.run, attempt.key
        if isinstance(ask, wire.DeleteXCom):
            self._require_current(attempt)
            return wire.Done(found=self._store.delete_xcom(run.pk, key, ask.key))
        if attempt.is_over:
            self._require_latest(attempt)
        try:
            self._store.set_xcom(
                run.pk,
                key,
                ask.key,
                ask.value,
                ask.length,
                attempt_id=None if attempt.is_over else attempt.attempt_id,
            )
        except ConflictError as error:
            raise _fenced(attempt) from error
        return wire.Done()

    def _take_xcoms(self, attempt: Attempt, ask: wire.TakeXComs) -> wire.Answer:
        try:
            taken = self._store.take_xcoms(attempt.attempt_id, with_values=ask.with_values)
        except ConflictError as error:
            raise _fenced(attempt) from error
        return wire.Taken(values=taken)

    def _run_pk(self, dag_id: str, run_id: str) -> int:
        return self._store.get_run(dag_id, run_id).pk

    def _run(self, ask: wire.GetRun) -> wire.Answer:
        try:
            return wire.RunFound(fields=run_fields(self._store.get_run(ask.dag_id, ask.run_id)))
        except NotFoundError:
            return wire.Missing()

    def _previous_run(self, ask: wire.GetPreviousRun) -> wire.Answer:
        run = self._store.get_run(ask.dag_id, ask.run_id)
        state = None if ask.state is None else _run_state(ask.state)
        found = self._store.previous_run(run, state)
        return wire.Missing() if found is None else wire.RunFound(fields=run_fields(found))

    def _task_states(self, ask: wire.GetTaskStates) -> wire.Answer:
        states: dict[str, dict[str, str | None]] = {}
        for dates in _each_date(ask.logical_dates):
            which = InstanceFilter(
                dag_ids=[ask.dag_id],
                run_ids=ask.run_ids or None,
                task_ids=self._tasks_asked(ask),
                map_indexes=None if ask.map_index == UNMAPPED else [ask.map_index],
                logical_date=dates,
            )
            for entry in self._store.iterate_instances(which):
                task_id, map_index = entry.instance.key
                name = task_id if map_index == UNMAPPED else f"{task_id}_{map_index}"
                state = entry.instance.state
                states.setdefault(entry.run.run_id, {})[name] = (
                    None if state is TaskState.NONE else state.value
                )
        return wire.TaskStates(states=states)

    def _tasks_asked(self, ask: wire.GetTaskStates) -> Sequence[str] | None:
        if ask.group_id is None:
            return ask.task_ids
        spec = self._store.get_dag(ask.dag_id).latest.spec
        if ask.group_id not in spec.groups:
            raise NotFoundError(
                f"The DAG {ask.dag_id!r} has no task group {ask.group_id!r}: its groups are "
                f"{', '.join(spec.groups) or 'none'}."
            )
        inside = {ask.group_id}
        # A group is listed after its parent only by chance, so look until nothing is added.
        while more := {
            group.group_id
            for group in spec.groups.values()
            if group.parent_id in inside and group.group_id not in inside
        }:
            inside |= more
        return [task.task_id for task in spec.tasks.values() if task.group_id in inside]

    def _run_state(self, ask: wire.GetRunState) -> wire.Answer:
        try:
            return wire.Text(value=self._store.get_run(ask.dag_id, ask.run_id).state.value)
        except NotFoundError:
            return wire.Text(value=None)

    def _dag(self, dag_id: str) -> wire.Answer:
        try:
            dag = self._store.get_dag(dag_id)
        except NotFoundError:
            return wire.Missing()
        if dag.is_stale:
            return wire.Missing()
        spec = dag.latest.spec
        return wire.DagFound(
            dag_id=dag_id,
            is_paused=dag.is_paused,
            relative_fileloc=dag.relative_fileloc,
            bundle_name=dag.bundle_name,
            owners=", ".join(sorted({task.owner for task in spec.tasks.values()})),
            tags=list(spec.tags),
            next_run_after=dag.next_run_after,
            task_ids=list(spec.tasks),
            group_ids=list(spec.groups),
        )

    def _count_runs(self, ask: wire.CountRuns) -> int:
        return sum(
            self._store.list_runs(
                RunFilter(
                    dag_ids=[ask.dag_id],
                    run_ids=ask.run_ids or None,
                    states=[_run_state(state) for state in ask.states] or None,
                    logical_date=dates,
                ),
                Window(limit=1),
            ).total
            for dates in _each_date(ask.logical_dates)
        )

    def _trigger(self, attempt: Attempt, ask: wire.TriggerRun) -> str:
        dag = self._store.get_dag(ask.dag_id)
        request = RunRequest(
            run_id=ask.run_id,
            logical_date=ask.logical_date,
            run_after=ask.run_after,
            conf=ask.conf,
            note=ask.note,
            triggered_by=TriggeredBy.OPERATOR,
            reason=f"Task {attempt.task_id} of run {attempt.run.run_id} of "
            f"{attempt.run.dag_id} triggered it.",
        )
        new = requested_run(
            dag,
            request,
            self._clock(),
            run_type=RunType.OPERATOR_TRIGGERED,
            ask=self._ask_timetable,
        )
        try:
            self._store.create_run(new)
        except AlreadyExistsError:
            if not ask.reset_existing:
                raise
            self._start_over(ask.dag_id, new.run_id)
        return new.run_id

    def _start_over(self, dag_id: str, run_id: str) -> None:
        """Clear every task instance of a run, so that it runs from its beginning."""
        run_pk = self._run_pk(dag_id, run_id)
        everything = InstanceFilter(dag_ids=[dag_id], run_ids=[run_id])
        keys = [entry.instance.key for entry in self._store.iterate_instances(everything)]
        self._store.clear_instances(run_pk, keys)


def run_fields(run: DagRun) -> dict[str, JsonValue]:
    """A run with the field names of Airflow's REST API, times as ISO 8601 texts."""
    ended = run.end_date is not None and run.start_date is not None
    return {
        "dag_id": run.dag_id,
        "dag_run_id": run.run_id,
        "run_id": run.run_id,
        "run_type": run.run_type.value,
        "state": run.state.value,
        "logical_date": _iso(run.logical_date),
        "data_interval_start": _iso(run.data_interval_start),
        "data_interval_end": _iso(run.data_interval_end),
        "run_after": _iso(run.run_after),
        "queued_at": _iso(run.queued_at),
        "start_date": _iso(run.start_date),
        "end_date": _iso(run.end_date),
        "duration": (run.end_date - run.start_date).total_seconds()  # type: ignore[operator]  # `ended` says that both are there
        if ended
        else None,
        "triggered_by": run.triggered_by.value,
        "triggering_user_name": run.triggering_user,
        "conf": run.conf,
        "note": run.note,
    }


def _run_state(text: str) -> RunState:
    try:
        return RunState(text)
    except ValueError as error:
        known = ", ".join(RunState)
        raise InvalidInputError(f"{text!r} is no state of a run: choose one of {known}.") from error


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _each_date(dates: Sequence[datetime]) -> Iterator[Range]:
    """One range per date, or the range of everything where no date is given."""
    if not dates:
        yield Range()
    for date in dates:
        yield Range(gte=date, lte=date)


def _fenced(attempt: Attempt) -> FencedError:
    return FencedError(
        f"Attempt {attempt.attempt_id} of task {attempt.task_id} in run {attempt.run.run_id} no "
        "longer counts: the task was cleared, marked or started again. Stop working."
    )
