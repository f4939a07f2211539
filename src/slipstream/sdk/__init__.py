"""The authoring API: the names of `airflow.sdk`."""

from importlib import import_module
from typing import TYPE_CHECKING

from slipstream.model.states import RunState as DagRunState
from slipstream.model.states import TaskState as TaskInstanceState
from slipstream.model.states import TriggerRule, WeightRule
from slipstream.sdk import timezone
from slipstream.sdk._asset_timetables import (
    AssetOrTimeSchedule,
    PartitionedAssetTimetable,
    PartitionedAtRuntime,
)
from slipstream.sdk._assets import (
    Asset,
    AssetAccessControl,
    AssetAlias,
    AssetAll,
    AssetAny,
    AssetWatcher,
    Dataset,
    Metadata,
)
from slipstream.sdk._collect import DagCollector
from slipstream.sdk._conf import conf
from slipstream.sdk._connection import Connection
from slipstream.sdk._context import Context
from slipstream.sdk._dag import DAG
from slipstream.sdk._dag_decorator import dag
from slipstream.sdk._edges import EdgeModifier, Label, chain, chain_linear, cross_downstream
from slipstream.sdk._group import TaskGroup
from slipstream.sdk._group_decorator import task_group
from slipstream.sdk._hook import BaseHook
from slipstream.sdk._mapped_operator import MappedOperator
from slipstream.sdk._operator import BaseAsyncOperator, BaseOperator
from slipstream.sdk._params import Param, ParamsDict
from slipstream.sdk._parsing_context import get_parsing_context
from slipstream.sdk._references import literal
from slipstream.sdk._running import get_current_context
from slipstream.sdk._setup_decorator import setup, teardown
from slipstream.sdk._skip import BranchMixIn, SkipMixin
from slipstream.sdk._task import task
from slipstream.sdk._task_instance import TaskInstance
from slipstream.sdk._timetables import (
    CronDataIntervalTimetable,
    CronPartitionTimetable,
    CronTriggerTimetable,
    DeltaDataIntervalTimetable,
    DeltaTriggerTimetable,
    EventsTimetable,
    MultipleCronTriggerTimetable,
)
from slipstream.sdk._variable import Variable
from slipstream.sdk._weights import PriorityWeightStrategy
from slipstream.sdk._xcom import BaseXCom
from slipstream.sdk._xcom_arg import XComArg
from slipstream.sdk.operators.branch import BaseBranchOperator
from slipstream.sdk.sensors.base import BaseSensorOperator, PokeReturnValue

if TYPE_CHECKING:
    from slipstream.sdk import macros
    from slipstream.sdk._asset_decorator import (
        asset,
    )
    from slipstream.sdk._deadlines import (
        AsyncCallback,
        BaseDeadlineReference,
        DeadlineAlert,
        DeadlineReference,
        SyncCallback,
        deadline_reference,
    )
    from slipstream.sdk._joined_mappers import (
        ChainMapper,
        FanOutMapper,
        ProductMapper,
        RollupMapper,
    )
    from slipstream.sdk._links import (
        BaseOperatorLink,
    )
    from slipstream.sdk._notifier import (
        BaseNotifier,
    )
    from slipstream.sdk._object_storage import (
        ObjectStoragePath,
    )
    from slipstream.sdk._partition_mappers import (
        AllowedKeyMapper,
        FixedKeyMapper,
        IdentityMapper,
        PartitionMapper,
        StartOfDayMapper,
        StartOfHourMapper,
        StartOfMonthMapper,
        StartOfQuarterMapper,
        StartOfWeekMapper,
        StartOfYearMapper,
    )
    from slipstream.sdk._partition_windows import (
        DayWindow,
        HourWindow,
        MonthWindow,
        QuarterWindow,
        SegmentWindow,
        WeekWindow,
        Window,
        YearWindow,
    )
    from slipstream.sdk._resumable_job import (
        ResumableJobMixin,
    )
    from slipstream.sdk._retry_policy import (
        ExceptionRetryPolicy,
        RetryAction,
        RetryDecision,
        RetryPolicy,
        RetryRule,
    )
    from slipstream.sdk._state_stores import (
        NEVER_EXPIRE,
    )
    from slipstream.sdk._task_decorator import (
        result,
    )
    from slipstream.sdk._wait_policies import (
        MinimumCount,
        WaitForAll,
    )

__all__ = [
    "DAG",
    "NEVER_EXPIRE",
    "AllowedKeyMapper",
    "Asset",
    "AssetAccessControl",
    "AssetAlias",
    "AssetAll",
    "AssetAny",
    "AssetOrTimeSchedule",
    "AssetWatcher",
    "AsyncCallback",
    "BaseAsyncOperator",
    "BaseBranchOperator",
    "BaseDeadlineReference",
    "BaseHook",
    "BaseNotifier",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "BaseXCom",
    "BranchMixIn",
    "ChainMapper",
    "Connection",
    "Context",
    "CronDataIntervalTimetable",
    "CronPartitionTimetable",
    "CronTriggerTimetable",
    "DagCollector",
    "DagRunState",
    "Dataset",
    "DayWindow",
    "DeadlineAlert",
    "DeadlineReference",
    "DeltaDataIntervalTimetable",
    "DeltaTriggerTimetable",
    "EdgeModifier",
    "EventsTimetable",
    "ExceptionRetryPolicy",
    "FanOutMapper",
    "FixedKeyMapper",
    "HourWindow",
    "IdentityMapper",
    "Label",
    "MappedOperator",
    "Metadata",
    "MinimumCount",
    "MonthWindow",
    "MultipleCronTriggerTimetable",
    "ObjectStoragePath",
    "Param",
    "ParamsDict",
    "PartitionMapper",
    "PartitionedAssetTimetable",
    "PartitionedAtRuntime",
    "PokeReturnValue",
    "PriorityWeightStrategy",
    "ProductMapper",
    "QuarterWindow",
    "ResumableJobMixin",
    "RetryAction",
    "RetryDecision",
    "RetryPolicy",
    "RetryRule",
    "RollupMapper",
    "SegmentWindow",
    "SkipMixin",
    "StartOfDayMapper",
    "StartOfHourMapper",
    "StartOfMonthMapper",
    "StartOfQuarterMapper",
    "StartOfWeekMapper",
    "StartOfYearMapper",
    "SyncCallback",
    "TaskGroup",
    "TaskInstance",
    "TaskInstanceState",
    "TriggerRule",
    "Variable",
    "WaitForAll",
    "WeekWindow",
    "WeightRule",
    "Window",
    "XComArg",
    "YearWindow",
    "asset",
    "chain",
    "chain_linear",
    "conf",
    "cross_downstream",
    "dag",
    "deadline_reference",
    "get_current_context",
    "get_parsing_context",
    "literal",
    "macros",
    "result",
    "setup",
    "task",
    "task_group",
    "teardown",
    "timezone",
]

# Few DAG files use these, and `import slipstream.sdk` is waited for.
_LAZY = {
    "asset": "slipstream.sdk._asset_decorator",
    "AsyncCallback": "slipstream.sdk._deadlines",
    "BaseDeadlineReference": "slipstream.sdk._deadlines",
    "DeadlineAlert": "slipstream.sdk._deadlines",
    "DeadlineReference": "slipstream.sdk._deadlines",
    "deadline_reference": "slipstream.sdk._deadlines",
    "SyncCallback": "slipstream.sdk._deadlines",
    "BaseOperatorLink": "slipstream.sdk._links",
    "BaseNotifier": "slipstream.sdk._notifier",
    "NEVER_EXPIRE": "slipstream.sdk._state_stores",
    "ObjectStoragePath": "slipstream.sdk._object_storage",
    "ResumableJobMixin": "slipstream.sdk._resumable_job",
    "result": "slipstream.sdk._task_decorator",
    "AllowedKeyMapper": "slipstream.sdk._partition_mappers",
    "ChainMapper": "slipstream.sdk._joined_mappers",
    "DayWindow": "slipstream.sdk._partition_windows",
    "FanOutMapper": "slipstream.sdk._joined_mappers",
    "FixedKeyMapper": "slipstream.sdk._partition_mappers",
    "HourWindow": "slipstream.sdk._partition_windows",
    "IdentityMapper": "slipstream.sdk._partition_mappers",
    "MinimumCount": "slipstream.sdk._wait_policies",
    "MonthWindow": "slipstream.sdk._partition_windows",
    "PartitionMapper": "slipstream.sdk._partition_mappers",
    "ProductMapper": "slipstream.sdk._joined_mappers",
    "QuarterWindow": "slipstream.sdk._partition_windows",
    "RollupMapper": "slipstream.sdk._joined_mappers",
    "SegmentWindow": "slipstream.sdk._partition_windows",
    "StartOfDayMapper": "slipstream.sdk._partition_mappers",
    "StartOfHourMapper": "slipstream.sdk._partition_mappers",
    "StartOfMonthMapper": "slipstream.sdk._partition_mappers",
    "StartOfQuarterMapper": "slipstream.sdk._partition_mappers",
    "StartOfWeekMapper": "slipstream.sdk._partition_mappers",
    "StartOfYearMapper": "slipstream.sdk._partition_mappers",
    "WaitForAll": "slipstream.sdk._wait_policies",
    "WeekWindow": "slipstream.sdk._partition_windows",
    "Window": "slipstream.sdk._partition_windows",
    "YearWindow": "slipstream.sdk._partition_windows",
    "ExceptionRetryPolicy": "slipstream.sdk._retry_policy",
    "RetryAction": "slipstream.sdk._retry_policy",
    "RetryDecision": "slipstream.sdk._retry_policy",
    "RetryPolicy": "slipstream.sdk._retry_policy",
    "RetryRule": "slipstream.sdk._retry_policy",
    "macros": "slipstream.sdk.macros",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_LAZY[name])
    return module if name == "macros" else getattr(module, name)
