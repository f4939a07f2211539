"""Components and their jobs; what people ask of the server."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Collection, Sequence, Set
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, insert, not_, select, update

from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.store.component_records import (
    ConnectionTrial,
    JobFilter,
    JobRecord,
    JobState,
    TrialState,
)
from slipstream.store.component_tables import connection_test, dag_favorite, job, parse_request
from slipstream.store.filters import in_range, one_among, ordering
from slipstream.store.parts import StoreParts
from slipstream.store.records import ComponentHealth, Page, Window
from slipstream.store.statements import upsert
from slipstream.store.tables import dag, dag_file
from slipstream.store.times import from_micros, to_micros
from slipstream.store.wakeups import Topic

_JOB_ORDERS = {
    "id": job.c.pk,
    "job_type": job.c.job,
    "state": job.c.state,
    "start_date": job.c.started_at,
    "end_date": job.c.ended_at,
    "latest_heartbeat": job.c.latest,
    "hostname": job.c.hostname,
    "unixname": job.c.unixname,
}
_TRIALS_KEPT: Final = timedelta(days=1)
_UNDER_WAY: Final = (TrialState.QUEUED.value, TrialState.RUNNING.value)


class ComponentVerbs(StoreParts):
    """Components, requests and favorites."""

    def heartbeat(self, job_name: str, hostname: str, pid: int) -> None:
        """Say that a component is alive; the first time begins a job."""
        now = to_micros(self._clock())
        mine = [
            job.c.hostname == hostname,
            job.c.pid == pid,
            job.c.job == job_name,
            job.c.ended_at.is_(None),
        ]
        row = {
            "job": job_name,
            "hostname": hostname,
            "pid": pid,
            "unixname": _user(),
            "state": JobState.RUNNING.value,
            "started_at": now,
            "latest": now,
        }
        with self._database.write() as transaction:
            if not transaction.execute(update(job).where(*mine).values(latest=now)).rowcount:
                transaction.execute(insert(job), [row])

    def end_jobs(self, hostname: str, pid: int, state: JobState) -> None:
        """That process works no more, or is another one than before."""
        mine = [job.c.hostname == hostname, job.c.pid == pid, job.c.ended_at.is_(None)]
        # One that died ended when it was last heard of.
        end: Any = job.c.latest if state is JobState.FAILED else to_micros(self._clock())
        with self._database.write() as transaction:
            transaction.execute(update(job).where(*mine).values(state=state.value, ended_at=end))

    def list_jobs(self, which: JobFilter, window: Window) -> Page[JobRecord]:
        """A page of jobs, by default in the order in which they began."""
        conditions = _job_conditions(which)
        page = select(*job.c).where(*conditions).order_by(*ordering(window, _JOB_ORDERS, job.c.pk))
        total = select(func.count()).select_from(job).where(*conditions)
        with self._database.read() as transaction:
            rows = transaction.rows(page.limit(window.limit).offset(window.offset))
            return Page([_to_job(tuple(row)) for row in rows], transaction.value(total))

    def health(self) -> Sequence[ComponentHealth]:
        """What the components that have not ended last said, on each host the newest."""
        query = (
            select(job.c.job, job.c.hostname, job.c.pid, job.c.latest)
            .where(job.c.ended_at.is_(None))
            .order_by(job.c.job, job.c.latest.desc(), job.c.pk.desc())
        )
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        newest: dict[tuple[str, str], ComponentHealth] = {}
        for name, hostname, pid, latest in rows:
            beat = ComponentHealth(job=name, hostname=hostname, pid=pid, latest=from_micros(latest))
            newest.setdefault((name, hostname), beat)
        return list(newest.values())

    def request_parse(self, bundle_name: str, relative_fileloc: str) -> str:
        """Have a DAG file loaded again, and wake those who listen; gives its path."""
        known = select(dag_file.c.fileloc).where(
            dag_file.c.bundle_name == bundle_name, dag_file.c.relative_fileloc == relative_fileloc
        )
        columns = ["fileloc", "requested_at"]
        statement = upsert(self._database.dialect, parse_request, columns, ["fileloc"])
        with self._database.write() as transaction:
            fileloc = transaction.value(known)
            if fileloc is None:
                raise NotFoundError(
                    f"There is no DAG file {relative_fileloc!r} in the bundle {bundle_name!r}."
                )
            now = to_micros(self._clock())
            transaction.execute(statement, [{"fileloc": fileloc, "requested_at": now}])
            transaction.wake_listeners(Topic.FILES)
        return str(fileloc)

    def take_parse_requests(self, is_mine: Callable[[str], bool] | None = None) -> Sequence[str]:
        """Remove and give the files that are to be loaded again, or those that are mine."""
        with self._database.read() as transaction:
            asked = transaction.column(select(parse_request.c.fileloc))
        mine = [fileloc for fileloc in asked if is_mine is None or is_mine(fileloc)]
        if not mine:
            return ()
        path = parse_request.c.fileloc
        with self._database.write() as transaction:
            removed = delete(parse_request).where(*one_among(path, mine)).returning(path)
            return sorted(transaction.column(removed))

    def begin_connection_trial(self, token_hash: str, conn_id: str, ends_by: datetime) -> None:
        """Keep that a connection is being tested. Raises `ConflictError`."""
        now = self._clock()
        going_on = and_(
            connection_test.c.state.in_(_UNDER_WAY), connection_test.c.ends_by > to_micros(now)
        )
        row = {
            "token_hash": token_hash,
            "conn_id": conn_id,
            "state": TrialState.QUEUED.value,
            "created_at": to_micros(now),
            "ends_by": to_micros(ends_by),
        }
        old = connection_test.c.created_at < to_micros(now - _TRIALS_KEPT)
        with self._database.write() as transaction:
            transaction.execute(delete(connection_test).where(old))
            others = select(connection_test.c.token_hash).where(
                connection_test.c.conn_id == conn_id, going_on
            )
            if transaction.rows(others.limit(1)):
                raise ConflictError(
                    f"A test of the connection {conn_id!r} goes on already: ask for its result, "
                    "and for another test after that."
                )
            transaction.execute(insert(connection_test), [row])

    def note_connection_trial(
        self, token_hash: str, state: TrialState, message: str | None = None
    ) -> None:
        """Keep how far it is."""
        with self._database.write() as transaction:
            transaction.execute(
                update(connection_test)
                .where(connection_test.c.token_hash == token_hash)
                .values(state=state.value, message=message)
            )

    def get_connection_trial(self, token_hash: str) -> ConnectionTrial:
        """Raises `NotFoundError`. One that should have ended long ago has failed."""
        query = select(*connection_test.c).where(connection_test.c.token_hash == token_hash)
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        if not rows:
            raise NotFoundError("There is no connection test with this token.")
        _, conn_id, state, message, created_at, ends_by = rows[0]
        if state in _UNDER_WAY and ends_by < to_micros(self._clock()):
            state = TrialState.FAILED.value
            message = "The server that ran the test ended before it did. Test again."
        return ConnectionTrial(
            conn_id=conn_id,
            state=TrialState(state),
            message=message,
            created_at=from_micros(created_at),
        )

    def set_favorite(self, dag_id: str, username: str, favorite: bool) -> bool:
        """Put the DAG first for that user, or no longer. Raises `NotFoundError`."""
        mine = [dag_favorite.c.username == username, dag_favorite.c.dag_id == dag_id]
        row = {"username": username, "dag_id": dag_id}
        with self._database.write() as transaction:
            if not transaction.rows(select(dag.c.dag_id).where(dag.c.dag_id == dag_id)):
                raise NotFoundError(f"The Dag with ID: `{dag_id}` was not found")
            was = bool(transaction.rows(select(dag_favorite.c.dag_id).where(*mine)))
            if favorite:
                statement = upsert(self._database.dialect, dag_favorite, list(row), list(row))
                transaction.execute(statement, [row])
            else:
                transaction.execute(delete(dag_favorite).where(*mine))
        return was is not favorite

    def favorites_of(self, username: str, dag_ids: Collection[str]) -> Set[str]:
        """Those of the DAGs that the user has put first."""
        mine = [dag_favorite.c.username == username, dag_favorite.c.dag_id.in_(list(dag_ids))]
        with self._database.read() as transaction:
            return frozenset(transaction.column(select(dag_favorite.c.dag_id).where(*mine)))


def _job_conditions(which: JobFilter) -> list[ColumnElement[bool]]:
    conditions = [
        *one_among(job.c.job, which.jobs),
        *in_range(job.c.started_at, which.started_at),
        *in_range(job.c.ended_at, which.ended_at),
    ]
    if which.state is not None:
        conditions.append(job.c.state == which.state)
    if which.hostname is not None:
        conditions.append(job.c.hostname == which.hostname)
    if which.latest_since is not None:
        conditions.append(_lives(which.latest_since))
    if which.latest_before is not None:
        conditions.append(not_(_lives(which.latest_before)))
    return conditions


def _lives(since: datetime) -> ColumnElement[bool]:
    return and_(job.c.state == JobState.RUNNING.value, job.c.latest >= to_micros(since))


def _to_job(row: tuple[Any, ...]) -> JobRecord:
    pk, name, hostname, pid, unixname, state, started_at, latest, ended_at = row
    return JobRecord(
        pk=pk,
        job=name,
        hostname=hostname,
        pid=pid,
        unixname=unixname,
        state=JobState(state),
        started_at=from_micros(started_at),
        latest=from_micros(latest),
        ended_at=from_micros(ended_at),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A user number without a name, as containers have them.
        return ""
