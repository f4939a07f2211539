from slipstream.model.states import FINISHED, LIVE, TaskState, TriggerRule


def test_no_state_is_both_finished_and_live() -> None:
    assert not FINISHED & LIVE


def test_the_names_are_those_that_airflow_clients_know() -> None:
    assert {rule.value for rule in TriggerRule} >= {"all_success", "none_failed", "always"}
    assert len(TriggerRule) == 13
    assert TaskState("up_for_retry") is TaskState.UP_FOR_RETRY
