"""All that is known of one DAG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from slipstream.api.payloads.dags import DAGDetailsResponse, asset_condition, dag_details_payload
from slipstream.model.asset import AssetRecord
from slipstream.model.run import DagRun
from slipstream.model.states import RunState
from slipstream.store.records import AssetFilter, DagRecord, Page, RunFilter, Window

_MOST_ASSETS = 1000


class DetailsStore(Protocol):
    """What is asked of a store for it."""

    def list_runs(self, which: RunFilter, window: Window) -> Page[DagRun]:
        """A page of runs."""

    def list_assets(self, which: AssetFilter, window: Window) -> Page[AssetRecord]:
        """A page of assets."""


def details_of(
    store: DetailsStore, dag: DagRecord, *, is_favorite: bool = False
) -> DAGDetailsResponse:
    """The DAG with all there is to say of it."""
    running = RunFilter(dag_ids=[dag.dag_id], states=[RunState.RUNNING])
    assets: Sequence[AssetRecord] = ()
    if asset_condition(dag.latest.spec) is not None:
        which = AssetFilter(dag_ids=[dag.dag_id])
        assets = store.list_assets(which, Window(limit=_MOST_ASSETS)).items
    return dag_details_payload(
        dag,
        store.list_runs(running, Window(limit=1)).total,
        {asset.uri: asset.pk for asset in assets},
        is_favorite=is_favorite,
    )
