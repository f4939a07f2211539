"""What somebody may or may not reach, in the words of `airflow.api_fastapi`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypedDict

ResourceMethod = Enum(  # type: ignore[misc]  # read like a class of its own
    "ResourceMethod", {name: name for name in ("GET", "POST", "PUT", "DELETE")}, type=str
)
ExtendedResourceMethod = Enum(  # type: ignore[misc]
    "ExtendedResourceMethod",
    {name: name for name in ("GET", "POST", "PUT", "DELETE", "MENU")},
    type=str,
)
_Method = Literal["GET", "POST", "PUT", "DELETE"]

COOKIE_NAME_JWT_TOKEN = "_token"  # noqa: S105 - a name


class AccessView(Enum):
    """Pages that are no resource of their own."""

    CLUSTER_ACTIVITY = "CLUSTER_ACTIVITY"
    DOCS = "DOCS"
    IMPORT_ERRORS = "IMPORT_ERRORS"
    JOBS = "JOBS"
    PLUGINS = "PLUGINS"
    PROVIDERS = "PROVIDERS"
    TRIGGERS = "TRIGGERS"
    WEBSITE = "WEBSITE"


class DagAccessEntity(Enum):
    """Parts of a DAG that have permissions of their own."""

    AUDIT_LOG = "AUDIT_LOG"
    CODE = "CODE"
    DEPENDENCIES = "DEPENDENCIES"
    HITL_DETAIL = "HITL_DETAIL"
    RUN = "RUN"
    TASK = "TASK"
    TASK_INSTANCE = "TASK_INSTANCE"
    TASK_LOGS = "TASK_LOGS"
    VERSION = "VERSION"
    WARNING = "WARNING"
    XCOM = "XCOM"


class MenuItem(Enum):
    """Entries of the menu."""

    REQUIRED_ACTIONS = "Required Actions"
    ASSETS = "Assets"
    AUDIT_LOG = "Audit Log"
    CONFIG = "Config"
    CONNECTIONS = "Connections"
    DAGS = "Dags"
    DEADLINES = "Deadlines"
    DOCS = "Docs"
    JOBS = "Jobs"
    PLUGINS = "Plugins"
    POOLS = "Pools"
    PROVIDERS = "Providers"
    VARIABLES = "Variables"
    XCOMS = "XComs"


@dataclass
class ExtraMenuItem:
    """An entry of the menu that an auth manager adds."""

    text: str
    href: str


@dataclass
class ConfigurationDetails:
    """A section of the settings."""

    section: str | None = None


@dataclass
class ConnectionDetails:
    """A connection."""

    conn_id: str | None = None
    team_name: str | None = None


@dataclass
class DagDetails:
    """A DAG."""

    id: str | None = None
    team_name: str | None = None


@dataclass
class BackfillDetails:
    """A backfill."""

    id: int | None = None


@dataclass
class AssetDetails:
    """An asset."""

    id: str | None = None


@dataclass
class AssetAliasDetails:
    """An asset alias."""

    id: str | None = None


@dataclass
class PoolDetails:
    """A pool."""

    name: str | None = None
    team_name: str | None = None


@dataclass
class TeamDetails:
    """A team."""

    name: str | None = None


@dataclass
class VariableDetails:
    """A variable."""

    key: str | None = None
    team_name: str | None = None


class IsAuthorizedConnectionRequest(TypedDict, total=False):
    """One question of several about connections."""

    method: _Method
    details: ConnectionDetails | None


class IsAuthorizedDagRequest(TypedDict, total=False):
    """One question of several about DAGs."""

    method: _Method
    access_entity: DagAccessEntity | None
    details: DagDetails | None


class IsAuthorizedPoolRequest(TypedDict, total=False):
    """One question of several about pools."""

    method: _Method
    details: PoolDetails | None


class IsAuthorizedVariableRequest(TypedDict, total=False):
    """One question of several about variables."""

    method: _Method
    details: VariableDetails | None


class BaseUser:
    """Somebody who has signed in."""

    def get_id(self) -> str:
        """What tells users apart."""
        raise NotImplementedError(f"{type(self).__name__} has to say its id.")

    def get_name(self) -> str:
        """What users are called."""
        raise NotImplementedError(f"{type(self).__name__} has to say its name.")


class AuthManagerRefreshTokenExpiredException(Exception):
    """The token that would renew a session has expired."""


def asked(method: Any) -> str:
    """A method as text, whether it came as a text or as a member."""
    return str(getattr(method, "value", method))
