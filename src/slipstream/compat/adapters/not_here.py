"""Names that stand for something Slipstream does not have: using one says what to do instead."""

from __future__ import annotations

from typing import Any, NoReturn

from slipstream.sdk.exceptions import AirflowException


class NotHereError(AirflowException):
    """A part of Airflow that has no counterpart was used."""


def _refuse(what: str, instead: str) -> NoReturn:
    raise NotHereError(f"{what} does not exist in Slipstream; {instead}")


class SubDagOperator:
    """SubDAGs are gone; a `TaskGroup` draws the same graph without a second scheduler."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        _refuse(
            "SubDagOperator",
            "put the tasks into a TaskGroup (from airflow.sdk import TaskGroup) in the same DAG.",
        )


class LocalExecutor:
    """The server starts tasks on its own machine by itself; there is no object for that."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        _refuse(
            "An object of LocalExecutor",
            "leave [core] executor as it is to run tasks on the server's machine, or name the "
            "executor of a provider package there.",
        )


class LazyDeserializedDAG:
    """A serialized DAG of Airflow's database."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        _refuse(
            "LazyDeserializedDAG", "ask the REST API (/api/v2/dags), or read a file with DagBag."
        )


class NoSession:
    """Given for a database session; whatever is asked of it says what to use instead."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        create_session()


def provide_session(func: Any) -> Any:
    """A function that may ask for a database session; it goes on as long as it does not use it."""
    from functools import wraps
    from inspect import signature

    place = list(signature(func).parameters).index("session")

    @wraps(func)
    def with_session(*args: Any, **kwargs: Any) -> Any:
        if len(args) <= place and kwargs.get("session") is None:
            kwargs["session"] = NoSession()
        return func(*args, **kwargs)

    return with_session


def create_session(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Tasks have no database session, as in Airflow 3."""
    _refuse(
        "A session on the metadata database",
        "read and change runs, variables and connections through the REST API or airflow.sdk.",
    )


_DATABASE = "run the command slipstream db migrate, which the server does by itself at its start."


def initdb(*_args: Any, **_kwargs: Any) -> NoReturn:
    """The database is made by the server."""
    _refuse("airflow.utils.db.initdb", _DATABASE)


def upgradedb(*_args: Any, **_kwargs: Any) -> NoReturn:
    """The database is brought up to date by the server."""
    _refuse("airflow.utils.db.upgradedb", _DATABASE)


def resetdb(*_args: Any, **_kwargs: Any) -> NoReturn:
    """The database is emptied by a command."""
    _refuse("airflow.utils.db.resetdb", "run the command slipstream db reset.")


def create_default_connections(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Connections are made by commands, the REST API or the environment."""
    _refuse(
        "airflow.utils.db.create_default_connections",
        "run the command slipstream connections create-default-connections.",
    )


def merge_conn(*_args: Any, **_kwargs: Any) -> NoReturn:
    """As `create_default_connections`."""
    _refuse(
        "airflow.utils.db.merge_conn",
        "run the command slipstream connections add, or set AIRFLOW_CONN_… in the environment.",
    )


NEW_SESSION: Any = None


def supervise(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Airflow's supervisor of one task."""
    _refuse("supervise()", "executors start attempts through Slipstream's own supervisor.")


class CoordinatorManager:
    """Airflow's coordinators of tasks in other languages: there are none for any queue."""

    def extra_for_queue(self, queue: str) -> None:
        """What a coordinator says about its workers."""

    def for_queue(self, queue: str) -> NoReturn:
        """The coordinator of a queue."""
        _refuse(
            f"A coordinator for the queue {queue!r}",
            "tasks are Python, or programs that Python starts.",
        )


def get_coordinator_manager() -> CoordinatorManager:
    """What knows the coordinators."""
    return CoordinatorManager()


def serve_logs(*_args: Any, **_kwargs: Any) -> None:
    """Nothing is served by workers: their logs lie in a folder that the server reads, or elsewhere
    (`[logging] remote_logging`)."""


def configure_orm(*_args: Any, **_kwargs: Any) -> None:
    """Nothing has to be made ready: no process of a task has a database."""
