"""What is cleared in other DAGs along with an `ExternalTaskMarker`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from slipstream.core.relatives import to_clear
from slipstream.model.dag import DagSpec
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun
from slipstream.store.interface import Store
from slipstream.store.records import InstanceFilter, InstanceInRun, Range

MARKER_DETAILS = "external_marker"
"""What the marker's task has in its details: `{"recursion_depth": …}` and its fields as written."""
_FIELDS = ("external_dag_id", "external_task_id", "logical_date")
_OWN_DATE = "{{ logical_date.isoformat() }}"


def with_marked(
    store: Store,
    cleared: Sequence[InstanceInRun],
    which: Callable[[InstanceInRun], bool] = lambda _: True,
) -> list[InstanceInRun]:
    """These instances, and those for which `which` holds that their markers lead to.

    A marker leads to the task that it names, in the run of the date that it names, and to what is
    below that task; there may be markers among that, too. Raises `InvalidInputError` where more
    DAGs follow each other than the first marker's `recursion_depth` allows.
    """
    return _Following(store, which).all_of(cleared)


class _Following:
    def __init__(self, store: Store, which: Callable[[InstanceInRun], bool]) -> None:
        self._store = store
        self._which = which
        self._specs: dict[str, DagSpec] = {}
        self._seen: set[tuple[str, str, str]] = set()

    def all_of(self, cleared: Sequence[InstanceInRun]) -> list[InstanceInRun]:
        found = {(one.run.pk, one.instance.key): one for one in cleared}
        for one in cleared:
            for marked in self._below(one, depth=0, most=None):
                found.setdefault((marked.run.pk, marked.instance.key), marked)
        return list(found.values())

    def _below(
        self, cleared: InstanceInRun, depth: int, most: int | None
    ) -> Iterator[InstanceInRun]:
        task = self._spec(cleared.run).tasks.get(cleared.instance.task_id)
        marker = None if task is None else task.details.get(MARKER_DETAILS)
        if not isinstance(marker, Mapping):
            return
        most = most or int(str(marker["recursion_depth"]))
        target = self._target(cleared, marker)
        if target is None or (where := (target[0], target[1], str(target[2]))) in self._seen:
            return
        self._seen.add(where)
        if depth + 1 > most:
            raise InvalidInputError(
                f"The markers lead through more than {most} DAGs: the last one is "
                f"{cleared.instance.task_id!r} of DAG {cleared.run.dag_id!r}. Raise "
                f"recursion_depth of the first one, or clear the DAGs one by one."
            )
        for marked in self._instances(*target):
            if self._which(marked):
                yield marked
                yield from self._below(marked, depth + 1, most)

    def _spec(self, run: DagRun) -> DagSpec:
        if run.version_id not in self._specs:
            self._specs[run.version_id] = self._store.get_version(run.version_id).spec
        return self._specs[run.version_id]

    def _target(
        self, cleared: InstanceInRun, marker: Mapping[str, JsonValue]
    ) -> tuple[str, str, datetime] | None:
        """DAG, task and logical date; None where they were never rendered."""
        run = cleared.run
        fields = self._store.get_rendered_fields(run.pk, cleared.instance.key) or _plain(
            marker, run
        )
        if not all(fields.get(name) for name in _FIELDS):
            return None
        dag_id, task_id, text = (str(fields[name]) for name in _FIELDS)
        try:
            date = datetime.fromisoformat(text)
        except ValueError:
            raise InvalidInputError(
                f"The marker {cleared.instance.task_id!r} of DAG {run.dag_id!r} has the "
                f"logical_date {text!r}; expected a time such as 2026-01-01T00:00:00+00:00."
            ) from None
        return dag_id, task_id, date if date.tzinfo else date.replace(tzinfo=UTC)

    def _instances(self, dag_id: str, task_id: str, date: datetime) -> Iterator[InstanceInRun]:
        """Those of the task and of what is below it, in the run of that date."""
        try:
            runs = {
                entry.run.run_id: entry.run
                for entry in self._store.iterate_instances(
                    InstanceFilter(
                        dag_ids=[dag_id],
                        task_ids=[task_id],
                        logical_date=Range(gte=date, lte=date),
                    )
                )
            }
        except NotFoundError:
            return
        for run_id, run in runs.items():
            spec = self._spec(run)
            if task_id not in spec.tasks:
                continue
            reached = to_clear(spec, [task_id], upstream=False, downstream=True)
            yield from self._store.iterate_instances(
                InstanceFilter(dag_ids=[dag_id], run_ids=[run_id], task_ids=sorted(reached))
            )


def _plain(marker: Mapping[str, JsonValue], run: DagRun) -> Mapping[str, JsonValue]:
    """The fields as they were written, where there is nothing in them to render but the date."""
    fields = {name: marker.get(name) for name in _FIELDS}
    if fields["logical_date"] == _OWN_DATE and run.logical_date is not None:
        fields["logical_date"] = run.logical_date.isoformat()
    return {} if any("{" in str(value) for value in fields.values()) else fields
