"""What hooks tell of data, and who keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sdk.plugin_home import PluginHome, plugin_home

from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._lineage import (
    HookLineageCollector,
    HookLineageReader,
    NoOpCollector,
    get_hook_lineage_collector,
)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    get_hook_lineage_collector.cache_clear()
    yield
    get_hook_lineage_collector.cache_clear()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginHome]:
    with plugin_home(tmp_path / "home", monkeypatch) as home:
        yield home


def test_what_is_told_again_is_counted() -> None:
    collector, hook, other = HookLineageCollector(), object(), object()
    for _ in range(2):
        collector.add_input_asset(hook, uri="s3://bucket/a")
    collector.add_input_asset(other, uri="s3://bucket/a")
    collector.add_output_asset(hook, name="table", asset_extra={"rows": 3})
    for _ in range(3):
        collector.add_extra(hook, "sql", "SELECT 1")
    collector.add_extra(hook, "", "nothing")
    told = collector.collected_assets
    assert [(one.asset.uri, one.count, one.context) for one in told.inputs] == [
        ("s3://bucket/a", 2, hook),
        ("s3://bucket/a", 1, other),
    ]
    assert told.outputs[0].asset.extra == {"rows": 3}
    assert [(one.key, one.value, one.count) for one in told.extra] == [("sql", "SELECT 1", 3)]
    assert collector.has_collected


def test_no_more_is_kept_than_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SLIPSTREAM__LINEAGE__MAX_ASSETS_PER_COLLECTOR", "2")
    read_settings_anew()
    collector, hook = HookLineageCollector(), object()
    for name in "abc":
        collector.add_input_asset(hook, name=name)
    assert len(collector.collected_assets.inputs) == 2
    assert caplog.text.count("Maximum number of asset inputs exceeded") == 1


def test_what_stands_for_no_asset_is_left_out() -> None:
    collector = HookLineageCollector()
    collector.add_input_asset(object(), scheme="nobodys", asset_kwargs={"a": 1})
    collector.add_input_asset(object())
    assert not collector.has_collected


def test_nothing_is_kept_where_nobody_reads_it() -> None:
    collector = get_hook_lineage_collector()
    assert isinstance(collector, NoOpCollector)
    collector.add_input_asset(object(), uri="s3://bucket/a")
    collector.add_extra(object(), "sql", "SELECT 1")
    assert not collector.has_collected


def test_a_plugins_reader_reads_what_hooks_tell(home: PluginHome) -> None:
    home.write(
        "reads.py",
        """
        from airflow.sdk.lineage import HookLineageReader
        class Reader(HookLineageReader): pass
        class P(AirflowPlugin):
            name = "reads"
            hook_lineage_readers = [Reader]
        """,
    )
    get_hook_lineage_collector().add_output_asset(object(), uri="file:///tmp/x")
    reader = HookLineageReader()
    assert [one.asset.uri for one in reader.retrieve_hook_lineage().outputs] == ["file:///tmp/x"]
