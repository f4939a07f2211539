"""What tasks remember: of themselves, and of assets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.sdk.memory import MemoryBackend, Running, make_attempt

from slipstream.runtime.task_runner import TaskRun
from slipstream.sdk import DAG, NEVER_EXPIRE, Asset, AssetAlias, BaseOperator
from slipstream.sdk._assets import AssetRef
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._context import Context

ORDERS, STOCK = Asset("orders", uri="s3://b/orders"), Asset("stock")


class Remembering(BaseOperator):
    """Puts the number of its try into its state."""

    def execute(self, context: Context) -> Any:
        context["task_state_store"].set("try", context["try_number"])


def store(**arguments: Any) -> tuple[Any, Any, MemoryBackend]:
    """The two stores of a task, and what they speak to."""
    with DAG("d") as dag:
        Remembering(task_id="t", **arguments)
    found = Running(dag)
    context = found.context("t")
    return context["task_state_store"], context["asset_state_store"], found.backend


def test_values_are_kept_replaced_and_forgotten() -> None:
    state, _, _ = store()
    assert state.get("job") is None
    assert state.get("job", "none") == "none"
    for value in ("id-1", 5, 1.5, False, [1, None], {"a": {"b": []}}):
        state.set("job", value)
        assert state.get("job") == value
    state.set("other", 1)
    state.delete("job")
    state.delete("job")
    assert (state.get("job"), state.get("other")) == (None, 1)
    state.clear()
    assert state.get("other") is None


def test_how_long_a_value_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    state, _, backend = store()
    began = datetime.now(UTC)
    state.set("usual", 1)
    state.set("short", 1, retention=timedelta(hours=6))
    state.set("long", 1, retention=NEVER_EXPIRE)
    expiries = backend.expiries
    assert expiries["usual"] is not None
    assert timedelta(days=30) <= expiries["usual"] - began < timedelta(days=30, minutes=5)
    assert expiries["short"] is not None
    assert timedelta(hours=6) <= expiries["short"] - began < timedelta(hours=6, minutes=5)
    assert expiries["long"] is None
    monkeypatch.setenv("AIRFLOW__STATE_STORE__DEFAULT_RETENTION_DAYS", "0")
    read_settings_anew()
    state.set("usual", 1)
    assert expiries["usual"] is None
    assert repr(NEVER_EXPIRE) == "NEVER_EXPIRE"


@pytest.mark.parametrize(
    ("key", "value", "more", "kind", "message"),
    [
        ("k", None, {}, ValueError, r"None cannot be kept under 'k'.*delete\('k'\)"),
        ("k", datetime(2026, 1, 1), {}, TypeError, "type datetime is no JSON.*isoformat"),
        ("k", {"a": {1}}, {}, TypeError, "type set is no JSON"),
        ("k", float("nan"), {}, TypeError, "value for 'k' is no JSON"),
        ("", 1, {}, TypeError, "found ''"),
        (5, 1, {}, TypeError, "found 5"),
        ("k", 1, {"retention": 5}, TypeError, "retention is 5; expected a timedelta"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_what_is_expected(
    key: Any, value: Any, more: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        store()[0].set(key, value, **more)


def test_assets_among_inlets_and_outlets_have_a_store_each() -> None:
    _, assets, _ = store(inlets=[ORDERS, AssetAlias("later")], outlets=[STOCK, ORDERS])
    assets[ORDERS].set("watermark", "2026-01-01")
    assets[STOCK].set("watermark", 5)
    assert assets[ORDERS].get("watermark") == "2026-01-01"
    assert assets[AssetRef(name="stock")].get("watermark") == 5
    assert assets[AssetRef(uri="s3://b/orders")].get("watermark") == "2026-01-01"
    assets[ORDERS].clear()
    assert (assets[ORDERS].get("watermark"), assets[STOCK].get("watermark")) == (None, 5)
    with pytest.raises(KeyError, match="is not among the inlets and outlets"):
        assets[Asset("unknown")]
    with pytest.raises(TypeError, match="takes an asset; 'orders' is a str"):
        assets["orders"]
    with pytest.raises(ValueError, match="has 2 assets among its inlets and outlets"):
        assets.get("watermark")


def test_the_only_asset_needs_not_be_named() -> None:
    _, assets, _ = store(inlets=[ORDERS], outlets=[ORDERS])
    assets.set("rows", 3)
    assert (assets.get("rows"), assets[ORDERS].get("rows")) == (3, 3)
    assets.delete("rows")
    assert assets.get("rows", 0) == 0
    with pytest.raises(ValueError, match="has 0 assets"):
        store()[1].get("rows")


def test_all_of_it_can_be_awaited() -> None:
    state, assets, _ = store(outlets=[ORDERS])

    async def use() -> Any:
        await state.aset("k", 1, retention=NEVER_EXPIRE)
        await assets.aset("k", 2)
        found = await state.aget("k"), await assets.aget("k")
        await state.adelete("k")
        await assets.aclear()
        return (*found, await state.aget("k", 0), await assets.aget("k", 0))

    assert asyncio.run(use()) == (1, 2, 0, 0)


@pytest.mark.parametrize(
    ("setting", "changes", "kept"),
    [
        ("False", {}, True),
        ("True", {}, False),
        ("True", {"is_rerun": True}, False),
    ],
)
def test_state_may_go_once_the_success_counts(
    monkeypatch: pytest.MonkeyPatch, setting: str, changes: dict[str, Any], kept: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__STATE_STORE__CLEAR_ON_SUCCESS", setting)
    read_settings_anew()
    with DAG("d") as dag:
        Remembering(task_id="t")
    backend = MemoryBackend()
    end = TaskRun(make_attempt(dag, "t", **changes), dag, backend).run()
    assert backend.state == {(None, "try"): "1"}
    if end.callbacks is not None:
        end.callbacks()
    assert bool(backend.state) is kept
