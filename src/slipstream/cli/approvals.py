"""`slipstream approvals`: what tasks ask people, and the answers."""

from __future__ import annotations

import getpass
import json
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.finding import find_run
from slipstream.cli.grammar import Group, Parser
from slipstream.cli.output import Row, as_text, show_fields, show_rows
from slipstream.cli.paging import every
from slipstream.model.input import Person
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskKey
from slipstream.store.answering import give_answer, may_answer
from slipstream.store.input_records import InputFilter, InputRecord
from slipstream.store.interface import InstanceFilter
from slipstream.wire.param_schemas import first_error

COLUMNS = ("dag_id", "run_id", "task_id", "map_index", "subject", "options", "state", "asked_at")
ANSWERED = ("responded_by", "responded_at", "chosen_options")


def add_commands(group: Group) -> None:
    """The verbs of `approvals`."""
    listing = group.verb("list", list_questions, "List what tasks ask people")
    listing.add_argument("dag_id", nargs="?", help="of this DAG alone")
    listing.add_argument(
        "--all", action="store_true", help="also what was answered, or is not asked any more"
    )
    listing.add_output()
    get = group.verb("get", get_question, "Show what a task asks, whole")
    _add_task(get)
    get.add_output()
    answer = group.verb("answer", answer_question, "Answer; the task goes on at once")
    _add_task(answer)
    answer.add_argument("option", nargs="+", help="what is chosen")
    answer.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a field of the form; the value is JSON, or else a text",
    )
    answer.add_argument(
        "--as",
        dest="user",
        metavar="USER",
        default=None,
        help="who answers (default: the user of this machine)",
    )
    answer.add_output()


def list_questions(deployment: Deployment, arguments: Namespace) -> None:
    """Print what waits for an answer."""
    dag_ids = None if arguments.dag_id is None else [arguments.dag_id]
    which = InputFilter(
        instance=InstanceFilter(dag_ids=dag_ids),
        response_received=None if arguments.all else False,
    )
    store = deployment.store
    found = every(lambda window: store.list_inputs(which, window))
    columns = (*COLUMNS, *ANSWERED) if arguments.all else COLUMNS
    rows = [_row(asked) for asked in found if arguments.all or asked.is_open]
    show_rows(rows, arguments.output, columns=columns)


def get_question(deployment: Deployment, arguments: Namespace) -> None:
    """Print one question with its text and its form."""
    asked = _find(deployment, arguments)
    request = asked.request
    fields: dict[str, JsonValue] = {
        **_row(asked),
        "body": request.body,
        "multiple": request.multiple,
        "defaults": None if request.defaults is None else ", ".join(request.defaults),
        "params": dict(request.params),
        "assigned_users": ", ".join(person.id for person in request.assigned_users) or None,
    }
    if asked.response is not None:
        fields["params_input"] = dict(asked.response.params_input)
    show_fields(fields, arguments.output)


def answer_question(deployment: Deployment, arguments: Namespace) -> None:
    """Keep an answer; a running scheduler lets the task go on at once."""
    asked = _find(deployment, arguments)
    user = arguments.user or getpass.getuser()
    if not may_answer(asked.request, user):
        asks = ", ".join(person.id for person in asked.request.assigned_users)
        raise CommandFailedError(
            f"{user!r} may not answer: the task asks {asks}. Add --as USER where you are one of "
            "them under another name."
        )
    params = given_params(arguments.param, asked.request.params)
    by = Person(user, user)
    give_answer(deployment.store, asked, by, arguments.option, params, datetime.now(UTC))
    show_rows([_row(_find(deployment, arguments))], arguments.output, columns=(*COLUMNS, *ANSWERED))


def _add_task(parser: Parser) -> None:
    parser.add_argument("dag_id")
    parser.add_argument("execution_date_or_run_id", help="the run, by its id or its logical date")
    parser.add_argument("task_id")
    parser.add_argument(
        "--map-index", type=int, default=UNMAPPED, help="which instance of a mapped task"
    )


def _find(deployment: Deployment, arguments: Namespace) -> InputRecord:
    run = find_run(deployment, arguments.dag_id, arguments.execution_date_or_run_id)
    key = TaskKey(arguments.task_id, arguments.map_index)
    return deployment.store.get_input(run.dag_id, run.run_id, key)


def _row(asked: InputRecord) -> Row:
    instance, run, response = asked.asked_by.instance, asked.asked_by.run, asked.response
    by = None if response is None else response.responded_by
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "task_id": instance.task_id,
        "map_index": instance.map_index,
        "subject": asked.request.subject,
        "options": ", ".join(asked.request.options),
        "state": instance.state.value,
        "asked_at": as_text(asked.created_at),
        "responded_by": None if by is None else by.name,
        "responded_at": None if response is None else as_text(response.responded_at),
        "chosen_options": None if response is None else ", ".join(response.chosen_options),
    }


def given_params(entries: Sequence[str], form: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The fields of the form that `--param` options fill in. Raises `UsageError`."""
    params: dict[str, JsonValue] = {}
    for entry in entries:
        name, sign, text = entry.partition("=")
        if not sign or not name:
            raise UsageError(f"--param {entry!r}: expected NAME=VALUE, as in --param reason=late.")
        params[name] = _value(text, form.get(name))
    return params


def _value(text: str, param: JsonValue) -> JsonValue:
    """JSON where it is that and the field takes it, otherwise the text."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    schema = param.get("schema") if isinstance(param, Mapping) else None
    if not isinstance(schema, Mapping):
        return value
    takes_text = first_error(value, schema) is not None and first_error(text, schema) is None
    return text if takes_text else value
