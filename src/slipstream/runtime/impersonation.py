"""Running a task as another user of the machine: `run_as_user`."""

from __future__ import annotations

import os
import pwd

from slipstream.model.attempt import Attempt
from slipstream.runtime.loader import LoadedFile
from slipstream.sdk import conf


class ImpersonationError(Exception):
    """The task cannot be run as the user that it names."""


def names_users(file: LoadedFile) -> bool:
    """Whether any task of the file may have to run as another user."""
    tasks = (task for dag in file.dags.values() for task in dag.tasks)
    return bool(_default_user()) or any(task.run_as_user for task in tasks)


def take_user_of(attempt: Attempt, file: LoadedFile) -> None:
    """Become the user that the attempt's task is to run as, where there is one.

    It is the task's `run_as_user`, or `[core] default_impersonation`. Raises `ImpersonationError`.
    """
    dag = file.dags.get(attempt.run.dag_id)
    task = None if dag is None else dag.task_dict.get(attempt.task_id)
    if task is None:
        return
    user = task.run_as_user or _default_user()
    if user:
        _become(user, f"Task {attempt.task_id!r} of DAG {attempt.run.dag_id!r}")


def _default_user() -> str:
    return str(conf.get("core", "default_impersonation", fallback="") or "")


def _become(user: str, who: str) -> None:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise ImpersonationError(
            f"{who} is to run as {user!r}, which is no user of {os.uname().nodename}. Correct "
            f"run_as_user (or [core] default_impersonation), or create the user."
        ) from None
    if entry.pw_uid == os.geteuid():
        return
    try:
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except PermissionError:
        raise ImpersonationError(
            f"{who} is to run as {user!r}, but this server runs as "
            f"{pwd.getpwuid(os.geteuid()).pw_name!r}, which may not change users. Run the server "
            f"as root, or leave run_as_user out."
        ) from None
    os.environ.update(HOME=entry.pw_dir, USER=user, LOGNAME=user)
