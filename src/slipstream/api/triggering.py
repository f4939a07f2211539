"""A run that somebody asks for: whether it may be, and what it is to be."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from slipstream.model.dag import DagSpec
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.states import RunType, TriggeredBy
from slipstream.store.records import DagRecord, NewRun

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

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
    triggered_by: TriggeredBy = TriggeredBy.REST_API
    user: str | None = None


def requested_run(
    dag: DagRecord,
    request: RunRequest,
    now: datetime,
    *,
    run_id_pattern: str = DEFAULT_RUN_ID_PATTERN,
) -> NewRun:
    """The run to create.

    Raises `NotFoundError` for a DAG that is gone and `InvalidInputError` for one whose file has
    an error now, and for a run id, a conf or a kind of run that it does not take.
    """
    _require_runnable(dag)
    check_conf(dag.latest.spec, request.conf, dag.latest.version_id)
    run_after = request.run_after or now
    interval = request.data_interval or manual_interval(request.logical_date)
    return NewRun(
        dag_id=dag.dag_id,
        run_id=_checked_run_id(request, run_after, run_id_pattern),
        run_type=RunType.MANUAL,
        version_id=dag.latest.version_id,
        run_after=run_after,
        logical_date=request.logical_date,
        data_interval_start=interval[0] if interval else None,
        data_interval_end=interval[1] if interval else None,
        triggered_by=request.triggered_by,
        triggering_user=request.user,
        conf=request.conf,
        note=request.note,
        reason=_reason(request),
    )


def manual_interval(logical_date: datetime | None) -> tuple[datetime, datetime] | None:
    """The data interval of a run that was asked for: a moment, or none without a date."""
    return None if logical_date is None else (logical_date, logical_date)


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
            problems.append(f"{name}: no value is given, and it has no default")
            continue
        value = conf.get(name, default)
        error = next(iter(validator.iter_errors(value)), None)
        if error is not None:
            where = "".join(f"[{step!r}]" for step in error.absolute_path)
            problems.append(f"{name}{where}: {error.message}")
    if problems:
        raise InvalidInputError("Invalid input for param " + "; ".join(problems))


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
    from jsonschema import Draft202012Validator, FormatChecker

    described = param if isinstance(param, Mapping) else {"value": param}
    schema: Any = described.get("schema") or {}
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return name, validator, described.get("value", _NO_DEFAULT)


def _require_runnable(dag: DagRecord) -> None:
    if dag.is_stale:
        raise NotFoundError(
            f"The DAG with ID {dag.dag_id!r} was not found: it is no longer in {dag.fileloc}."
        )
    if dag.has_import_errors:
        raise InvalidInputError(
            f"DAG with dag_id: {dag.dag_id!r} has import errors and cannot be triggered. "
            "GET /api/v2/importErrors shows them."
        )
    allowed = dag.latest.spec.allowed_run_types
    if allowed is not None and RunType.MANUAL not in allowed:
        raise InvalidInputError(
            f"The DAG {dag.dag_id!r} does not allow manual runs; it allows "
            f"{', '.join(allowed)} runs."
        )


def _checked_run_id(request: RunRequest, run_after: datetime, pattern: str) -> str:
    if request.run_id is None:
        return _new_run_id(request.logical_date, run_after)
    if not request.run_id or len(request.run_id) > 250:
        raise InvalidInputError(
            f"A run id has 1 to 250 characters; the one given has {len(request.run_id)}."
        )
    if not re.search(pattern, request.run_id):
        raise InvalidInputError(
            f"The run id {request.run_id!r} does not match the pattern {pattern!r} of "
            "[scheduler] allowed_run_id_pattern."
        )
    for run_type in RunType:
        if run_type is not RunType.MANUAL and request.run_id.startswith(f"{run_type}__"):
            raise InvalidInputError(
                f"A run id that begins with '{run_type}__' is for {run_type} runs: choose "
                f"another one than {request.run_id!r} for a manual run."
            )
    return request.run_id


def _new_run_id(logical_date: datetime | None, run_after: datetime) -> str:
    """Named for the logical date, which a DAG has once; without one, made unique."""
    if logical_date is not None:
        return f"{RunType.MANUAL}__{logical_date.isoformat()}"
    return f"{RunType.MANUAL}__{run_after.isoformat()}_{secrets.token_hex(4)}"


def _reason(request: RunRequest) -> str:
    by = {TriggeredBy.REST_API: "the REST API", TriggeredBy.CLI: "the command line"}
    who = f"{request.user!r} " if request.user else "Somebody "
    through = by.get(request.triggered_by, request.triggered_by.value)
    return f"{who}asked for it through {through}."
