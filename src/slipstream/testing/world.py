"""A whole deployment on virtual time, at the mercy of chance: the scheduler's proving ground.

The real scheduler loop and core run against an in-memory store that fails and a scripted executor
whose reports come late, twice and out of order. The scheduler dies at any call and is started anew
on the same store, and so does the process of the triggers; people clear, mark, pause, resize,
trigger and delete. A world is made from a seed and is the same every time.

What must hold is checked all the while: no task instance has two live attempts, no limit is
exceeded; and in the end every run has ended, and nothing holds a place any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from random import Random
from typing import TypeAlias

from slipstream.model.attempt import Attempt, Lost, Outcome
from slipstream.model.dag import DagSpec
from slipstream.model.deferral import Broken, EndsTask, Fired, TriggerEnd
from slipstream.model.run import TaskKey
from slipstream.model.states import RunType, TaskState, TriggeredBy
from slipstream.services.scheduler import Scheduler
from slipstream.services.triggerer import Waiter
from slipstream.store.records import NewRun, PoolRecord
from slipstream.testing.faulty_store import CrashError, Fate, FaultyStore
from slipstream.testing.memory_store import MemoryStore
from slipstream.testing.unreliable_executor import UnreliableExecutor
from slipstream.testing.unreliable_triggerer import UnreliableTriggerer
from slipstream.testing.virtual_time import START, VirtualTime
from slipstream.testing.world_checks import (
    check_backfills,
    check_end,
    check_submission,
    check_waiters,
    find_excuse,
)
from slipstream.testing.world_people import People

Outcomes: TypeAlias = Callable[[Attempt], Outcome]
"""What an attempt comes to: always the same for the same run, instance, try and past waits."""

_MOST_MOMENTS = 20_000
_MOST_STEPS_AT_ONCE = 500


class WorldError(AssertionError):
    """Something happened that must not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSettings:
    """How hard a world is on the scheduler."""

    parallelism: int = 4
    pools: dict[str, int] = field(default_factory=lambda: {"default_pool": 128})
    runs: int = 2
    """Runs triggered of each DAG."""
    errors: int = 0
    """Store calls that fail, at most."""
    crashes: int = 0
    """Times that the scheduler's process dies, at most."""
    fault_chance: float = 0.02
    """Of each call to fail or to kill the process, as long as that is allowed."""
    losses: int = 0
    """Attempts that are lost for no reason, at most."""
    trigger_deaths: int = 0
    """Times that the process of the triggers dies, at most."""
    actions: int = 0
    """Things that people do."""
    executor_survives: bool = False
    """Whether attempts outlive the scheduler's process."""


class World:
    """One deployment from its first moment to the last."""

    def __init__(
        self, seed: int, dags: Sequence[DagSpec], settings: WorldSettings, outcomes: Outcomes
    ) -> None:
        self.seed = seed
        self.settings = settings
        self.time = VirtualTime()
        self.history: list[str] = []
        """What happened, for whoever looks into a failure."""
        self.outcomes = outcomes
        self.tries: Counter[tuple[int, TaskKey, int, str | None]] = Counter()
        """`{(run, instance, try number, what it goes on with): attempts submitted}`."""
        self._chance = _chance(seed, "faults")
        self._pace = _chance(seed, "pace")
        self._errors = settings.errors
        self._crashes = settings.crashes
        self._losses = settings.losses
        self._trigger_deaths = settings.trigger_deaths
        self._deaths = _chance(seed, "deaths of triggers")
        numbers = count(1)
        self._new_id = lambda: f"id{next(numbers):06d}"
        self.store = MemoryStore(self.time.now, self._new_id)
        for name, slots in settings.pools.items():
            self.store.set_pool(PoolRecord(name=name, slots=slots))
        for dag in dags:
            self.store.put_dag(dag)
        self.executor = UnreliableExecutor(
            self._author,
            self.time,
            _chance(seed, "messages"),
            self._fate,
            self._check_submission,
            survives=settings.executor_survives,
        )
        self.triggerer = UnreliableTriggerer(
            self._author_trigger,
            self.time,
            _chance(seed, "events"),
            self._fate,
            lambda waiters: self._fail_unless(check_waiters(self.store, waiters)),
            self._triggers_die,
        )
        self.people = People(self.store, self.time, _chance(seed, "people"), self.note)
        self.scheduler = self._new_scheduler()
        self.on_scheduler: Callable[[Scheduler], None] = lambda _: None
        """Told of every new scheduler before it works."""

    def run(self) -> None:
        """Let everything happen. Raises `WorldError` (or what the scheduler raised)."""
        for dag_id in self.dag_ids:
            for number in range(self.settings.runs):
                delay = self._pace.choice((0.0, 0.0, 1.0, 30.0))
                self.time.call_in(delay, partial(self._trigger, dag_id, number))
        self.people.plan(self.settings.actions)
        self._boot()
        for _ in range(_MOST_MOMENTS):
            self._work()
            moments = [self.time.next_at(), self.scheduler.next_wake]
            known = [moment for moment in moments if moment is not None]
            if known:
                self.time.advance_to(min(known))
            elif not self._help():
                break
        else:
            raise WorldError(f"seed {self.seed}: it never came to rest")
        self._fail_unless(check_end(self.store, self.scheduler, self.executor, self.triggerer))

    @property
    def dag_ids(self) -> Sequence[str]:
        """The DAGs that there are."""
        return self.store.dag_ids()

    def note(self, what: str) -> None:
        """Keep what happened."""
        self.history.append(f"{self.time.now():%d %H:%M:%S.%f} {what}")

    # The scheduler's process.

    def _new_scheduler(self) -> Scheduler:
        return Scheduler(
            FaultyStore(self.store, self._fate),
            self.executor,
            triggerer=self.triggerer,
            clock=self.time.now,
            new_id=self._new_id,
            parallelism=self.settings.parallelism,
        )

    def _boot(self) -> None:
        while True:
            try:
                self.scheduler.open()
                return
            except CrashError as crash:
                self._die(crash)

    def _die(self, crash: CrashError) -> None:
        self.note(f"the scheduler {crash}")
        self.store.forget_listeners()
        self.executor.lose_scheduler()
        self.triggerer.lose_scheduler()
        self.scheduler = self._new_scheduler()
        self.on_scheduler(self.scheduler)

    def _work(self) -> None:
        """Let the scheduler do what it can without time passing."""
        for _ in range(_MOST_STEPS_AT_ONCE):
            try:
                worked = self.scheduler.run_once(0)
            except CrashError as crash:
                self._die(crash)
                self._boot()
                continue
            if self.scheduler.defects:
                raise WorldError(f"seed {self.seed}: a run machine was told what cannot be")
            if not worked and self.scheduler.next_wake != self.time.now():
                return
        raise WorldError(f"seed {self.seed}: the scheduler is never done at {self.time.now()}")

    # Chance.

    def _fate(self, verb: str) -> Fate:
        if self._errors + self._crashes == 0 or self._chance.random() > self.settings.fault_chance:
            return Fate.WELL
        after = self._chance.random() < 0.5
        if self._chance.random() * (self._errors + self._crashes) < self._errors:
            self._errors -= 1
            self.note(f"{verb} fails {'after' if after else 'before'} it was done")
            return Fate.ERROR_AFTER if after else Fate.ERROR_BEFORE
        self._crashes -= 1
        return Fate.CRASH_AFTER if after else Fate.CRASH_BEFORE

    def _triggers_die(self, where: str) -> bool:
        if not self._trigger_deaths or self._deaths.random() > 0.2:
            return False
        self._trigger_deaths -= 1
        self.note(f"the process of the triggers dies when {where}")
        return True

    def _author(self, attempt: Attempt) -> tuple[Outcome, float]:
        """What becomes of an attempt, and how long it takes."""
        seconds = self._pace.choice((0.0, 0.01, 0.5, 1.0, 10.0, 60.0))
        if self._losses and self._chance.random() < self.settings.fault_chance:
            self._losses -= 1
            return Lost(message="it vanished"), seconds
        return self.outcomes(attempt), seconds

    def _author_trigger(self, waiter: Waiter) -> tuple[TriggerEnd, float] | None:
        """What becomes of a trigger, however often it is run."""
        chance = _chance(self.seed, f"trigger of {waiter.attempt.attempt_id}")
        if waiter.deferral.timeout_at is not None and chance.random() < 0.3:
            return None
        seconds = chance.choice((0.0, 0.01, 1.0, 60.0, 600.0))
        kind = chance.random()
        if kind < 0.7:
            return Fired(payload=f'"{waiter.attempt.attempt_id}"'), seconds
        if kind < 0.85:
            return Broken(error="boom"), seconds
        states = (TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED)
        return EndsTask(state=chance.choice(states)), seconds

    # Doing and looking.

    def _trigger(self, dag_id: str, number: int) -> None:
        logical_date = START - timedelta(days=10 - number)
        self.store.create_run(
            NewRun(
                dag_id=dag_id,
                run_id=f"run{number}",
                run_type=RunType.MANUAL,
                version_id=self.store.get_dag(dag_id).latest.version_id,
                run_after=min(logical_date, self.time.now()),
                logical_date=logical_date,
                triggered_by=TriggeredBy.TEST,
            )
        )

    def _check_submission(self, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            goes_on = attempt.next_event or attempt.next_method
            self.tries[attempt.run.pk, attempt.key, attempt.try_number, goes_on] += 1
            self.note(f"submitted {attempt.attempt_id}: {attempt.run.pk} {attempt.key}")
        self._fail_unless(check_backfills(self.store))
        self._fail_unless(
            check_submission(
                self.store,
                self.executor,
                attempts,
                parallelism=self.settings.parallelism,
                pools=self.people.largest_pools(self.settings.pools),
            )
        )

    def _help(self) -> bool:
        """Do what people would where runs wait for ever; False where nothing waits."""
        excuse = find_excuse(self.store)
        if excuse is None:
            return False
        self.note(f"people help: {excuse.reason}")
        excuse.help()
        return True

    def _fail_unless(self, problem: str | None) -> None:
        if problem is not None:
            raise WorldError(f"seed {self.seed} at {self.time.now()}: {problem}")


def _chance(seed: int, of: str) -> Random:
    """Chance of its own for each part, so that one more draw in one does not change the others."""
    return Random(f"{seed} {of}")  # noqa: S311  # Chance that repeats itself is the point.
