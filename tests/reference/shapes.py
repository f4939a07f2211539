"""Random DAGs and runs: small, and full of everything that the core has to decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from slipstream.model.dag import (
    DagSpec,
    GroupSpec,
    Length,
    Literal,
    Longest,
    Product,
    Shortest,
    Sum,
    TaskSpec,
    Upstream,
)
from slipstream.model.deferral import StartTrigger
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType, TriggerRule

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RULES = tuple(TriggerRule)


def random_run(rng: Random) -> DagRun:
    """A queued run; one in five has no logical date."""
    return DagRun(
        pk=1,
        dag_id="shape",
        run_id="run",
        run_type=RunType.MANUAL,
        state=RunState.QUEUED,
        version_id="version",
        run_after=BEGIN,
        logical_date=None if rng.random() < 0.2 else BEGIN,
    )


def random_dag(rng: Random) -> DagSpec:
    """A DAG of at most a dozen tasks."""
    return _Shape(rng).build()


class _Shape:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.tasks: dict[str, TaskSpec] = {}
        self.groups: dict[str, GroupSpec] = {}

    def build(self) -> DagSpec:
        rng = self.rng
        for _ in range(rng.randint(1, 5)):
            kind = rng.random()
            if kind < 0.25:
                self.mapped_group()
            elif kind < 0.4:
                self.setup_and_teardown()
            elif kind < 0.45:
                self.plain_group()
            else:
                for _ in range(rng.randint(1, 2)):
                    self.task()
        down: dict[str, list[str]] = {task_id: [] for task_id in self.tasks}
        for task in self.tasks.values():
            for above in task.upstream:
                down[above].append(task.task_id)
        return DagSpec(
            dag_id="shape",
            tasks={
                of: replace(task, downstream=tuple(down[of])) for of, task in self.tasks.items()
            },
            groups=self.groups,
            fail_fast=rng.random() < 0.1,
            dagrun_timeout=timedelta(hours=2) if rng.random() < 0.1 else None,
            has_success_callback=rng.random() < 0.5,
            has_failure_callback=rng.random() < 0.5,
            has_start_listener=len(self.tasks) % 2 == 0,
        )

    def task(self, group: str | None = None, above: list[str] | None = None, **more: object) -> str:
        """Add a task below some of `above` (default: any task so far)."""
        rng = self.rng
        known = list(self.tasks) if above is None else above
        upstream = set(rng.sample(known, min(len(known), rng.choice((0, 1, 1, 1, 2, 2, 3)))))
        mapped: Length | None = None
        if rng.random() < (0.2 if group is None else 0.07):
            mapped, needed = (
                self.length() if group is None else (Literal(rng.choice((0, 1, 2))), set())
            )
            upstream |= needed
        task_id = f"t{len(self.tasks)}"
        rule = TriggerRule.ALL_SUCCESS if rng.random() < 0.45 else rng.choice(RULES)
        task = TaskSpec(
            task_id=task_id,
            group_id=group,
            mapped=mapped,
            upstream=tuple(sorted(upstream)),
            trigger_rule=rule,
            retries=rng.choice((0, 0, 0, 1, 2)),
            retry_delay=timedelta(minutes=rng.choice((0, 5))),
            retry_exponential_backoff=rng.choice((0.0, 0.0, 2.0)),
            is_empty=rng.random() < 0.1,
            depends_on_past=rng.random() < 0.05,
            wait_for_downstream=rng.random() < 0.03,
            wait_for_past_depends_before_skipping=rng.random() < 0.5,
            start_date=self.date(0.04, days=1),
            end_date=self.date(0.02, days=-1),
            start_trigger=self.start_trigger(),
        )
        self.tasks[task_id] = replace(task, **more)  # type: ignore[arg-type]
        return task_id

    def start_trigger(self) -> StartTrigger | None:
        if self.rng.random() > 0.04:
            return None
        timeout = self.rng.choice((None, timedelta(minutes=10)))
        return StartTrigger(classpath="trigger", next_method="go", timeout=timeout)

    def date(self, chance: float, *, days: int) -> datetime | None:
        return BEGIN + timedelta(days=days) if self.rng.random() < chance else None

    def length(self, depth: int = 0) -> tuple[Length, set[str]]:
        """A length, and the tasks that it needs."""
        rng = self.rng
        kind = rng.random()
        if depth < 2 and kind < 0.15:
            parts = [self.length(depth + 1) for _ in range(2)]
            of = tuple(part for part, _ in parts)
            combine = rng.choice((Product, Shortest, Longest, Sum))
            return combine(of), set().union(*(needed for _, needed in parts))
        if self.tasks and kind < 0.8:
            above = rng.choice(list(self.tasks))
            return Upstream(above, rng.choice(("return_value", "return_value", "other"))), {above}
        return Literal(rng.choice((0, 1, 2, 3))), set()

    def mapped_group(self, parent: str | None = None) -> None:
        """A mapped group of a few tasks, sometimes with another one in it."""
        rng = self.rng
        group_id = f"g{len(self.groups)}"
        mapped, needed = self.length()
        self.groups[group_id] = GroupSpec(group_id=group_id, parent_id=parent, mapped=mapped)
        outside = list(self.tasks)
        inside = self.tasks_in(group_id, outside, needed)
        if rng.random() < 0.25:
            inside += self.setup_and_teardown(group_id, inside)
        if rng.random() < 0.2:
            inner_id = f"g{len(self.groups)}"
            inner, needed = self.inner_length(outside)
            self.groups[inner_id] = GroupSpec(group_id=inner_id, parent_id=group_id, mapped=inner)
            inside += self.tasks_in(inner_id, outside + inside, needed)
            if rng.random() < 0.5:
                self.task(group_id, inside)

    def inner_length(self, outside: list[str]) -> tuple[Length, set[str]]:
        if outside and self.rng.random() < 0.4:
            above = self.rng.choice(outside)
            return Upstream(above), {above}
        return Literal(self.rng.choice((1, 2))), set()

    def tasks_in(self, group_id: str, outside: list[str], needed: set[str]) -> list[str]:
        """Some tasks of a group; those with nothing of the group above them need its length."""
        rng = self.rng
        inside: list[str] = []
        for _ in range(rng.randint(1, 3)):
            above = inside if inside and rng.random() < 0.7 else inside + outside
            task_id = self.task(group_id, above)
            task = self.tasks[task_id]
            if not set(task.upstream) & set(inside):
                upstream = tuple(sorted({*task.upstream, *needed}))
                self.tasks[task_id] = replace(task, upstream=upstream)
            inside.append(task_id)
        return inside

    def plain_group(self) -> None:
        """A group that is not mapped around a mapped one, or around some tasks."""
        group_id = f"g{len(self.groups)}"
        self.groups[group_id] = GroupSpec(group_id=group_id)
        if self.rng.random() < 0.5:
            return self.mapped_group(group_id)
        outside = list(self.tasks)
        self.tasks_in(group_id, outside, set())
        return None

    def setup_and_teardown(
        self, group: str | None = None, outside: list[str] | None = None
    ) -> list[str]:
        """Setups, some work under them, and often a teardown; gives the ids of all."""
        rng = self.rng
        setups = [self.task(group, outside, is_setup=True, mapped=None)]
        if rng.random() < 0.2:
            setups.append(self.task(group, rng.choice(([], setups[:1])), is_setup=True))
        work = list(setups)
        for _ in range(rng.randint(1, 3)):
            task_id = self.task(group, work)
            if not self.tasks[task_id].upstream:
                self.tasks[task_id] = replace(self.tasks[task_id], upstream=(setups[0],))
            work.append(task_id)
        if rng.random() < 0.8:
            above = {*setups[: rng.choice((1, 2))], *rng.sample(work, rng.randint(1, len(work)))}
            work.append(
                self.task(
                    group,
                    upstream=tuple(sorted(above)),
                    is_teardown=True,
                    mapped=None,
                    trigger_rule=TriggerRule.ALL_DONE_SETUP_SUCCESS,
                    on_failure_fail_dagrun=rng.random() < 0.3,
                )
            )
        return work
