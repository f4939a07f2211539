"""The store as somebody sees it who may see some DAGs alone.

Verbs are sorted by hand. One that is not sorted is refused, so that a new one cannot give away what
it should not: see `PASSED_ON`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, cast

from slipstream.api.errors import NotAllowedError
from slipstream.model.backfill import Backfill
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun
from slipstream.model.states import RunState
from slipstream.model.version import DagVersion, FileError
from slipstream.store.event_records import EventFilter, EventRecord
from slipstream.store.input_records import InputFilter, InputRecord
from slipstream.store.interface import Store
from slipstream.store.records import (
    DagFilter,
    DagRecord,
    DagWarning,
    FileErrorFilter,
    InstanceFilter,
    InstanceInRun,
    NewRun,
    Page,
    QueuedEvent,
    RunFilter,
    RunTime,
    Window,
    XComFilter,
    XComRecord,
)

PASSED_ON: Final = frozenset(
    {
        # About nothing that belongs to a DAG.
        "get_variable",
        "set_variable",
        "delete_variable",
        "list_variables",
        "get_connection",
        "set_connection",
        "delete_connection",
        "list_connections",
        "get_pool",
        "set_pool",
        "delete_pool",
        "list_pools",
        "list_teams",
        "pool_spans",
        "pool_use",
        "health",
        "list_jobs",
        "begin_connection_trial",
        "note_connection_trial",
        "get_connection_trial",
        "favorites_of",
        "check",
        "log_event",
        "get_account",
        "list_accounts",
        "create_account",
        "update_account",
        "delete_account",
        "note_login",
        "use_totp_step",
        "get_role",
        "list_roles",
        "put_role",
        "delete_role",
        "count_role_members",
        "granted_dags",
        "dags_tagged",
        "dags_in_bundles",
        "add_access_token",
        "get_access_token",
        "list_access_tokens",
        "delete_access_token",
        "revoke_token",
        "revoke_tokens_of",
        # Assets belong to everybody who may see assets.
        "list_assets",
        "get_asset",
        "list_asset_aliases",
        "get_asset_alias",
        "list_asset_events",
        "get_asset_event",
        "record_asset_updates",
        "get_asset_state",
        "list_asset_state",
        "set_asset_state",
        "delete_asset_state",
        "clear_asset_state",
        # About runs, instances and attempts that other verbs here have given.
        "deferrals_of",
        "clear_instances",
        "set_instances_state",
        "delete_instances",
        "set_instance_note",
        "get_rendered_fields",
        "task_summaries",
        "events_of_run",
        "set_xcom",
        "delete_xcom",
        "get_task_state",
        "list_task_state",
        "set_task_state",
        "delete_task_state",
        "clear_task_state",
        "answer_input",
        "get_asked",
        "get_sources",
    }
)
"""Verbs that give and take nothing of a DAG that others here would keep back."""

_DAG_FIRST: Final = frozenset(
    {
        "get_dag",
        "delete_dag",
        "get_version_number",
        "list_versions",
        "get_run",
        "set_run_state",
        "set_run_note",
        "delete_run",
        "get_instance",
        "list_attempts",
        "get_input",
        "runs_of_dates",
        "list_deadlines",
        "run_durations",
        "set_favorite",
    }
)
"""Verbs whose first argument is the id of the DAG that they are about."""
_DAG_NAMED: Final = frozenset({"get_xcom", "get_xcom_item", "get_xcoms", "count_xcoms"})
"""Verbs that are told it as `dag_id`."""
_BACKFILL_FIRST: Final = frozenset({"backfill_progress", "set_backfill_paused", "cancel_backfill"})
"""Verbs whose first argument is a backfill's number."""

KEPT_BACK: Final = "Kept back: the file holds DAGs that you may not see, too."
_DAGS_AT_ONCE: Final = 1000


def restricted(store: Store, dag_ids: frozenset[str]) -> Store:
    """The same store, in which there are only these DAGs and what belongs to them."""
    return cast("Store", RestrictedStore(store, dag_ids))


class RestrictedStore:
    """What is asked of other DAGs raises `NotAllowedError`; listings leave them out."""

    def __init__(self, store: Store, dag_ids: frozenset[str]) -> None:
        self._store = store
        self._dag_ids = dag_ids

    def __getattr__(self, name: str) -> object:
        verb = getattr(self._store, name)
        if name in PASSED_ON:
            return verb
        if name in _DAG_FIRST:
            return lambda dag_id, *rest, **named: verb(self._require(dag_id), *rest, **named)
        if name in _DAG_NAMED:
            return lambda *, dag_id, **named: verb(dag_id=self._require(dag_id), **named)
        if name in _BACKFILL_FIRST:
            return lambda pk, *rest: verb(self.get_backfill(pk).pk, *rest)
        raise NotAllowedError(
            f"Forbidden: who may see some DAGs alone may not do this ({name.replace('_', ' ')})."
        )

    def list_dags(self, which: DagFilter, window: Window) -> Page[DagRecord]:
        """See `DagStore`."""
        return self._store.list_dags(replace(which, dag_ids=self._only(which.dag_ids)), window)

    def set_paused(
        self, dag_ids: Sequence[str], paused: bool, *, reason: str = ""
    ) -> Sequence[str]:
        """See `DagStore`."""
        for dag_id in dag_ids:
            self._require(dag_id)
        return self._store.set_paused(dag_ids, paused, reason=reason)

    def get_version(self, version_id: str) -> DagVersion:
        """See `DagStore`."""
        version = self._store.get_version(version_id)
        self._require(version.dag_id)
        return version

    def request_parse(self, bundle_name: str, relative_fileloc: str) -> str:
        """See `ParsingStore`."""
        which = DagFilter(dag_ids=sorted(self._dag_ids), exclude_stale=False)
        mine = self._store.list_dags(which, Window(limit=max(1, len(self._dag_ids)))).items
        wanted = (bundle_name, relative_fileloc)
        if wanted not in {(dag.bundle_name, dag.relative_fileloc) for dag in mine}:
            raise NotAllowedError("Forbidden: the file holds no DAG that you may change.")
        return self._store.request_parse(bundle_name, relative_fileloc)

    def list_tags(self, pattern: str | None, window: Window) -> Page[str]:
        """See `DagStore`."""
        return self._store.list_tags(pattern, window, dag_ids=sorted(self._dag_ids))

    def list_file_errors(
        self, window: Window, which: FileErrorFilter | None = None
    ) -> Page[FileError]:
        """See `DagStore`. Files of which nobody knows what DAGs they hold are not shown, and of
        those that hold hidden DAGs, too, no traceback."""
        which = which or FileErrorFilter()
        mine = self._files()
        wanted = mine if which.filelocs is None else mine & set(which.filelocs)
        page = self._store.list_file_errors(window, replace(which, filelocs=sorted(wanted)))
        shared = self._shared({error.fileloc for error in page.items})
        return replace(page, items=[_kept_back(one, shared) for one in page.items])

    def get_file_error(self, pk: int) -> FileError:
        """See `DagStore`."""
        found = self._store.get_file_error(pk)
        if found.fileloc not in self._files():
            raise NotFoundError(f"There is no import error with the number {pk}.")
        return _kept_back(found, self._shared({found.fileloc}))

    def list_runs(self, which: RunFilter, window: Window) -> Page[DagRun]:
        """See `RunStore`."""
        return self._store.list_runs(replace(which, dag_ids=self._only(which.dag_ids)), window)

    def previous_run(self, run: DagRun, state: RunState | None) -> DagRun | None:
        """See `RunStore`."""
        self._require(run.dag_id)
        return self._store.previous_run(run, state)

    def create_run(self, new: NewRun) -> DagRun:
        """See `SchedulerStore`."""
        self._require(new.dag_id)
        return self._store.create_run(new)

    def list_instances(self, which: InstanceFilter, window: Window) -> Page[InstanceInRun]:
        """See `RunStore`."""
        return self._store.list_instances(self._instances(which), window)

    def iterate_instances(self, which: InstanceFilter) -> Iterator[InstanceInRun]:
        """See `RunStore`."""
        return self._store.iterate_instances(self._instances(which))

    def newest_runs(
        self, dag_ids: Sequence[str], count: int, until: object = None
    ) -> Mapping[str, Sequence[DagRun]]:
        """See `OverviewStore`."""
        return self._store.newest_runs(self._only(dag_ids), count, until)  # type: ignore[arg-type]  # passed on as it came

    def count_runs(
        self,
        by: RunTime,
        since: datetime,
        step: timedelta,
        *,
        dag_ids: Sequence[str] | None = None,
    ) -> Mapping[datetime, Mapping[RunState, int]]:
        """See `OverviewStore`."""
        return self._store.count_runs(by, since, step, dag_ids=self._only(dag_ids))

    def count_active_runs(self, dag_ids: Sequence[str] | None = None) -> Mapping[RunState, int]:
        """See `OverviewStore`."""
        return self._store.count_active_runs(self._only(dag_ids))

    def list_owners(self, dag_ids: Sequence[str] | None = None) -> Sequence[str]:
        """See `OverviewStore`."""
        return self._store.list_owners(self._only(dag_ids))

    def count_runs_by_dag(
        self, dag_ids: Sequence[str] | None = None
    ) -> Mapping[str, Mapping[RunState, int]]:
        """See `OverviewStore`."""
        return self._store.count_runs_by_dag(self._only(dag_ids))

    def list_dag_warnings(
        self, dag_id: str | None, warning_type: str | None, window: Window
    ) -> Page[DagWarning]:
        """See `OverviewStore`."""
        if dag_id is not None:
            self._require(dag_id)
        mine = sorted(self._dag_ids)
        return self._store.list_dag_warnings(dag_id, warning_type, window, dag_ids=mine)

    def create_backfill(self, new: object, runs: Sequence[object]) -> Backfill:
        """See `BackfillStore`."""
        self._require(new.dag_id)  # type: ignore[attr-defined]  # a `NewBackfill`
        return self._store.create_backfill(new, runs)  # type: ignore[arg-type]  # as it came

    def get_backfill(self, pk: int) -> Backfill:
        """See `BackfillStore`."""
        found = self._store.get_backfill(pk)
        if found.dag_id not in self._dag_ids:
            # Whose it is stays unsaid: numbers can be tried one after the other.
            raise NotAllowedError(
                f"Forbidden: your roles do not allow this for the DAG of the backfill {pk}."
            )
        return found

    def list_backfills(self, dag_id: str | None, window: Window) -> Page[Backfill]:
        """See `BackfillStore`."""
        if dag_id is not None:
            self._require(dag_id)
        return self._store.list_backfills(dag_id, window, dag_ids=sorted(self._dag_ids))

    def list_inputs(self, which: InputFilter, window: Window) -> Page[InputRecord]:
        """See `InputStore`."""
        narrow = replace(which, instance=self._instances(which.instance))
        return self._store.list_inputs(narrow, window)

    def list_xcoms(self, which: XComFilter, window: Window) -> Page[XComRecord]:
        """See `XComStore`."""
        return self._store.list_xcoms(replace(which, dag_ids=self._only(which.dag_ids)), window)

    def list_events(self, which: EventFilter, window: Window) -> Page[EventRecord]:
        """See `EventLogStore`. What is about no DAG is shown to whoever may read the log."""
        narrow = replace(which, dag_ids=self._only(which.dag_ids))
        return self._store.list_events(narrow, window)

    def get_event(self, pk: int) -> EventRecord:
        """See `EventLogStore`."""
        found = self._store.get_event(pk)
        dag_id = found.what.dag_id
        if dag_id is not None and dag_id not in self._dag_ids:
            # To look at what is hidden finds nothing, as if it were not there.
            raise NotFoundError(f"The Event Log with id: `{pk}` not found")
        return found

    def runs_of_events(self, event_pks: Sequence[int]) -> Mapping[int, Sequence[DagRun]]:
        """See `AssetStore`."""
        found = self._store.runs_of_events(event_pks)
        return {
            pk: [run for run in runs if run.dag_id in self._dag_ids] for pk, runs in found.items()
        }

    def queued_events(self, *, dag_id: str | None = None, **named: object) -> Sequence[QueuedEvent]:
        """See `AssetStore`."""
        if dag_id is not None:
            self._require(dag_id)
        found = self._store.queued_events(dag_id=dag_id, **named)  # type: ignore[arg-type]  # as it came
        return [one for one in found if one.dag_id in self._dag_ids]

    def delete_queued_events(self, *, dag_id: str | None = None, **named: object) -> int:
        """See `AssetStore`."""
        if dag_id is not None:
            self._require(dag_id)
        dag_ids = sorted(self._dag_ids) if dag_id is None else [dag_id]
        return sum(
            self._store.delete_queued_events(dag_id=one, **named)  # type: ignore[arg-type, misc]  # as it came
            for one in dag_ids
        )

    def on_behalf(self, entry: object) -> Store:
        """See `EventLogStore`."""
        return restricted(self._store.on_behalf(entry), self._dag_ids)  # type: ignore[arg-type]  # as it came

    def _require(self, dag_id: str) -> str:
        if dag_id not in self._dag_ids:
            raise NotAllowedError(
                f"Forbidden: your roles do not allow this for the DAG {dag_id!r}."
            )
        return dag_id

    def _only(self, dag_ids: Iterable[str] | None) -> list[str]:
        return sorted(self._dag_ids if dag_ids is None else self._dag_ids & set(dag_ids))

    def _instances(self, which: InstanceFilter) -> InstanceFilter:
        return replace(which, dag_ids=self._only(which.dag_ids))

    def _shared(self, filelocs: set[str]) -> set[str]:
        return shared_with_hidden(self._store, filelocs, self._dag_ids)

    def _files(self) -> set[str]:
        which = DagFilter(dag_ids=sorted(self._dag_ids), exclude_stale=False)
        page = self._store.list_dags(which, Window(limit=max(1, len(self._dag_ids))))
        return {dag.fileloc for dag in page.items}


def shared_with_hidden(store: Store, filelocs: set[str], dag_ids: frozenset[str]) -> set[str]:
    """Those of the files that hold DAGs beside the ones with these ids: what the text of such a
    file or its tracebacks say may be about a hidden DAG."""
    if not filelocs:
        return set()
    which = DagFilter(filelocs=sorted(filelocs), exclude_stale=False)
    found: set[str] = set()
    offset = 0
    while True:
        page = store.list_dags(which, Window(limit=_DAGS_AT_ONCE, offset=offset))
        found |= {dag.fileloc for dag in page.items if dag.dag_id not in dag_ids}
        offset += _DAGS_AT_ONCE
        if offset >= page.total:
            return found


def _kept_back(error: FileError, shared: set[str]) -> FileError:
    return replace(error, stack_trace=KEPT_BACK) if error.fileloc in shared else error
