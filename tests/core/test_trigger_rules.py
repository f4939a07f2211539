"""Every rule against every combination of up to three upstreams in every state."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import pytest
from tests.core.making import task
from tests.reference.rules import apply_rule

from slipstream.core import trigger_rules
from slipstream.core.trigger_rules import TALLY_SIZE, Verdict, judge, judge_setups
from slipstream.model.states import TaskState, TriggerRule

PLACES = {
    TaskState.SUCCESS: trigger_rules.SUCCESS,
    TaskState.SKIPPED: trigger_rules.SKIPPED,
    TaskState.FAILED: trigger_rules.FAILED,
    TaskState.UPSTREAM_FAILED: trigger_rules.UPSTREAM_FAILED,
}
SPOKEN = {
    "wait": Verdict.WAIT,
    "run": Verdict.RUN,
    "skip": Verdict.SKIP,
    "fail": Verdict.UPSTREAM_FAILED,
}
S, K, F, U, N = (
    TaskState.SUCCESS,
    TaskState.SKIPPED,
    TaskState.FAILED,
    TaskState.UPSTREAM_FAILED,
    TaskState.RUNNING,
)


def tally(plain: Sequence[TaskState], setups: Sequence[TaskState] = ()) -> list[int]:
    counts = [0] * TALLY_SIZE
    for states, is_setup in ((plain, False), (setups, True)):
        for state in states:
            counts[trigger_rules.EXPECTED] += 1
            counts[trigger_rules.SETUP_EXPECTED] += is_setup
            if state in PLACES:
                counts[PLACES[state]] += 1
                counts[trigger_rules.SETUP_SUCCESS] += is_setup and state is S
                counts[trigger_rules.SETUP_SKIPPED] += is_setup and state is K
    return counts


@pytest.mark.parametrize("rule", TriggerRule)
def test_a_rule_says_what_the_plain_interpreter_says(rule: TriggerRule) -> None:
    states = (S, K, F, U, N)
    for number in range(4):
        for plain in combinations_with_replacement(states, number):
            for others in range(3):
                for setups in combinations_with_replacement(states, others):
                    above = [
                        *((task("a"), state) for state in plain),
                        *((task("b", is_setup=True), state) for state in setups),
                    ]
                    found = judge(rule, tally(plain, setups))
                    assert found is SPOKEN[apply_rule(rule, above)], (plain, setups)


@pytest.mark.parametrize(
    ("rule", "states", "verdict"),
    [
        ("all_success", (S, N), Verdict.WAIT),
        ("all_success", (F, N), Verdict.UPSTREAM_FAILED),
        ("all_success", (K, N), Verdict.SKIP),
        ("all_success", (K, F), Verdict.UPSTREAM_FAILED),
        ("all_failed", (F, U), Verdict.RUN),
        ("all_failed", (S, N), Verdict.SKIP),
        ("all_done", (F, N), Verdict.WAIT),
        ("all_done", (F, K, U), Verdict.RUN),
        ("one_success", (S, N), Verdict.RUN),
        ("one_success", (K, K), Verdict.SKIP),
        ("one_success", (K, F), Verdict.UPSTREAM_FAILED),
        ("one_failed", (F, N), Verdict.RUN),
        ("one_failed", (U, N), Verdict.RUN),
        ("one_failed", (S, S), Verdict.SKIP),
        ("one_done", (F, N), Verdict.RUN),
        ("one_done", (U, K), Verdict.SKIP),
        ("none_failed", (S, K), Verdict.RUN),
        ("none_failed", (K, K), Verdict.RUN),
        ("none_failed", (U, N), Verdict.UPSTREAM_FAILED),
        ("none_failed_min_one_success", (S, K), Verdict.RUN),
        ("none_failed_min_one_success", (K, K), Verdict.SKIP),
        ("none_skipped", (S, F), Verdict.RUN),
        ("none_skipped", (K, N), Verdict.SKIP),
        ("all_skipped", (K, K), Verdict.RUN),
        ("all_skipped", (K, S), Verdict.SKIP),
        ("all_done_min_one_success", (S, F), Verdict.RUN),
        ("all_done_min_one_success", (F, U), Verdict.UPSTREAM_FAILED),
        ("all_done_min_one_success", (S, K), Verdict.SKIP),
        ("always", (N, N), Verdict.RUN),
    ],
)
def test_a_rule_says_what_authors_know_of_it(
    rule: str, states: tuple[TaskState, ...], verdict: Verdict
) -> None:
    assert judge(TriggerRule(rule), tally(states)) is verdict


@pytest.mark.parametrize("rule", TriggerRule)
def test_without_upstreams_every_rule_lets_a_task_run(rule: TriggerRule) -> None:
    assert judge(rule, tally(())) is Verdict.RUN


def test_a_teardown_runs_when_one_of_its_setups_succeeded() -> None:
    rule = TriggerRule.ALL_DONE_SETUP_SUCCESS
    assert judge(rule, tally((F, U), (S,))) is Verdict.RUN
    assert judge(rule, tally((S,), (K,))) is Verdict.SKIP
    assert judge(rule, tally((S,), (F,))) is Verdict.UPSTREAM_FAILED
    assert judge(rule, tally((S, N), (S,))) is Verdict.WAIT


def test_all_setups_that_a_task_works_under_must_succeed() -> None:
    counts = [0] * TALLY_SIZE
    counts[trigger_rules.SCOPE_EXPECTED] = 2
    counts[trigger_rules.SCOPE_SUCCESS] = 1
    assert judge_setups(counts) is Verdict.WAIT
    counts[trigger_rules.SCOPE_SKIPPED] = 1
    assert judge_setups(counts) is Verdict.SKIP
    counts[trigger_rules.SCOPE_FAILED] = 1
    assert judge_setups(counts) is Verdict.UPSTREAM_FAILED
