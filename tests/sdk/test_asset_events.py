"""What tasks say of assets and see of events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.sdk.memory import NOON, MemoryBackend, Running

from slipstream.model.asset import AssetEvent, AssetUpdate
from slipstream.model.states import RunType
from slipstream.sdk import DAG, Asset, AssetAlias, Metadata, task
from slipstream.sdk._asset_events import EventsOfAsset
from slipstream.sdk._backend_values import KnownAsset
from slipstream.sdk._context import Context
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators.empty import EmptyOperator

A, B, X, Y = Asset("a", "s3://b/a"), Asset("b"), AssetAlias("x"), AssetAlias("y")


def context(
    *, inlets: Any = (), outlets: Any = (), backend: MemoryBackend | None = None, **run: Any
) -> Context:
    """The context of a task with these inlets and outlets."""
    with DAG("d") as dag:
        EmptyOperator(task_id="t", inlets=inlets, outlets=outlets)
    return Running(dag, backend, **run).context("t")


def updates(found: Context) -> tuple[AssetUpdate, ...]:
    result: tuple[AssetUpdate, ...] = found["outlet_events"].updates(found["outlets"])
    return result


def test_each_outlet_is_updated_once() -> None:
    assert updates(context(outlets=[A, B, A])) == (
        AssetUpdate(name="a", uri="s3://b/a"),
        AssetUpdate(name="b", uri="b"),
    )


def test_a_task_may_say_more_of_its_outlets() -> None:
    found = context(outlets=[A, B])
    found["outlet_events"][A].extra = {"rows": 3}
    found["outlet_events"].for_asset(name="b", uri="b").extra["k"] = [1]
    found["outlet_events"][Asset("other")].extra = {"no": "outlet"}
    assert [update.extra for update in updates(found)] == [{"rows": 3}, {"k": [1]}]


def test_each_partition_is_an_update() -> None:
    found = context(outlets=[A])
    found["outlet_events"][A].extra = {"rows": 3}
    found["outlet_events"][A].add_partitions(["q", "p"])
    found["outlet_events"][A].add_partitions("p")
    assert [(one.partition_key, one.extra) for one in updates(found)] == [
        ("p", {"rows": 3}),
        ("q", {"rows": 3}),
    ]


@pytest.mark.parametrize("key", ["", "  ", "x" * 251])
def test_a_wrong_partition_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="1 to 250 characters"):
        context(outlets=[A])["outlet_events"][A].add_partitions(key)
    with pytest.raises(TypeError, match="An alias has no partitions"):
        context(outlets=[X])["outlet_events"][X].add_partitions("p")


def test_assets_are_found_through_aliases() -> None:
    found = context(outlets=[X, Y])
    made = Asset("new", "s3://b/new", extra={"of": "asset"})
    found["outlet_events"][X].add(made, extra={"rows": 1})
    found["outlet_events"].for_asset_alias(name="y").add(made, extra={"rows": 1})
    found["outlet_events"][Y].add(made, extra={"rows": 2})
    found["outlet_events"][AssetAlias("z")].add(made)
    assert updates(found) == (
        AssetUpdate(
            name="new",
            uri="s3://b/new",
            aliases=("x", "y"),
            asset_extra={"of": "asset"},
            extra={"rows": 1},
        ),
        AssetUpdate(
            name="new",
            uri="s3://b/new",
            aliases=("y",),
            asset_extra={"of": "asset"},
            extra={"rows": 2},
        ),
    )
    assert updates(context(outlets=[X])) == ()


def test_references_are_looked_up_where_they_must_be_known() -> None:
    backend = MemoryBackend(assets=[KnownAsset(name="a", uri="s3://b/a", extra={})])
    found = context(outlets=[Asset.ref(uri="s3://b/a"), A], backend=backend)
    found["outlet_events"].for_asset(name="a").extra = {"k": 1}
    assert updates(found) == (
        AssetUpdate(uri="s3://b/a"),
        AssetUpdate(name="a", uri="s3://b/a", extra={"k": 1}),
    )
    with pytest.raises(AirflowException, match=r"Asset.ref\(name='gone'\) was not found"):
        found["outlet_events"][Asset.ref(name="gone")]


def test_an_extra_that_is_no_json_is_refused() -> None:
    found = context(outlets=[A])
    found["outlet_events"][A].extra = {"f": object()}
    with pytest.raises(AirflowException, match="The extra of an event of the asset 'a'"):
        updates(found)


def test_outlet_events_are_asked_for_by_assets() -> None:
    with pytest.raises(TypeError, match="by an asset or an alias"):
        context()["outlet_events"]["a"]


def test_what_a_generator_yields_of_assets_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    with DAG("d") as dag:

        @task(outlets=[A, X])
        def load() -> Iterator[Any]:
            yield Metadata(A, {"rows": 3})
            yield "something"
            yield Metadata(B, {"k": 1}, alias=X)
            return "done"

        load()
    running = Running(dag)
    found = running.context("load")
    assert running.execute_in(found) == "done"
    assert updates(found) == (
        AssetUpdate(name="a", uri="s3://b/a", extra={"rows": 3}),
        AssetUpdate(name="b", uri="b", aliases=("x",), extra={"k": 1}),
    )
    assert "has yielded a str, which is passed over" in caplog.text


# ---------------------------------------------------------------------- events


def event(number: int, name: str = "a", **fields: Any) -> AssetEvent:
    at = NOON + timedelta(hours=number)
    return AssetEvent(
        pk=number, asset_pk=1, name=name, uri=f"s3://b/{name}", timestamp=at, **fields
    )


def recorded() -> MemoryBackend:
    return MemoryBackend(
        events=[event(1), event(2, "b"), event(3, aliases=("x",), extra={"rows": 3}), event(4)]
    )


def ids(events: Any) -> list[int]:
    return [one.id for one in events]


def test_a_task_sees_the_events_of_its_inlets() -> None:
    backend = recorded()
    found = context(inlets=[A, X], backend=backend)["inlet_events"]
    assert backend.asked == []
    assert ids(found[A]) == [1, 3, 4]
    assert ids(found[0][-2:]) == [3, 4]
    assert ids(found.for_asset_alias(name="x")) == [3]
    assert found[X][-1].extra == {"rows": 3}
    assert ids(found[Asset.ref(name="a")]) == [1, 3, 4]
    assert (len(found), list(found)) == (2, [A, X])


def test_events_are_narrowed_down() -> None:
    found = context(inlets=[A], backend=recorded())["inlet_events"]
    assert ids(found[A].ascending(False).limit(2)) == [4, 3]
    assert ids(found[A].after((NOON + timedelta(hours=3)).isoformat())) == [3, 4]
    assert ids(found[A].before(NOON + timedelta(hours=3))) == [1, 3]
    assert isinstance(found[A].limit(1), EventsOfAsset)


def test_only_inlets_are_seen() -> None:
    found = context(inlets=[A, "file"], backend=recorded())["inlet_events"]
    with pytest.raises(KeyError):
        found[B]
    with pytest.raises(IndexError, match="no asset but 'file'"):
        found[1]
    with pytest.raises(TypeError, match="by an asset, an alias or a number"):
        found["a"]


def test_an_event_tells_who_updated_the_asset() -> None:
    backend = MemoryBackend(
        events=[event(1, source_dag_id="p", source_run_id="run", source_task_id="load")],
        previous={"dag_id": "p", "dag_run_id": "run", "run_type": "manual", "state": "success"},
    )
    backend.set_xcom(
        dag_id="p",
        run_id="run",
        task_id="load",
        map_index=-1,
        key="return_value",
        value="7",
        length=None,
    )
    (found,) = context(inlets=[A], backend=backend)["inlet_events"][A]
    assert (found.asset, found.timestamp) == (A, NOON + timedelta(hours=1))
    assert found.source_dag_run.state == "success"
    assert found.source_task_instance.xcom_pull() == 7
    assert found.source_task_instance.xcom_pull(key="no", default=0) == 0


def test_a_task_sees_the_events_that_made_its_run_start() -> None:
    backend = MemoryBackend(triggering=[event(1), event(2, "b", aliases=("x",)), event(3)])
    triggered = context(backend=backend, run_type=RunType.ASSET_TRIGGERED)
    found = triggered["triggering_asset_events"]
    assert backend.asked == []
    assert {key: ids(events) for key, events in found.items()} == {
        A: [1, 3],
        Asset("b", "s3://b/b"): [2],
        X: [2],
    }
    assert ids(found.for_asset(name="a")) == [1, 3]
    assert backend.asked == ["get_triggering_events"]


def test_a_run_that_no_event_started_asks_for_none() -> None:
    backend = recorded()
    assert dict(context(backend=backend)["triggering_asset_events"]) == {}
    assert backend.asked == []
