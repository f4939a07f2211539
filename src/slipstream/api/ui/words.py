"""How states are called and coloured: the one place that the web app and its pictures take it from.

A colour is given for light and for dark backgrounds; text in either stands out from its background
by at least 4.5 to 1, as WCAG 2.2 asks (criterion 1.4.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from slipstream.api.payloads.base import Payload
from slipstream.model.states import RunState, RunType, TaskState


class Shown(NamedTuple):
    """A state's name for people and its colours."""

    label: str
    light: str
    dark: str


_TASK: Final[Mapping[TaskState, Shown]] = {
    TaskState.NONE: Shown("No status", "#5c677d", "#a3adbd"),
    TaskState.SCHEDULED: Shown("Scheduled", "#77624a", "#d2b48c"),
    TaskState.QUEUED: Shown("Queued", "#5f6368", "#b0b6be"),
    TaskState.RUNNING: Shown("Running", "#0b7285", "#3bc9db"),
    TaskState.RESTARTING: Shown("Restarting", "#7048e8", "#b197fc"),
    TaskState.UP_FOR_RETRY: Shown("Up for retry", "#945f00", "#fcc419"),
    TaskState.UP_FOR_RESCHEDULE: Shown("Up for reschedule", "#0c7489", "#66d9e8"),
    TaskState.DEFERRED: Shown("Deferred", "#7a3ee8", "#b794f6"),
    TaskState.AWAITING_INPUT: Shown("Awaiting input", "#b0307a", "#f783ac"),
    TaskState.SUCCESS: Shown("Success", "#2b7a3d", "#51cf66"),
    TaskState.FAILED: Shown("Failed", "#c92a2a", "#ff8787"),
    TaskState.UPSTREAM_FAILED: Shown("Upstream failed", "#b35300", "#ffa94d"),
    TaskState.SKIPPED: Shown("Skipped", "#a61e72", "#faa2c1"),
    TaskState.REMOVED: Shown("Removed", "#5f6368", "#868e96"),
}
_RUN: Final[Mapping[RunState, TaskState]] = {
    RunState.QUEUED: TaskState.QUEUED,
    RunState.RUNNING: TaskState.RUNNING,
    RunState.SUCCESS: TaskState.SUCCESS,
    RunState.FAILED: TaskState.FAILED,
}
_RUN_TYPES: Final[Mapping[RunType, str]] = {
    RunType.MANUAL: "Manual",
    RunType.SCHEDULED: "Scheduled",
    RunType.BACKFILL: "Backfill",
    RunType.OPERATOR_TRIGGERED: "Triggered by a task",
    RunType.ASSET_TRIGGERED: "Triggered by assets",
    RunType.ASSET_MATERIALIZATION: "Asset materialization",
}


def colour_of_task(state: TaskState) -> str:
    """What a task of that state is filled with on a light ground."""
    return _TASK[state].dark


class StateWords(Payload, frozen=True, kw_only=True):
    """A state as people see it."""

    state: str
    label: str
    light: str
    """Its colour on a light background, `#rrggbb`."""
    dark: str
    """Its colour on a dark background."""


class WordsResponse(Payload, frozen=True, kw_only=True):
    """Every closed set that the web app shows, in the order in which it is listed."""

    task_states: Sequence[StateWords]
    run_states: Sequence[StateWords]
    run_types: Mapping[str, str]


def all_words() -> WordsResponse:
    """The words of this version."""
    return WordsResponse(
        task_states=[_words(state, _TASK[state]) for state in TaskState],
        run_states=[_words(state, _TASK[_RUN[state]]) for state in RunState],
        run_types={kind.value: _RUN_TYPES[kind] for kind in RunType},
    )


def _words(state: TaskState | RunState, shown: Shown) -> StateWords:
    return StateWords(state=state.value, label=shown.label, light=shown.light, dark=shown.dark)


assert set(_TASK) == set(TaskState)
assert set(_RUN) == set(RunState)
assert set(_RUN_TYPES) == set(RunType)
