"""Answers what tasks ask about assets and their events."""

from __future__ import annotations

from typing import Protocol, assert_never

from slipstream.store.interface import AssetStore, RunStore
from slipstream.store.records import AssetEventFilter, AssetFilter, Range, Window
from slipstream.wire import execution as wire

MOST_EVENTS = 10_000
"""How many events one answer has at most; a task that wants fewer says so."""


class AssetsOfRuns(AssetStore, RunStore, Protocol):
    """What answering needs of the store."""


def answer_about_assets(
    store: AssetsOfRuns, ask: wire.GetAsset | wire.GetAssetEvents | wire.GetTriggeringEvents
) -> wire.Answer:
    """The answer. Raises `NotFoundError` for a run that is not there."""
    match ask:
        case wire.GetAsset():
            which = AssetFilter(name=ask.name, uri=ask.uri)
            found = store.list_assets(which, Window(limit=1)).items
            if not found:
                return wire.Missing()
            one = found[0]
            return wire.AssetFound(name=one.name, uri=one.uri, group=one.group, extra=one.extra)
        case wire.GetAssetEvents():
            events = store.list_asset_events(
                AssetEventFilter(
                    asset_name=ask.name,
                    asset_uri=ask.uri,
                    alias=ask.alias,
                    timestamp=Range(gte=ask.after, lte=ask.before),
                ),
                Window(
                    limit=MOST_EVENTS if ask.limit is None else min(ask.limit, MOST_EVENTS),
                    order_by=() if ask.ascending else ("-timestamp",),
                ),
            )
            return wire.AssetEvents(events=list(events.items))
        case wire.GetTriggeringEvents():
            run = store.get_run(ask.dag_id, ask.run_id)
            return wire.AssetEvents(events=list(store.events_of_run(run.pk)))
        case _:
            assert_never(ask)
