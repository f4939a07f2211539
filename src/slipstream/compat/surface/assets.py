"""Assets under Airflow's names: references, accessors, and how partitions are mapped."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_ASSETS = "slipstream.sdk._assets"
_EVENTS = "slipstream.sdk._asset_events"
_MAPPERS = "slipstream.sdk._partition_mappers"
_TEMPORAL = (
    "FanOutMapper StartOfDayMapper StartOfHourMapper StartOfMonthMapper StartOfQuarterMapper "
    "StartOfWeekMapper StartOfYearMapper"
)
_WINDOWS = (
    "DayWindow HourWindow MonthWindow QuarterWindow SegmentWindow WeekWindow Window YearWindow"
)
_POLICIES = "MinimumCount WaitForAll WaitPolicy"
_BASE = "PartitionMapper RollupMapper"
_OTHERS = "AllowedKeyMapper ChainMapper FixedKeyMapper IdentityMapper ProductMapper"
_BY_MODULE = {
    "allowed_key": "AllowedKeyMapper",
    "base": _BASE,
    "chain": "ChainMapper",
    "fixed_key": "FixedKeyMapper",
    "identity": "IdentityMapper",
    "product": "ProductMapper",
    "temporal": _TEMPORAL,
    "wait_policy": _POLICIES,
    "window": _WINDOWS,
}

TABLE: Table = {
    "airflow.sdk": {
        _MAPPERS: f"{_BASE} {_OTHERS} {_TEMPORAL} {_WINDOWS} MinimumCount WaitForAll",
    },
    "airflow.sdk.definitions.asset": {
        _ASSETS: "AssetNameRef AssetUriRef",
        _EVENTS: "AssetAliasEvent",
    },
    "airflow.sdk.definitions.asset.access_control": {_ASSETS: "AssetAccessControl"},
    "airflow.sdk.definitions.asset.decorators": {
        "slipstream.sdk._asset_decorator": "AssetDefinition MultiAssetDefinition"
    },
    "airflow.sdk.execution_time.context": {
        _EVENTS: "OutletEventAccessor=OutletEvent OutletEventAccessors=OutletEvents "
        "InletEventsAccessor=EventsOfAsset InletEventsAccessors=InletEvents "
        "TriggeringAssetEventsAccessor=TriggeringEvents"
    },
    "airflow.sdk.definitions.partition_mappers": {},
    "airflow.partition_mappers": {
        _MAPPERS: f"{_BASE} {_OTHERS} {_TEMPORAL} {_WINDOWS} {_POLICIES}"
    },
    **{
        f"{package}.{module}": {_MAPPERS: names}
        for package in ("airflow.sdk.definitions.partition_mappers", "airflow.partition_mappers")
        for module, names in _BY_MODULE.items()
    },
}
