"""Which task instances an order to clear or to mark means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from slipstream.core.relatives import reachable, to_clear
from slipstream.model.dag import DagSpec
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.run import DagRun, TaskKey
from slipstream.store.interface import Store
from slipstream.store.records import InstanceFilter, InstanceInRun, Range


@dataclass(frozen=True, slots=True)
class Picks:
    """Tasks by id; of those in `indexes` only these map indexes."""

    task_ids: Set[str]
    indexes: Mapping[str, Set[int]]

    def include(self, key: TaskKey) -> bool:
        """Whether that instance is meant."""
        if key.task_id not in self.task_ids:
            return False
        only = self.indexes.get(key.task_id)
        return only is None or key.map_index in only


def pick(
    spec: DagSpec,
    wanted: Sequence[str | tuple[str, int]] | None,
    *,
    upstream: bool,
    downstream: bool,
    whole: bool = False,
) -> Picks:
    """The tasks that were named (None for all) and, if asked for, those around them.

    Around a map index of a mapped group those of the group are meant with that index alone. With
    `whole` those come along that run again with them: see `to_clear`. Without it teardowns that
    are below are left out: they clean up, whatever is marked above them. Raises `NotFoundError`
    for a task that the DAG does not have.
    """
    if wanted is None:
        return Picks(frozenset(spec.tasks), {})
    indexes: dict[str, set[int]] = {}
    complete: set[str] = set()
    for entry in wanted:
        if isinstance(entry, str):
            complete.add(entry)
        else:
            indexes.setdefault(entry[0], set()).add(entry[1])
    named = complete | indexes.keys()
    _require_known(spec, named)

    def around(task_ids: Set[str]) -> set[str]:
        found: set[str] = set()
        if whole:
            found |= to_clear(spec, task_ids, upstream=upstream, downstream=downstream)
        if upstream:
            found |= reachable(spec, task_ids, downstream=False)
        if downstream:
            below = reachable(spec, task_ids, downstream=True)
            found |= {one for one in below if whole or not spec.tasks[one].is_teardown}
        return found

    complete |= around(frozenset(complete))
    for task_id, which in [(one, frozenset(of)) for one, of in indexes.items()]:
        group = None if spec.tasks[task_id].mapped else _mapped_group(spec, task_id)
        for one in around({task_id}) - {task_id}:
            if group is not None and _mapped_group(spec, one) == group:
                indexes.setdefault(one, set()).update(which)
            else:
                complete.add(one)
    only = {task_id: which for task_id, which in indexes.items() if task_id not in complete}
    return Picks(frozenset(complete | only.keys()), only)


def _mapped_group(spec: DagSpec, task_id: str) -> str | None:
    """The innermost mapped group around a task."""
    group_id = spec.tasks[task_id].group_id
    while group_id is not None and spec.groups[group_id].mapped is None:
        group_id = spec.groups[group_id].parent_id
    return group_id


def below_tasks(spec: DagSpec, task_ids: Collection[str]) -> Picks:
    """Everything downstream of these tasks, themselves left out."""
    return Picks(reachable(spec, task_ids, downstream=True) - set(task_ids), {})


def instances_of(
    store: Store,
    dag_id: str,
    picks: Picks,
    *,
    run_ids: Sequence[str] | None = None,
    logical_date: Range | None = None,
    which: Callable[[InstanceInRun], bool] = lambda _: True,
) -> list[InstanceInRun]:
    """The instances of these tasks in these runs for which `which` holds."""
    found = store.iterate_instances(
        InstanceFilter(
            dag_ids=[dag_id],
            run_ids=run_ids,
            task_ids=sorted(picks.task_ids),
            logical_date=logical_date or Range(),
        )
    )
    return [entry for entry in found if picks.include(entry.instance.key) and which(entry)]


def dates_around(run: DagRun, *, past: bool, future: bool) -> Range:
    """The logical dates of the run and, if asked for, of all before or after it."""
    if run.logical_date is None:
        raise InvalidInputError(
            f"The run {run.run_id!r} has no logical date: there is no past or future of it."
        )
    return Range(
        gte=None if past else run.logical_date,
        lte=None if future else run.logical_date,
    )


def by_run(found: Iterable[InstanceInRun]) -> list[tuple[DagRun, list[TaskKey]]]:
    """The instances' keys, run by run."""
    keys: dict[int, list[TaskKey]] = {}
    runs: dict[int, DagRun] = {}
    for entry in found:
        runs[entry.run.pk] = entry.run
        keys.setdefault(entry.run.pk, []).append(entry.instance.key)
    return [(runs[pk], of_run) for pk, of_run in keys.items()]


def _require_known(spec: DagSpec, task_ids: Collection[str]) -> None:
    unknown = sorted(set(task_ids) - spec.tasks.keys())
    if unknown:
        raise NotFoundError(f"The DAG {spec.dag_id!r} has no task {', '.join(map(repr, unknown))}.")
