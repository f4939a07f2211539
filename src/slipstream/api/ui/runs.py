"""Runs as bars, and as columns of a grid: what their task instances come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Moment
from slipstream.core.waiting import why
from slipstream.model.errors import InvalidInputError
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState
from slipstream.store.records import RunTime, TaskSummary
from slipstream.store.surroundings import instance_or_plan, surroundings

routes = Routes("UI", prefix="/ui")

_MOST_RUNS = 365
_HOURS = 24
_AN_HOUR = timedelta(hours=1)
_A_DAY = timedelta(days=1)
_A_QUARTER = timedelta(minutes=15)
"""Every time zone's midnight is at the begin of one."""
_MOST_DAYS = 366


class RunBar(Payload, frozen=True, kw_only=True):
    """A run, as much of it as a bar shows."""

    run_id: str
    state: str
    run_type: str
    run_after: Instant
    queued_at: Instant | None
    start_date: Instant | None
    end_date: Instant | None


class CellPayload(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """What the instances of one task in one run come to."""

    task_id: str
    states: Mapping[str, int]
    """`{state: instances}`."""
    is_mapped: bool = False
    try_number: int = 1
    """The highest."""
    queued_at: Instant | None = None
    start_date: Instant | None = None
    end_date: Instant | None = None


class ColumnPayload(Payload, frozen=True, kw_only=True):
    """A run with its tasks."""

    run: RunBar
    version_number: int
    cells: Sequence[CellPayload]


class GridResponse(Payload, frozen=True, kw_only=True):
    """The last runs of a DAG, newest first."""

    columns: Sequence[ColumnPayload]
    has_more: bool
    """Whether runs were left out to keep the answer small."""


class RecentRunsResponse(Payload, frozen=True, kw_only=True):
    """`{dag_id: its last runs, newest first}`."""

    runs: Mapping[str, Sequence[RunBar]]


class HourCounts(Payload, frozen=True, kw_only=True):
    """`{state: runs}` that ended in the hour from then on; in the last one also what is active."""

    begin: Instant
    counts: Mapping[str, int]


class RunCountsResponse(Payload, frozen=True, kw_only=True):
    """`{state: runs}` that are active, or ended in the last 24 hours."""

    counts: Mapping[str, int]
    hours: Sequence[HourCounts]
    """Each of them, the oldest first."""


class WhyResponse(Payload, frozen=True, kw_only=True):
    """Why a task instance is where it is, in sentences; empty where there is nothing to say."""

    run: str
    task: str
    waits_for: str
    """What it waits for, since when, and when that will likely change: one sentence."""


class OwnersResponse(Payload, frozen=True, kw_only=True):
    """In alphabetical order."""

    owners: Sequence[str]


class DayCounts(Payload, frozen=True, kw_only=True):
    """`{state: runs}` that were due on that day."""

    date: str
    counts: Mapping[str, int]


class CalendarResponse(Payload, frozen=True, kw_only=True):
    """The days on which a DAG had runs, the oldest first."""

    days: Sequence[DayCounts]


@routes.add(
    "GET", "/dags/~/recentRuns", permission=reading(Resource.DAG_RUN), answer=RecentRunsResponse
)
def get_recent_runs(
    call: Call,
    dag_ids: Annotated[list[str], QueryParameter(max_length=200)],
    count: Annotated[int, QueryParameter(ge=1, le=_MOST_RUNS)] = 14,
) -> RecentRunsResponse:
    """The last runs of several DAGs."""
    found = call.store.newest_runs(dag_ids, count)
    return RecentRunsResponse(
        runs={dag_id: [run_bar(run) for run in runs] for dag_id, runs in found.items()}
    )


@routes.add("GET", "/runCounts", permission=reading(Resource.DAG_RUN), answer=RunCountsResponse)
def get_run_counts(call: Call) -> RunCountsResponse:
    """How many runs are queued or run, and how those ended that ended in the last day."""
    begin = call.now() - _HOURS * _AN_HOUR
    ended = call.store.count_runs(RunTime.ENDED, begin, _AN_HOUR)
    hours = [Counter(_named(ended.get(begin + at * _AN_HOUR, {}))) for at in range(_HOURS)]
    hours[-1].update(_named(call.store.count_active_runs()))
    total: Counter[str] = sum(hours, Counter())
    return RunCountsResponse(
        counts=dict(total),
        hours=[
            HourCounts(begin=begin + at * _AN_HOUR, counts=dict(counts))
            for at, counts in enumerate(hours)
        ],
    )


@routes.add(
    "GET",
    "/dags/{dag_id}/calendar",
    permission=reading(Resource.DAG_RUN),
    answer=CalendarResponse,
)
def get_calendar(
    call: Call,
    dag_id: str,
    zone: Annotated[str, QueryParameter(max_length=64)] = "UTC",
    days: Annotated[int, QueryParameter(ge=1, le=_MOST_DAYS)] = _MOST_DAYS,
) -> CalendarResponse:
    """How many of the DAG's runs were due on which day of that time zone, and how they are."""
    call.store.get_dag(dag_id)
    place = _zone(zone)
    midnight = call.now().astimezone(place).replace(hour=0, minute=0, second=0, microsecond=0)
    since = (midnight - (days - 1) * _A_DAY).astimezone(UTC)
    found: dict[date, Counter[str]] = {}
    due = call.store.count_runs(RunTime.DUE, since, _A_QUARTER, dag_ids=[dag_id])
    for begin, counts in due.items():
        found.setdefault(begin.astimezone(place).date(), Counter()).update(_named(counts))
    return CalendarResponse(
        days=[DayCounts(date=day.isoformat(), counts=dict(counts)) for day, counts in found.items()]
    )


@routes.add("GET", "/owners", permission=reading(Resource.DAG), answer=OwnersResponse)
def get_owners(call: Call) -> OwnersResponse:
    """The owners of all DAGs."""
    return OwnersResponse(owners=call.store.list_owners())


def _named(counts: Mapping[RunState, int]) -> dict[str, int]:
    return {state.value: count for state, count in counts.items()}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError(f"There is no time zone {name!r}.") from error


@routes.add(
    "GET", "/dags/{dag_id}/grid", permission=reading(Resource.TASK_INSTANCE), answer=GridResponse
)
def get_grid(
    call: Call,
    dag_id: str,
    count: Annotated[int, QueryParameter(ge=1, le=_MOST_RUNS)] = 25,
    until: Moment | None = None,
    most_cells: Annotated[int | None, QueryParameter(ge=1)] = None,
    brief: bool = False,
) -> GridResponse:
    """The DAG's last runs that were due by that moment, with their tasks.

    Of a large DAG `most_cells` leaves the older runs out; the newest one is always there. With
    `brief` the cells say nothing of when, which makes a third of the answer.
    """
    tasks = max(1, len(call.store.get_dag(dag_id).latest.spec.tasks))
    most_runs = count if most_cells is None else min(count, max(1, most_cells // tasks))
    runs = call.store.newest_runs([dag_id], min(count, most_runs + 1), until)[dag_id]
    columns = _columns(call, runs[:most_runs], brief=brief)
    return GridResponse(columns=columns, has_more=len(runs) > most_runs)


@routes.add(
    "GET",
    "/dags/{dag_id}/runs/{dag_run_id}/column",
    permission=reading(Resource.TASK_INSTANCE),
    answer=ColumnPayload,
)
def get_column(call: Call, dag_id: str, dag_run_id: str) -> ColumnPayload:
    """One run with its tasks."""
    return _columns(call, [call.store.get_run(dag_id, dag_run_id)])[0]


@routes.add(
    "GET",
    "/dags/{dag_id}/runs/{dag_run_id}/tasks/{task_id}/why",
    permission=reading(Resource.TASK_INSTANCE),
    answer=WhyResponse,
)
def get_why(
    call: Call, dag_id: str, dag_run_id: str, task_id: str, map_index: int = UNMAPPED
) -> WhyResponse:
    """Why the task instance is where it is."""
    run = call.store.get_run(dag_id, dag_run_id)
    found = instance_or_plan(call.store, run, TaskKey(task_id, map_index))
    within = timedelta(seconds=call.settings.unhealthy_after_seconds)
    facts = surroundings(
        call.store, found, call.now(), alive_within=within, team_of=call.settings.team_of
    )
    return WhyResponse(run=found.run.reason, task=found.instance.reason, waits_for=why(facts))


def run_bar(run: DagRun) -> RunBar:
    """A run as its bar."""
    return RunBar(
        run_id=run.run_id,
        state=run.state.value,
        run_type=run.run_type.value,
        run_after=run.run_after,
        queued_at=run.queued_at,
        start_date=run.start_date,
        end_date=run.end_date,
    )


def _columns(call: Call, runs: Sequence[DagRun], *, brief: bool = False) -> list[ColumnPayload]:
    of_run: dict[int, dict[str, list[TaskSummary]]] = {run.pk: {} for run in runs}
    for summary in call.store.task_summaries([run.pk for run in runs], with_times=not brief):
        of_run[summary.run_pk].setdefault(summary.task_id, []).append(summary)
    return [
        ColumnPayload(
            run=run_bar(run),
            version_number=call.store.get_version(run.version_id).number,
            cells=[_cell(task_id, parts) for task_id, parts in of_run[run.pk].items()],
        )
        for run in runs
    ]


def _cell(task_id: str, parts: Sequence[TaskSummary]) -> CellPayload:
    if len(parts) == 1:
        # Most cells are like that, and a grid has very many.
        only = parts[0]
        return CellPayload(
            task_id=task_id,
            states={only.state.value: only.count},
            is_mapped=only.is_mapped,
            try_number=only.try_number,
            queued_at=only.queued_at,
            start_date=only.start_date,
            end_date=only.end_date,
        )
    queued = [part.queued_at for part in parts if part.queued_at is not None]
    starts = [part.start_date for part in parts if part.start_date is not None]
    ends = [part.end_date for part in parts if part.end_date is not None]
    return CellPayload(
        task_id=task_id,
        states={part.state.value: part.count for part in parts},
        is_mapped=any(part.is_mapped for part in parts),
        try_number=max(part.try_number for part in parts),
        queued_at=min(queued, default=None),
        start_date=min(starts, default=None),
        end_date=max(ends, default=None),
    )
