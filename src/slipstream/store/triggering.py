"""A run that somebody asks for: whether it may be, and what it is to be."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from slipstream.core.partitions import date_of_key
from slipstream.core.timetable import manual_interval, partition_date_of, run_id_for
from slipstream.model.dag import DagSpec
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.schedule import (
    CronPartition,
    Custom,
    OnAssets,
    by_the_clock,
    takes_partitions,
)
from slipstream.model.states import RunType, TriggeredBy
from slipstream.store.records import DagRecord, NewRun
from slipstream.wire.param_schemas import error_of, expected, validator_for
from slipstream.wire.questions import Answered, TimetableAsk, TimetableQuestion

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

AskTimetable: TypeAlias = Callable[[TimetableQuestion, str], Answered]
"""Puts a question to the timetable of a DAG version, by its id, and waits for the answer."""

DEFAULT_RUN_ID_PATTERN: Final = r"^[A-Za-z0-9_.~:+-]+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What somebody wants to run. None leaves it to the DAG and the clock."""

    run_id: str | None = None
    logical_date: datetime | None = None
    data_interval: tuple[datetime, datetime] | None = None
    run_after: datetime | None = None
    conf: Mapping[str, JsonValue] = field(default_factory=dict)
    note: str | None = None
    partition_key: str | None = None
    triggered_by: TriggeredBy = TriggeredBy.REST_API
    user: str | None = None
    reason: str | None = None
    """Why the run is to be, in one sentence; None says who asked, and how."""


def requested_run(
    dag: DagRecord,
    request: RunRequest,
    now: datetime,
    *,
    run_type: RunType = RunType.MANUAL,
    run_id_pattern: str = DEFAULT_RUN_ID_PATTERN,
    ask: AskTimetable | None = None,
) -> NewRun:
    """The run to create.

    `ask` puts questions to timetables of users; without it the interval of such a run is its
    logical date. Raises `NotFoundError` for a DAG that is gone and `InvalidInputError` for one
    whose file has an error now, and for a run id, a conf or a kind of run that it does not take.
    """
    _require_runnable(dag, run_type)
    spec = dag.latest.spec
    check_conf(spec, request.conf, dag.latest.version_id)
    # A run without a logical date is about no stretch of time, as in Airflow.
    interval = None if request.logical_date is None else request.data_interval
    run_after = request.run_after or now
    if interval is None and request.logical_date is not None:
        interval = _interval(dag, request.logical_date, ask)
    return NewRun(
        dag_id=dag.dag_id,
        run_id=_run_id(request, run_type, run_after, run_id_pattern),
        run_type=run_type,
        version_id=dag.latest.version_id,
        run_after=run_after,
        logical_date=request.logical_date,
        data_interval_start=interval[0] if interval else None,
        data_interval_end=interval[1] if interval else None,
        triggered_by=request.triggered_by,
        triggering_user=request.user,
        conf=request.conf,
        note=request.note,
        partition_key=request.partition_key,
        partition_date=_partition_date(spec, request.partition_key),
        reason=request.reason or _reason(request),
    )


def check_conf(spec: DagSpec, conf: Mapping[str, JsonValue], version_id: str) -> None:
    """Raise `InvalidInputError` where a param of the DAG gets a value that it does not take.

    A param that the conf leaves out is checked with its default. What the conf has beyond the
    params is free. `version_id` names the spec, for its validators are kept.
    """
    if not spec.params:
        return
    problems = []
    for name, validator, default in _validators(spec.params, version_id):
        if name not in conf and default is _NO_DEFAULT:
            problems.append(
                f"{name}: No value was given, and there is no default. "
                f"Expected: {expected(validator)}."
            )
            continue
        value = conf.get(name, default)
        error = error_of(value, validator)
        if error is not None:
            problems.append(f"{name}: {error}")
    if problems:
        raise InvalidInputError("Invalid input for param " + " And for param ".join(problems))


_NO_DEFAULT: Final = object()


def _validators(
    params: Mapping[str, JsonValue], version_id: str
) -> Sequence[tuple[str, Validator, Any]]:
    """`(name, validator, default)` of every param; of the versions used last they are kept."""
    kept = _kept_validators.get(version_id)
    if kept is None:
        kept = [_validator(name, param) for name, param in params.items()]
        while len(_kept_validators) >= _KEPT_VERSIONS:
            _kept_validators.pop(next(iter(_kept_validators)), None)
        _kept_validators[version_id] = kept
    return kept


_KEPT_VERSIONS: Final = 256
_kept_validators: dict[str, Sequence[tuple[str, Validator, Any]]] = {}


def _validator(name: str, param: JsonValue) -> tuple[str, Validator, Any]:
    described = param if isinstance(param, Mapping) else {"value": param}
    schema: Any = described.get("schema") or {}
    try:
        validator = validator_for(schema)
    except ValueError as error:
        raise InvalidInputError(f"Invalid input for param {name}: {error}.") from error
    return name, validator, described.get("value", _NO_DEFAULT)


def _interval(
    dag: DagRecord, logical_date: datetime, ask: AskTimetable | None
) -> tuple[datetime, datetime]:
    """What the schedule makes of the date."""
    schedule = dag.latest.spec.schedule
    if not isinstance(by_the_clock(schedule), Custom):
        return manual_interval(schedule, logical_date)
    if ask is None:
        return logical_date, logical_date
    question = TimetableQuestion(dag_id=dag.dag_id, ask=TimetableAsk.MANUAL, at=logical_date)
    answer = ask(question, dag.latest.version_id)
    if answer.error is not None:
        raise InvalidInputError(
            f"The timetable of {dag.dag_id!r} gives no data interval for "
            f"{logical_date.isoformat()}: {answer.error}. Give data_interval_start and "
            "data_interval_end, or mend its infer_manual_data_interval()."
        )
    (run,) = answer.runs
    return run.interval_start or logical_date, run.interval_end or logical_date


def _partition_date(spec: DagSpec, key: str | None) -> datetime | None:
    """The moment that the key stands for; None where the schedule gives it no such meaning."""
    if key is None:
        return None
    if not takes_partitions(spec.schedule):
        raise InvalidInputError(
            f"Dag '{spec.dag_id}' is not a partitioned Dag and does not accept a partition_key: "
            f"leave {key!r} away, or give the DAG schedule=PartitionedAtRuntime()."
        )
    if isinstance(spec.schedule, OnAssets) and spec.schedule.partitions is not None:
        return date_of_key(spec.schedule, key)
    schedule = by_the_clock(spec.schedule)
    return partition_date_of(schedule, key) if isinstance(schedule, CronPartition) else None


def _require_runnable(dag: DagRecord, run_type: RunType) -> None:
    if dag.is_stale:
        raise NotFoundError(
            f"The DAG with ID {dag.dag_id!r} was not found: it is no longer in {dag.fileloc}."
        )
    if dag.has_import_errors:
        raise InvalidInputError(
            f"DAG with dag_id: {dag.dag_id!r} has import errors and cannot be triggered. "
            "GET /api/v2/importErrors or `slipstream dags list-import-errors` shows them."
        )
    allowed = dag.latest.spec.allowed_run_types
    if allowed is not None and run_type not in allowed:
        raise InvalidInputError(
            f"The DAG {dag.dag_id!r} does not allow {run_type} runs; it allows "
            f"{', '.join(allowed)} runs."
        )


def _run_id(request: RunRequest, run_type: RunType, run_after: datetime, pattern: str) -> str:
    if request.run_id is None:
        return run_id_for(
            run_type,
            run_after=run_after,
            logical_date=request.logical_date,
            suffix=secrets.token_hex(4),
        )
    if not request.run_id or len(request.run_id) > 250:
        raise InvalidInputError(
            f"A run id has 1 to 250 characters; the one given has {len(request.run_id)}."
        )
    if not re.search(pattern, request.run_id):
        raise InvalidInputError(
            f"The run id {request.run_id!r} does not match the pattern {pattern!r} of "
            "[scheduler] allowed_run_id_pattern."
        )
    for other in RunType if run_type is RunType.MANUAL else ():
        if other is not run_type and request.run_id.startswith(f"{other}__"):
            raise InvalidInputError(
                f"A run id that begins with '{other}__' is for {other} runs: choose another one "
                f"than {request.run_id!r} for a {run_type} run."
            )
    return request.run_id


def _reason(request: RunRequest) -> str:
    by = {TriggeredBy.REST_API: "the REST API", TriggeredBy.CLI: "the command line"}
    who = f"{request.user!r} " if request.user else "Somebody "
    through = by.get(request.triggered_by, request.triggered_by.value)
    return f"{who}asked for it through {through}."
