"""Every trigger rule below every combination of upstream states, with Airflow's answer.

Source: Airflow 3.3.2's scheduler. `tests/differential/airflow_rules.py` wrote `trigger_rules.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.core.making import BEGIN, dag, run, task

from slipstream.core.machine import RunMachine
from slipstream.model.dag import Literal, TaskSpec
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskInstance
from slipstream.model.states import RunState, TaskState, TriggerRule

TABLE = Path(__file__).with_name("trigger_rules.csv")
RUNNING = replace(run(), state=RunState.RUNNING, start_date=BEGIN)
ANSWERS = {
    TaskState.NONE: "wait",
    TaskState.SCHEDULED: "run",
    TaskState.SKIPPED: "skipped",
    TaskState.UPSTREAM_FAILED: "upstream_failed",
}


def rows() -> Iterator[tuple[str, tuple[str, ...], TriggerRule, str]]:
    with TABLE.open() as file:
        for row in csv.DictReader(file):
            form, states, *_ = row.values()
            for rule in TriggerRule:
                if answer := row[rule.value]:
                    yield form, tuple(states.split()), rule, answer


def decided(form: str, states: Sequence[str], rule: TriggerRule) -> str:
    """What we decide about the task below."""
    tasks: list[TaskSpec]
    names = [f"u{at}" for at in range(len(states))]
    if form == "map":
        tasks = [task("u0", mapped=Literal(len(states))), task("t", "u0", trigger_rule=rule)]
    elif form == "tasks":
        tasks = [*(task(name) for name in names), task("t", *names, trigger_rule=rule)]
    elif form == "teardown":
        end = task("t", *names, trigger_rule=rule, is_teardown=True)
        tasks = [task("u0", is_setup=True), *(task(name, "u0") for name in names[1:]), end]
    else:
        tasks = [task("u0", is_setup=True), task("u1", "u0"), task("t", "u1", trigger_rule=rule)]
    given = [
        TaskInstance(
            run_pk=1,
            task_id="u0" if form == "map" else name,
            map_index=at if form == "map" else UNMAPPED,
            state=TaskState(state),
            attempt_id=name if state == "running" else None,
        )
        for at, (name, state) in enumerate(zip(names, states, strict=True))
    ]
    below = TaskInstance(run_pk=1, task_id="t")
    machine = RunMachine.restore(dag(*tasks), RUNNING, [*given, below], {})
    machine.resume(BEGIN)
    return ANSWERS[{key.task_id: state for key, state in machine.states()}["t"]]


ANSWERED = {(form, states, rule): answer for form, states, rule, answer in rows()}


def expected(form: str, states: tuple[str, ...], rule: TriggerRule) -> str:
    """Airflow's answer; `removed` instances are not there at all for us (docs/differences.md)."""
    there = tuple(state for state in states if state != "removed")
    return ANSWERED[form, there, rule] if there else "run"


@pytest.mark.parametrize("rule", TriggerRule)
def test_every_combination_of_upstream_states_is_decided_as_in_airflow(rule: TriggerRule) -> None:
    wrong = [
        f"{form} {' '.join(states)}: {ours}, Airflow {answer}"
        for (form, states, of), answer in ANSWERED.items()
        if of is rule and (ours := decided(form, states, rule)) != expected(form, states, rule)
    ]
    assert wrong == []


def test_the_table_has_every_rule_with_every_number_of_upstreams() -> None:
    counted = {(form, rule, len(states)) for form, states, rule in ANSWERED}
    for rule in TriggerRule:
        assert {(form, rule, many) for form in ("tasks", "map") for many in (1, 2, 3)} <= counted
    assert len(ANSWERED) > 2_400
