"""A year of many DAGs with all kinds of timetables, under the real scheduler on virtual time.

`python -m tests.simulation.year [DAGS] [DAYS] [PROCESSES]` runs them from New Year 2025 on and
holds what was run against other libraries: cronsim for cron, pytz for time zones. Each process, by
default one for each core, has a scheduler with its share of the DAGs.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count

from cronsim import CronSim
from dateutil.relativedelta import relativedelta
from tests.core.cron_reference import Case, moments_of

from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.run import DagRun
from slipstream.model.schedule import (
    AnyCron,
    Cron,
    CronPartition,
    Delta,
    Events,
    OnAssets,
    Schedule,
)
from slipstream.model.states import RUN_FINISHED, RunState, RunType
from slipstream.services.scheduler import Scheduler
from slipstream.store.records import RunWrite
from slipstream.testing.fake_executor import FakeExecutor
from slipstream.testing.memory_store import MemoryStore

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Zurich",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Chatham",
)
_ASSET = {"asset": {"name": "a", "uri": "a", "group": "asset"}}


class YearStore(MemoryStore):
    """Keeps of ended runs what is to be looked at, and the newest of each DAG."""

    def __init__(self, clock: Clock) -> None:
        numbers = count(1)
        super().__init__(clock.now, lambda: f"id{next(numbers)}")
        self.ended: dict[str, list[datetime]] = defaultdict(list)
        """`{dag_id: when its runs were due}`."""
        self.failed = 0

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """Write, and forget what has ended."""
        refused = super().apply(writes)
        for write in writes:
            run = self._runs[write.run_pk].run
            if run.state in RUN_FINISHED:
                self._end(run)
        return refused

    def _end(self, run: DagRun) -> None:
        self.ended[run.dag_id].append(run.run_after)
        self.failed += run.state is RunState.FAILED
        if len(self._runs) > 4 * len(self._dags):
            over = [pk for pk, entry in self._runs.items() if entry.run.state in RUN_FINISHED]
            newest = {self._runs[pk].run.dag_id: pk for pk in over}
            for pk in over:
                if newest[self._runs[pk].run.dag_id] != pk:
                    self._forget(pk)


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.moment = BEGIN

    def now(self) -> datetime:
        return self.moment


def schedules(number: int, days: int) -> Iterator[tuple[Schedule, list[datetime]]]:
    """So many, with the moments at which they have to run within the days."""
    end = BEGIN + timedelta(days=days)
    for at in range(number):
        zone = ZONES[at % len(ZONES)]
        kind = at % 60
        if at % 150 == 0:
            yield _cron("15 * * * *", zone, end)
        elif kind == 1:
            yield _cron("40 */6 * * *", zone, end)
        elif kind == 3:
            step = timedelta(hours=30)
            marks = [BEGIN + step * mark for mark in range(int((end - BEGIN) / step) + 1)]
            yield Delta(delta=step), [mark for mark in marks if mark < end]
        elif kind == 4:
            marks = [BEGIN + relativedelta(months=month) for month in range(13)]
            yield Delta(delta=timedelta(), months=1), [mark for mark in marks if mark < end]
        elif kind == 5:
            listed = [BEGIN + timedelta(days=day, hours=at % 24) for day in range(3, days, 9)]
            yield Events(at=tuple(listed)), listed
        elif kind == 6:
            schedule, marks = _cron("30 2 * * 0", zone, end)
            other, more = _cron("0 12 1 * *", zone, end)
            yield AnyCron(of=(schedule, other)), sorted({*marks, *more})
        elif kind == 7:
            schedule, marks = _cron(f"{at % 60} 3 * * *", zone, end)
            yield (
                CronPartition(expression=schedule.expression, timezone=zone, run_offset=-1),
                marks,
            )
        elif kind == 8:
            schedule, marks = _cron(f"{at % 60} 1 * * 1-5", zone, end)
            yield OnAssets(condition=_ASSET, or_at=schedule), marks
        elif kind in range(9, 15):
            schedule, marks = _cron(f"{at % 60} {at % 24} * * *", zone, end)
            yield Cron(expression=schedule.expression, timezone=zone, interval=True), marks[1:]
        elif kind in (0, 2, *range(15, 35)):
            yield _cron(f"{at % 60} {at % 24} * * {at % 7}", zone, end)
        else:
            yield _cron(f"{at % 60} {at % 24} * * *", zone, end)


def _cron(expression: str, zone: str, end: datetime) -> tuple[Cron, list[datetime]]:
    case = Case(expression, zone, BEGIN)
    found: set[datetime] = set()
    for wall in CronSim(expression, BEGIN.replace(tzinfo=None) - timedelta(days=2)):
        if wall.replace(tzinfo=UTC) > end + timedelta(days=2):
            break
        found.update(moments_of(case, wall))
    marks = sorted(moment for moment in found if BEGIN <= moment < end)
    return Cron(expression=expression, timezone=zone, run_immediately=False), marks


def live_through(
    number: int, days: int, *, share: int = 0, shares: int = 1
) -> tuple[YearStore, dict[str, list[datetime]]]:
    """Let the days pass; gives the store, and when each DAG had to run.

    Of several shares, it has every DAG whose number is `share` above a multiple of `shares`.
    """
    clock = Clock()
    store = YearStore(clock)
    expected = {}
    for at, (schedule, marks) in enumerate(schedules(number, days)):
        if at % shares != share:
            continue
        dag_id = f"dag{at:03d}"
        expected[dag_id] = marks
        task = TaskSpec(task_id="t", is_empty=True)
        store.put_dag(
            DagSpec(
                dag_id=dag_id,
                schedule=schedule,
                start_date=BEGIN,
                tasks={"t": task},
                allowed_run_types=(RunType.SCHEDULED,),
                catchup=at % 2 == 0,
            )
        )
    executor = FakeExecutor(_no_attempt, clock.now, lambda _seconds, _call: None)
    scheduler = Scheduler(store, executor, clock=clock.now)
    scheduler.open()
    end = BEGIN + timedelta(days=days) - timedelta(microseconds=1)
    while True:
        while scheduler.run_once(0) or scheduler.next_wake == clock.moment:
            pass
        wake = scheduler.next_wake
        if wake is None or wake > end:
            return store, expected
        clock.moment = wake


def _no_attempt(_attempt: object) -> object:
    raise AssertionError("an empty task has no attempt")


def differences(store: YearStore, expected: dict[str, list[datetime]]) -> list[str]:
    """Which DAGs ran otherwise than they had to."""
    found = []
    for dag_id, marks in expected.items():
        ran = store.ended[dag_id]
        if sorted(ran) != marks or len(set(ran)) != len(ran):
            odd = sorted(set(ran) ^ set(marks))[:3]
            schedule = store.get_dag(dag_id).latest.spec.schedule
            found.append(f"{dag_id}: {len(ran)} runs, {len(marks)} expected; {odd}; {schedule}")
    return found


def _share(number: int, days: int, share: int, shares: int) -> tuple[list[str], int, float]:
    """What differs in one process, how many runs it had, and its seconds of work."""
    store, expected = live_through(number, days, share=share, shares=shares)
    runs = sum(map(len, store.ended.values()))
    wrong = differences(store, expected)
    if store.failed:
        wrong.append(f"{store.failed} runs have failed")
    return wrong, runs, time.process_time()


def main() -> int:
    """Run them, and tell."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 365
    shares = int(sys.argv[3]) if len(sys.argv) > 3 else os.cpu_count() or 1
    begun = time.perf_counter()
    with ProcessPoolExecutor(shares) as processes:
        found = [processes.submit(_share, number, days, share, shares) for share in range(shares)]
        outcomes = [one.result() for one in found]
    took, worked = time.perf_counter() - begun, sum(one[2] for one in outcomes)
    wrong = [what for one in outcomes for what in one[0]]
    print("\n".join(wrong[:20]))
    runs = sum(one[1] for one in outcomes)
    print(f"{number} DAGs, {days} days, {runs} runs, {len(wrong)} DAGs wrong")
    print(f"{took:.1f} s, of which {worked:.1f} s at work")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
