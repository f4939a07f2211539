"""`airflow.api_fastapi.*`: what auth managers and API routes of providers are written with."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_RESOURCES = "slipstream.compat.auth.resources"
_MANAGER = "slipstream.compat.auth.manager"
_ROUTES = "slipstream.compat.auth.routes"
_TOKENS = "slipstream.compat.auth.tokens"
_API = "airflow.api_fastapi"
_DETAILS = (
    "AccessView AssetAliasDetails AssetDetails BackfillDetails ConfigurationDetails "
    "ConnectionDetails DagAccessEntity DagDetails PoolDetails TeamDetails VariableDetails"
)

TABLE: Table = {
    f"{_API}.app": {
        _ROUTES: "API_ROOT_PATH AUTH_MANAGER_FASTAPI_APP_PREFIX create_auth_manager "
        "get_auth_manager get_cookie_path"
    },
    f"{_API}.auth.managers.base_auth_manager": {
        _MANAGER: "BaseAuthManager",
        _RESOURCES: "COOKIE_NAME_JWT_TOKEN ExtendedResourceMethod ResourceMethod",
    },
    f"{_API}.auth.managers.exceptions": {_RESOURCES: "AuthManagerRefreshTokenExpiredException"},
    f"{_API}.auth.managers.models.base_user": {_RESOURCES: "BaseUser"},
    f"{_API}.auth.managers.models.batch_apis": {
        _RESOURCES: "IsAuthorizedConnectionRequest IsAuthorizedDagRequest "
        "IsAuthorizedPoolRequest IsAuthorizedVariableRequest"
    },
    f"{_API}.auth.managers.models.resource_details": {_RESOURCES: _DETAILS},
    f"{_API}.auth.tokens": {_TOKENS: "JWKS JWTGenerator JWTValidator"},
    f"{_API}.common.db.common": {_ROUTES: "SessionDep"},
    f"{_API}.common.router": {_ROUTES: "AirflowRouter"},
    f"{_API}.common.types": {_RESOURCES: "ExtraMenuItem MenuItem"},
    f"{_API}.core_api.base": {_ROUTES: "BaseModel StrictBaseModel"},
    f"{_API}.core_api.openapi.exceptions": {
        _ROUTES: "HTTPExceptionResponse create_openapi_http_exception_doc"
    },
    f"{_API}.core_api.security": {
        _ROUTES: "GetUserDep get_user requires_access_asset requires_access_connection "
        "requires_access_dag requires_access_pool requires_access_variable requires_access_view",
        _RESOURCES: "AccessView DagAccessEntity",
    },
}
