"""What API routes of providers are written with: a router, payloads, and who asks.

Slipstream's own REST API has its own users and permissions. Routes of a provider that ask for
Airflow's auth manager or its database can be made and looked at; a request of one is refused, with
what to use instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Depends
from pydantic import BaseModel as PydanticModel
from pydantic import ConfigDict

from slipstream.compat.adapters.not_here import NotHereError

AUTH_MANAGER_FASTAPI_APP_PREFIX = "/auth"
API_ROOT_PATH = "/"


class AirflowRouter(APIRouter):
    """A router whose operations are named after their functions."""

    def api_route(self, path: str, operation_id: str | None = None, **kwargs: Any) -> Any:
        """Add the decorated function as an operation."""

        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            self.add_api_route(
                path, function, operation_id=operation_id or function.__name__, **kwargs
            )
            return function

        return add


class BaseModel(PydanticModel):
    """A payload."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class StrictBaseModel(BaseModel):
    """A payload that takes no other fields than its own."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True, extra="forbid")


class HTTPExceptionResponse(BaseModel):
    """The body of a refusal."""

    detail: str | dict[str, Any]


def create_openapi_http_exception_doc(
    responses_status_code: Sequence[int | tuple[int, str]],
) -> dict[int, dict[str, Any]]:
    """`responses` of an operation that may refuse with these codes."""
    described: dict[int, dict[str, Any]] = {}
    for entry in responses_status_code:
        code, words = entry if isinstance(entry, tuple) else (entry, HTTPStatus(entry).phrase)
        described[code] = {"model": HTTPExceptionResponse, "description": words}
    return described


def get_cookie_path() -> str:
    """The path that cookies are for: that of the base URL."""
    from urllib.parse import urlsplit

    from slipstream.sdk import conf

    base = conf.get("api", "base_url", fallback=None) or ""
    return urlsplit(str(base)).path.rstrip("/") + "/"


def get_auth_manager() -> NoReturn:
    """There is none: Slipstream signs people in by itself."""
    raise NotHereError(
        "There is no auth manager of Airflow's in Slipstream. Users and roles are those of "
        "`slipstream users`; ask the REST API (/api/v2) with a token of one of them."
    )


def create_auth_manager() -> NoReturn:
    """The same."""
    get_auth_manager()


def _session() -> NoReturn:
    raise NotHereError(
        "Routes have no session on a metadata database in Slipstream; ask the REST API (/api/v2)."
    )


def get_user(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Who asks; only an auth manager would know."""
    get_auth_manager()


def _requires(*_args: Any, **_kwargs: Any) -> Callable[[], None]:
    """A dependency that lets nobody in who would have to be asked about."""

    def check() -> None:
        get_auth_manager()

    return check


SessionDep = Annotated[Any, Depends(_session)]
GetUserDep = Annotated[Any, Depends(get_user)]
requires_access_dag = requires_access_view = requires_access_connection = _requires
requires_access_variable = requires_access_pool = requires_access_asset = _requires
