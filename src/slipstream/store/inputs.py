"""What tasks ask people, and the answers, as rows: one for each try of a task instance that asked.

An answer is kept by itself, whatever the state of the instance: the scheduler is told of it and
lets the instance go on. So somebody may answer before the task has begun to wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select, update

from slipstream.model.changes import InputTimedOut
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.input import (
    InputRequest,
    InputResponse,
    Person,
    answer_event,
    default_answer,
)
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.store.database import Row, Transaction
from slipstream.store.filters import (
    INSTANCE_ORDERS,
    conditions_on_instance,
    conditions_on_run,
    in_range,
    like,
    one_among,
    ordering,
)
from slipstream.store.input_records import ASKING, GivenInput, InputFilter, InputRecord
from slipstream.store.parts import StoreParts
from slipstream.store.people_tables import hitl_detail as detail
from slipstream.store.records import InstanceInRun, NoticeKind, Page, Window
from slipstream.store.rows import (
    INSTANCE_COLUMNS,
    RUN_COLUMNS,
    from_json_list,
    from_json_object,
    to_instances_in_runs,
    to_json,
)
from slipstream.store.runs import counting_instance, find_instance
from slipstream.store.statements import Statement, upsert
from slipstream.store.tables import dag_run, deferral, task_instance
from slipstream.store.times import from_micros, to_micros
from slipstream.wire.values import decode_value, plain_value

_REQUEST = (
    "subject",
    "options",
    "body",
    "defaults",
    "multiple",
    "params",
    "assigned_users",
)
_RESPONSE = (
    "chosen_options",
    "params_input",
    "responded_at",
    "responded_by_id",
    "responded_by_name",
)
_KEY = ("run_pk", "task_id", "map_index", "try_number")
_COLUMNS = tuple(
    detail.c[name] for name in ("attempt_id", "try_number", "created_at", *_REQUEST, *_RESPONSE)
)
_WIDTH = len(_COLUMNS)
_ORDERS = {
    **INSTANCE_ORDERS,
    **{
        name: detail.c[name]
        for name in (
            "subject",
            "created_at",
            "responded_at",
            "responded_by_id",
            "responded_by_name",
        )
    },
}
_GIVEN = select(
    detail.c.run_pk,
    detail.c.task_id,
    detail.c.map_index,
    detail.c.attempt_id,
    detail.c.chosen_options,
    detail.c.params_input,
    detail.c.responded_at,
    detail.c.responded_by_id,
    detail.c.responded_by_name,
).where(detail.c.responded_at.is_not(None))
_ANSWERED = Statement(
    select(detail.c.attempt_id).where(
        detail.c.attempt_id == bindparam("attempt_id"), detail.c.responded_at.is_not(None)
    ),
    ("attempt_id",),
)
_TAKE_DEFAULT = Statement(
    update(detail)
    .where(detail.c.attempt_id == bindparam("b_attempt_id"))
    .ordered_values(
        (detail.c.chosen_options, bindparam("chosen_options")),
        (detail.c.params_input, bindparam("params_input")),
        (detail.c.responded_at, bindparam("responded_at")),
    ),
    ("chosen_options", "params_input", "responded_at", "b_attempt_id"),
)
_AT_ONCE = 200


def is_answered(transaction: Transaction, timed_out: Sequence[InputTimedOut]) -> bool:
    """Whether people have answered one of these after all."""
    return any(transaction.fetch(_ANSWERED, (change.attempt_id,)) for change in timed_out)


def write_defaults(transaction: Transaction, timed_out: Sequence[InputTimedOut]) -> None:
    """Keep what counts as the answer because nobody gave one in time."""
    for change in timed_out:
        if change.default is not None:
            answer = decode_value(change.default)
            row = (to_json(answer["chosen_options"]), to_json(answer["params_input"]))
            transaction.run(_TAKE_DEFAULT, (*row, to_micros(change.at), change.attempt_id))


class InputVerbs(StoreParts):
    """Questions of tasks to people."""

    def ask_input(self, attempt_id: str, request: InputRequest) -> None:
        """Keep what an attempt asks people; raises `AttemptSupersededError` where it is fenced.

        An attempt that takes the place of a lost one, and asks the same, finds the answer that was
        given meanwhile.
        """
        now = to_micros(self._clock())
        with self._database.write() as transaction:
            run_pk, key = counting_instance(transaction, attempt_id)
            self._database.lock_runs(transaction, [run_pk])
            number = transaction.value(
                select(task_instance.c.try_number).where(*_of_instance(task_instance, run_pk, key))
            )
            row: dict[str, object] = {
                "run_pk": run_pk,
                "task_id": key.task_id,
                "map_index": key.map_index,
                "try_number": number,
                "attempt_id": attempt_id,
                "created_at": now,
                **_request_row(request),
            }
            if _asks_again(transaction, row):
                same = [detail.c[name] == row[name] for name in _KEY]
                transaction.execute(update(detail).where(*same).values(attempt_id=attempt_id))
                return
            row.update(dict.fromkeys(_RESPONSE), params_input="{}")
            statement = upsert(self._database.dialect, detail, list(row), _KEY)
            transaction.execute(statement, [row])

    def get_asked(
        self, run_pk: int, key: TaskKey, attempt_id: str
    ) -> tuple[InputRequest, InputResponse | None]:
        """What an attempt of that instance has asked, and the answer. Raises `NotFoundError`."""
        with self._database.read() as transaction:
            rows = transaction.rows(
                select(*_COLUMNS).where(
                    detail.c.attempt_id == attempt_id, *_of_instance(detail, run_pk, key)
                )
            )
        if not rows:
            raise NotFoundError(
                f"Task {key.task_id} has asked nobody anything in attempt {attempt_id} of this "
                "run. What others have asked is theirs: let them push the answer, and pull it."
            )
        values = dict(zip((column.name for column in _COLUMNS), rows[0], strict=True))
        return _to_request(values), _to_response(values)

    def given_inputs(self, attempt_ids: Sequence[str]) -> Sequence[GivenInput]:
        """The answers to what these attempts have asked, of those that are there."""
        rows: list[Row] = []
        with self._database.read() as transaction:
            for start in range(0, len(attempt_ids), _AT_ONCE):
                some = list(attempt_ids[start : start + _AT_ONCE])
                rows += transaction.rows(_GIVEN.where(detail.c.attempt_id.in_(some)))
        return [_to_given(row) for row in rows]

    def answer_input(self, attempt_id: str, response: InputResponse) -> None:
        """Keep the answer to what that attempt has asked, and tell the scheduler.

        Raises `NotFoundError` where it has asked nothing, `ConflictError` where it was answered
        before or its instance does not wait any more.
        """
        by = response.responded_by
        with self._database.write() as transaction:
            place = transaction.rows(
                select(detail.c.run_pk, detail.c.task_id, detail.c.map_index).where(
                    detail.c.attempt_id == attempt_id
                )
            )
            if not place:
                raise NotFoundError("The question is not asked any more: look again.")
            run_pk, task_id, map_index = place[0]
            self._database.lock_runs(transaction, [run_pk])
            _require_open(transaction, run_pk, TaskKey(task_id, map_index), attempt_id)
            transaction.execute(
                update(detail)
                .where(detail.c.attempt_id == attempt_id)
                .values(
                    chosen_options=to_json(list(response.chosen_options)),
                    params_input=to_json(dict(response.params_input)),
                    responded_at=to_micros(response.responded_at),
                    responded_by_id=None if by is None else by.id,
                    responded_by_name=None if by is None else by.name,
                )
            )
            transaction.leave_notice(NoticeKind.INPUT_GIVEN, [attempt_id])

    def get_input(
        self, dag_id: str, run_id: str, key: TaskKey, *, try_number: int | None = None
    ) -> InputRecord:
        """What an instance asks, or has asked in its latest try or in that one.

        Raises `NotFoundError`.
        """
        with self._database.read() as transaction:
            found = find_instance(transaction, dag_id, run_id, key)
            query = _joined().where(
                *_of_instance(detail, found.run.pk, key),
                *(_is_current() if try_number is None else [detail.c.try_number == try_number]),
            )
            rows = transaction.rows(query)
        if not rows:
            when = "" if try_number is None else f" in its try {try_number}"
            raise NotFoundError(
                f"The task instance {key.task_id!r} of the run {run_id!r} has asked nobody "
                f"anything{when}."
            )
        return _to_record(rows[0])

    def list_inputs(self, which: InputFilter, window: Window) -> Page[InputRecord]:
        """A page of what instances ask, or have asked in their latest try; the oldest first."""
        conditions = [*_is_current(), *_conditions(which)]
        tie_break = detail.c.pk
        page = _joined().where(*conditions).order_by(*ordering(window, _ORDERS, tie_break))
        # Said so that every database begins with what was asked: it is much less.
        stands = (
            select(task_instance.c.pk)
            .join(dag_run, dag_run.c.pk == task_instance.c.run_pk)
            .where(_same_instance(), *conditions)
            .correlate(detail)
        )
        total = select(func.count()).select_from(detail).where(stands.exists())
        with self._database.read() as transaction:
            rows = transaction.rows(page.limit(window.limit).offset(window.offset))
            return Page([_to_record(row) for row in rows], transaction.value(total))


def _asks_again(transaction: Transaction, row: dict[str, object]) -> bool:
    """Whether the same try has asked the very same already, and not gone on since."""
    same = [detail.c[name] == row[name] for name in _KEY]
    asked = transaction.rows(select(*(detail.c[name] for name in _REQUEST)).where(*same))
    if not asked or any(value != row[name] for name, value in zip(_REQUEST, asked[0], strict=True)):
        return False
    waited = [deferral.c[name] == row[name] for name in _KEY[:3]]
    return not transaction.value(select(exists(select(deferral.c.pk).where(*waited))))


def _require_open(transaction: Transaction, run_pk: int, key: TaskKey, attempt_id: str) -> None:
    answered = transaction.value(
        select(detail.c.responded_at).where(detail.c.attempt_id == attempt_id)
    )
    if answered is not None:
        raise ConflictError("This was answered already, and an answer is not changed afterwards.")
    state, latest = transaction.rows(
        select(task_instance.c.state, task_instance.c.attempt_id).where(
            *_of_instance(task_instance, run_pk, key)
        )
    )[0]
    if latest != attempt_id or state not in ASKING:
        raise ConflictError(
            f"The task {key.task_id!r} does not wait for an answer any more: its state is {state}."
        )


def _of_instance(table: Any, run_pk: int, key: TaskKey) -> tuple[ColumnElement[bool], ...]:
    return (
        table.c.run_pk == run_pk,
        table.c.task_id == key.task_id,
        table.c.map_index == key.map_index,
    )


def _tables() -> Any:
    return detail.join(task_instance, _same_instance()).join(
        dag_run, dag_run.c.pk == detail.c.run_pk
    )


def _same_instance() -> ColumnElement[bool]:
    return (
        (detail.c.run_pk == task_instance.c.run_pk)
        & (detail.c.task_id == task_instance.c.task_id)
        & (detail.c.map_index == task_instance.c.map_index)
    )


def _joined() -> Select[Any]:
    return select(*_COLUMNS, *INSTANCE_COLUMNS, *RUN_COLUMNS).select_from(_tables())


def _is_current() -> list[ColumnElement[bool]]:
    """That it was asked in the try in which the instance is, which was not cleared since."""
    begins_anew = (task_instance.c.state == TaskState.NONE.value) | (
        (task_instance.c.state == TaskState.SCHEDULED.value) & task_instance.c.attempt_id.is_(None)
    )
    return [detail.c.try_number == task_instance.c.try_number, ~begins_anew]


def _conditions(which: InputFilter) -> list[ColumnElement[bool]]:
    answered = detail.c.responded_at.is_not(None)
    received = which.response_received
    return [
        *conditions_on_instance(which.instance),
        *conditions_on_run(which.instance),
        *([] if received is None else [answered if received else ~answered]),
        *one_among(detail.c.responded_by_id, which.responded_by_ids),
        *one_among(detail.c.responded_by_name, which.responded_by_names),
        *like(detail.c.subject, which.subject_pattern),
        *like(detail.c.body, which.body_pattern),
        *in_range(detail.c.created_at, which.created_at),
    ]


def _request_row(request: InputRequest) -> dict[str, object]:
    people = [{"id": person.id, "name": person.name} for person in request.assigned_users]
    return {
        "subject": request.subject,
        "options": to_json(list(request.options)),
        "body": request.body,
        "defaults": None if request.defaults is None else to_json(list(request.defaults)),
        "multiple": request.multiple,
        "params": to_json(dict(request.params)),
        "assigned_users": to_json(people),
    }


def _to_record(row: Row) -> InputRecord:
    values = dict(zip((column.name for column in _COLUMNS), row[:_WIDTH], strict=True))
    entry: InstanceInRun = next(to_instances_in_runs([row[_WIDTH:]]))
    return InputRecord(
        attempt_id=values["attempt_id"],
        try_number=values["try_number"],
        created_at=from_micros(values["created_at"]),
        request=_to_request(values),
        response=_to_response(values),
        asked_by=entry,
    )


def _to_request(values: dict[str, Any]) -> InputRequest:
    defaults = values["defaults"]
    return InputRequest(
        subject=values["subject"],
        options=tuple(from_json_list(values["options"])),
        body=values["body"],
        defaults=None if defaults is None else tuple(from_json_list(defaults)),
        multiple=bool(values["multiple"]),
        params=from_json_object(values["params"]),
        assigned_users=tuple(msgspec.json.decode(values["assigned_users"], type=list[Person])),
    )


def _to_response(values: dict[str, Any]) -> InputResponse | None:
    at: datetime | None = from_micros(values["responded_at"])
    if at is None:
        return None
    return InputResponse(
        chosen_options=tuple(from_json_list(values["chosen_options"])),
        params_input=from_json_object(values["params_input"]),
        responded_at=at,
        responded_by=_person(values["responded_by_id"], values["responded_by_name"]),
    )


def _to_given(row: Row) -> GivenInput:
    run_pk, task_id, map_index, attempt_id, options, params, at, by_id, by_name = row
    answer = default_answer(from_json_list(options), plain_value(from_json_object(params)))
    return GivenInput(
        run_pk=run_pk,
        key=TaskKey(task_id, map_index),
        attempt_id=attempt_id,
        event=answer_event(answer, from_micros(at), _person(by_id, by_name)),
    )


def _person(user_id: str | None, name: str | None) -> Person | None:
    return None if user_id is None else Person(user_id, name or user_id)
