"""Who asks for something, and what they may do where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Final, Protocol

from slipstream.api.auth.access import (
    ALL,
    BUILT_IN,
    OF_DAGS,
    Action,
    BuiltIn,
    Permission,
    Resource,
)
from slipstream.api.auth.grants import (
    DAG_SCOPE,
    TAG_SCOPE,
    TEAM_SCOPE,
    grant_from_text,
    grants_in_dag_file,
    grants_of,
)
from slipstream.store.access_records import GrantRecord


class GrantingStore(Protocol):
    """Where it stands what is given in which DAG."""

    def granted_dags(self, roles: Set[str]) -> Mapping[str, frozenset[GrantRecord]]: ...

    def dags_tagged(self, tags: Set[str]) -> Mapping[str, frozenset[str]]: ...

    def dags_in_bundles(self, bundles: Set[str]) -> Mapping[str, frozenset[str]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who asks for something."""

    name: str
    roles: tuple[str, ...]
    grants: frozenset[GrantRecord]
    """What the roles give, less what the token in use is not good for."""
    token_grants: frozenset[GrantRecord] | None = None
    """What the token in use is good for; None for all."""
    token_id: str | None = None
    """That of the signed token in use."""
    bundles: Mapping[str, str] = field(default_factory=dict)
    """`{bundle: its team}`."""
    is_program: bool = False
    """A personal access token is in use: it can be used for nothing that changes how people sign
    in."""

    def may(self, permission: Permission) -> bool:
        """Whether their roles let them do so, be it in some DAGs alone."""
        wanted = (permission.action, permission.resource)
        return any((grant.action, grant.resource) == wanted for grant in self.grants)

    def permissions(self, store: GrantingStore) -> Set[Permission]:
        """All that they may do somewhere, by their roles or by what DAG files say."""
        somewhere = {Permission(Action(g.action), Resource(g.resource)) for g in self.grants}
        somewhere |= {
            Permission(Action(grant.action), Resource(grant.resource))
            for _, grant in self._in_dags(store)
        }
        return {
            one
            for one in somewhere
            if one.resource not in OF_DAGS or self.dags(one, store) != frozenset()
        }

    def may_everywhere(self, permission: Permission) -> bool:
        """Whether they may do so in every DAG."""
        if (permission.action, permission.resource, "") not in self.grants:
            return False
        needed = _on_the_dag(permission)
        return needed is None or (needed, Resource.DAG, "") in self.grants

    def dags(self, permission: Permission, store: GrantingStore) -> frozenset[str] | None:
        """The DAGs in which they may do so; None for all of them."""
        if self.may_everywhere(permission):
            return None
        everywhere = {(g.action, g.resource) for g in self.grants if not g.scope}
        within: dict[str, set[tuple[str, str]]] = {}
        for dag_id, grant in self._in_dags(store):
            within.setdefault(dag_id, set()).add((grant.action, grant.resource))
        wanted = (permission.action.value, permission.resource.value)
        needed = _on_the_dag(permission)
        reads = (Action.READ.value, Resource.DAG.value)
        changes = (needed, Resource.DAG.value)
        return frozenset(
            dag_id
            for dag_id, here in within.items()
            if (wanted in here and (reads in here or reads in everywhere or needed is None))
            or (wanted in everywhere and (changes in here or changes in everywhere))
        )

    def _in_dags(self, store: GrantingStore) -> Iterator[tuple[str, GrantRecord]]:
        """What is given in which DAG, by roles and by DAG files."""
        tags: dict[str, list[GrantRecord]] = {}
        teams: dict[str, list[GrantRecord]] = {}
        for grant in self.grants:
            if grant.scope.startswith(DAG_SCOPE):
                yield grant.scope.removeprefix(DAG_SCOPE), grant
            elif grant.scope.startswith(TAG_SCOPE):
                tags.setdefault(grant.scope.removeprefix(TAG_SCOPE), []).append(grant)
            elif grant.scope.startswith(TEAM_SCOPE):
                teams.setdefault(grant.scope.removeprefix(TEAM_SCOPE), []).append(grant)
        theirs = {bundle for bundle, team in self.bundles.items() if team in teams}
        if theirs:
            for bundle, dag_ids in store.dags_in_bundles(theirs).items():
                for dag_id in dag_ids:
                    for grant in teams[self.bundles[bundle]]:
                        yield dag_id, grant
        if tags:
            for tag, dag_ids in store.dags_tagged(tags.keys()).items():
                for dag_id in dag_ids:
                    for grant in tags[tag]:
                        yield dag_id, grant
        for dag_id, given in store.granted_dags(frozenset(self.roles)).items():
            for grant in narrowed(grants_in_dag_file(given, dag_id), self.token_grants):
                yield dag_id, grant


def _on_the_dag(permission: Permission) -> Action | None:
    """What must be allowed to the DAG itself, too; None where it is all about that, or about
    something else."""
    if permission.resource is Resource.DAG or permission.resource not in OF_DAGS:
        return None
    return Action.READ if permission.action is Action.READ else Action.EDIT


_GRANTS_OF_BUILT_IN: Final = {role: grants_of(given) for role, given in BUILT_IN.items()}


def grants_of_roles(
    roles: Iterable[str], stored: Mapping[str, frozenset[GrantRecord]]
) -> frozenset[GrantRecord]:
    """What the roles give: as stored, or as built in where nobody has changed that."""
    found: list[frozenset[GrantRecord]] = []
    for role in roles:
        known = BuiltIn.known_as(role)
        if known is not None and (known is BuiltIn.ADMIN or known.title not in stored):
            found.append(_GRANTS_OF_BUILT_IN[known])
        else:
            found.append(stored.get(role if known is None else known.title, frozenset()))
    return found[0] if len(found) == 1 else frozenset().union(*found)


def narrowed(
    grants: Iterable[GrantRecord], token: frozenset[GrantRecord] | None
) -> frozenset[GrantRecord]:
    """What of the user's grants a token is good for."""
    mine = frozenset(grants)
    if token is None:
        return mine
    kept = {one for one in mine if one in token or one._replace(scope="") in token}
    kept |= {one for one in token if one._replace(scope="") in mine}
    return frozenset(kept)


def grants_of_scope(scope: Iterable[str]) -> frozenset[GrantRecord]:
    """What a token with that scope is good for. Raises `InvalidInputError`."""
    return frozenset(grant for text in scope for grant in grant_from_text(text))


ANYBODY: Final = User(name="Anonymous", roles=("Admin",), grants=grants_of(ALL))
"""Who asks where everybody is an administrator and sends no token."""
