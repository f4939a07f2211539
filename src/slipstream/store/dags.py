"""DAGs, their versions and their sources, for people and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    text,
    update,
)

from slipstream.core.assets import Role
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.states import LIVE
from slipstream.model.version import DagVersion, FileError
from slipstream.store.asset_registry import settle_activity
from slipstream.store.asset_tables import asset, asset_consumer, asset_reference
from slipstream.store.component_tables import dag_favorite
from slipstream.store.database import Row, Transaction
from slipstream.store.filters import asset_with, in_range, like, one_among, ordering
from slipstream.store.parts import StoreParts
from slipstream.store.records import DagFilter, DagRecord, FileErrorFilter, NoticeKind, Page, Window
from slipstream.store.rows import to_json
from slipstream.store.sources import decode_source
from slipstream.store.statements import Statement
from slipstream.store.tables import (
    ACTIVE_RUNS,
    ACTIVE_TASKS,
    dag,
    dag_pause,
    dag_run,
    dag_source,
    dag_tag,
    dag_version,
    file_error,
    source_text,
    task_instance,
)
from slipstream.store.times import from_micros, to_micros
from slipstream.wire.dag import decode_dag

_HAS_ERRORS = (
    select(file_error.c.pk)
    .where(
        file_error.c.fileloc == dag.c.fileloc,
        # The parse that found the error may have given this DAG all the same.
        file_error.c.timestamp > dag.c.last_parsed_at,
    )
    .exists()
)
_PAUSED_BECAUSE = select(dag_pause.c.reason).where(dag_pause.c.dag_id == dag.c.dag_id)
_COLUMNS = (
    *(column for column in dag.c if column.name != "timetable_type"),
    _HAS_ERRORS.label("has_import_errors"),
    _PAUSED_BECAUSE.scalar_subquery().label("pause_reason"),
)
_DAG_BY_ID = Statement(select(*_COLUMNS).where(dag.c.dag_id == bindparam("dag_id")), ("dag_id",))
_last_run_state = (
    select(dag_run.c.state)
    .where(dag_run.c.dag_id == dag.c.dag_id)
    .order_by(dag_run.c.run_after.desc(), dag_run.c.pk.desc())
    .limit(1)
    .scalar_subquery()
)
_DAG_ORDERS: Mapping[str, ColumnElement[Any]] = {
    **{column.name: column for column in dag.c if column.name != "owners"},
    "dag_display_name": dag.c.display_name,
    "next_dagrun": dag.c.next_logical_date,
    "last_run_state": _last_run_state,
    "last_run_start_date": (
        select(func.max(dag_run.c.start_date))
        .where(dag_run.c.dag_id == dag.c.dag_id)
        .scalar_subquery()
    ),
}
_bundle_of_version = (
    select(dag.c.bundle_name).where(dag.c.dag_id == dag_version.c.dag_id).scalar_subquery()
)
_VERSION_ORDERS: Mapping[str, ColumnElement[Any]] = {
    "bundle_name": _bundle_of_version,
    "id": dag_version.c.version_id,
    "number": dag_version.c.number,
    "version_number": dag_version.c.number,
    "created_at": dag_version.c.created_at,
}
_ERROR_ORDERS: Mapping[str, ColumnElement[Any]] = {
    "id": file_error.c.pk,
    "import_error_id": file_error.c.pk,
    "fileloc": file_error.c.fileloc,
    "filename": file_error.c.fileloc,
    "bundle_name": file_error.c.bundle_name,
    "timestamp": file_error.c.timestamp,
    "stack_trace": file_error.c.stack_trace,
}
_VERSION_COLUMNS = (
    dag_version.c.version_id,
    dag_version.c.dag_id,
    dag_version.c.number,
    dag_version.c.spec,
    dag_version.c.fileloc,
    dag_version.c.source_hash,
    dag_version.c.created_at,
    _bundle_of_version,
)


class DagVerbs(StoreParts):
    """DAGs and versions."""

    def get_dag(self, dag_id: str) -> DagRecord:
        """Raises `NotFoundError`."""
        with self._database.read() as transaction:
            rows = transaction.fetch(_DAG_BY_ID, (dag_id,))
            if not rows:
                raise _no_dag(dag_id)
            return self._records(transaction, rows)[0]

    def list_dags(self, which: DagFilter, window: Window) -> Page[DagRecord]:
        """A page of DAGs, by default ordered by id."""
        conditions = _conditions(which)
        page = (
            select(*_COLUMNS)
            .where(*conditions)
            .order_by(*ordering(window, _DAG_ORDERS, dag.c.dag_id))
            .limit(window.limit)
            .offset(window.offset)
        )
        total = select(func.count()).select_from(dag).where(*conditions)
        with self._database.read() as transaction:
            return Page(
                items=self._records(transaction, transaction.rows(page)),
                total=transaction.value(total),
            )

    def set_paused(
        self, dag_ids: Sequence[str], paused: bool, *, reason: str = ""
    ) -> Sequence[str]:
        """Pause, for a reason where nobody did it by hand, or unpause; gives what changed."""
        with self._database.write() as transaction:
            changed = sorted(
                transaction.column(
                    update(dag)
                    .where(dag.c.dag_id.in_(list(dag_ids)), dag.c.is_paused.is_not(paused))
                    .values(is_paused=paused)
                    .returning(dag.c.dag_id)
                )
            )
            if changed:
                transaction.execute(delete(dag_pause).where(dag_pause.c.dag_id.in_(changed)))
            if changed and paused and reason:
                rows = [{"dag_id": dag_id, "reason": reason} for dag_id in changed]
                transaction.execute(insert(dag_pause), rows)
            transaction.leave_notice(NoticeKind.DAG_CHANGED, changed)
        return changed

    def delete_dag(self, dag_id: str) -> None:
        """Remove a DAG with its whole history. Raises `NotFoundError`, or `ConflictError` while
        a task of it is live."""
        mine = dag_run.c.dag_id == dag_id
        with self._database.write() as transaction:
            if not transaction.rows(select(dag.c.dag_id).where(dag.c.dag_id == dag_id)):
                raise _no_dag(dag_id)
            runs = transaction.execute(select(dag_run.c.pk).where(mine, text(ACTIVE_RUNS)))
            active = sorted(runs.scalars())
            self._database.lock_runs(transaction, active)
            live = transaction.value(
                select(task_instance.c.task_id)
                .join(dag_run, task_instance.c.run_pk == dag_run.c.pk)
                .where(mine, text(ACTIVE_TASKS), task_instance.c.state.in_([*map(str, LIVE)]))
                .limit(1)
            )
            if live is not None:
                raise ConflictError(
                    f"The task {live!r} of {dag_id!r} is running or about to: mark the DAG's runs "
                    "as failed first."
                )
            self._database.lock_assets(transaction)
            # Runs first: they hold on to their versions, which go with the DAG.
            transaction.execute(delete(dag_run).where(mine))
            transaction.execute(delete(dag).where(dag.c.dag_id == dag_id))
            settle_activity(transaction, to_micros(self._clock()))
            transaction.leave_notice(NoticeKind.RUN_DELETED, active)
            transaction.leave_notice(NoticeKind.DAG_CHANGED, [dag_id])

    def get_version(self, version_id: str) -> DagVersion:
        """Raises `NotFoundError`. Cached: versions never change."""
        cached = self._versions.get(version_id)
        if cached is not None:
            return cached
        query = select(*_VERSION_COLUMNS).where(dag_version.c.version_id == version_id)
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        if not rows:
            raise NotFoundError(f"There is no DAG version {version_id!r}.")
        return self._version(rows[0])

    def get_version_number(self, dag_id: str, number: int) -> DagVersion:
        """Raises `NotFoundError`."""
        query = select(*_VERSION_COLUMNS).where(
            dag_version.c.dag_id == dag_id, dag_version.c.number == number
        )
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        if not rows:
            raise NotFoundError(f"The DAG {dag_id!r} has no version {number}.")
        return self._version(rows[0])

    def list_versions(
        self,
        dag_id: str | None,
        window: Window,
        *,
        number: int | None = None,
        bundle_name: str | None = None,
    ) -> Page[DagVersion]:
        """A DAG's versions (None: those of all), newest first unless ordered."""
        mine = [] if dag_id is None else [dag_version.c.dag_id == dag_id]
        if number is not None:
            mine.append(dag_version.c.number == number)
        if bundle_name is not None:
            of_bundle = select(dag.c.dag_id).where(dag.c.bundle_name == bundle_name)
            mine.append(dag_version.c.dag_id.in_(of_bundle))
        newest = Window(limit=window.limit, offset=window.offset, order_by=("-number",))
        order = ordering(
            window if window.order_by else newest, _VERSION_ORDERS, dag_version.c.version_id
        )
        page = select(*_VERSION_COLUMNS).where(*mine).order_by(*order)
        page = page.limit(window.limit).offset(window.offset)
        total = select(func.count()).select_from(dag_version).where(*mine)
        with self._database.read() as transaction:
            rows = transaction.rows(page)
            count = transaction.value(total)
        return Page([self._version(row) for row in rows], count)

    def get_sources(self, source_hash: str) -> Mapping[str, str]:
        """`{relative path: text}` of a version. Raises `NotFoundError`."""
        query = (
            select(dag_source.c.path, source_text.c.text)
            .join(source_text, dag_source.c.text_hash == source_text.c.text_hash)
            .where(dag_source.c.source_hash == source_hash)
            .order_by(dag_source.c.position)
        )
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        if not rows:
            raise NotFoundError(f"There are no sources with the hash {source_hash!r}.")
        return {path: decode_source(data) for path, data in rows}

    def list_file_errors(
        self, window: Window, which: FileErrorFilter | None = None
    ) -> Page[FileError]:
        """A page of import errors."""
        which = which or FileErrorFilter()
        wanted = [
            *one_among(file_error.c.fileloc, which.filelocs),
            *like(file_error.c.fileloc, which.fileloc_pattern),
            *one_among(
                file_error.c.bundle_name, None if which.bundle_name is None else [which.bundle_name]
            ),
        ]
        page = (
            select(*file_error.c)
            .where(*wanted)
            .order_by(*ordering(window, _ERROR_ORDERS, file_error.c.pk))
            .limit(window.limit)
            .offset(window.offset)
        )
        total = select(func.count()).select_from(file_error).where(*wanted)
        with self._database.read() as transaction:
            return Page(
                items=[_to_file_error(row) for row in transaction.rows(page)],
                total=transaction.value(total),
            )

    def get_file_error(self, pk: int) -> FileError:
        """Raises `NotFoundError`."""
        with self._database.read() as transaction:
            rows = transaction.rows(select(*file_error.c).where(file_error.c.pk == pk))
        if not rows:
            raise NotFoundError(f"There is no import error with the number {pk}.")
        return _to_file_error(rows[0])

    def list_tags(
        self, pattern: str | None, window: Window, *, dag_ids: Sequence[str] | None = None
    ) -> Page[str]:
        """A page of the tags in use, by these DAGs where they are given."""
        tags = (
            select(dag_tag.c.tag)
            .join(dag, dag.c.dag_id == dag_tag.c.dag_id)
            .where(
                dag.c.is_stale.is_(False),
                *like(dag_tag.c.tag, pattern),
                *one_among(dag_tag.c.dag_id, dag_ids),
            )
            .distinct()
        )
        names = {"name": dag_tag.c.tag}
        page = tags.order_by(*ordering(window, names, dag_tag.c.tag))
        page = page.limit(window.limit).offset(window.offset)
        total = select(func.count()).select_from(tags.subquery())
        with self._database.read() as transaction:
            return Page(
                items=list(transaction.column(page)),
                total=transaction.value(total),
            )

    def _records(self, transaction: Transaction, rows: Sequence[Row]) -> list[DagRecord]:
        """DAGs of `_COLUMNS`, with their latest versions, read at once where not cached."""
        ids = [row[6] for row in rows]
        versions = {id_: known for id_ in ids if (known := self._versions.get(id_)) is not None}
        missing = [id_ for id_ in ids if id_ not in versions]
        if missing:
            query = select(*_VERSION_COLUMNS).where(dag_version.c.version_id.in_(missing))
            for row in transaction.rows(query):
                versions[row[0]] = self._version(row)
        return [_to_record(row, versions[row[6]]) for row in rows]

    def _version(self, row: Row) -> DagVersion:
        version_id, dag_id, number, spec, fileloc, source_hash, created_at, bundle_name = row
        version = self._versions.get(version_id)
        if version is None:
            version = DagVersion(
                version_id=version_id,
                dag_id=dag_id,
                number=number,
                spec=decode_dag(spec),
                fileloc=fileloc,
                source_hash=source_hash,
                created_at=from_micros(created_at),
                bundle_name=bundle_name,
            )
            self._versions.put(version_id, version)
        return version


def _conditions(which: DagFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        *one_among(dag.c.dag_id, which.dag_ids),
        *like(dag.c.dag_id, which.dag_id_pattern),
        *like(dag.c.display_name, which.display_name_pattern),
        *one_among(dag.c.timetable_type, which.timetable_types),
        *one_among(dag.c.bundle_name, None if which.bundle_name is None else [which.bundle_name]),
        *one_among(dag.c.fileloc, which.filelocs),
    ]
    if which.is_paused is not None:
        conditions.append(dag.c.is_paused.is_(which.is_paused))
    if which.exclude_stale:
        conditions.append(dag.c.is_stale.is_(False))
    if which.has_import_errors is not None:
        has_errors: ColumnElement[bool] = _HAS_ERRORS
        conditions.append(has_errors if which.has_import_errors else not_(has_errors))
    if which.last_run_state is not None:
        conditions.append(_last_run_state == which.last_run_state.value)
    if which.waits_for_assets is not None:
        waits = dag.c.dag_id.in_(select(asset_consumer.c.dag_id))
        conditions.append(waits if which.waits_for_assets else not_(waits))
    if which.waits_for_asset is not None:
        waiting = (
            select(asset_reference.c.dag_id)
            .join(asset, asset.c.pk == asset_reference.c.asset_pk)
            .where(asset_reference.c.role == Role.SCHEDULE.value, asset_with(which.waits_for_asset))
        )
        conditions.append(dag.c.dag_id.in_(waiting))
    for user, wanted in ((which.favorite_of, True), (which.not_favorite_of, False)):
        if user is not None:
            mine = select(dag_favorite.c.dag_id).where(dag_favorite.c.username == user)
            conditions.append(dag.c.dag_id.in_(mine) if wanted else dag.c.dag_id.not_in(mine))
    runs = [
        *one_among(dag_run.c.state, which.run_states),
        *in_range(dag_run.c.start_date, which.run_start_date),
        *in_range(dag_run.c.end_date, which.run_end_date),
    ]
    if runs:
        conditions.append(
            select(dag_run.c.pk).where(dag_run.c.dag_id == dag.c.dag_id, *runs).exists()
        )
    if which.tags is not None:
        conditions.append(_has_tags(which.tags, which.tags_match_all))
    if which.owners is not None:
        # The owners are a JSON list of texts; one of them stands in it between its quotes.
        conditions.append(
            or_(*[dag.c.owners.contains(to_json(owner), autoescape=True) for owner in which.owners])
        )
    return conditions


def _has_tags(tags: Sequence[str], all_of_them: bool) -> ColumnElement[bool]:
    wanted = sorted(set(tags))
    found: Select[int] = select(func.count()).where(
        dag_tag.c.dag_id == dag.c.dag_id, dag_tag.c.tag.in_(wanted)
    )
    return found.scalar_subquery() >= (len(wanted) if all_of_them else 1)


def _to_record(row: Row, latest: DagVersion) -> DagRecord:
    (
        dag_id,
        is_paused,
        is_stale,
        fileloc,
        relative_fileloc,
        bundle_name,
        _latest_version_id,
        _display_name,
        _owners,
        last_parsed_at,
        last_parse_seconds,
        next_logical_date,
        next_interval_start,
        next_interval_end,
        next_run_after,
        schedule_problem,
        has_import_errors,
        pause_reason,
    ) = row
    return DagRecord(
        dag_id=dag_id,
        is_paused=bool(is_paused),
        is_stale=bool(is_stale),
        fileloc=fileloc,
        relative_fileloc=relative_fileloc,
        bundle_name=bundle_name,
        latest=latest,
        last_parsed_at=from_micros(last_parsed_at),
        last_parse_seconds=last_parse_seconds,
        has_import_errors=bool(has_import_errors),
        pause_reason=pause_reason or "",
        next_logical_date=from_micros(next_logical_date),
        next_interval_start=from_micros(next_interval_start),
        next_interval_end=from_micros(next_interval_end),
        next_run_after=from_micros(next_run_after),
        schedule_problem=schedule_problem or "",
    )


def _to_file_error(row: Row) -> FileError:
    pk, fileloc, bundle_name, stack_trace, timestamp = row
    return FileError(
        pk=pk,
        fileloc=fileloc,
        bundle_name=bundle_name,
        stack_trace=stack_trace,
        timestamp=from_micros(timestamp),
    )


def _no_dag(dag_id: str) -> NotFoundError:
    return NotFoundError(f"There is no DAG {dag_id!r}.")
