"""Assets under Airflow's names: references, accessors, and how partitions are mapped."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_ASSETS = "slipstream.sdk._assets"
_EVENTS = "slipstream.sdk._asset_events"
_MAPPERS = "slipstream.sdk._partition_mappers"
_JOINED = "slipstream.sdk._joined_mappers"
_WINDOWS = "slipstream.sdk._partition_windows"
_POLICIES = "slipstream.sdk._wait_policies"
_BY_MODULE = {
    "allowed_key": {_MAPPERS: "AllowedKeyMapper"},
    "base": {_MAPPERS: "PartitionMapper", _JOINED: "RollupMapper"},
    "chain": {_JOINED: "ChainMapper"},
    "fixed_key": {_MAPPERS: "FixedKeyMapper"},
    "identity": {_MAPPERS: "IdentityMapper"},
    "product": {_JOINED: "ProductMapper"},
    "temporal": {
        _MAPPERS: "StartOfDayMapper StartOfHourMapper StartOfMonthMapper StartOfQuarterMapper "
        "StartOfWeekMapper StartOfYearMapper",
        _JOINED: "FanOutMapper",
    },
    "wait_policy": {_POLICIES: "MinimumCount WaitForAll WaitPolicy"},
    "window": {
        _WINDOWS: "DayWindow HourWindow MonthWindow QuarterWindow SegmentWindow WeekWindow Window "
        "YearWindow"
    },
}
_ALL = {
    origin: " ".join(of[origin] for of in _BY_MODULE.values() if origin in of)
    for origin in (_MAPPERS, _JOINED, _WINDOWS, _POLICIES)
}

TABLE: Table = {
    "airflow.sdk": {
        **_ALL,
        _POLICIES: "MinimumCount WaitForAll",
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
    "airflow.partition_mappers": {**_ALL, _POLICIES: "MinimumCount WaitForAll"},
    **{
        f"{package}.{module}": names
        for package in ("airflow.sdk.definitions.partition_mappers", "airflow.partition_mappers")
        for module, names in _BY_MODULE.items()
    },
    "airflow.partition_mappers.wait_policy": {
        _POLICIES: "MinimumCount PartitionSatisfaction WaitForAll WaitPolicy"
    },
}
