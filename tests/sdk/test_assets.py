from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.memory import NOON, MemoryBackend, Running

from slipstream.model.asset import AssetSpec
from slipstream.model.schedule import Cron
from slipstream.sdk import DAG, Asset, AssetWatcher, Dataset, asset, task
from slipstream.sdk._backend_values import KnownAsset
from slipstream.sdk._spec import build_spec
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.triggers.temporal import DateTimeTrigger


def test_an_asset_has_a_name_and_a_uri() -> None:
    assert (Asset("a").name, Asset("a").uri) == ("a", "a")
    assert (Asset(uri="s3://b/k").name, Asset("n", "s3://b/k").uri) == ("s3://b/k", "s3://b/k")
    assert Dataset("s3://b/k", extra={"x": 1}).extra == {"x": 1}
    assert Asset("a") == Asset("a")
    assert len({Asset("a"), Asset("a"), Asset("b")}) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": ""}, "must not be empty"),
        ({"name": "x" * 1501}, "at most 1500"),
        ({"name": "self"}, "cannot have the name 'self'"),
        ({"uri": "airflow://x"}, "is reserved"),
    ],
)
def test_wrong_assets_are_refused(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Asset(**arguments)


def test_a_password_is_left_out() -> None:
    with pytest.warns(UserWarning, match="has a password in it") as caught:
        found = Asset(uri="s3://user:secret@host/x")
    assert (found.uri, found.name) == ("s3://host/x", "s3://host/x")
    assert "secret" not in str(caught[0].message)


@pytest.mark.parametrize(
    ("given", "uri"),
    [
        ("s3://b/k/", "s3://b/k"),
        ("S3://B/K", "s3://B/K"),
        ("s3://b/k?b=2&a=1#f", "s3://b/k?a=1&b=2"),
        ("http://h", "http://h/"),
        ("file:///tmp/x/", "file:///tmp/x"),
        ("x-mine://a/b/?z#f", "x-mine://a/b/?z#f"),
        ("/plain/path/", "/plain/path/"),
        ("a name", "a name"),
    ],
)
def test_uris_have_one_form(given: str, uri: str) -> None:
    assert Asset(uri=given).uri == uri
    assert (Asset(given).name, Asset(given).uri) == (given, uri)


def test_conditions_of_one_kind_are_flat() -> None:
    found: Any = (Asset("a") | Asset("b") | Asset("c")).as_expression()
    assert len(found["any"]) == 3
    with pytest.raises(TypeError, match="Only assets can be combined"):
        Asset("a") | "b"  # type: ignore[operator]


def test_inlets_and_outlets_are_in_the_spec() -> None:
    with DAG("d") as dag:
        EmptyOperator(task_id="t", outlets=Asset("a"), inlets=[Asset("b")])
    spec = build_spec(dag).tasks["t"]
    assert spec.details["outlets"] == [Asset("a").as_expression()]
    assert spec.details["inlets"] == [Asset("b").as_expression()]
    assert not spec.is_empty


def test_a_function_makes_an_asset_with_a_dag_around_it() -> None:
    @asset(schedule="@daily", uri="s3://x/orders", tags=["t"])
    def orders(self: Any, customers: Any, ds: Any, limit: int = 3) -> Any:
        """All orders."""
        return self.name, customers.extra, ds, limit

    assert (orders.name, orders.uri) == ("orders", "s3://x/orders")
    assert orders.dag is not None
    spec = build_spec(orders.dag)
    assert spec.schedule == Cron(expression="0 0 * * *", run_immediately=False)
    assert (spec.dag_id, spec.tags) == ("orders", ("t",))
    task = spec.tasks["orders"]
    assert task.operator_name == "@asset"
    assert task.details["outlets"] == [orders.as_expression()]
    assert task.details["inlets"] == [{"asset_ref": {"name": "customers"}}]
    backend = MemoryBackend()
    backend.assets.append(KnownAsset(name="customers", uri="s3://x/customers", extra={"rows": 1}))
    given = ("orders", {"rows": 1}, "2026-01-31", 3)
    assert Running(orders.dag, backend).execute("orders") == given


def test_an_asset_that_a_function_names_has_to_be_there() -> None:
    @asset(schedule=None)
    def orders(customers: Any) -> None: ...

    assert orders.dag is not None
    with pytest.raises(AirflowException, match=r"Asset.ref\(name='customers'\) was not found"):
        Running(orders.dag).execute("orders")


def test_a_function_with_parameters_that_have_no_name_makes_no_asset() -> None:
    def orders(*tables: Any) -> None: ...

    with pytest.raises(TypeError, match="assets, or keys of the context"):
        asset(schedule=None)(orders)


def test_a_function_may_make_several_assets() -> None:
    @asset.multi(schedule=None, outlets=[Asset("a"), Asset("b")])
    def both() -> None: ...

    assert both.as_expression() == (Asset("a") & Asset("b")).as_expression()
    assert len(build_spec(both.dag).tasks["both"].details["outlets"]) == 2  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one outlet"):
        asset.multi(schedule=None, outlets=[])


def test_a_task_may_make_an_asset() -> None:
    @asset(schedule=None)
    @task.bash(retries=3)
    def orders() -> str:
        return "echo"

    assert orders.dag is not None
    spec = build_spec(orders.dag).tasks["orders"]
    assert (spec.operator_name, spec.retries) == ("@task.bash", 3)
    assert spec.details["outlets"] == [orders.as_expression()]


def test_a_watcher_needs_a_trigger_that_goes_on() -> None:
    with pytest.raises(ValueError, match="has to be a BaseEventTrigger"):
        AssetWatcher("w", trigger=DateTimeTrigger(NOON))


def test_the_spec_has_every_asset_once_with_its_extra() -> None:
    with DAG("d", schedule=[Asset("a", extra={"k": 1})]) as dag:
        EmptyOperator(task_id="t", outlets=Asset("b", group="g"), inlets=[Asset("a")])
    found = build_spec(dag).assets
    assert found == (
        AssetSpec(name="a", uri="a", extra={"k": 1}),
        AssetSpec(name="b", uri="b", group="g"),
    )
    with DAG("e") as wrong:
        EmptyOperator(task_id="t", outlets=Asset("b", extra={"f": lambda: None}))
    with pytest.raises(ValueError, match="The asset 'b' of DAG 'e'"):
        build_spec(wrong)


def test_a_dag_that_starts_itself_says_so() -> None:
    with DAG("d", schedule=Asset("a") | Asset("b")) as dag:
        EmptyOperator(task_id="t", outlets=Asset("a"))
    with pytest.warns(UserWarning, match="its task 't' updates it: every run of it starts"):
        build_spec(dag)
