"""What tests of DAGs assert, with messages that say what was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from slipstream.model.states import RunState
from slipstream.sdk._dag import DAG
from slipstream.testing.dag_bag import DagBag
from slipstream.testing.tested_run import TestedRun


def assert_loads(bag: DagBag) -> None:
    """Every file of the bag could be loaded."""
    problems = [f"{path}:\n{text}" for path, text in sorted(bag.import_errors.items())]
    assert not problems, "\n\n".join(["DAG files that do not load:", *problems])


def assert_succeeded(run: TestedRun) -> None:
    """The run has succeeded."""
    assert run.state == RunState.SUCCESS, _how_it_stands(run)


def assert_states(run: TestedRun, expected: Mapping[str, str]) -> None:
    """These task instances ended so; `{"load": "success", "train[0]": "failed"}`."""
    states = run.states
    wrong = [
        f"{name} is {states.get(name, 'not there')}, expected {state}"
        for name, state in expected.items()
        if states.get(name) != str(state)
    ]
    assert not wrong, "\n".join([*wrong, _how_it_stands(run)])


def assert_edges(dag: DAG, expected: Mapping[str, Collection[str]]) -> None:
    """The DAG has exactly these tasks, each with exactly these right after it."""
    found = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
    wrong = [
        f"{task_id} is followed by {found.get(task_id, 'nothing: there is no such task')}, "
        f"expected {sorted(after)}"
        for task_id, after in expected.items()
        if found.get(task_id) != sorted(after)
    ]
    wrong += [f"{task_id} is not expected" for task_id in found.keys() - expected.keys()]
    assert not wrong, "\n".join([f"DAG {dag.dag_id}:", *wrong])


def _how_it_stands(run: TestedRun) -> str:
    lines = [f"run {run.run_id} of {run.dag_id} is {run.state}: {run.reason}"]
    lines += [f"  {name}: {state} {run.reason_of(name)}" for name, state in run.states.items()]
    return "\n".join(lines)
