"""The 13 trigger rules: from how many upstream instances ended how, to what follows.

An upstream that is a map counts once per instance, one that was not expanded (because it failed or
was skipped before) counts once. An instance in state `REMOVED` is not there: it is neither expected
nor counted. A rule may decide before everything upstream is done: `all_success` passes a failure on
as soon as there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Final, TypeAlias

from slipstream.model.states import TriggerRule

Tally: TypeAlias = Sequence[int]
"""Numbers of upstream instances, at the positions below."""

SUCCESS: Final = 0
SKIPPED: Final = 1
FAILED: Final = 2
UPSTREAM_FAILED: Final = 3
EXPECTED: Final = 4
"""How many direct upstream instances there are."""
SETUP_SUCCESS: Final = 5
"""Direct upstreams that are setups, counted above too."""
SETUP_SKIPPED: Final = 6
SETUP_EXPECTED: Final = 7
SCOPE_SUCCESS: Final = 8
"""Setups that the task works under without being directly downstream of them."""
SCOPE_SKIPPED: Final = 9
SCOPE_FAILED: Final = 10
SCOPE_EXPECTED: Final = 11
TALLY_SIZE: Final = 12


class Verdict(Enum):
    """What a rule says."""

    WAIT = "wait"
    RUN = "run"
    SKIP = "skip"
    UPSTREAM_FAILED = "upstream_failed"


_WAIT = Verdict.WAIT
_RUN = Verdict.RUN
_SKIP = Verdict.SKIP
_FAILED = Verdict.UPSTREAM_FAILED

Judge: TypeAlias = Callable[[Tally], Verdict]


def judge(rule: TriggerRule, tally: Tally) -> Verdict:
    """What `rule` says of these upstream states. Without any upstream it lets the task run."""
    return JUDGES[rule](tally)


def judge_setups(tally: Tally) -> Verdict:
    """Whether the setups that a task works under let it go on; they all have to succeed."""
    if tally[SCOPE_FAILED]:
        return _FAILED
    if tally[SCOPE_SKIPPED]:
        return _SKIP
    return _RUN if tally[SCOPE_SUCCESS] >= tally[SCOPE_EXPECTED] else _WAIT


def _done(tally: Tally) -> int:
    return tally[SUCCESS] + tally[SKIPPED] + tally[FAILED] + tally[UPSTREAM_FAILED]


def _always(_: Tally) -> Verdict:
    return _RUN


def _all_success(tally: Tally) -> Verdict:
    if tally[FAILED] or tally[UPSTREAM_FAILED]:
        return _FAILED
    if tally[SKIPPED]:
        return _SKIP
    return _RUN if tally[SUCCESS] >= tally[EXPECTED] else _WAIT


def _all_failed(tally: Tally) -> Verdict:
    if tally[SUCCESS] or tally[SKIPPED]:
        return _SKIP
    return _RUN if tally[FAILED] + tally[UPSTREAM_FAILED] >= tally[EXPECTED] else _WAIT


def _all_done(tally: Tally) -> Verdict:
    return _RUN if _done(tally) >= tally[EXPECTED] else _WAIT


def _all_done_min_one_success(tally: Tally) -> Verdict:
    if tally[SKIPPED]:
        return _SKIP
    if _done(tally) < tally[EXPECTED]:
        return _WAIT
    return _RUN if tally[SUCCESS] else _FAILED


def _all_done_setup_success(tally: Tally) -> Verdict:
    if _done(tally) < tally[EXPECTED]:
        return _WAIT
    if not tally[SETUP_EXPECTED] or tally[SETUP_SUCCESS]:
        return _RUN
    return _SKIP if tally[SETUP_SKIPPED] >= tally[SETUP_EXPECTED] else _FAILED


def _one_success(tally: Tally) -> Verdict:
    if tally[SUCCESS]:
        return _RUN
    if _done(tally) < tally[EXPECTED]:
        return _WAIT
    return _SKIP if tally[SKIPPED] >= tally[EXPECTED] else _FAILED


def _one_failed(tally: Tally) -> Verdict:
    if tally[FAILED] or tally[UPSTREAM_FAILED]:
        return _RUN
    return _SKIP if _done(tally) >= tally[EXPECTED] else _WAIT


def _one_done(tally: Tally) -> Verdict:
    if tally[SUCCESS] or tally[FAILED]:
        return _RUN
    return _SKIP if _done(tally) >= tally[EXPECTED] else _WAIT


def _none_failed(tally: Tally) -> Verdict:
    if tally[FAILED] or tally[UPSTREAM_FAILED]:
        return _FAILED
    return _RUN if tally[SUCCESS] + tally[SKIPPED] >= tally[EXPECTED] else _WAIT


def _none_failed_min_one_success(tally: Tally) -> Verdict:
    if tally[FAILED] or tally[UPSTREAM_FAILED]:
        return _FAILED
    if tally[SKIPPED] >= tally[EXPECTED]:
        return _SKIP
    return _RUN if tally[SUCCESS] + tally[SKIPPED] >= tally[EXPECTED] else _WAIT


def _none_skipped(tally: Tally) -> Verdict:
    if tally[SKIPPED]:
        return _SKIP
    return _RUN if _done(tally) >= tally[EXPECTED] else _WAIT


def _all_skipped(tally: Tally) -> Verdict:
    if tally[SUCCESS] or tally[FAILED] or tally[UPSTREAM_FAILED]:
        return _SKIP
    return _RUN if tally[SKIPPED] >= tally[EXPECTED] else _WAIT


def _with_upstream(rule: Judge) -> Judge:
    def judged(tally: Tally) -> Verdict:
        return rule(tally) if tally[EXPECTED] else _RUN

    return judged


JUDGES: Mapping[TriggerRule, Judge] = MappingProxyType(
    {
        TriggerRule.ALL_SUCCESS: _all_success,
        TriggerRule.ALL_FAILED: _with_upstream(_all_failed),
        TriggerRule.ALL_DONE: _all_done,
        TriggerRule.ALL_DONE_MIN_ONE_SUCCESS: _with_upstream(_all_done_min_one_success),
        TriggerRule.ALL_DONE_SETUP_SUCCESS: _all_done_setup_success,
        TriggerRule.ONE_SUCCESS: _with_upstream(_one_success),
        TriggerRule.ONE_FAILED: _with_upstream(_one_failed),
        TriggerRule.ONE_DONE: _with_upstream(_one_done),
        TriggerRule.NONE_FAILED: _none_failed,
        TriggerRule.NONE_SKIPPED: _none_skipped,
        TriggerRule.ALWAYS: _always,
        TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS: _with_upstream(_none_failed_min_one_success),
        TriggerRule.ALL_SKIPPED: _with_upstream(_all_skipped),
    }
)
"""Each rule as a function of the tally."""
