"""The HTTP application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from slipstream import __version__
from slipstream.api.announcements import Announce
from slipstream.api.auth import own, people
from slipstream.api.auth.doors import door_routes
from slipstream.api.auth.gate import Gate
from slipstream.api.auth.ldap import LdapDirectory
from slipstream.api.auth.login import login_routes
from slipstream.api.auth.login_check import LoginCheck
from slipstream.api.auth.oidc import oidc_routes
from slipstream.api.auth.own_pages import OwnPages
from slipstream.api.auth.throttle import Guesses
from slipstream.api.auth.tokens import Tokens
from slipstream.api.bounded_bodies import BoundedBodies
from slipstream.api.call import Deployment, RemoteLogReader, SignsOfLife, utc_now
from slipstream.api.connection_tests import ConnectionTester
from slipstream.api.document_pages import document_routes
from slipstream.api.errors import install_error_answers
from slipstream.api.live.feed import LiveFeed
from slipstream.api.metrics import metrics_routes
from slipstream.api.operation import Operation
from slipstream.api.plugin_apps.orders import Told
from slipstream.api.public import (
    asset_states,
    assets,
    backfills,
    bulk_runs,
    clear_runs,
    clearing,
    config,
    connection_tests,
    connections,
    dag_runs,
    dag_stats,
    dag_versions,
    dags,
    event_logs,
    hitl,
    import_errors,
    jobs,
    links,
    logs,
    marking,
    monitor,
    parsing,
    pools,
    providers,
    queued_events,
    run_waiting,
    state_stores,
    task_instances,
    tasks,
    tries,
    variables,
    xcoms,
)
from slipstream.api.public import plugins as plugin_operations
from slipstream.api.route_table import RouteTable
from slipstream.api.routing import OperationRoute
from slipstream.api.settings import ApiSettings
from slipstream.api.ui import backfills as ui_backfills
from slipstream.api.ui import connection_types, pool_use, stream, structure
from slipstream.api.ui import logs as ui_logs
from slipstream.api.ui import runs as ui_runs
from slipstream.api.ui.pages import page_routes
from slipstream.api.ui.session import session_routes
from slipstream.store.interface import Store
from slipstream.store.triggering import AskTimetable

_NOUNS = (
    monitor,
    config,
    providers,
    event_logs,
    jobs,
    parsing,
    dags,
    dag_runs,
    run_waiting,
    dag_stats,
    bulk_runs,
    backfills,
    clearing,
    clear_runs,
    logs,
    xcoms,
    state_stores,
    links,
    hitl,
    tries,
    task_instances,
    marking,
    tasks,
    dag_versions,
    import_errors,
    pools,
    variables,
    connection_tests,
    connections,
    asset_states,
    queued_events,
    assets,
    plugin_operations,
)
"""In the order in which their paths are tried: `…/{task_id}/logs/…` before
`…/{task_id}/{map_index}`."""


def create_app(
    store: Store,
    *,
    settings: ApiSettings,
    signs_of_life: SignsOfLife | None = None,
    live: LiveFeed | None = None,
    clock: Callable[[], datetime] = utc_now,
    plugins: Callable[[], Told] = Told,
    announce: Announce | None = None,
    metrics: Callable[[], str] | None = None,
    ask_timetable: AskTimetable | None = None,
    read_remote_log: RemoteLogReader | None = None,
    connection_tester: ConnectionTester | None = None,
    guesses: Guesses | None = None,
) -> FastAPI:
    """The REST API over that store.

    `signs_of_life` is `{"scheduler": …, "triggerer": …, "dag_processor": …}` for the components
    that run in this process: each gives the moment when it last showed that it lives. Of those
    that are not named the store's heartbeats tell. `live` is what is told of this server's
    changes; without one, streams stay silent. `plugins` gives what they add, and may wait;
    `announce` tells those who listen there. `metrics` gives this server's as text.
    `ask_timetable` puts questions to timetables of users, where a process for that is at hand.
    `read_remote_log` reads logs that are kept elsewhere. `connection_tester` tests connections,
    where that is allowed. `guesses` bounds failed logins; without it they are counted here alone.
    """
    signs = {} if signs_of_life is None else signs_of_life
    deployment = Deployment(
        store=store,
        settings=settings,
        signs_of_life=signs,
        live=live or LiveFeed(),
        clock=clock,
        plugins=plugins,
        announce=announce,
        metrics=metrics,
        ask_timetable=ask_timetable,
        read_remote_log=read_remote_log,
        connection_tester=connection_tester,
        guesses=guesses or Guesses(settings.login_attempts_per_minute),
    )
    tokens = Tokens(store, settings, clock)
    gate = Gate(
        store,
        tokens,
        clock,
        all_admins=settings.simple_auth_manager_all_admins,
        bundles=settings.team_of_bundle,
    )
    directory = None if settings.ldap is None else LdapDirectory(settings.ldap)
    check = LoginCheck(directory=directory)
    operations = [
        *login_routes(tokens, settings, check),
        *door_routes(tokens, settings),
        *access_operations(),
        *oidc_routes(tokens, settings),
        *public_operations(),
        *session_routes(tokens, settings, gate, check),
        *ui_operations(),
        *metrics_routes(is_public=settings.metrics_are_public),
    ]
    app = FastAPI(
        title="Slipstream",
        version=__version__,
        openapi_url=None,
    )
    app.router.routes.append(
        RouteTable([OperationRoute(entry, deployment, gate) for entry in operations])
    )
    app.router.routes += document_routes(operations, deployment)
    app.router.routes += page_routes(settings)
    install_error_answers(app)
    app.add_middleware(
        BoundedBodies,
        seconds=settings.body_timeout_seconds,
        most_bytes=settings.maximum_body_bytes,
    )
    if settings.simple_auth_manager_all_admins:
        origins = settings.cors_origins
        app.add_middleware(OwnPages, origin=settings.origin, other_origins=origins)
    _allow_origins(app, settings)
    if settings.base_path:
        app.add_middleware(BasePath, base_path=settings.base_path.rstrip("/"))
    return app


def public_operations() -> Sequence[Operation]:
    """Every operation of the REST API, in the order in which their paths are tried."""
    of_nouns = [operation for noun in _NOUNS for operation in noun.routes]
    return [*of_nouns, *dag_stats.warning_routes]


def access_operations() -> Sequence[Operation]:
    """Users, roles, and what belongs to whoever asks."""
    return [*own.routes, *people.routes]


def ui_operations() -> Sequence[Operation]:
    """What the web app asks for beside the REST API."""
    return [
        *structure.routes,
        *ui_runs.routes,
        *ui_backfills.routes,
        *connection_types.routes,
        *pool_use.routes,
        *stream.routes,
        *ui_logs.routes,
    ]


class BasePath:
    """Lets every path stand below a prefix as well."""

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        self._app = app
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "root_path": self._base_path}, receive, send)


def _allow_origins(app: FastAPI, settings: ApiSettings) -> None:
    if not settings.cors_origins:
        return
    from starlette.middleware.cors import CORSMiddleware

    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=settings.cors_methods,
        allow_headers=settings.cors_headers,
        # Any page may ask then, but not in the name of who is signed in to its browser.
        allow_credentials="*" not in settings.cors_origins,
    )
