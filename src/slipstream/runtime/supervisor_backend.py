"""The backend of a task's process: everything is asked of the process host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from slipstream.model.asset import AssetEvent
from slipstream.model.attempt import Attempt, XComWrite
from slipstream.model.input import InputRequest, InputResponse
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import FoundInstance
from slipstream.runtime.link import Link, RequestFailedError
from slipstream.sdk._backend_values import (
    AssetKey,
    DagSummary,
    KnownAsset,
    StoredConnection,
    XComItem,
)
from slipstream.sdk._times import in_utc
from slipstream.wire import execution as wire

A = TypeVar("A", bound=wire.Answer)


class SupervisorBackend:
    """Implements `slipstream.sdk._backend.Backend` over the socket."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.lengths: dict[str, int] = {}
        """`{xcom key: items}` of what this attempt pushed, for the report of its end."""
        self._reported: dict[tuple[str, str, str, int, str], str] = {}

    def has_reported(self, attempt: Attempt, xcoms: Sequence[XComWrite]) -> None:
        """The attempt's end is told, with these XComs; its callbacks must find them at once."""
        run, key = attempt.run, attempt.key
        for xcom in xcoms:
            self._reported[run.dag_id, run.run_id, *key, xcom.key] = xcom.value

    def get_team(self) -> str | None:
        """See `Backend`. It is asked for every time: triggers of several teams share a process."""
        return self._ask(wire.GetTeam(), wire.Text).value

    def get_variable(self, key: str) -> str | None:
        """See `Backend`."""
        return self._ask(wire.GetVariable(key=key), wire.Text).value

    def set_variable(self, key: str, value: str, description: str | None) -> None:
        """See `Backend`."""
        self._ask(wire.SetVariable(key=key, value=value, description=description), wire.Done)

    def delete_variable(self, key: str) -> bool:
        """See `Backend`."""
        return self._ask(wire.DeleteVariable(key=key), wire.Done).found

    def get_connection(self, conn_id: str) -> StoredConnection | None:
        """See `Backend`."""
        answer = self._link.ask(wire.GetConnection(conn_id=conn_id))
        if isinstance(answer, wire.Missing):
            return None
        found = _expect(answer, wire.ConnectionFound)
        return StoredConnection(
            conn_id=found.conn_id,
            conn_type=found.conn_type,
            description=found.description,
            host=found.host,
            login=found.login,
            password=found.password,
            schema=found.schema,
            port=found.port,
            extra=found.extra,
        )

    def get_xcom(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int | None,
        key: str,
        include_prior_dates: bool = False,
    ) -> str | None:
        """See `Backend`."""
        if self._reported and map_index is not None:
            known = self._reported.get((dag_id, run_id, task_id, map_index, key))
            if known is not None:
                return known
        request = wire.GetXCom(
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            key=key,
            map_index=map_index,
            include_prior_dates=include_prior_dates,
        )
        return self._ask(request, wire.Text).value

    def get_xcom_item(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str, index: int
    ) -> XComItem | None:
        """See `Backend`."""
        answer = self._link.ask(
            wire.GetXComItem(
                dag_id=dag_id,
                run_id=run_id,
                task_id=task_id,
                map_index=map_index,
                key=key,
                index=index,
            )
        )
        if isinstance(answer, wire.Missing):
            return None
        found = _expect(answer, wire.Item)
        return XComItem(found.text, found.length, found.is_pair)

    def get_xcoms(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        key: str,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        include_prior_dates: bool = False,
    ) -> Sequence[str]:
        """See `Backend`."""
        request = wire.GetXComs(
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            key=key,
            start=start,
            stop=stop,
            step=step,
            include_prior_dates=include_prior_dates,
        )
        return self._ask(request, wire.Texts).values

    def count_xcoms(self, *, dag_id: str, run_id: str, task_id: str, key: str) -> int:
        """See `Backend`."""
        request = wire.CountXComs(dag_id=dag_id, run_id=run_id, task_id=task_id, key=key)
        return self._ask(request, wire.Count).value

    def set_xcom(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int,
        key: str,
        value: str,
        length: int | None,
    ) -> None:
        """See `Backend`."""
        request = wire.SetXCom(
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            key=key,
            value=value,
            length=length,
        )
        self._ask(request, wire.Done)
        if length is not None:
            self.lengths[key] = length
        else:
            self.lengths.pop(key, None)

    def delete_xcom(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
    ) -> None:
        """See `Backend`."""
        request = wire.DeleteXCom(
            dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index, key=key
        )
        self._ask(request, wire.Done)

    def take_xcoms(self, *, with_values: bool) -> Mapping[str, str]:
        """See `Backend`."""
        self.lengths.clear()
        return self._ask(wire.TakeXComs(with_values=with_values), wire.Taken).values

    def get_state(self, key: str, *, asset: AssetKey | None) -> str | None:
        """See `Backend`."""
        name, uri = _of(asset)
        return self._ask(wire.GetState(key=key, asset_name=name, asset_uri=uri), wire.Text).value

    def set_state(
        self, key: str, value: str, *, asset: AssetKey | None, expires_at: datetime | None
    ) -> None:
        """See `Backend`."""
        name, uri = _of(asset)
        request = wire.SetState(
            key=key, value=value, expires_at=expires_at, asset_name=name, asset_uri=uri
        )
        self._ask(request, wire.Done)

    def delete_state(self, key: str | None, *, asset: AssetKey | None) -> None:
        """See `Backend`."""
        name, uri = _of(asset)
        self._ask(wire.DeleteState(key=key, asset_name=name, asset_uri=uri), wire.Done)

    def get_asset(self, key: AssetKey) -> KnownAsset | None:
        """See `Backend`."""
        answer = self._link.ask(wire.GetAsset(name=key.name, uri=key.uri))
        if isinstance(answer, wire.Missing):
            return None
        found = _expect(answer, wire.AssetFound)
        return KnownAsset(name=found.name, uri=found.uri, group=found.group, extra=found.extra)

    def get_asset_events(
        self,
        *,
        asset: AssetKey | None,
        alias: str | None,
        after: datetime | None,
        before: datetime | None,
        ascending: bool,
        limit: int | None,
    ) -> Sequence[AssetEvent]:
        """See `Backend`."""
        name, uri = _of(asset)
        request = wire.GetAssetEvents(
            name=name,
            uri=uri,
            alias=alias,
            after=after,
            before=before,
            ascending=ascending,
            limit=limit,
        )
        return self._ask(request, wire.AssetEvents).events

    def get_triggering_events(self, *, dag_id: str, run_id: str) -> Sequence[AssetEvent]:
        """See `Backend`."""
        request = wire.GetTriggeringEvents(dag_id=dag_id, run_id=run_id)
        return self._ask(request, wire.AssetEvents).events

    def get_run(self, *, dag_id: str, run_id: str) -> Mapping[str, JsonValue] | None:
        """See `Backend`."""
        answer = self._link.ask(wire.GetRun(dag_id=dag_id, run_id=run_id))
        return None if isinstance(answer, wire.Missing) else _expect(answer, wire.RunFound).fields

    def get_previous_run(
        self, *, dag_id: str, logical_date: datetime | None, run_id: str, state: str | None
    ) -> Mapping[str, JsonValue] | None:
        """See `Backend`."""
        answer = self._link.ask(
            wire.GetPreviousRun(
                dag_id=dag_id, run_id=run_id, logical_date=in_utc(logical_date), state=state
            )
        )
        if isinstance(answer, wire.Missing):
            return None
        return _expect(answer, wire.RunFound).fields

    def get_task_states(
        self,
        *,
        dag_id: str,
        task_ids: Sequence[str] | None,
        group_id: str | None,
        run_ids: Sequence[str],
        logical_dates: Sequence[datetime],
        map_index: int = UNMAPPED,
    ) -> Mapping[str, Mapping[str, str | None]]:
        """See `Backend`."""
        request = wire.GetTaskStates(
            dag_id=dag_id,
            task_ids=None if task_ids is None else list(task_ids),
            group_id=group_id,
            run_ids=list(run_ids),
            logical_dates=_plain(logical_dates),
            map_index=map_index,
        )
        return self._ask(request, wire.TaskStates).states

    def find_instances(
        self,
        *,
        dag_id: str,
        run_id: str | None = None,
        task_id: str | None = None,
        map_index: int | None = None,
        before: datetime | None = None,
        states: Sequence[str] = (),
        limit: int = 1000,
    ) -> Sequence[FoundInstance]:
        """See `Backend`."""
        request = wire.FindInstances(
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            before=in_utc(before),
            states=[str(state) for state in states],
            limit=limit,
        )
        return self._ask(request, wire.Instances).instances

    def get_run_state(self, *, dag_id: str, run_id: str) -> str | None:
        """See `Backend`."""
        return self._ask(wire.GetRunState(dag_id=dag_id, run_id=run_id), wire.Text).value

    def count_runs(
        self,
        *,
        dag_id: str,
        run_ids: Sequence[str],
        logical_dates: Sequence[datetime],
        states: Sequence[str],
    ) -> int:
        """See `Backend`."""
        request = wire.CountRuns(
            dag_id=dag_id,
            run_ids=list(run_ids),
            logical_dates=_plain(logical_dates),
            states=[str(state) for state in states],
        )
        return self._ask(request, wire.Count).value

    def trigger_run(
        self,
        *,
        dag_id: str,
        run_id: str | None,
        logical_date: datetime | None,
        conf: Mapping[str, JsonValue],
        note: str | None,
        reset_existing: bool,
        run_after: datetime | None = None,
    ) -> str:
        """See `Backend`."""
        request = wire.TriggerRun(
            dag_id=dag_id,
            run_id=run_id,
            logical_date=in_utc(logical_date),
            conf=conf,
            note=note,
            reset_existing=reset_existing,
            run_after=in_utc(run_after),
        )
        triggered = self._ask(request, wire.Text).value
        if triggered is None:
            raise RequestFailedError(f"the server started no run of {dag_id!r} and did not say why")
        return triggered

    def get_dag(self, dag_id: str) -> DagSummary | None:
        """See `Backend`."""
        answer = self._link.ask(wire.GetDag(dag_id=dag_id))
        if isinstance(answer, wire.Missing):
            return None
        found = _expect(answer, wire.DagFound)
        return DagSummary(
            dag_id=found.dag_id,
            is_paused=found.is_paused,
            relative_fileloc=found.relative_fileloc,
            bundle_name=found.bundle_name,
            owners=found.owners,
            tags=found.tags,
            next_dagrun=found.next_run_after,
            task_ids=frozenset(found.task_ids),
            group_ids=frozenset(found.group_ids),
        )

    def await_change(self, *, dag_id: str, seen: int | None, seconds: float) -> int:
        """See `Backend`."""
        request = wire.AwaitChange(dag_id=dag_id, seen=seen, seconds=seconds)
        return self._ask(request, wire.Count).value

    async def change_after(self, *, dag_id: str, seen: int | None, seconds: float) -> int:
        """See `Backend`."""
        request = wire.AwaitChange(dag_id=dag_id, seen=seen, seconds=seconds)
        return _expect(await self._link.ask_async(request), wire.Count).value

    def ask_input(self, request: InputRequest) -> None:
        """See `Backend`."""
        self._ask(wire.AskInput(request=request), wire.Done)

    def get_input(self, attempt_id: str) -> tuple[InputRequest, InputResponse | None]:
        """See `Backend`."""
        found = self._ask(wire.GetInput(attempt_id=attempt_id), wire.InputFound)
        return found.request, found.response

    def take_default_input(
        self, *, chosen_options: Sequence[str], params_input: Mapping[str, JsonValue]
    ) -> InputResponse:
        """See `Backend`."""
        request = wire.TakeDefaultInput(
            chosen_options=list(chosen_options), params_input=params_input
        )
        response = self._ask(request, wire.InputFound).response
        if response is None:
            raise RequestFailedError("the server kept no answer and did not say why")
        return response

    def note_failed_alert(self, error: str) -> None:
        """Have it in the audit log that a callback or a mail about the attempt has failed."""
        self._ask(wire.NoteFailedAlert(error=error), wire.Done)

    def mask_secret(self, value: str) -> None:
        """See `Backend`."""
        self._link.mask([value])

    def _ask(self, request: wire.Request, kind: type[A]) -> A:
        return _expect(self._link.ask(request), kind)


def _plain(moments: Sequence[datetime]) -> list[datetime]:
    """The moments without the classes of the libraries that made them."""
    return [found for moment in moments if (found := in_utc(moment)) is not None]


def _of(asset: AssetKey | None) -> tuple[str | None, str | None]:
    return (None, None) if asset is None else (asset.name, asset.uri)


def _expect(answer: wire.Answer, kind: type[A]) -> A:
    if not isinstance(answer, kind):
        raise RequestFailedError(
            f"the server answered with {type(answer).__name__} where {kind.__name__} was expected: "
            "it may be of another release than this task's process"
        )
    return answer
