"""What the HTTP edge must be told by whoever starts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipstream.model.team import TeamOf


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """An OpenID Connect provider that vouches for people."""

    issuer: str
    """Its address, as its tokens name it."""
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    scopes: str = "openid profile email"
    username_claim: str = "preferred_username"
    roles_claim: str = "roles"
    """The claim with the names of roles; those that there are not are passed over."""
    default_role: str = "Viewer"
    """What somebody has whose token names no role of ours; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapSettings:
    """A directory that vouches for people."""

    uri: str
    """`ldap://…` or `ldaps://…`."""
    base_dn: str
    """Below which people are looked for."""
    bind_dn: str | None = None
    """As whom the server looks for them; None for nobody in particular."""
    bind_password: str | None = field(default=None, repr=False)
    user_filter: str = "(uid={username})"
    group_attribute: str = "memberOf"
    group_roles: Mapping[str, str] = field(default_factory=dict)
    """`{group: role}`."""
    default_role: str = "Viewer"
    """What somebody has who is in none of these groups; empty for none."""
    start_tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Plain values; the command line reads the configuration and fills them in."""

    log_dir: Path
    """Where the logs of task attempts lie."""

    cache_dir: Path | None = None
    """What takes long to make and can always be made again; None keeps nothing."""

    metrics_are_public: bool = False
    """Whether everybody may read `/metrics`, where there is such a thing."""
    jwt_secret: str | None = None
    """The key that signs tokens; None takes the deployment's own from the store."""
    previous_jwt_secret: str | None = None
    """The key before `jwt_secret`, while tokens count that it has signed."""
    jwt_expiry_seconds: int = 86_400
    jwt_cli_expiry_seconds: int = 3_600
    jwt_leeway_seconds: int = 10
    """By how much the clocks of two machines may differ."""
    simple_auth_manager_all_admins: bool = False
    """Everybody is an administrator without logging in. For local use only."""
    login_attempts_per_minute: int = 10
    """Failed logins per user name and address before further ones are refused; 0 for no limit."""

    ldap: LdapSettings | None = None
    oidc: OidcSettings | None = None
    """Who vouches for people besides the database; None for nobody."""
    is_https: bool = False
    """People reach the server by https, so that cookies need not be sent over anything less."""
    origin: str = ""
    """Where people reach the server: scheme, host and port; empty for where a request says."""
    base_path: str = ""
    """A prefix in front of every path, such as `/slipstream`; empty for none."""
    fallback_page_limit: int = 50
    maximum_page_limit: int = 100
    maximum_body_bytes: int = 16 * 1024 * 1024
    """A larger request body is refused with 413."""
    body_timeout_seconds: float = 60.0
    """A request body that has not come by then is refused with 408."""
    maximum_state_bytes: int = 65_535
    """The longest value that may be put into a task's state store; 0 for no limit."""
    state_retention_days: int = 30
    """How long a task's state is kept where nobody says; 0 for ever."""
    log_page_bytes: int = 1024 * 1024
    """How much of a log one answer carries unless the full content is asked for."""
    cors_origins: tuple[str, ...] = ()
    cors_methods: tuple[str, ...] = ()
    cors_headers: tuple[str, ...] = ()
    show_api_docs: bool = True
    """Whether `/docs` and `/redoc` exist."""

    shown_config: Mapping[str, Mapping[str, str]] | None = None
    """`{section: {key: value}}` that clients may read; None where they may not."""
    team_of: TeamOf | None = None
    """Whose a DAG file is; None where nothing can belong to a team."""
    team_of_bundle: Mapping[str, str] = field(default_factory=dict)
    """`{bundle: its team}` of those that have one."""
    executor: str = "LocalExecutor"
    """What runs tasks."""
    test_connection: str = "Disabled"
    """Whether connections may be tested: `Disabled`, `Enabled` or `Hidden`."""
    allowed_run_id_pattern: str = r"^[A-Za-z0-9_.~:+-]+$"
    unhealthy_after_seconds: float = 30.0
    """A component that has not said for this long that it lives is unhealthy."""
    store_is_near: bool = True
    """The store answers within microseconds (it is embedded), so that short questions are asked
    on the event loop itself; False hands every request to a thread."""
