from __future__ import annotations

from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.model.schedule import Cron
from slipstream.sdk import DAG, Asset, Dataset, asset
from slipstream.sdk._spec import build_spec
from slipstream.sdk.operators.empty import EmptyOperator


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
        ({"name": "ä"}, "has to be ASCII"),
        ({"uri": "airflow://x"}, "is reserved"),
        ({"uri": "s3://user:secret@host/x"}, "must not have a password"),
    ],
)
def test_wrong_assets_are_refused(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Asset(**arguments)
    assert "secret" not in str(caught.value)


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
    def orders(self: Any, customers: Any, ds: Any) -> Any:
        """All orders."""
        return self.name, customers.name, ds

    assert (orders.name, orders.uri) == ("orders", "s3://x/orders")
    spec = build_spec(orders.dag)
    assert spec.schedule == Cron(expression="0 0 * * *", run_immediately=False)
    assert (spec.dag_id, spec.tags) == ("orders", ("t",))
    assert spec.tasks["orders"].operator_name == "@asset"
    assert spec.tasks["orders"].details["outlets"] == [orders.as_expression()]
    assert Running(orders.dag).execute("orders") == ("orders", "customers", "2026-01-31")


def test_a_function_may_make_several_assets() -> None:
    @asset.multi(schedule=None, outlets=[Asset("a"), Asset("b")])
    def both() -> None: ...

    assert len(build_spec(both).tasks["both"].details["outlets"]) == 2  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one outlet"):
        asset.multi(schedule=None, outlets=[])


def test_what_a_task_says_of_its_assets_is_taken() -> None:
    with DAG("d") as dag:
        EmptyOperator(task_id="t", outlets=Asset("a"), inlets=[Asset("b")])
    context = Running(dag).context("t")
    context["outlet_events"][Asset("a")].extra = {"rows": 3}
    assert context["outlet_events"][Asset("a")].extra == {"rows": 3}
    assert context["inlet_events"][Asset("b")] == []
    assert context["triggering_asset_events"] == {}
