"""`run_dag`: a whole run in a test, with everything around it given by the test."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial

from slipstream.model.errors import InvalidInputError
from slipstream.model.json import JsonValue
from slipstream.sdk._dag import DAG
from slipstream.sdk._types import UserValue
from slipstream.testing.clock import RunClock
from slipstream.testing.dag_test import run_in_process
from slipstream.testing.given import stored_connection, variable_text
from slipstream.testing.tested_run import TestedRun
from slipstream.testing.time_travel import travelled_to


def run_dag(
    dag: DAG,
    *,
    conf: Mapping[str, JsonValue] | None = None,
    logical_date: datetime | None = None,
    run_after: datetime | None = None,
    variables: Mapping[str, object] | None = None,
    connections: Mapping[str, object] | None = None,
    results: Mapping[str, UserValue] | None = None,
    succeed: Collection[str] = (),
    events: Mapping[str, UserValue] | None = None,
    answers: Mapping[str, UserValue] | None = None,
    waits: bool = False,
    now: datetime | None = None,
) -> TestedRun:
    """Run the DAG in this thread, without a server and without a trace; gives the run as it ended.

    `variables` and `connections` (`Connection`, URI or fields) are the only ones of a store that
    the tasks find; those in the environment are found, too. The tasks in `results`, `{task_id:
    value}`, do not run but return that; those in `succeed` do not run and return nothing. The
    triggers of the tasks in `events`, `{task_id: payload}`, fire at once with that payload.
    `answers` are what people say to the tasks that ask them, `{task_id: answer}`: an option, a list
    of options, or `{"chosen_options": …, "params_input": …}`; without one, nobody answers in time.
    Retries and reschedules happen at once; with `waits`, when they would in production. With `now`
    the run begins at that moment for everything that asks the system for the time, and what is
    not waited for passes on its clock.

    Raises `InvalidInputError` where a task is named that the DAG does not have, for a conf that the
    DAG's params do not take, and for a `now` without a time zone.
    """
    _check_names(dag, "results", results or ())
    _check_names(dag, "succeed", succeed)
    _check_names(dag, "events", events or ())
    _check_names(dag, "answers", answers or ())
    if now is not None and waits:
        raise InvalidInputError("A run at another time does not wait: give now or waits, not both.")
    run = partial(
        run_in_process,
        dag,
        run_after=run_after,
        logical_date=logical_date,
        conf=conf,
        variables={key: variable_text(value) for key, value in (variables or {}).items()},
        connections={
            conn_id: stored_connection(conn_id, value)
            for conn_id, value in (connections or {}).items()
        },
        is_marked=frozenset(succeed).__contains__,
        events=events,
        results=results,
        answers=answers or {},
    )
    if now is None:
        return run(clock=RunClock(skips_waits=not waits))
    with travelled_to(now) as clock:
        return run(clock=clock)


def _check_names(dag: DAG, argument: str, task_ids: Collection[str]) -> None:
    if isinstance(task_ids, str):
        raise InvalidInputError(
            f"{argument} is the text {task_ids!r}; expected a list of task ids."
        )
    unknown = sorted(set(task_ids) - dag.task_dict.keys())
    if unknown:
        raise InvalidInputError(
            f"{argument} names {', '.join(map(repr, unknown))}; DAG {dag.dag_id!r} has the tasks "
            f"{', '.join(dag.task_dict)}."
        )
