"""`slipstream approvals` on a server, which knows who answers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime

import msgspec

from slipstream.cli.approvals import ANSWERED, COLUMNS, given_params
from slipstream.cli.errors import UsageError
from slipstream.cli.output import Row, show_fields, show_rows
from slipstream.cli.remote.finding import Instance, find_run
from slipstream.cli.remote.server import Server, moment_text, place
from slipstream.model.json import JsonValue
from slipstream.store.input_records import ASKING


class _Person(msgspec.Struct, kw_only=True):
    id: str
    name: str


class _Question(msgspec.Struct, kw_only=True):
    options: list[str]
    subject: str
    body: str | None = None
    defaults: list[str] | None = None
    multiple: bool = False
    params: Mapping[str, JsonValue] = {}
    assigned_users: list[_Person] = []
    created_at: datetime
    responded_by_user: _Person | None = None
    responded_at: datetime | None = None
    chosen_options: list[str] | None = None
    params_input: Mapping[str, JsonValue] = {}
    response_received: bool = False
    task_instance: Instance

    @property
    def is_open(self) -> bool:
        """Whether an answer would still help."""
        return not self.response_received and self.task_instance.state in ASKING


class _Answer(msgspec.Struct, kw_only=True):
    chosen_options: list[str]


def list_questions(server: Server, arguments: Namespace) -> None:
    """Print what waits for an answer."""
    path = place("dags", arguments.dag_id or "~", "dagRuns", "~", "hitlDetails")
    found = server.every(
        path, "hitl_details", _Question, response_received=None if arguments.all else False
    )
    columns = (*COLUMNS, *ANSWERED) if arguments.all else COLUMNS
    rows = [_row(asked) for asked in found if arguments.all or asked.is_open]
    show_rows(rows, arguments.output, columns=columns)


def get_question(server: Server, arguments: Namespace) -> None:
    """Print one question with its text and its form."""
    asked = server.get(_place(server, arguments), _Question)
    fields: dict[str, JsonValue] = {
        **_row(asked),
        "body": asked.body,
        "multiple": asked.multiple,
        "defaults": None if asked.defaults is None else ", ".join(asked.defaults),
        "params": dict(asked.params),
        "assigned_users": ", ".join(person.id for person in asked.assigned_users) or None,
    }
    if asked.response_received:
        fields["params_input"] = dict(asked.params_input)
    show_fields(fields, arguments.output)


def answer_question(server: Server, arguments: Namespace) -> None:
    """Send an answer; the task goes on at once."""
    if arguments.user is not None:
        raise UsageError(
            "On a server one answers as who one is signed in: leave --as out, or sign in as them."
        )
    path = _place(server, arguments)
    form = server.get(path, _Question).params
    body: dict[str, JsonValue] = {
        "chosen_options": arguments.option,
        "params_input": given_params(arguments.param, form),
    }
    server.patch(path, body, _Answer)
    asked = server.get(path, _Question)
    show_rows([_row(asked)], arguments.output, columns=(*COLUMNS, *ANSWERED))


def _place(server: Server, arguments: Namespace) -> str:
    run = find_run(server, arguments.dag_id, arguments.execution_date_or_run_id)
    return place(
        "dags",
        run.dag_id,
        "dagRuns",
        run.dag_run_id,
        "taskInstances",
        arguments.task_id,
        arguments.map_index,
        "hitlDetails",
    )


def _row(asked: _Question) -> Row:
    instance, by = asked.task_instance, asked.responded_by_user
    return {
        "dag_id": instance.dag_id,
        "run_id": instance.dag_run_id,
        "task_id": instance.task_id,
        "map_index": instance.map_index,
        "subject": asked.subject,
        "options": ", ".join(asked.options),
        "state": instance.state,
        "asked_at": moment_text(asked.created_at),
        "responded_by": None if by is None else by.name,
        "responded_at": moment_text(asked.responded_at),
        "chosen_options": (
            None if asked.chosen_options is None else ", ".join(asked.chosen_options)
        ),
    }
