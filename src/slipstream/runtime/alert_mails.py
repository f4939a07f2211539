"""Tells people by mail that a task has failed, or will be tried again."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipstream.model.states import TaskState

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

_log = logging.getLogger("airflow.task")

_SUBJECT = "Airflow alert: {{ ti }}"
_BODY = """\
<p>Task <b>{{ ti.task_id }}</b> of DAG <b>{{ ti.dag_id }}</b> failed on try {{ try_number }} of \
{{ max_tries + 1 }} in run {{ ti.run_id | e }}.</p>
<p>{{ exception_html }}</p>
<p>Log: <a href="{{ ti.log_url }}">{{ ti.log_url }}</a><br>
Host: {{ ti.hostname }}<br>
Mark success: <a href="{{ ti.mark_success_url }}">{{ ti.mark_success_url }}</a></p>
"""


def is_due(task: Any, state: TaskState) -> bool:
    """Whether somebody wants a mail when the task's try ends in this state."""
    if not getattr(task, "email", None):
        return False
    if state is TaskState.UP_FOR_RETRY:
        return bool(task.email_on_retry)
    return state is TaskState.FAILED and bool(task.email_on_failure)


def send(task: Any, context: Context) -> str | None:
    """Tell of the exception in the context. A mail that cannot be sent is a logged warning; gives
    why, in one line."""
    from html import escape

    from slipstream.sdk._email import send_email
    from slipstream.sdk._template_env import render

    ti, values = context["ti"], context.copy()
    values["exception_html"] = escape(str(context["exception"])).replace("\n", "<br>")
    values["max_tries"] = ti.max_tries
    try:
        environment = context["dag"].get_template_env(native=False)
        subject, body = (
            str(render(environment.from_string(_template(key, default)), values))
            for key, default in (("subject_template", _SUBJECT), ("html_content_template", _BODY))
        )
        send_email(task.email, " ".join(subject.split()), body)
    except Exception as error:  # noqa: BLE001 - a mail decides nothing
        _log.warning("The mail about task %s could not be sent", ti.task_id, exc_info=True)
        return f"{type(error).__name__}: {error}"
    return None


def _template(key: str, default: str) -> str:
    """The text of the file that a setting of `[email]` names, or the default."""
    from slipstream.sdk._conf import conf

    name = conf.get("email", key, fallback=None)
    if not name:
        return default
    path = Path(name)
    if not path.is_file():
        _log.warning("[email] %s names %s, which is no file; the default is used", key, path)
        return default
    return path.read_text(encoding="utf-8")
