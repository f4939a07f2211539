"""What is given to roles, as texts that people write and as names that Airflow uses.

`read:dag` is leave to read every DAG, `edit:dag@dag:sales` to edit that one, `read:dag@tag:team-a`
to read those with that tag, `read:dag@team:sales` to read that team's. `read:*` stands for every
resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from slipstream.api.auth.access import OF_DAGS, Action, Permission, Resource
from slipstream.model.errors import InvalidInputError
from slipstream.store.access_records import GrantRecord

DAG_SCOPE: Final = "dag:"
TAG_SCOPE: Final = "tag:"
TEAM_SCOPE: Final = "team:"

_FAB_ACTIONS: Final[Mapping[str, Action]] = {
    "can_read": Action.READ,
    "can_create": Action.CREATE,
    "can_edit": Action.EDIT,
    "can_delete": Action.DELETE,
}
_FAB_RESOURCES: Final[Mapping[Resource, str]] = {
    Resource.DAG: "DAGs",
    Resource.DAG_RUN: "DAG Runs",
    Resource.BACKFILL: "Backfills",
    Resource.TASK: "Tasks",
    Resource.TASK_INSTANCE: "Task Instances",
    Resource.TASK_LOG: "Task Logs",
    Resource.XCOM: "XComs",
    Resource.DAG_VERSION: "DAG Versions",
    Resource.DAG_SOURCE: "DAG Code",
    Resource.DAG_WARNING: "DAG Warnings",
    Resource.IMPORT_ERROR: "ImportError",
    Resource.POOL: "Pools",
    Resource.VARIABLE: "Variables",
    Resource.CONNECTION: "Connections",
    Resource.JOB: "Jobs",
    Resource.EVENT_LOG: "Audit Logs",
    Resource.CONFIG: "Configurations",
    Resource.PROVIDER: "Providers",
    Resource.PLUGIN: "Plugins",
    Resource.ASSET: "Assets",
    Resource.USER: "Users",
    Resource.ROLE: "Roles",
}
_BY_FAB_NAME: Final = {name: resource for resource, name in _FAB_RESOURCES.items()}
_FAB_SCOPED: Final = {"DAG:": Resource.DAG, "DAG Run:": Resource.DAG_RUN}


def fab_action(action: str) -> str:
    """`can_read` and the like."""
    return f"can_{action}"


def fab_resource(grant: GrantRecord) -> str:
    """`DAGs`, `DAG:sales` and the like."""
    name = _FAB_RESOURCES[Resource(grant.resource)]
    if not grant.scope:
        return name
    if grant.scope.startswith(DAG_SCOPE):
        dag_id = grant.scope.removeprefix(DAG_SCOPE)
        for prefix, resource in _FAB_SCOPED.items():
            if grant.resource == resource:
                return prefix + dag_id
    return f"{name}@{grant.scope}"


def grant_from_fab(action: str, resource: str) -> GrantRecord:
    """What an action and a resource mean, by Airflow's names or by ours. Raises
    `InvalidInputError`."""
    known = _FAB_ACTIONS.get(action)
    if known is None and action in set(Action):
        known = Action(action)
    if known is None:
        raise InvalidInputError(
            f"There is no action {action!r}; expected one of {', '.join(_FAB_ACTIONS)}."
        )
    for prefix, scoped in _FAB_SCOPED.items():
        if resource.startswith(prefix):
            return GrantRecord(known, scoped, DAG_SCOPE + resource.removeprefix(prefix))
    name, at, scope = resource.partition("@")
    found = _resource(name)
    return _checked(GrantRecord(known.value, found.value, scope), at, resource)


def grant_from_text(text: str) -> Iterator[GrantRecord]:
    """What `action:resource` or `action:resource@scope` gives. Raises `InvalidInputError`."""
    words, at, scope = text.partition("@")
    action, _, resource = words.partition(":")
    actions = list(Action) if action == "*" else [_action(action, text)]
    resources = list(Resource) if resource == "*" else [_resource(resource)]
    if scope and resource == "*":
        resources = sorted(OF_DAGS)
    for one in actions:
        for other in resources:
            yield _checked(GrantRecord(one.value, other.value, scope), at, text)


def text_of(grant: GrantRecord) -> str:
    """`read:dag`, `read:dag@tag:team-a`."""
    return f"{grant.action}:{grant.resource}" + (f"@{grant.scope}" if grant.scope else "")


def grants_of(permissions: Iterable[Permission]) -> frozenset[GrantRecord]:
    """The permissions, everywhere."""
    return frozenset(GrantRecord(one.action.value, one.resource.value) for one in permissions)


def grants_in_dag_file(given: Iterable[GrantRecord], dag_id: str) -> Iterator[GrantRecord]:
    """What an entry of `access_control` gives, in that DAG. Words that mean nothing here, such as
    `menu_access`, give nothing."""
    for action, resource, _ in given:
        known = _FAB_ACTIONS.get(action)
        found = _BY_FAB_NAME.get(resource)
        if known is not None and found in OF_DAGS:
            yield GrantRecord(known.value, found.value, DAG_SCOPE + dag_id)


def _checked(grant: GrantRecord, at: str, text: str) -> GrantRecord:
    if not at:
        return grant
    kind, colon, name = grant.scope.partition(":")
    if f"{kind}:" not in (DAG_SCOPE, TAG_SCOPE, TEAM_SCOPE) or not colon or not name:
        raise InvalidInputError(
            f"{text!r} has the scope {grant.scope!r}; expected dag:DAG_ID, tag:TAG or team:TEAM."
        )
    if grant.resource not in OF_DAGS:
        raise InvalidInputError(
            f"{text!r} is about a {grant.resource}, which belongs to no DAG; a scope can be given "
            f"for {', '.join(sorted(OF_DAGS))}."
        )
    return grant


def _action(name: str, text: str) -> Action:
    try:
        return Action(name)
    except ValueError:
        raise InvalidInputError(
            f"{text!r} is no permission; expected ACTION:RESOURCE, with an action of "
            f"{', '.join(Action)}, or * for all."
        ) from None


def _resource(name: str) -> Resource:
    if name in _BY_FAB_NAME:
        return _BY_FAB_NAME[name]
    try:
        return Resource(name)
    except ValueError:
        raise InvalidInputError(
            f"There is no resource {name!r}; expected one of {', '.join(Resource)}, or Airflow's "
            f"names for them ({', '.join(_BY_FAB_NAME)}, DAG:DAG_ID)."
        ) from None
