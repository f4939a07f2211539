from pathlib import Path

import pytest

from slipstream.core.codes import CODE, STATES, STEPS, raise_impossible
from slipstream.core.transitions import (
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    RunEvent,
    TaskEvent,
    TransitionError,
    mermaid,
    next_run_state,
    next_task_state,
)
from slipstream.model.states import FINISHED, RUN_FINISHED, RunState, TaskState

PAGE = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_page_of_the_states_is_drawn_from_the_tables() -> None:
    assert PAGE.read_text() == mermaid(), (
        "run `python -m slipstream.core.transitions > docs/states.md`"
    )


def test_a_finished_instance_is_left_by_its_map_or_by_a_branch_alone() -> None:
    left = {(state, event) for state, event in TASK_TRANSITIONS if state in FINISHED}
    assert left == {
        (TaskState.REMOVED, TaskEvent.BRING_BACK),
        (TaskState.UPSTREAM_FAILED, TaskEvent.SKIP),
    }


def test_a_finished_run_is_left_by_nothing() -> None:
    assert not {state for state, _ in RUN_TRANSITIONS} & RUN_FINISHED


def test_every_unfinished_state_has_a_way_to_an_end() -> None:
    for start in set(TaskState) - FINISHED:
        reached = {start}
        for _ in TaskState:
            reached |= {
                after for (before, _), after in TASK_TRANSITIONS.items() if before in reached
            }
        assert reached & FINISHED, start


def test_what_the_table_does_not_have_is_an_error_that_says_what_it_has() -> None:
    with pytest.raises(TransitionError, match="'success' cannot 'start'"):
        next_task_state(TaskState.SUCCESS, TaskEvent.START)
    with pytest.raises(TransitionError, match="it can only fail, succeed"):
        next_run_state(RunState.RUNNING, RunEvent.START)
    with pytest.raises(TransitionError):
        raise_impossible(CODE[TaskState.NONE], TaskEvent.ADMIT)
    with pytest.raises(TransitionError, match="takes 'none' to 'skipped'"):
        raise_impossible(CODE[TaskState.NONE], TaskEvent.SKIP)


def test_the_codes_say_what_the_table_says() -> None:
    for event in TaskEvent:
        for state in TaskState:
            after = STEPS[event][CODE[state]]
            if (state, event) in TASK_TRANSITIONS:
                assert STATES[after] is next_task_state(state, event)
            else:
                assert after == -1
