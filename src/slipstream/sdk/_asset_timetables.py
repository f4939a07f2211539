"""Timetables of DAGs that wait for assets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from slipstream.sdk._assets import (
    Asset,
    AssetAlias,
    AssetAll,
    AssetRef,
    BaseAsset,
    as_asset_condition,
)
from slipstream.sdk._timetable import Timetable, schedule_of
from slipstream.sdk._timetables import NullTimetable
from slipstream.sdk.exceptions import AirflowTimetableInvalid

if TYPE_CHECKING:
    from slipstream.model.json import JsonValue
    from slipstream.model.schedule import Schedule
    from slipstream.sdk._partition_mappers import PartitionMapper


class AssetTriggeredTimetable(Timetable):
    """A run when assets were updated as the condition asks."""

    description = "Triggered by assets"
    periodic = False
    summary = "Asset"

    def __init__(self, assets: BaseAsset | Collection[BaseAsset]) -> None:
        self.asset_condition: BaseAsset = as_asset_condition(assets) or AssetAll()

    def as_schedule(self) -> Schedule:
        """The condition."""
        from slipstream.model.schedule import OnAssets

        return OnAssets(condition=self.asset_condition.as_expression())


class PartitionedAssetTimetable(AssetTriggeredTimetable):
    """A run for every partition whose assets were all updated."""

    partitioned = True

    def __init__(
        self,
        *,
        assets: BaseAsset | Collection[BaseAsset],
        default_partition_mapper: PartitionMapper | None = None,
        partition_mapper_config: Mapping[BaseAsset, PartitionMapper] | None = None,
    ) -> None:
        super().__init__(assets)
        self.default_partition_mapper = default_partition_mapper
        self.partition_mapper_config = dict(partition_mapper_config or {})

    description = "Triggered by partitions of assets"
    summary = "Partitioned Asset"

    def as_schedule(self) -> Schedule:
        """The condition, and how the partitions of the assets become the DAG's."""
        from slipstream.model.schedule import OnAssets

        listed: list[JsonValue] = []
        for one, mapper in self._mappers():
            key = {"name": one.name, "uri": one.uri}
            named = {word: value for word, value in key.items() if value is not None}
            listed.append({**named, "mapper": mapper.as_json()})
        return OnAssets(
            condition=self.asset_condition.as_expression(),
            partitions={"default": self._default().as_json(), "of": listed},
        )

    def get_partition_mapper(self, *, name: str = "", uri: str = "") -> PartitionMapper:
        """The mapper of the asset: that of its name, of its URI, or the default."""
        found = [*self._mappers()]
        for word, value in (("name", name), ("uri", uri)):
            for one, mapper in reversed(found):
                if value and getattr(one, word) == value:
                    return mapper
        return self._default()

    def _default(self) -> PartitionMapper:
        from slipstream.sdk._partition_mappers import IdentityMapper

        return self.default_partition_mapper or IdentityMapper()

    def _mappers(self) -> Iterator[tuple[Asset | AssetRef, PartitionMapper]]:
        for assets, mapper in self.partition_mapper_config.items():
            if isinstance(assets, AssetAlias):
                raise AirflowTimetableInvalid(
                    f"The alias {assets.name!r} cannot have a partition mapper: which asset it "
                    "stands for is only known when it is updated. Give the mapper to the asset."
                )
            named: list[Asset | AssetRef] = [*assets.iter_assets()]
            if isinstance(assets, AssetRef):
                named.append(assets)
            for one in named:
                yield one, mapper


class PartitionedAtRuntime(NullTimetable):
    """Runs are asked for with a partition; there are none by themselves."""

    description = "Never, partition key(s) set at runtime"
    summary = "PartitionedAtRuntime"
    partitioned_at_runtime = True

    def as_schedule(self) -> Schedule:
        """Never, and with partitions."""
        from slipstream.model.schedule import NoSchedule

        return NoSchedule(partitioned_at_runtime=True)


class AssetOrTimeSchedule(Timetable):
    """A run when assets were updated, and besides at the times of a timetable."""

    def __init__(
        self,
        *,
        timetable: Timetable,
        assets: BaseAsset | Collection[BaseAsset] | None = None,
        datasets: BaseAsset | Collection[BaseAsset] | None = None,
    ) -> None:
        self.timetable = timetable
        given = assets if assets is not None else datasets
        if given is None:
            raise TypeError("AssetOrTimeSchedule needs assets.")
        self.asset_condition: BaseAsset = as_asset_condition(given) or AssetAll()
        self.description = f"Triggered by assets or {timetable.description}"
        self.periodic = timetable.periodic
        self.can_be_scheduled = timetable.can_be_scheduled
        self.active_runs_limit = timetable.active_runs_limit

    @property
    def summary(self) -> str:
        """Both."""
        return f"Asset or {self.timetable.summary}"

    def as_schedule(self) -> Schedule:
        """Both."""
        from slipstream.model.schedule import OnAssets

        at = schedule_of(self.timetable)
        if isinstance(at, OnAssets):
            raise AirflowTimetableInvalid("The timetable beside assets cannot be of assets, too.")
        return OnAssets(condition=self.asset_condition.as_expression(), or_at=at)
