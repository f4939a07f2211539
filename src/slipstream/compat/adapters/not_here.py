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


def provide_session(func: Any) -> Any:
    """A function that asks for a database session; calling it without one says what to use."""
    from functools import wraps

    @wraps(func)
    def without_session(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("session") is None:
            create_session()
        return func(*args, **kwargs)

    return without_session


def create_session(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Tasks have no database session, as in Airflow 3."""
    _refuse(
        "A session on the metadata database",
        "read and change runs, variables and connections through the REST API or airflow.sdk.",
    )


NEW_SESSION: Any = None
