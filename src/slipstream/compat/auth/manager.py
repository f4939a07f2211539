"""`BaseAuthManager`: the class that auth managers of providers derive from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from slipstream.compat.auth.resources import (
    ConnectionDetails,
    DagDetails,
    ExtraMenuItem,
    MenuItem,
    PoolDetails,
    TeamDetails,
    VariableDetails,
)
from slipstream.sdk._logging import LoggingMixin

T = TypeVar("T")


class BaseAuthManager(LoggingMixin, ABC, Generic[T]):
    """Answers who somebody is, and what they may do. What is not abstract follows from the rest."""

    def init(self) -> None:
        """Called once before the first question."""

    @abstractmethod
    def deserialize_user(self, token: dict[str, Any]) -> T:
        """The user whose claims these are."""

    @abstractmethod
    def serialize_user(self, user: T) -> dict[str, Any]:
        """The claims of a user; `sub` is the id."""

    @abstractmethod
    def get_url_login(self, **kwargs: Any) -> str:
        """Where somebody signs in."""

    @abstractmethod
    def is_authorized_configuration(self, *, method: Any, user: T, details: Any = None) -> bool:
        """Whether the user may read the settings."""

    @abstractmethod
    def is_authorized_connection(self, *, method: Any, user: T, details: Any = None) -> bool:
        """Whether the user may do that with a connection, or with any."""

    @abstractmethod
    def is_authorized_dag(
        self, *, method: Any, user: T, access_entity: Any = None, details: Any = None
    ) -> bool:
        """Whether the user may do that with a DAG, or with a part of it."""

    @abstractmethod
    def is_authorized_asset(self, *, method: Any, user: T, details: Any = None) -> bool:
        """Whether the user may do that with an asset."""

    @abstractmethod
    def is_authorized_asset_alias(self, *, method: Any, user: T, details: Any = None) -> bool:
        """Whether the user may do that with an asset alias."""

    @abstractmethod
    def is_authorized_pool(self, *, method: Any, user: T, details: Any = None) -> bool:
        """Whether the user may do that with a pool."""

    @abstractmethod
    def is_authorized_variable(self, *, method: Any, user: T, details: Any = None) -> bool:
        """Whether the user may do that with a variable."""

    @abstractmethod
    def is_authorized_view(self, *, access_view: Any, user: T) -> bool:
        """Whether the user may see a page."""

    @abstractmethod
    def is_authorized_custom_view(self, *, method: Any, resource_name: str, user: T) -> bool:
        """Whether the user may do that with a page of a plugin."""

    @abstractmethod
    def filter_authorized_menu_items(
        self, menu_items: list[MenuItem], *, user: T
    ) -> list[MenuItem]:
        """Those entries of the menu that the user may see."""

    def is_authorized_team(self, *, method: Any, user: T, details: Any = None) -> bool:
        """Whether the user belongs to a team. Managers that know teams say it themselves."""
        raise NotImplementedError(f"{type(self).__name__} does not know about teams.")

    def is_authorized_hitl_task(self, *, assigned_users: set[str], user: T) -> bool:
        """Whether the user is one of those who may answer a task."""
        return getattr(user, "get_id")() in assigned_users  # noqa: B009 - T has no bound

    def get_url_logout(self) -> str | None:
        """Where somebody signs out; None where forgetting the token is all."""
        return None

    def refresh_user(self, *, user: T) -> T | None:
        """The user with a renewed session; None where nothing had to be renewed."""
        del user
        return None

    def batch_is_authorized_connection(self, requests: Sequence[Any], *, user: T) -> bool:
        """Whether all of that is allowed."""
        return all(self.is_authorized_connection(**_asked(one), user=user) for one in requests)

    def batch_is_authorized_dag(self, requests: Sequence[Any], *, user: T) -> bool:
        """Whether all of that is allowed."""
        return all(self.is_authorized_dag(**_asked(one), user=user) for one in requests)

    def batch_is_authorized_pool(self, requests: Sequence[Any], *, user: T) -> bool:
        """Whether all of that is allowed."""
        return all(self.is_authorized_pool(**_asked(one), user=user) for one in requests)

    def batch_is_authorized_variable(self, requests: Sequence[Any], *, user: T) -> bool:
        """Whether all of that is allowed."""
        return all(self.is_authorized_variable(**_asked(one), user=user) for one in requests)

    def filter_authorized_connections(
        self, *, conn_ids: Iterable[str], user: T, method: Any = "GET", team_name: str | None = None
    ) -> set[str]:
        """Those connections with which the user may do that."""
        return {
            one
            for one in conn_ids
            if self.is_authorized_connection(
                method=method, user=user, details=ConnectionDetails(one, team_name)
            )
        }

    def filter_authorized_dag_ids(
        self, *, dag_ids: Iterable[str], user: T, method: Any = "GET", team_name: str | None = None
    ) -> set[str]:
        """Those DAGs with which the user may do that."""
        return {
            one
            for one in dag_ids
            if self.is_authorized_dag(method=method, user=user, details=DagDetails(one, team_name))
        }

    def filter_authorized_pools(
        self,
        *,
        pool_names: Iterable[str],
        user: T,
        method: Any = "GET",
        team_name: str | None = None,
    ) -> set[str]:
        """Those pools with which the user may do that."""
        return {
            one
            for one in pool_names
            if self.is_authorized_pool(
                method=method, user=user, details=PoolDetails(one, team_name)
            )
        }

    def filter_authorized_variables(
        self,
        *,
        variable_keys: Iterable[str],
        user: T,
        method: Any = "GET",
        team_name: str | None = None,
    ) -> set[str]:
        """Those variables with which the user may do that."""
        return {
            one
            for one in variable_keys
            if self.is_authorized_variable(
                method=method, user=user, details=VariableDetails(one, team_name)
            )
        }

    def filter_authorized_teams(
        self, *, teams_names: Iterable[str], user: T, method: Any = "GET"
    ) -> set[str]:
        """Those teams that the user belongs to."""
        return {
            one
            for one in teams_names
            if self.is_authorized_team(method=method, user=user, details=TeamDetails(one))
        }

    def get_authorized_menu_items(self, *, user: T) -> list[MenuItem]:
        """What of the menu the user may see."""
        return self.filter_authorized_menu_items(list(MenuItem), user=user)

    def get_extra_menu_items(self, *, user: T) -> list[ExtraMenuItem]:
        """Entries that the manager adds to the menu."""
        del user
        return []

    def get_fastapi_app(self) -> Any:
        """An application of the manager's own, or None."""
        return None

    def get_fastapi_middlewares(self) -> list[Any]:
        """Middlewares for the REST API."""
        return []

    @staticmethod
    def get_cli_commands() -> list[Any]:
        """Commands that the manager adds."""
        return []

    @staticmethod
    def get_db_manager() -> str | None:
        """The import path of what manages tables of the manager's own, or None."""
        return None

    def generate_jwt(self, user: T, *, expiration_time_in_seconds: int = 86400) -> str:
        """A token that names the user."""
        from slipstream.compat.auth.tokens import signer

        return signer(expiration_time_in_seconds).generate(self.serialize_user(user))

    async def get_user_from_token(self, token: str) -> T:
        """The user that a token names. Raises PyJWT's `InvalidTokenError`."""
        from slipstream.compat.auth.tokens import validator

        return self.deserialize_user(await validator().avalidated_claims(token))


def _asked(request: Any) -> dict[str, Any]:
    """A question's arguments, those that were left out as None."""
    return dict(request)
