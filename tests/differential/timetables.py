"""`python -m tests.differential.timetables [CASES]`: timetables of Airflow and ours, compared.

Each case asks one random timetable for its runs at several moments, on both sides, and compares the
runs, the intervals of manual runs, and the partitions of a stretch of time. `--table FILE` writes
a digest of Airflow's answer to each, for a test that needs no Airflow.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import ChainMap, Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.differential.environment import airflow_python
from tests.differential.timetable_cases import answers, build, random_case, text

from slipstream import sdk
from slipstream.core.timetable import (
    Interval,
    RunInfo,
    manual_interval,
    next_run,
    runs_between,
)
from slipstream.model.schedule import Schedule, by_the_clock
from slipstream.sdk import _asset_timetables, _timetables
from slipstream.sdk._spec import build_spec
from slipstream.wire.dag import decode_dag, encode_dag

CLASSES = ChainMap(*(vars(module) for module in (_timetables, _asset_timetables, sdk)))
_LISTED = 12
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


class OurSide:
    """A timetable as our scheduler has it: serialized and read again."""

    def __init__(self, case: dict[str, Any]) -> None:
        written = build_spec(sdk.DAG("d", schedule=build(case["timetable"], CLASSES)))
        self._schedule: Schedule = decode_dag(encode_dag(written)).schedule
        self._start, self._end = (_moment(case[name]) for name in ("start", "end"))
        self._catchup = case["catchup"]
        self._now: datetime | None = None

    def at(self, now: datetime) -> None:
        """Set the clock."""
        self._now = now

    def next_run(self, last: dict[str, Any] | None) -> dict[str, Any] | None:
        """The run after the last one."""
        assert self._now is not None, "the clock is set before anything is asked"
        span = None
        if last is not None:
            start, end = last["interval"] or [last["run_after"]] * 2
            span = Interval(datetime.fromisoformat(start), datetime.fromisoformat(end))
        found = next_run(
            self._schedule,
            last=span,
            start_date=self._start,
            end_date=self._end,
            catchup=self._catchup,
            now=self._now,
        )
        return None if found is None else _run(found)

    def manual(self, run_after: datetime) -> list[str | None]:
        """The data interval of a run that somebody asks for."""
        found = manual_interval(by_the_clock(self._schedule), run_after)
        return [text(found.start), text(found.end)]

    def partitions(self, earliest: datetime, latest: datetime) -> list[dict[str, Any]]:
        """The runs that a backfill of the stretch is made of."""
        return [
            _run(one) for one in islice(runs_between(self._schedule, earliest, latest), _LISTED)
        ]


def _moment(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


def _run(info: RunInfo) -> dict[str, Any]:
    return {
        "run_after": text(info.run_after),
        "interval": info.interval and [text(info.interval.start), text(info.interval.end)],
        "key": info.partition_key,
        "date": text(info.partition_date),
    }


def ours(case: dict[str, Any]) -> list[Any]:
    """What we say to a case."""
    try:
        return answers(case, OurSide(case))
    except Exception as error:  # noqa: BLE001 - an answer like any other, to be compared
        return [f"{type(error).__name__}: {error}"]


def theirs(cases: Sequence[dict[str, Any]], python: str) -> list[list[Any]]:
    """What Airflow says to the cases."""
    script = Path(__file__).with_name("airflow_timetables.py")
    with tempfile.TemporaryDirectory(prefix="timetables-") as home:
        done = subprocess.run(
            [python, str(script), home],
            input="".join(json.dumps(case) + "\n" for case in cases),
            capture_output=True,
            text=True,
            check=False,
        )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    if len(said) != len(cases):
        raise SystemExit(f"Airflow answered {len(said)} of {len(cases)}: {done.stderr[-2000:]}")
    return said


def digest(said: list[Any]) -> str:
    """A side's answers in twelve characters."""
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def is_at_a_change(case: dict[str, Any], our: list[Any], their: list[Any]) -> bool:
    """Whether the sides part at a tick that the zone's change of the clock skips or repeats.

    There Airflow takes one tick for its own predecessor: docs/differences.md.
    """
    given = case["timetable"].get("timetable", case["timetable"])
    if "timezone" not in given:
        return False
    parted = next((pair for pair in zip(our, their, strict=False) if pair[0] != pair[1]), ())
    zone = ZoneInfo(given["timezone"])
    for found in _MOMENT.findall(json.dumps(parted)):
        moment = datetime.fromisoformat(found)
        near = [(moment + timedelta(hours=way)).astimezone(zone).utcoffset() for way in (-25, 25)]
        if near[0] != near[1]:
            return True
    return False


def main(arguments: Sequence[str]) -> int:
    """0 where all cases agree."""
    options = _parsed(arguments)
    cases = [random_case(seed) for seed in range(options.first, options.first + options.cases)]
    said = theirs(cases, airflow_python(options.airflow))
    counts: Counter[str] = Counter()
    agreed: list[str] = []
    for case, their in zip(cases, said, strict=True):
        our = ours(case)
        if our == their:
            counts["agree"] += 1
            agreed.append(f"{case['seed']},{digest(their)}\n")
        elif is_at_a_change(case, our, their):
            counts["known: at a change of the clock"] += 1
        else:
            counts["disagree"] += 1
            _tell(case, our, their)
    if options.table is not None:
        options.table.write_text("seed,answers\n" + "".join(agreed))
    print(dict(counts))
    return 1 if counts["disagree"] else 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.differential.timetables")
    parser.add_argument("cases", nargs="?", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--airflow", help="folder of an environment that has Airflow")
    parser.add_argument("--table", type=Path, help="write the seeds and Airflow's answers there")
    return parser.parse_args(arguments)


def _tell(case: dict[str, Any], our: list[Any], their: list[Any]) -> None:
    print(json.dumps(case))
    for one, other in zip(our, their, strict=False):
        if one != other:
            print(f"    ours {one}\n    Airflow {other}")
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
