"""Roles, and what each may do to which resource: a table."""

from __future__ import annotations

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class Permission:
    """Leave to do something to a resource."""

    action: Action
    resource: Resource


class Role(IntEnum):
    """What a user is. Each role may do all that the ones before it may."""

    VIEWER = 1
    USER = 2
    OP = 3
    ADMIN = 4

    @classmethod
    def named(cls, name: str) -> Role:
        """The role of that name, in any case. Raises `ValueError`."""
        try:
            return cls[name.upper()]
        except KeyError:
            known = ", ".join(role.name.lower() for role in cls)
            raise ValueError(f"There is no role {name!r}; the roles are {known}.") from None


@dataclass(frozen=True, slots=True)
class _Needs:
    """The least role that may read, and the least that may change."""

    to_read: Role
    to_change: Role


_NEEDS: Final[Mapping[Resource, _Needs]] = {
    Resource.DAG: _Needs(Role.VIEWER, Role.USER),
    Resource.DAG_RUN: _Needs(Role.VIEWER, Role.USER),
    Resource.BACKFILL: _Needs(Role.VIEWER, Role.USER),
    Resource.TASK: _Needs(Role.VIEWER, Role.USER),
    Resource.TASK_INSTANCE: _Needs(Role.VIEWER, Role.USER),
    Resource.TASK_LOG: _Needs(Role.VIEWER, Role.USER),
    Resource.XCOM: _Needs(Role.VIEWER, Role.USER),
    Resource.DAG_VERSION: _Needs(Role.VIEWER, Role.USER),
    Resource.DAG_SOURCE: _Needs(Role.VIEWER, Role.USER),
    Resource.DAG_WARNING: _Needs(Role.VIEWER, Role.USER),
    Resource.IMPORT_ERROR: _Needs(Role.VIEWER, Role.USER),
    Resource.POOL: _Needs(Role.VIEWER, Role.OP),
    Resource.VARIABLE: _Needs(Role.OP, Role.OP),
    Resource.CONNECTION: _Needs(Role.OP, Role.OP),
    Resource.JOB: _Needs(Role.VIEWER, Role.ADMIN),
    Resource.EVENT_LOG: _Needs(Role.VIEWER, Role.ADMIN),
    Resource.CONFIG: _Needs(Role.OP, Role.ADMIN),
    Resource.PROVIDER: _Needs(Role.VIEWER, Role.ADMIN),
    Resource.PLUGIN: _Needs(Role.VIEWER, Role.ADMIN),
    Resource.ASSET: _Needs(Role.VIEWER, Role.OP),
}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who asks for something."""

    name: str
    role: Role

    def may(self, permission: Permission) -> bool:
        """Whether the user's role allows it."""
        needs = _NEEDS[permission.resource]
        least = needs.to_read if permission.action is Action.READ else needs.to_change
        return self.role >= least


ANYBODY: Final = User("Anonymous", Role.ADMIN)
"""Who asks where everybody is an administrator and sends no token."""


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
