"""Which partition of a DAG a partition of an asset belongs to, as authors write it.

What these classes mean the scheduler works out by `core.partition_mappers`, from what `as_json`
says. It runs no code of anybody's, so one that is not ours, or has such a part, is asked in a
process of its DAG file: `runtime.partition_asking`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slipstream.model.json import JsonValue
from slipstream.sdk._own_code import import_path, is_key, is_ours
from slipstream.sdk._types import UserValue


class PartitionMapper:
    """The base of all mappers. `max_downstream_keys` limits what one event may belong to.

    One of one's own defines `to_downstream`. To stand below a `RollupMapper` with a window whose
    members are no texts, also `decode_downstream` and `encode_upstream`.
    """

    is_rollup: ClassVar[bool] = False
    expected_decoded_type: ClassVar[type] = str
    """What `decode_downstream` gives."""
    max_downstream_keys: int | None = None

    def __init__(self, *, max_downstream_keys: int | None = None) -> None:
        if max_downstream_keys is not None and max_downstream_keys < 1:
            raise ValueError(
                f"max_downstream_keys has to be a whole number from 1 on, or None; it is "
                f"{max_downstream_keys!r}."
            )
        self.max_downstream_keys = max_downstream_keys

    def __init_subclass__(cls, **more: UserValue) -> None:
        super().__init_subclass__(**more)
        decodes = cls.decode_downstream is not PartitionMapper.decode_downstream
        encodes = cls.encode_upstream is not PartitionMapper.encode_upstream
        if decodes is not encodes:
            there, missing = ("decode_downstream", "encode_upstream")[:: 1 if decodes else -1]
            raise TypeError(
                f"{cls.__qualname__} defines {there} without {missing}. Each undoes what the other "
                "does: define both, or neither."
            )

    def to_downstream(self, key: str) -> str | Iterable[str]:
        """The DAG's partition, or partitions, that the asset's belongs to."""
        raise NotImplementedError(f"{type(self).__name__} has to define to_downstream().")

    def decode_downstream(self, downstream_key: str) -> UserValue:
        """What a window is laid on: the beginning of the DAG's partition, or its key."""
        return downstream_key

    def encode_upstream(self, decoded: UserValue) -> str:
        """The asset's partition that a member of a window stands for."""
        return str(decoded)

    def to_partition_date(self, downstream_key: str) -> datetime | None:
        """The moment that the DAG's partition stands for; None for none."""
        del downstream_key
        return None

    def carry_partition_date(self, source_partition_date: datetime | None) -> datetime | None:
        """The moment of the producer's partition, where it is the DAG's as well."""
        del source_partition_date
        return None

    @property
    def parts(self) -> Sequence[PartitionMapper]:
        """The mappers that it is made of."""
        return ()

    @property
    def is_known(self) -> bool:
        """Whether the scheduler knows what it means."""
        return is_ours(type(self)) and all(part.is_known for part in self.parts)

    def as_json(self) -> JsonValue:
        """The rule as data; of one that has to be asked, no more than that."""
        if not self.is_known:
            return {"is": "asked", "importable": import_path(type(self))}
        most = self.max_downstream_keys
        return {**self._rule(), **({} if most is None else {"most": most})}

    def _rule(self) -> dict[str, JsonValue]:
        raise NotImplementedError

    def serialize(self) -> dict[str, UserValue]:
        """What `deserialize` makes the same mapper from."""
        most = self.max_downstream_keys
        return {} if most is None else {"max_downstream_keys": most}

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> PartitionMapper:
        """The mapper."""
        return cls(max_downstream_keys=data.get("max_downstream_keys"))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class IdentityMapper(PartitionMapper):
    """The same key."""

    def to_downstream(self, key: str) -> str | Iterable[str]:
        """The key."""
        return key

    def carry_partition_date(self, source_partition_date: datetime | None) -> datetime | None:
        """The producer's: the partition is the same."""
        return source_partition_date

    def _rule(self) -> dict[str, JsonValue]:
        return {"is": "identity"}


class AllowedKeyMapper(PartitionMapper):
    """The same key, of those that are allowed; others start nothing."""

    def __init__(
        self, allowed_keys: Iterable[str], *, max_downstream_keys: int | None = None
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.allowed_keys = list(allowed_keys)

    def to_downstream(self, key: str) -> str | Iterable[str]:
        """The key. Raises `ValueError` for another one."""
        from slipstream.core.partition_mappers import mapper_of

        return mapper_of(AllowedKeyMapper._rule(self)).targets(key)

    def _rule(self) -> dict[str, JsonValue]:
        return {"is": "allowed", "keys": [str(key) for key in self.allowed_keys]}


class FixedKeyMapper(PartitionMapper):
    """One key for all."""

    def __init__(self, downstream_key: str, *, max_downstream_keys: int | None = None) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        if not is_key(downstream_key):
            raise ValueError(
                f"The downstream key has to be a text that is not empty; it is {downstream_key!r}."
            )
        self.downstream_key = downstream_key

    def to_downstream(self, key: str) -> str | Iterable[str]:
        """The one key."""
        del key
        return self.downstream_key

    def _rule(self) -> dict[str, JsonValue]:
        return {"is": "fixed", "key": self.downstream_key}


class StartOfPeriodMapper(PartitionMapper):
    """The beginning of a period, of keys that are moments.

    One of one's own that derives from it may define `normalize`, the beginning of its period, and
    `format`, its key.
    """

    period: ClassVar[str]
    expected_decoded_type: ClassVar[type] = datetime

    def __init__(
        self,
        *,
        max_downstream_keys: int | None = None,
        timezone: str | tzinfo = "UTC",
        input_format: str = "%Y-%m-%dT%H:%M:%S",
        output_format: str | None = None,
    ) -> None:
        super().__init__(max_downstream_keys=max_downstream_keys)
        self.timezone = timezone
        self.input_format = input_format
        self.output_format = output_format
        _check_zone(_zone_name(timezone))

    def to_downstream(self, key: str) -> str | Iterable[str]:
        """The beginning, by the output format."""
        from slipstream.core.partition_periods import read

        moment = read(key, self.input_format)
        here = self._zone()
        moment = moment.replace(tzinfo=here) if moment.tzinfo is None else moment.astimezone(here)
        return self.format(self.normalize(moment))

    def normalize(self, dt: datetime) -> datetime:
        """The beginning of the period that the moment is in."""
        from slipstream.core.partition_periods import Period, start_of

        return start_of(Period(self.period), dt)

    def format(self, dt: datetime) -> str:
        """The beginning by the output format."""
        from slipstream.core.partition_periods import written

        return written(dt, self._format())

    def decode_downstream(self, downstream_key: str) -> UserValue:
        """The beginning, by the wall clock of the time zone unless the key tells another."""
        from slipstream.core.partition_periods import read

        return read(downstream_key, self._format())

    def encode_upstream(self, decoded: UserValue) -> str:
        """The moment by the input format, in the time zone."""
        from slipstream.core.partition_mappers import mapper_of

        return mapper_of(StartOfPeriodMapper._rule(self)).source_of(decoded)

    def to_partition_date(self, downstream_key: str) -> datetime | None:
        """The beginning."""
        start = self.normalize(self.decode_downstream(downstream_key))
        return start.replace(tzinfo=self._zone()) if start.tzinfo is None else start

    def serialize(self) -> dict[str, UserValue]:
        """What `deserialize` makes the same mapper from."""
        return {
            "timezone": _zone_name(self.timezone),
            "input_format": self.input_format,
            "output_format": self.output_format,
            **super().serialize(),
        }

    @classmethod
    def deserialize(cls, data: dict[str, UserValue]) -> PartitionMapper:
        """The mapper."""
        return cls(**data)

    def _format(self) -> str:
        from slipstream.core.partition_periods import FORMATS, Period

        return self.output_format or FORMATS[Period(self.period)]

    def _zone(self) -> tzinfo:
        from slipstream.core.partition_periods import zone

        return zone(_zone_name(self.timezone))

    def _rule(self) -> dict[str, JsonValue]:
        rule: dict[str, JsonValue] = {
            "is": "start_of",
            "period": self.period,
            "timezone": _zone_name(self.timezone),
            "input_format": self.input_format,
        }
        return {**rule, "output_format": self.output_format} if self.output_format else rule


class StartOfHourMapper(StartOfPeriodMapper):
    """The hour: `2026-03-13T10`."""

    period = "hour"


class StartOfDayMapper(StartOfPeriodMapper):
    """The day: `2026-03-13`."""

    period = "day"


class StartOfWeekMapper(StartOfPeriodMapper):
    """The Monday of the week: `2026-03-09 (W11)`."""

    period = "week"


class StartOfMonthMapper(StartOfPeriodMapper):
    """The month: `2026-03`."""

    period = "month"


class StartOfQuarterMapper(StartOfPeriodMapper):
    """The quarter: `2026-Q1`."""

    period = "quarter"


class StartOfYearMapper(StartOfPeriodMapper):
    """The year: `2026`."""

    period = "year"


_FIXED_ZONE = re.compile(r"[+-]\d{2}:?\d{2}")
"""A time zone that is a fixed distance from UTC."""


def _check_zone(name: str) -> None:
    if name.upper() == "UTC" or _FIXED_ZONE.fullmatch(name):
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"There is no time zone {name!r}.") from None


def _zone_name(timezone: str | tzinfo) -> str:
    if isinstance(timezone, str):
        return timezone
    for attribute in ("name", "key", "zone"):
        found = getattr(timezone, attribute, None)
        if isinstance(found, str):
            return found
    return str(timezone)
