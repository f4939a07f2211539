"""The execution API: what a task's process may ask, one message per question.

The same messages travel over the supervisor's socket (MessagePack) and over HTTP (JSON). A message
is a tagged struct; the answer's type is fixed by the question's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

import msgspec

from slipstream.model.asset import AssetEvent
from slipstream.model.input import InputRequest, InputResponse
from slipstream.model.json import JsonValue
from slipstream.model.run import FoundInstance

PROTOCOL_VERSION = 1
"""Raised with every change that an older peer cannot read."""


class _Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask"):
    """A question or an order of a task's process."""


class GetVariable(_Request, frozen=True, kw_only=True, tag="get_variable"):
    """Answered by `Text`."""

    key: str


class SetVariable(_Request, frozen=True, kw_only=True, tag="set_variable"):
    """Answered by `Done`."""

    key: str
    value: str
    description: str | None = None


class DeleteVariable(_Request, frozen=True, kw_only=True, tag="delete_variable"):
    """Answered by `Done`; `found` says whether there was one."""

    key: str


class GetConnection(_Request, frozen=True, kw_only=True, tag="get_connection"):
    """Answered by `ConnectionFound` or `Missing`."""

    conn_id: str


class GetTeam(_Request, frozen=True, kw_only=True, tag="get_team"):
    """Answered by `Text`: the team of the DAG that asks; None where it has none."""


class GetXCom(_Request, frozen=True, kw_only=True, tag="get_xcom"):
    """Answered by `Text`."""

    dag_id: str
    run_id: str
    task_id: str
    key: str
    map_index: int | None = None
    include_prior_dates: bool = False


class GetXComItem(_Request, frozen=True, kw_only=True, tag="get_xcom_item"):
    """Answered by `Item`, or by `Missing` where there is no such XCom, or nothing in it."""

    dag_id: str
    run_id: str
    task_id: str
    key: str
    map_index: int
    index: int
    """The place of the item; counted modulo the number of items."""


class GetXComs(_Request, frozen=True, kw_only=True, tag="get_xcoms"):
    """Answered by `Texts`: the instances' values in map index order, sliced as a list is."""

    dag_id: str
    run_id: str
    task_id: str
    key: str
    start: int | None = None
    stop: int | None = None
    step: int | None = None
    include_prior_dates: bool = False


class CountXComs(_Request, frozen=True, kw_only=True, tag="count_xcoms"):
    """Answered by `Count`."""

    dag_id: str
    run_id: str
    task_id: str
    key: str


class SetXCom(_Request, frozen=True, kw_only=True, tag="set_xcom"):
    """For the asking attempt's own task instance alone, as `DeleteXCom`. Answered by `Done`."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str
    value: str
    length: int | None = None


class DeleteXCom(_Request, frozen=True, kw_only=True, tag="delete_xcom"):
    """Answered by `Done`."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str


class TakeXComs(_Request, frozen=True, kw_only=True, tag="take_xcoms"):
    """Remove everything that the asking attempt's task instance has pushed. Answered by `Taken`."""

    with_values: bool = False


class GetState(_Request, frozen=True, kw_only=True, tag="get_state"):
    """What is remembered under a key. Answered by `Text`.

    Without an asset's name or URI it is the state of the asking attempt's own task instance, here
    and in the requests below.
    """

    key: str
    asset_name: str | None = None
    asset_uri: str | None = None


class SetState(_Request, frozen=True, kw_only=True, tag="set_state"):
    """Answered by `Done`."""

    key: str
    value: str
    expires_at: datetime | None = None
    """For a task instance's state alone: None for never."""
    asset_name: str | None = None
    asset_uri: str | None = None


class DeleteState(_Request, frozen=True, kw_only=True, tag="delete_state"):
    """Answered by `Done`; without a key everything is removed."""

    key: str | None
    asset_name: str | None = None
    asset_uri: str | None = None


class GetAsset(_Request, frozen=True, kw_only=True, tag="get_asset"):
    """The asset in use of that name, of that URI or of both. `AssetFound` or `Missing`."""

    name: str | None = None
    uri: str | None = None


class GetAssetEvents(_Request, frozen=True, kw_only=True, tag="get_asset_events"):
    """Events of an asset, or of what was found through an alias. Answered by `AssetEvents`."""

    name: str | None = None
    uri: str | None = None
    alias: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    ascending: bool = True
    limit: int | None = None


class GetTriggeringEvents(_Request, frozen=True, kw_only=True, tag="get_triggering_events"):
    """The events that a run was made for. Answered by `AssetEvents`."""

    dag_id: str
    run_id: str


class GetRun(_Request, frozen=True, kw_only=True, tag="get_run"):
    """Answered by `RunFound` or `Missing`."""

    dag_id: str
    run_id: str


class GetPreviousRun(_Request, frozen=True, kw_only=True, tag="get_previous_run"):
    """Answered by `RunFound` or `Missing`."""

    dag_id: str
    run_id: str
    logical_date: datetime | None = None
    state: str | None = None


class GetTaskStates(_Request, frozen=True, kw_only=True, tag="get_task_states"):
    """Answered by `TaskStates`."""

    dag_id: str
    task_ids: list[str] | None = None
    group_id: str | None = None
    run_ids: list[str] = []
    logical_dates: list[datetime] = []
    map_index: int = -1


class FindInstances(_Request, frozen=True, kw_only=True, tag="find_instances"):
    """Task instances of a DAG, those of the latest logical date first. Answered by `Instances`.

    `before` is a bound on the logical date. Empty `states` do not restrict.
    """

    dag_id: str
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    before: datetime | None = None
    states: list[str] = []
    limit: int = 1000


class GetRunState(_Request, frozen=True, kw_only=True, tag="get_run_state"):
    """Answered by `Text`."""

    dag_id: str
    run_id: str


class CountRuns(_Request, frozen=True, kw_only=True, tag="count_runs"):
    """Answered by `Count`."""

    dag_id: str
    run_ids: list[str] = []
    logical_dates: list[datetime] = []
    states: list[str] = []


class TriggerRun(_Request, frozen=True, kw_only=True, tag="trigger_run"):
    """Answered by `Text`: the run id. Refused with `already_exists` where the run is there."""

    dag_id: str
    run_id: str | None = None
    logical_date: datetime | None = None
    conf: Mapping[str, JsonValue] = {}
    note: str | None = None
    reset_existing: bool = False
    run_after: datetime | None = None


class GetDag(_Request, frozen=True, kw_only=True, tag="get_dag"):
    """Answered by `DagFound` or `Missing`."""

    dag_id: str


class AwaitChange(_Request, frozen=True, kw_only=True, tag="await_change"):
    """Answered by `Count`, as soon as the number of changes in the DAG's runs is not `seen`.

    The answer comes after `seconds` at the latest, and at once where `seen` is None.
    """

    dag_id: str
    seen: int | None = None
    seconds: float = 0.0


class AskInput(_Request, frozen=True, kw_only=True, tag="ask_input"):
    """Ask people something in the name of the asking attempt. Answered by `Done`."""

    request: InputRequest


class GetInput(_Request, frozen=True, kw_only=True, tag="get_input"):
    """What that attempt has asked, and the answer: one of the asking attempt's own task instance.

    Answered by `InputFound`.
    """

    attempt_id: str


class TakeDefaultInput(_Request, frozen=True, kw_only=True, tag="take_default_input"):
    """Let this count as the answer to what the asking attempt has asked: nobody gave one in time.

    Answered by `InputFound`; refused with `conflict` where somebody did.
    """

    chosen_options: list[str]
    params_input: Mapping[str, JsonValue] = {}


class NoteFailedAlert(_Request, frozen=True, kw_only=True, tag="note_failed_alert"):
    """A callback or a mail about the attempt has failed. Answered by `Done`."""

    error: str
    """In one line: the class of what was raised, a colon, and its text."""


Request: TypeAlias = (
    GetTeam
    | GetVariable
    | SetVariable
    | DeleteVariable
    | GetConnection
    | GetXCom
    | GetXComItem
    | GetXComs
    | CountXComs
    | SetXCom
    | DeleteXCom
    | TakeXComs
    | GetState
    | SetState
    | DeleteState
    | GetAsset
    | GetAssetEvents
    | GetTriggeringEvents
    | GetRun
    | GetPreviousRun
    | GetTaskStates
    | FindInstances
    | GetRunState
    | CountRuns
    | TriggerRun
    | GetDag
    | AwaitChange
    | AskInput
    | GetInput
    | TakeDefaultInput
    | NoteFailedAlert
)


class _Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="is"):
    """What comes back."""


class Done(_Answer, frozen=True, kw_only=True, tag="done"):
    """It was carried out."""

    found: bool = True


class Missing(_Answer, frozen=True, kw_only=True, tag="missing"):
    """There is no such thing; not an error."""


class Refused(_Answer, frozen=True, kw_only=True, tag="refused"):
    """It was not carried out. `code` is one of `not_found`, `already_exists`, `invalid`,
    `conflict`, `fenced`, `not_yours`, `internal`."""

    code: str
    message: str


class Text(_Answer, frozen=True, kw_only=True, tag="text"):
    """A text, or None for none."""

    value: str | None


class Texts(_Answer, frozen=True, kw_only=True, tag="texts"):
    """Several texts, in order."""

    values: list[str]


class Taken(_Answer, frozen=True, kw_only=True, tag="taken"):
    """`{key: text}` of what was removed; empty texts where values were not asked for."""

    values: Mapping[str, str]


class Item(_Answer, frozen=True, kw_only=True, tag="item"):
    """One item of an XCom, as JSON text; the whole of it where `length` is None."""

    text: str
    length: int | None
    is_pair: bool = False


class Count(_Answer, frozen=True, kw_only=True, tag="count"):
    """A number of things."""

    value: int


class ConnectionFound(_Answer, frozen=True, kw_only=True, tag="connection"):
    """A connection, password in the clear: only ever for the attempt that asked."""

    conn_id: str
    conn_type: str
    description: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema: str | None = None
    port: int | None = None
    extra: str | None = None


class RunFound(_Answer, frozen=True, kw_only=True, tag="run"):
    """A run, with the REST API's field names."""

    fields: Mapping[str, JsonValue]


class AssetFound(_Answer, frozen=True, kw_only=True, tag="asset"):
    """An asset that is in use."""

    name: str
    uri: str
    group: str
    extra: Mapping[str, JsonValue]


class AssetEvents(_Answer, frozen=True, kw_only=True, tag="asset_events"):
    """Events, in the order that was asked for."""

    events: list[AssetEvent]


class DagFound(_Answer, frozen=True, kw_only=True, tag="dag"):
    """A DAG as it is now."""

    dag_id: str
    is_paused: bool
    relative_fileloc: str = ""
    bundle_name: str = ""
    owners: str = ""
    tags: list[str] = []
    next_run_after: datetime | None = None
    task_ids: list[str] = []
    group_ids: list[str] = []


class TaskStates(_Answer, frozen=True, kw_only=True, tag="task_states"):
    """`{run_id: {task_id: state}}`."""

    states: Mapping[str, Mapping[str, str | None]]


class Instances(_Answer, frozen=True, kw_only=True, tag="instances"):
    """Task instances, in the order that was asked for."""

    instances: list[FoundInstance]


class InputFound(_Answer, frozen=True, kw_only=True, tag="input"):
    """What was asked, and the answer; None as long as there is none."""

    request: InputRequest
    response: InputResponse | None = None


Answer: TypeAlias = (
    Done
    | Missing
    | Refused
    | Text
    | Texts
    | Item
    | Taken
    | Count
    | ConnectionFound
    | RunFound
    | AssetFound
    | AssetEvents
    | DagFound
    | TaskStates
    | Instances
    | InputFound
)
