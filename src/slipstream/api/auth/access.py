"""What may be done to what, and what the built-in roles may do: a table."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Action(StrEnum):
    """What is done to a resource."""

    READ = "read"
    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"


class Resource(StrEnum):
    """What permissions are given on."""

    DAG = "dag"
    DAG_RUN = "dag_run"
    BACKFILL = "backfill"
    TASK = "task"
    TASK_INSTANCE = "task_instance"
    TASK_LOG = "task_log"
    XCOM = "xcom"
    DAG_VERSION = "dag_version"
    DAG_SOURCE = "dag_source"
    DAG_WARNING = "dag_warning"
    IMPORT_ERROR = "import_error"
    POOL = "pool"
    VARIABLE = "variable"
    CONNECTION = "connection"
    JOB = "job"
    EVENT_LOG = "event_log"
    CONFIG = "config"
    PROVIDER = "provider"
    PLUGIN = "plugin"
    ASSET = "asset"
    USER = "user"
    ROLE = "role"


OF_DAGS: Final = frozenset(
    {
        Resource.DAG,
        Resource.DAG_RUN,
        Resource.BACKFILL,
        Resource.TASK,
        Resource.TASK_INSTANCE,
        Resource.TASK_LOG,
        Resource.XCOM,
        Resource.DAG_VERSION,
        Resource.DAG_SOURCE,
        Resource.DAG_WARNING,
        Resource.IMPORT_ERROR,
    }
)
"""Resources that belong to a DAG: leave to them can be given for some DAGs alone."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Leave to do something to a resource."""

    action: Action
    resource: Resource


class BuiltIn(IntEnum):
    """The roles that there always are. Each may do all that the ones before it may."""

    PUBLIC = 0
    VIEWER = 1
    USER = 2
    OP = 3
    ADMIN = 4

    @property
    def title(self) -> str:
        """Its name, as Airflow writes it."""
        return self.name.capitalize()

    @classmethod
    def known_as(cls, name: str) -> BuiltIn | None:
        """The one of that name, in any case; None where it is none of them."""
        return cls.__members__.get(name.upper())


def role_name(name: str) -> str:
    """How a role is called: built-in ones in one spelling, others as they are."""
    known = BuiltIn.known_as(name.strip())
    return name.strip() if known is None else known.title


@dataclass(frozen=True, slots=True)
class _Needs:
    """The least role that may read, and the least that may change."""

    to_read: BuiltIn
    to_change: BuiltIn


_NEEDS: Final[Mapping[Resource, _Needs]] = {
    Resource.DAG: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.DAG_RUN: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.BACKFILL: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.TASK: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.TASK_INSTANCE: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.TASK_LOG: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.XCOM: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.DAG_VERSION: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.DAG_SOURCE: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.DAG_WARNING: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.IMPORT_ERROR: _Needs(BuiltIn.VIEWER, BuiltIn.USER),
    Resource.POOL: _Needs(BuiltIn.VIEWER, BuiltIn.OP),
    Resource.VARIABLE: _Needs(BuiltIn.OP, BuiltIn.OP),
    Resource.CONNECTION: _Needs(BuiltIn.OP, BuiltIn.OP),
    Resource.JOB: _Needs(BuiltIn.VIEWER, BuiltIn.ADMIN),
    Resource.EVENT_LOG: _Needs(BuiltIn.VIEWER, BuiltIn.ADMIN),
    Resource.CONFIG: _Needs(BuiltIn.OP, BuiltIn.ADMIN),
    Resource.PROVIDER: _Needs(BuiltIn.VIEWER, BuiltIn.ADMIN),
    Resource.PLUGIN: _Needs(BuiltIn.VIEWER, BuiltIn.ADMIN),
    Resource.ASSET: _Needs(BuiltIn.VIEWER, BuiltIn.OP),
    Resource.USER: _Needs(BuiltIn.ADMIN, BuiltIn.ADMIN),
    Resource.ROLE: _Needs(BuiltIn.ADMIN, BuiltIn.ADMIN),
}

ALL: Final = frozenset(Permission(action, resource) for resource in Resource for action in Action)
"""Everything that there is to give."""


def _of(role: BuiltIn) -> Set[Permission]:
    return frozenset(
        one
        for one in ALL
        if role
        >= (
            _NEEDS[one.resource].to_read
            if one.action is Action.READ
            else _NEEDS[one.resource].to_change
        )
    )


BUILT_IN: Final[Mapping[BuiltIn, Set[Permission]]] = {role: _of(role) for role in BuiltIn}
"""What the built-in roles give until somebody changes them."""


def reading(resource: Resource) -> Permission:
    """Leave to read the resource."""
    return Permission(Action.READ, resource)


def creating(resource: Resource) -> Permission:
    """Leave to create one."""
    return Permission(Action.CREATE, resource)


def editing(resource: Resource) -> Permission:
    """Leave to change one."""
    return Permission(Action.EDIT, resource)


def deleting(resource: Resource) -> Permission:
    """Leave to delete one."""
    return Permission(Action.DELETE, resource)
