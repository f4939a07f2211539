"""How each key of the task context is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from slipstream.model.states import RunState
from slipstream.sdk import _accessors
from slipstream.sdk._dag_run import DagRun
from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._params import process_params
from slipstream.sdk._proxy import LazyValue
from slipstream.sdk._times import for_user
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowContextDeprecationWarning

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

_Find = Callable[["Context"], UserValue]


def _logical_date(context: Context) -> UserValue:
    return context["dag_run"].logical_date


def _ds(context: Context) -> str | None:
    moment = _moment(context)
    return None if moment is None else moment.strftime("%Y-%m-%d")


def _ts(context: Context) -> str | None:
    moment = _moment(context)
    return None if moment is None else moment.isoformat()


def _moment(context: Context) -> datetime | None:
    """The moment that the run stands for: `ds` and `ts` are its day and its text."""
    run: DagRun = context["dag_run"]
    return run.logical_date or run.run_after


def _params(context: Context) -> dict[str, UserValue]:
    from slipstream.sdk._conf import conf

    return process_params(
        context["dag"],
        context["task"],
        context["dag_run"].conf,
        conf_overrides=conf.getboolean("core", "dag_run_conf_overrides_params", fallback=True),
    )


def _macros(_: Context) -> UserValue:
    from slipstream.sdk import macros

    return macros


def _expanded_ti_count(context: Context) -> int | None:
    task = context["ti"].task
    mapped = context["dag"].task_dict.get(task.task_id, task)
    counts = [group.expand_input.count(context) for group in task.iter_mapped_task_groups()]
    if mapped.is_mapped:
        counts.append(mapped.expand_input.count(context))
    if not counts:
        return None
    total = 1
    for count in counts:
        total *= count
    return total


def _previous_success(attribute: str) -> _Find:
    """A time of the DAG's latest successful run before this one; looked up on first use."""

    def find(context: Context) -> UserValue:
        def look_up() -> UserValue:
            found = _last_success(context)
            return None if found is None else getattr(found, attribute)

        return LazyValue(look_up)

    return find


def _last_success(context: Context) -> DagRun | None:
    known = context["ti"].__dict__
    if "_last_success" not in known:
        known["_last_success"] = context["ti"].get_previous_dagrun(RunState.SUCCESS.value)
    found: DagRun | None = known["_last_success"]
    return found


# Few tasks remember anything or have to do with assets: the modules are not imported for all.


def _task_state_store(context: Context) -> UserValue:
    from slipstream.sdk._state_stores import task_state_store

    return task_state_store(context)


def _asset_state_stores(context: Context) -> UserValue:
    from slipstream.sdk._state_stores import asset_state_stores

    return asset_state_stores(context)


def _triggering_events(context: Context) -> UserValue:
    from slipstream.sdk._asset_events import TriggeringEvents

    return TriggeringEvents(context["dag_run"])


def _outlet_events(context: Context) -> UserValue:
    from slipstream.sdk._asset_events import OutletEvents

    return OutletEvents(context["ti"].backend)


def _inlet_events(context: Context) -> UserValue:
    from slipstream.sdk._asset_events import InletEvents

    return InletEvents(context["inlets"], context["ti"].backend)


LAZY: Mapping[str, _Find] = {
    "logical_date": _logical_date,
    "ds": _ds,
    "ds_nodash": lambda context: (_ds(context) or "").replace("-", "") or None,
    "ts": _ts,
    "ts_nodash": lambda context: _formatted(context, "%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": lambda context: (
        (_ts(context) or "").replace("-", "").replace(":", "") or None
    ),
    "data_interval_start": lambda context: context["dag_run"].data_interval_start,
    "data_interval_end": lambda context: context["dag_run"].data_interval_end,
    "params": _params,
    "macros": _macros,
    "var": lambda _: _accessors.variables(),
    "conn": lambda _: _accessors.Connections(),
    "expanded_ti_count": _expanded_ti_count,
    "prev_data_interval_start_success": _previous_success("data_interval_start"),
    "prev_data_interval_end_success": _previous_success("data_interval_end"),
    "prev_start_date_success": _previous_success("start_date"),
    "prev_end_date_success": _previous_success("end_date"),
    "triggering_asset_events": _triggering_events,
    "outlet_events": _outlet_events,
    "inlet_events": _inlet_events,
    "task_state_store": _task_state_store,
    "asset_state_store": _asset_state_stores,
}
"""Keys of today that are computed when they are first asked for."""

OF_A_DATE = frozenset(
    {
        "logical_date",
        "data_interval_start",
        "data_interval_end",
        "prev_data_interval_start_success",
        "prev_data_interval_end_success",
    }
)
"""Those that the context of a run without a logical date does not have, as in Airflow."""

UNDATED: Mapping[str, _Find] = {name: LAZY[name] for name in LAZY if name not in OF_A_DATE}
"""Those of a run without a logical date."""


def _formatted(context: Context, pattern: str) -> str | None:
    moment = _moment(context)
    return None if moment is None else moment.strftime(pattern)


# ---------------------------------------------------------------------- names of older releases


def _shifted(days: int, pattern: str) -> _Find:
    def find(context: Context) -> str | None:
        moment = _moment(context)
        return None if moment is None else (moment + timedelta(days=days)).strftime(pattern)

    return find


def _neighbour(step: int) -> _Find:
    """The scheduled moment after (1) or before (-1) the run's."""

    def find(context: Context) -> UserValue:
        from slipstream.sdk._ticks import neighbour

        moment = _moment(context)
        if moment is None:
            return None
        if context["dag_run"].run_type != "scheduled":
            return for_user(moment)
        return for_user(neighbour(context["dag"].model_schedule, moment, step))

    return find


def _neighbour_day(step: int, pattern: str) -> _Find:
    def find(context: Context) -> str | None:
        moment = _neighbour(step)(context)
        return None if moment is None else str(moment.strftime(pattern))

    return find


def _conf(_: Context) -> UserValue:
    from slipstream.sdk._conf import conf

    return conf


_FORMER: Mapping[str, tuple[_Find, str]] = {
    "execution_date": (_moment, "Use logical_date."),
    "next_execution_date": (_neighbour(1), "Use data_interval_end."),
    "next_ds": (_neighbour_day(1, "%Y-%m-%d"), "Use {{ data_interval_end | ds }}."),
    "next_ds_nodash": (_neighbour_day(1, "%Y%m%d"), "Use {{ data_interval_end | ds_nodash }}."),
    "prev_execution_date": (_neighbour(-1), "Use prev_data_interval_start_success."),
    "prev_ds": (_neighbour_day(-1, "%Y-%m-%d"), "Compute it from data_interval_start."),
    "prev_ds_nodash": (_neighbour_day(-1, "%Y%m%d"), "Compute it from data_interval_start."),
    "prev_execution_date_success": (
        _previous_success("logical_date"),
        "Use prev_data_interval_start_success.",
    ),
    "tomorrow_ds": (_shifted(1, "%Y-%m-%d"), "Use {{ macros.ds_add(ds, 1) }}."),
    "tomorrow_ds_nodash": (_shifted(1, "%Y%m%d"), "Use macros.ds_add(ds, 1)."),
    "yesterday_ds": (_shifted(-1, "%Y-%m-%d"), "Use {{ macros.ds_add(ds, -1) }}."),
    "yesterday_ds_nodash": (_shifted(-1, "%Y%m%d"), "Use macros.ds_add(ds, -1)."),
    "conf": (_conf, "Import conf from airflow.sdk."),
    "triggering_dataset_events": (
        lambda context: context["triggering_asset_events"],
        "Use triggering_asset_events.",
    ),
    "latest_date": (_ds, "Use ds."),
    "END_DATE": (_ds, "Use ds."),
    "end_date": (_ds, "Use ds."),
}
"""Names that Airflow 3 has no more: how to find them, and what to use instead."""

FORMER_NAMES = frozenset(_FORMER)


def _warning(name: str, find: _Find, instead: str) -> _Find:
    def warn_and_find(context: Context) -> UserValue:
        warn_deprecated(
            f"The context key {name!r}",
            instead,
            category=AirflowContextDeprecationWarning,
            filename=context["dag"].fileloc,
        )
        return find(context)

    return warn_and_find


FORMER: Mapping[str, _Find] = {
    name: _warning(name, find, instead) for name, (find, instead) in _FORMER.items()
}
"""The names of older releases; using one warns, once for the DAG's file."""
