"""Airflow's answers about timetables: a case on each line of standard input, an answer on each out.

Run in an environment with Airflow: `python airflow_timetables.py HOME`. It imports nothing of ours.
"""

from __future__ import annotations

import json
import logging
import sys
from collections import ChainMap
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from airflow_side import _configure
from timetable_cases import answers, build, text


class AirflowSide:
    """A timetable as Airflow's scheduler has it: written into the database and read again."""

    def __init__(self, case: dict) -> None:
        import pendulum
        from airflow.serialization.decoders import decode_timetable
        from airflow.serialization.encoders import encode_timetable
        from airflow.timetables.base import TimeRestriction

        def moment(written: str | None):
            return None if written is None else pendulum.instance(datetime.fromisoformat(written))

        written = encode_timetable(build(case["timetable"], _classes()))
        self.timetable = decode_timetable(written)
        self.timetable.validate()
        self.restriction = TimeRestriction(
            moment(case["start"]), moment(case["end"]), case["catchup"]
        )

    def at(self, now: datetime) -> None:
        """Set the clock."""
        import pendulum
        from airflow._shared.timezones import timezone
        from airflow.timetables import interval, trigger

        found = pendulum.instance(now)
        for module in (timezone, interval, trigger):
            module.utcnow = lambda: found
        trigger.time = _Clock(found.timestamp())

    def next_run(self, last: dict | None) -> dict | None:
        """The run after the last one."""
        found = self.timetable.next_dagrun_info_v2(
            last_dagrun_info=None if last is None else self._infos[last["run_after"]],
            restriction=self.restriction,
        )
        if found is None:
            return None
        written = _run(found)
        self._infos[written["run_after"]] = found
        return written

    _infos: dict = {}  # noqa: RUF012 - by the moment that the run is after

    def manual(self, run_after: datetime) -> list:
        """The data interval of a run that somebody asks for."""
        import pendulum

        found = self.timetable.infer_manual_data_interval(run_after=pendulum.instance(run_after))
        return [text(found.start), text(found.end)]

    def partitions(self, earliest: datetime, latest: datetime) -> list:
        """The runs that a backfill of the stretch is made of."""
        found = self.timetable.iter_partition_dagrun_infos(earliest=earliest, latest=latest)
        return [_run(one) for one in found]


def _classes() -> Mapping:
    """The classes that authors import, by name."""
    from airflow import sdk
    from airflow.sdk.definitions.timetables import assets, interval, simple, trigger
    from airflow.timetables.events import EventsTimetable

    # What `airflow.sdk.EventsTimetable` writes, Airflow's scheduler cannot read in this release.
    mended = {"EventsTimetable": EventsTimetable, "Asset": sdk.Asset}
    return ChainMap(mended, *(vars(module) for module in (assets, interval, simple, trigger)))


class _Clock:
    def __init__(self, now: float) -> None:
        self.time = lambda: now


def _run(info) -> dict:
    interval = info.data_interval
    return {
        "run_after": text(info.run_after),
        "interval": interval and [text(interval.start), text(interval.end)],
        "key": info.partition_key,
        "date": text(info.partition_date),
    }


def main() -> None:
    """Answer until standard input ends."""
    _configure(Path(sys.argv[1]))
    import airflow  # noqa: F401 - it logs while it is imported

    logging.disable(logging.CRITICAL)
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for line in sys.stdin:
        case = json.loads(line)
        AirflowSide._infos = {}
        try:
            side = AirflowSide(case)
            said = answers(case, side)
        except Exception as error:  # noqa: BLE001
            said = [f"{type(error).__name__}: {error}"]
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
