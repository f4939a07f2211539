"""People in the loop: what tasks ask, and the answers."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, editing
from slipstream.api.auth.user import ANYBODY
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError
from slipstream.api.operation import Routes
from slipstream.api.payloads.bodies import Moment
from slipstream.api.payloads.filters import (
    RUN_ORDER,
    Paging,
    like,
    one_or_all,
    task_states,
)
from slipstream.api.payloads.hitl import (
    HITLDetail,
    HITLDetailCollection,
    HITLDetailHistory,
    HITLDetailResponse,
    UpdateHITLDetailPayload,
    answer_payload,
    detail_payload,
    history_payload,
)
from slipstream.api.public.task_instances import MAPPED, READ, collection_of
from slipstream.api.public.tries import one_try
from slipstream.model.input import Person
from slipstream.model.run import TaskKey
from slipstream.store.answering import give_answer, may_answer
from slipstream.store.input_records import InputFilter, InputRecord
from slipstream.store.patterns import containing
from slipstream.store.records import InstanceFilter, Range

routes = Routes("Task Instance")

_DETAILS: Final = MAPPED + "/hitlDetails"
_ORDER: Final = {
    "ti_id": "attempt_id",
    "subject": "subject",
    "responded_at": "responded_at",
    "created_at": "created_at",
    "responded_by_user_id": "responded_by_id",
    "responded_by_user_name": "responded_by_name",
    "dag_id": "dag_id",
    "run_id": "run_id",
    "task_display_name": "task_id",
    "run_after": RUN_ORDER["run_after"],
    "rendered_map_index": "rendered_map_index",
    "task_instance_operator": "operator",
    "task_instance_state": "state",
}


class HITLDetailQuery(Paging):
    """Which questions."""

    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    task_id: str | None = None
    task_id_pattern: str | None = None
    task_id_prefix_pattern: str | None = None
    map_index: int | None = None
    state: list[str] | None = None
    response_received: bool | None = None
    responded_by_user_id: list[str] | None = None
    responded_by_user_name: list[str] | None = None
    subject_search: str | None = None
    body_search: str | None = None
    created_at_gte: Moment | None = None
    created_at_gt: Moment | None = None
    created_at_lte: Moment | None = None
    created_at_lt: Moment | None = None

    def filter(self, dag_id: str, run_id: str) -> InputFilter:
        """The selection as the store takes it."""
        return InputFilter(
            instance=InstanceFilter(
                dag_ids=one_or_all(dag_id),
                run_ids=one_or_all(run_id),
                dag_id_pattern=like(self.dag_id_pattern, self.dag_id_prefix_pattern),
                task_ids=None if self.task_id is None else [self.task_id],
                task_id_pattern=like(self.task_id_pattern, self.task_id_prefix_pattern),
                map_indexes=None if self.map_index is None else [self.map_index],
                states=task_states(self.state),
            ),
            response_received=self.response_received,
            responded_by_ids=self.responded_by_user_id,
            responded_by_names=self.responded_by_user_name,
            subject_pattern=containing(self.subject_search),
            body_pattern=containing(self.body_search),
            created_at=Range(
                gte=self.created_at_gte,
                gt=self.created_at_gt,
                lte=self.created_at_lte,
                lt=self.created_at_lt,
            ),
        )


@routes.add(
    "GET",
    "/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails",
    permission=READ,
    answer=HITLDetailCollection,
)
def get_hitl_details(
    call: Call,
    dag_id: str,
    dag_run_id: str,
    query: Annotated[HITLDetailQuery, QueryParameter()],
) -> HITLDetailCollection:
    """A page of what task instances ask, or have asked in their latest try; `~` for all."""
    window = query.window(call.settings, _ORDER)
    page = call.store.list_inputs(query.filter(dag_id, dag_run_id), window)
    return HITLDetailCollection(
        hitl_details=[_payload(call, asked) for asked in page.items], total_entries=page.total
    )


@routes.add("GET", _DETAILS, permission=READ, answer=HITLDetail)
def get_hitl_detail(
    call: Call, dag_id: str, dag_run_id: str, task_id: str, map_index: int
) -> HITLDetail:
    """What a task instance asks, or has asked in its latest try."""
    key = TaskKey(task_id, map_index)
    return _payload(call, call.store.get_input(dag_id, dag_run_id, key))


@routes.add("GET", _DETAILS + "/tries/{try_number}", permission=READ, answer=HITLDetailHistory)
def get_hitl_detail_try_detail(
    call: Call, *, dag_id: str, dag_run_id: str, task_id: str, map_index: int, try_number: int
) -> HITLDetailHistory:
    """What one try of a task instance has asked."""
    key = TaskKey(task_id, map_index)
    asked = call.store.get_input(dag_id, dag_run_id, key, try_number=try_number)
    return history_payload(asked, one_try(call, dag_id, dag_run_id, key, try_number))


@routes.add(
    "PATCH",
    _DETAILS,
    permission=editing(Resource.TASK_INSTANCE),
    answer=HITLDetailResponse,
)
def update_hitl_detail(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: int,
    body: UpdateHITLDetailPayload,
) -> HITLDetailResponse:
    """Answer; the task goes on at once. Of several answers the first one counts."""
    asked = call.store.get_input(dag_id, dag_run_id, TaskKey(task_id, map_index))
    name = call.user.name
    # Where everybody is an administrator nobody says who they are.
    if call.user is not ANYBODY and not may_answer(asked.request, name):
        raise NotAllowedError(
            f"User={name} (id={name}) is not a respondent for the task: it asks "
            f"{', '.join(person.id for person in asked.request.assigned_users)}."
        )
    by = Person(name, name)
    response = give_answer(
        call.store, asked, by, body.chosen_options, body.params_input, call.now()
    )
    return answer_payload(response, by)


def _payload(call: Call, asked: InputRecord) -> HITLDetail:
    (instance,) = collection_of(call, [asked.asked_by]).task_instances
    return detail_payload(asked, instance)
