"""`slipstream assets`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream
from tests.store.conformance.test_asset_queues import ALIAS, BOTH, asset, consumer, producer
from tests.store.making import recorded, spec

from slipstream.model.asset import AssetName, AssetSpec
from slipstream.store.interface import Store


@pytest.fixture(autouse=True)
def dags(store: Store) -> None:
    """A DAG that makes two assets, and one that waits for them."""
    producer(store)
    consumer(store, {"any": [BOTH, ALIAS]})


def test_assets_and_aliases_are_listed(slipstream: Slipstream) -> None:
    found = slipstream("assets", "list", "-o", "json").json
    assert found == [
        {"name": "a", "uri": "s3://a", "group": "asset", "extra": {}},
        {"name": "b", "uri": "s3://b", "group": "asset", "extra": {}},
    ]
    chosen = slipstream("assets", "list", "--columns", "uri,is_active", "-o", "json").json
    assert chosen[0] == {"uri": "s3://a", "is_active": True}
    assert slipstream("assets", "list", "--columns", "no").code == 2
    aliases = slipstream("assets", "list", "--alias", "-o", "json").json
    assert aliases == [{"name": "x", "group": "asset"}]


def test_secrets_in_the_extra_are_masked(slipstream: Slipstream, store: Store) -> None:
    extra = {"api_key": "hush", "rows": 3}
    own = AssetSpec(name="k", uri="s3://k", group="asset", extra=extra)
    keyed = spec("keyed", ["load"])
    task = replace(keyed.tasks["load"], details={"outlets": [asset(AssetName("k", "s3://k"))]})
    recorded(store, replace(keyed, tasks={"load": task}, assets=(own,)))
    for verb in (["list"], ["details", "--name", "k"]):
        found = slipstream("assets", *verb, "-o", "json").json
        assert found[-1]["extra"] == {"api_key": "***", "rows": 3}


def test_an_asset_is_shown_with_who_mentions_it(slipstream: Slipstream) -> None:
    (found,) = slipstream("assets", "details", "--uri", "s3://a", "-o", "json").json
    assert found["scheduled_dags"] == ["consumer"]
    assert found["producing_tasks"] == ["producer.load"]
    (alias,) = slipstream("assets", "details", "--alias", "--name", "x", "-o", "json").json
    assert (alias["name"], alias["group"]) == ("x", "asset")


def test_an_asset_is_materialized(slipstream: Slipstream, store: Store) -> None:
    (run,) = slipstream("assets", "materialize", "--name", "a", "-o", "json").json
    assert (run["dag_id"], run["run_type"]) == ("producer", "asset_materialization")
    tasks = store.get_dag("producer").latest.spec.tasks
    recorded(store, replace(spec("twin"), tasks=tasks))
    done = slipstream("assets", "materialize", "--name", "a")
    assert (done.code, "producer, twin" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("details",), 2, "Say which asset"),
        (("details", "--name", "no"), 1, "There is no asset 'no'"),
        (("details", "--alias", "--name", "no"), 1, "There is no alias 'no'"),
        (("details", "--alias"), 2, "Say which alias"),
        (("materialize", "--name", "no"), 1, "There is no asset 'no'"),
    ],
)
def test_a_mistake_is_named(
    slipstream: Slipstream, words: tuple[str, ...], code: int, said: str
) -> None:
    done = slipstream("assets", *words)
    assert (done.code, said in done.err) == (code, True)


def test_what_waits_for_whom_is_drawn(
    slipstream: Slipstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = slipstream("dags", "show-dependencies")
    assert drawn.code == 0
    assert drawn.out.splitlines() == [
        "digraph {",
        "  rankdir=LR;",
        '  asset0 [label="a", shape=ellipse];',
        '  "producer" -> asset0;',
        '  asset0 -> "consumer";',
        '  asset1 [label="b", shape=ellipse];',
        '  "producer" -> asset1;',
        '  asset1 -> "consumer";',
        '  "consumer" [shape=box, style=rounded];',
        '  "producer" [shape=box, style=rounded];',
        "}",
    ]
    file = tmp_path / "all.dot"
    assert slipstream("dags", "show-dependencies", "--save", str(file)).code == 0
    assert file.read_text() == drawn.out
    assert slipstream("dags", "show-dependencies", "-s", "all.png").code == 2
