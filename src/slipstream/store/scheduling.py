"""What the scheduler reads, and the runs that it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import (
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from slipstream.model.errors import AlreadyExistsError, NotFoundError
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, PastRun, TaskKey
from slipstream.model.states import FINISHED, RunState, RunType, TaskState, TriggeredBy
from slipstream.store.database import Transaction
from slipstream.store.deferrals import read_deferrals
from slipstream.store.errors import ConstraintViolatedError
from slipstream.store.filters import previous_of
from slipstream.store.parts import StoreParts
from slipstream.store.records import (
    BRANCH_DECISION_KEY,
    NewRun,
    NextRun,
    Notice,
    NoticeKind,
    RunSnapshot,
)
from slipstream.store.rows import (
    INSTANCE_COLUMNS,
    RUN_COLUMNS,
    to_decision,
    to_instance,
    to_json,
    to_run,
)
from slipstream.store.statements import RowsStatement, SqlTuple, Statement, types_of
from slipstream.store.tables import (
    ACTIVE_RUNS,
    ACTIVE_TASKS,
    dag,
    dag_run,
    dag_version,
    notice,
    one_of,
    task_instance,
    xcom,
)
from slipstream.store.times import to_micros
from slipstream.store.wakeups import Hear, Topic

_ACTIVE = select(dag_run.c.pk).where(text(ACTIVE_RUNS)).order_by(dag_run.c.run_after, dag_run.c.pk)
_RUN = Statement(select(*RUN_COLUMNS).where(dag_run.c.pk == bindparam("pk")), ("pk",))
_INSTANCES = Statement(
    select(*INSTANCE_COLUMNS)
    .where(task_instance.c.run_pk == bindparam("run_pk"))
    .order_by(task_instance.c.pk),
    ("run_pk",),
)
_LENGTHS = Statement(
    select(xcom.c.task_id, xcom.c.key, xcom.c.length).where(
        xcom.c.run_pk == bindparam("run_pk"),
        xcom.c.map_index == text(str(UNMAPPED)),
        xcom.c.length.is_not(None),
    ),
    ("run_pk",),
)
_PUSHED = Statement(
    select(xcom.c.task_id, xcom.c.key, func.count())
    .join(
        task_instance,
        and_(
            task_instance.c.run_pk == xcom.c.run_pk,
            task_instance.c.task_id == xcom.c.task_id,
            task_instance.c.map_index == xcom.c.map_index,
        ),
    )
    .where(
        xcom.c.run_pk == bindparam("run_pk"),
        xcom.c.map_index != text(str(UNMAPPED)),
        text(one_of("task_instance.state", FINISHED)),
    )
    .group_by(xcom.c.task_id, xcom.c.key),
    ("run_pk",),
)
_DECISIONS = Statement(
    select(xcom.c.task_id, xcom.c.map_index, xcom.c.value, xcom.c.is_reference).where(
        xcom.c.run_pk == bindparam("run_pk"), text(f"xcom.key = '{BRANCH_DECISION_KEY}'")
    ),
    ("run_pk",),
)
_TAKEN = Statement(
    select(dag_run.c.run_id).where(
        dag_run.c.dag_id == bindparam("dag_id"),
        # A date that is missing equals none.
        or_(
            dag_run.c.run_id == bindparam("run_id"),
            dag_run.c.logical_date == bindparam("logical_date"),
        ),
    ),
    ("dag_id", "run_id", "logical_date"),
)
_VERSION_OF_DAG = Statement(
    select(dag_version.c.number).where(
        dag_version.c.version_id == bindparam("version_id"),
        dag_version.c.dag_id == bindparam("dag_id"),
    ),
    ("version_id", "dag_id"),
)
CREATE_RUN = Statement(
    insert(dag_run).returning(dag_run.c.pk),
    (
        "dag_id",
        "run_id",
        "run_type",
        "state",
        "version_id",
        "run_after",
        "logical_date",
        "data_interval_start",
        "data_interval_end",
        "queued_at",
        "triggered_by",
        "triggering_user",
        "conf",
        "note",
        "reason",
        "revision",
        "partition_key",
        "partition_date",
        "backfill_pk",
    ),
)
"""Is given a `run_row`, and gives the number of the run."""
_OLDEST = select(notice.c.pk).order_by(notice.c.pk).suffix_with(text("LIMIT :number"))
_TAKE_NOTICES = Statement(
    delete(notice).where(notice.c.pk.in_(_OLDEST)).returning(*notice.c), ("number",)
)
_HOLDING = text(one_of("task_instance.state", (TaskState.QUEUED, TaskState.RUNNING)))
_LAST_BY_TIMETABLE = Statement(
    select(*RUN_COLUMNS)
    .where(
        dag_run.c.dag_id == bindparam("dag_id"),
        dag_run.c.run_type.in_(
            [literal_column(f"'{kind.value}'") for kind in (RunType.SCHEDULED, RunType.BACKFILL)]
        ),
    )
    .order_by(dag_run.c.run_after.desc(), dag_run.c.pk.desc())
    .suffix_with("LIMIT 1"),
    ("dag_id",),
)
_NEXT_RUN = (
    "next_logical_date",
    "next_interval_start",
    "next_interval_end",
    "next_run_after",
    "schedule_problem",
)
_SET_NEXT_RUN = RowsStatement(
    lambda rows: (
        update(dag)
        .where(dag.c.dag_id == rows["b_dag_id"])
        .ordered_values(*[(dag.c[name], rows[name]) for name in _NEXT_RUN])
    ),
    types_of(dag, (*_NEXT_RUN, "b_dag_id")),
)


class SchedulingVerbs(StoreParts):
    """The scheduler's view of the store."""

    def active_run_pks(self) -> Sequence[int]:
        """The runs that are queued or running, oldest `run_after` first."""
        with self._database.read() as transaction:
            return list(transaction.column(_ACTIVE))

    def load_run(self, run_pk: int) -> RunSnapshot:
        """A run as it is now. Raises `NotFoundError`."""
        found = self.load_runs([run_pk])
        if not found:
            raise NotFoundError(f"There is no run with the number {run_pk}.")
        return found[run_pk]

    def load_runs(self, run_pks: Sequence[int]) -> Mapping[int, RunSnapshot]:
        """`{number: run as it is now}` of those that exist."""
        with self._database.read() as transaction:
            found = {run_pk: self._snapshot(transaction, run_pk) for run_pk in run_pks}
        return {run_pk: run for run_pk, run in found.items() if run is not None}

    def _snapshot(self, transaction: Transaction, run_pk: int) -> RunSnapshot | None:
        runs = transaction.fetch(_RUN, (run_pk,))
        if not runs:
            return None
        run = to_run(runs[0])
        if run.state is RunState.QUEUED and not run.revision:
            # Nobody has written to it yet.
            return RunSnapshot(run=run, instances=(), lengths={})
        by_instance: dict[TaskKey, dict[str, int]] = {}
        for task_id, key, length in transaction.fetch(_LENGTHS, (run_pk,)):
            by_instance.setdefault(TaskKey(task_id), {})[key] = length
        by_task: dict[str, dict[str, int]] = {}
        for task_id, key, count in transaction.fetch(_PUSHED, (run_pk,)):
            by_task.setdefault(task_id, {})[key] = count
        return RunSnapshot(
            run=run,
            instances=[to_instance(row) for row in transaction.fetch(_INSTANCES, (run_pk,))],
            lengths=by_instance,
            pushed=by_task,
            decisions={
                TaskKey(task_id, map_index): to_decision(
                    self._objects.get(value) if is_reference else value
                )
                for task_id, map_index, value, is_reference in transaction.fetch(
                    _DECISIONS, (run_pk,)
                )
            },
            deferrals=read_deferrals(transaction, self._box, run_pk),
        )

    def take_notices(self, limit: int = 1000) -> Sequence[Notice]:
        """Remove and give the oldest notices."""
        with self._database.write() as transaction:
            rows = transaction.fetch(_TAKE_NOTICES, (limit,))
        return [Notice(pk, NoticeKind(kind), subject) for pk, kind, subject in sorted(rows)]

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Call `wake` after every commit, by any process, that is of that topic; gives the undo."""
        return self._database.listen(wake, topic)

    def tell_others(self, text: str) -> None:
        """Tell other processes of the database that hear; some may miss it."""
        self._database.tell_others(text)

    def hear_others(self, hear: Hear) -> Callable[[], None]:
        """Be given what processes tell; gives the undo."""
        return self._database.hear_others(hear)

    def past_run(
        self, run: DagRun, task_ids: Sequence[str], *, only_scheduled: bool
    ) -> PastRun | None:
        """The DAG's run before this one, with the states of these tasks in it."""
        earlier = previous_of(run)
        if only_scheduled:
            earlier = earlier.where(dag_run.c.run_type != RunType.MANUAL.value)
        with self._database.read() as transaction:
            rows = transaction.rows(earlier)
            if not rows:
                return None
            before = to_run(rows[0])
            counted = transaction.rows(
                select(task_instance.c.task_id, task_instance.c.state, func.count())
                .where(task_instance.c.run_pk == before.pk, task_instance.c.task_id.in_(task_ids))
                .group_by(task_instance.c.task_id, task_instance.c.state)
            )
            states: dict[str, dict[TaskState, int]] = {}
            for task_id, state, number in counted:
                states.setdefault(task_id, {})[TaskState(state)] = number
            instance = select(task_instance.c.pk).where(
                task_instance.c.run_pk == dag_run.c.pk, task_instance.c.task_id == task_ids[0]
            )
            has_earlier = task_ids[0] in states or bool(
                transaction.rows(previous_of(run).where(instance.exists()))
            )
        return PastRun(run=before, states=states, has_earlier=has_earlier)

    def create_run(self, new: NewRun) -> DagRun:
        """Create a run. Raises `AlreadyExistsError` (run id or logical date of the DAG taken)."""
        try:
            with self._database.write() as transaction:
                return add_run(transaction, new, self._clock())
        except ConstraintViolatedError as error:
            # Somebody else was quicker between the check and the insert.
            raise AlreadyExistsError(
                f"The DAG {new.dag_id!r} has a run {new.run_id!r} or one of that logical date "
                "already."
            ) from error

    def set_next_runs(self, runs: Sequence[NextRun]) -> None:
        """Keep for people when these DAGs run next."""
        rows = [
            (
                to_micros(run.logical_date),
                to_micros(run.interval_start),
                to_micros(run.interval_end),
                to_micros(run.run_after),
                run.problem or None,
                run.dag_id,
            )
            for run in runs
        ]
        with self._database.write() as transaction:
            transaction.run_many(_SET_NEXT_RUN, rows)

    def last_scheduled_run(self, dag_id: str) -> DagRun | None:
        """The newest run by the timetable (scheduled or backfill), or None."""
        with self._database.read() as transaction:
            rows = transaction.fetch(_LAST_BY_TIMETABLE, (dag_id,))
        return to_run(rows[0]) if rows else None

    def running_instances_by_dag(self) -> Mapping[str, int]:
        """`{dag_id: queued and running instances}`."""
        with self._database.read() as transaction:
            rows = transaction.rows(
                select(dag_run.c.dag_id, func.count())
                .join(task_instance, task_instance.c.run_pk == dag_run.c.pk)
                .where(_HOLDING, text(ACTIVE_TASKS))
                .group_by(dag_run.c.dag_id)
            )
        return dict(rows)


def add_run(transaction: Transaction, new: NewRun, now: datetime) -> DagRun:
    """The run, made in this transaction. Raises `AlreadyExistsError` and `NotFoundError`."""
    run = planned_run(new, now)
    ask_about_new(transaction, run)()
    pk = transaction.fetch(CREATE_RUN, run_row(run))[0][0]
    transaction.leave_notice(NoticeKind.RUN_CREATED, [pk])
    return replace(run, pk=pk)


def planned_run(new: NewRun, now: datetime) -> DagRun:
    """The run that this asks for, without its number."""
    return DagRun(
        pk=0,
        dag_id=new.dag_id,
        run_id=new.run_id,
        run_type=new.run_type,
        state=RunState.QUEUED,
        version_id=new.version_id,
        run_after=new.run_after,
        logical_date=new.logical_date,
        data_interval_start=new.data_interval_start,
        data_interval_end=new.data_interval_end,
        queued_at=now,
        triggered_by=TriggeredBy(new.triggered_by),
        triggering_user=new.triggering_user,
        conf=new.conf,
        note=new.note,
        reason=new.reason,
        partition_key=new.partition_key,
        partition_date=new.partition_date,
        backfill=new.backfill,
    )


def ask_about_new(transaction: Transaction, run: DagRun) -> Callable[[], None]:
    """Ask whether it can be made: the answer, which may wait for the end of `together`, raises
    `AlreadyExistsError` and `NotFoundError`."""
    same = (run.dag_id, run.run_id, to_micros(run.logical_date))
    taken = transaction.ask(_TAKEN, same)
    versions = transaction.ask(_VERSION_OF_DAG, (run.version_id, run.dag_id))
    return lambda: _check_new(run, [run_id for (run_id,) in taken()], is_known=bool(versions()))


def _check_new(run: DagRun, taken: Sequence[str], *, is_known: bool) -> None:
    if run.run_id in taken:
        raise AlreadyExistsError(
            f"The DAG {run.dag_id!r} has a run {run.run_id!r} already: choose another run id, or "
            "clear that run to run it again."
        )
    if taken:
        raise AlreadyExistsError(
            f"The DAG {run.dag_id!r} has the run {taken[0]!r} for the logical date "
            f"{run.logical_date} already: clear that run to run it again."
        )
    if not is_known:
        raise NotFoundError(f"The DAG {run.dag_id!r} has no version {run.version_id!r}.")


def run_row(run: DagRun) -> SqlTuple:
    """Its values in the order of `CREATE_RUN`."""
    return (
        run.dag_id,
        run.run_id,
        run.run_type.value,
        run.state.value,
        run.version_id,
        to_micros(run.run_after),
        to_micros(run.logical_date),
        to_micros(run.data_interval_start),
        to_micros(run.data_interval_end),
        to_micros(run.queued_at),
        run.triggered_by.value,
        run.triggering_user,
        to_json(run.conf),
        run.note,
        run.reason,
        0,
        run.partition_key,
        to_micros(run.partition_date),
        run.backfill,
    )
