"""Assets of DAGs that are tested: their events are seen within the process."""

from __future__ import annotations

from typing import Any

from slipstream.sdk import DAG, Asset, AssetAlias, task


def test_events_of_one_dag_are_seen_by_another() -> None:
    made, alias = Asset("made", uri="s3://tests/made"), AssetAlias("of tests")
    with DAG("producer_of_tests") as producer:

        @task(outlets=[made, alias])
        def make(outlet_events: Any) -> int:
            outlet_events[made].extra = {"rows": 3}
            outlet_events[alias].add(Asset("found in tests"), extra={"k": 1})
            return 7

        make()
    with DAG("consumer_of_tests", schedule=made) as consumer:

        @task(inlets=[made, alias])
        def use(inlet_events: Any, triggering_asset_events: Any) -> Any:
            event = inlet_events[made][-1]
            return [event.extra, event.source_task_id, inlet_events[alias][-1].asset.name]

        use()
    run = producer.test()
    assert [(event.asset.name, event.extra) for event in run.asset_events] == [
        ("made", {"rows": 3}),
        ("found in tests", {"k": 1}),
    ]
    used = consumer.test()
    assert used.result("use") == [{"rows": 3}, "make", "found in tests"]
    assert used.asset_events == []


def test_a_task_that_fails_updates_nothing() -> None:
    with DAG("failing_in_tests") as dag:

        @task(outlets=[Asset("never made in tests")])
        def make() -> None:
            raise ValueError("no")

        make()
    assert dag.test().asset_events == []
