"""The tables of Airflow's metadata database: importing one is free, using it says what to do.

Tasks have no access to the database, as in Airflow 3. Files that name its tables at their top load,
and what else they hold runs.
"""

from __future__ import annotations

from typing import Any, NoReturn

from slipstream.compat.adapters.not_here import NotHereError


class DatabaseTable:
    """Stands for a table; whatever is asked of it is refused."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse(f".{name}")

    def __call__(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        self._refuse("()")

    def __mro_entries__(self, bases: tuple[object, ...]) -> NoReturn:
        del bases
        self._refuse(" as a base class")

    def _refuse(self, use: str) -> NoReturn:
        name = self.__dict__["_name"]
        raise NotHereError(
            f"{name}{use} was used: it is a table of Airflow's metadata database, which does not "
            f"exist in Slipstream and which tasks cannot reach in Airflow 3 either. Ask the REST "
            f"API (/api/v2), or ti.get_dagrun(), ti.get_task_states() and the like."
        )


def __getattr__(name: str) -> DatabaseTable:
    """A stand-in of that name."""
    if name.startswith("__"):
        raise AttributeError(name)
    return DatabaseTable(name)
