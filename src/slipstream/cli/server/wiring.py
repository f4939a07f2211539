"""What each part of a server is told, read from the settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.server.bundles import bundles, dags_folders, team_names, team_of
from slipstream.config import Config, ConfigError
from slipstream.runtime.settings import HostSettings

if TYPE_CHECKING:
    from slipstream.api.server import ApiServer, AppFactory
    from slipstream.api.settings import ApiSettings, LdapSettings, OidcSettings
    from slipstream.services.dag_files import DagFolder

LOCAL_EXECUTORS = ("LocalExecutor", "SequentialExecutor")
PROVIDED_EXECUTORS = ("CeleryExecutor", "KubernetesExecutor")
MEBIBYTE = 1 << 20


def parallelism(config: Config) -> int:
    """How many attempts may run at once."""
    name = config.text("core", "executor").rpartition(".")[2]
    return 1 if name == "SequentialExecutor" else config.integer("core", "parallelism")


def provided_executor(config: Config) -> str | None:
    """The executor of a provider package that the settings name; None for the server's own.

    Raises `ConfigError` for several executors, and for a name that stands for none.
    """
    setting = config.setting("core", "executor")
    named = (setting.value or "").strip()
    if ";" in named or "=" in named:
        raise ConfigError(
            f"{setting.source}: [core] executor is {setting.value!r}; an executor for each team is "
            "not supported. Name the one that runs the tasks of all teams."
        )
    if named.rpartition(".")[2] in LOCAL_EXECUTORS:
        return None
    if "," in named or not (named in PROVIDED_EXECUTORS or "." in named):
        raise ConfigError(
            f"{setting.source}: [core] executor is {setting.value!r}; expected one of "
            f"{', '.join((*LOCAL_EXECUTORS, *PROVIDED_EXECUTORS))}, or the import path of one."
        )
    return named


def chosen_folders(
    deployment: Deployment, names: Sequence[str] | None
) -> tuple[list[DagFolder], list[DagFolder]]:
    """The folders of the bundles of these names (None: of all), and the other ones.

    Raises `UsageError` for a name that no bundle has.
    """
    there = [bundle.name for bundle in bundles(deployment)]
    for name in names or ():
        if name not in there:
            raise UsageError(
                f"There is no bundle {name!r}; [dag_processor] dag_bundle_config_list has "
                f"{', '.join(there)}."
            )
    chosen: list[DagFolder] = []
    others: list[DagFolder] = []
    for folder in dag_folders(deployment):
        is_chosen = names is None or folder.bundle_name in names
        (chosen if is_chosen else others).append(folder)
    return chosen, others


def dag_folders(deployment: Deployment) -> list[DagFolder]:
    """The folders of all bundles, with how files are chosen in them."""
    from slipstream.runtime.discovery import DEFAULT_LOOK
    from slipstream.services.dag_files import DagFolder, IgnoreSyntax

    config = deployment.config
    # A look of the deployment's own is people's code: who loads the file asks it.
    looks_ourselves = config.get("core", "might_contain_dag_callable") in {None, "", DEFAULT_LOOK}
    return [
        DagFolder(
            bundle.folder,
            IgnoreSyntax(config.text("core", "dag_ignore_file_syntax").lower()),
            looks_ourselves and config.flag("core", "dag_discovery_safe_mode"),
            bundle.name,
        )
        for bundle in bundles(deployment)
    ]


def host_settings(deployment: Deployment) -> HostSettings:
    """What the process host is told."""
    config = deployment.config
    defaults = HostSettings(log_dir=deployment.logs_folder, run_dir=deployment.run_folder)
    parsing = config.setting("dag_processor", "parsing_processes")
    warm = config.get("slipstream", "warm_memory_mb")
    load = config.get("slipstream", "load_memory_mb")
    return HostSettings(
        log_dir=deployment.logs_folder,
        run_dir=deployment.run_folder,
        dags_folders=dags_folders(deployment),
        keeps_logs_elsewhere=keeps_logs_elsewhere(config),
        load_parallelism=(
            defaults.load_parallelism if parsing.is_default else int(parsing.value or 1)
        ),
        load_timeout_seconds=config.number("core", "dagbag_import_timeout"),
        load_memory_bytes=int(load) * MEBIBYTE if load else defaults.load_memory_bytes,
        new_interpreters=config.flag("core", "execute_tasks_new_python_interpreter"),
        warm_memory_bytes=int(warm) * MEBIBYTE if warm else defaults.warm_memory_bytes,
        trigger_blocked_seconds=config.number("triggerer", "blocked_main_thread_warning_threshold"),
        trigger_limit_seconds=config.number("triggerer", "runner_health_check_threshold"),
        trigger_on_kill_seconds=config.number("triggerer", "on_kill_timeout"),
        kill_grace_seconds=config.number("core", "killed_task_cleanup_time"),
        callback_timeout_seconds=(
            config.number("callbacks", "callback_execution_timeout")
            or defaults.callback_timeout_seconds
        ),
        sensitive_names=_words(config, "core", "sensitive_var_conn_names"),
        secrets=config.hidden_texts(),
        min_secret_length=config.integer("logging", "min_length_masked_secret"),
    )


def api_settings(deployment: Deployment) -> ApiSettings:
    """What the HTTP edge is told."""
    from urllib.parse import urlsplit

    from slipstream.api.settings import ApiSettings

    config = deployment.config
    base = urlsplit(config.get("api", "base_url") or "")
    return ApiSettings(
        log_dir=deployment.logs_folder,
        cache_dir=deployment.home / "cache",
        metrics_are_public=metrics_endpoint(config) == "public",
        jwt_secret=config.get("api_auth", "jwt_secret") or None,
        previous_jwt_secret=config.get("slipstream", "previous_jwt_secret") or None,
        ldap=_ldap(config),
        oidc=_oidc(config),
        jwt_expiry_seconds=config.integer("api_auth", "jwt_expiration_time"),
        jwt_cli_expiry_seconds=config.integer("api_auth", "jwt_cli_expiration_time"),
        jwt_leeway_seconds=config.integer("api_auth", "jwt_leeway"),
        simple_auth_manager_all_admins=config.flag("core", "simple_auth_manager_all_admins"),
        is_https=base.scheme == "https" or bool(config.get("api", "ssl_cert")),
        origin=f"{base.scheme}://{base.netloc}" if base.scheme and base.netloc else "",
        base_path=base.path.rstrip("/"),
        login_attempts_per_minute=int(at_least(config, "login_attempts_per_minute", 0)),
        maximum_body_bytes=int(at_least(config, "maximum_body_mb", 1)) * 1024 * 1024,
        body_timeout_seconds=at_least(config, "body_timeout_seconds", 1),
        fallback_page_limit=config.integer("api", "fallback_page_limit"),
        maximum_page_limit=config.integer("api", "maximum_page_limit"),
        maximum_state_bytes=config.integer("state_store", "max_value_storage_bytes"),
        state_retention_days=config.integer("state_store", "default_retention_days"),
        cors_origins=_words(config, "api", "access_control_allow_origins"),
        cors_methods=_words(config, "api", "access_control_allow_methods"),
        cors_headers=_words(config, "api", "access_control_allow_headers"),
        show_api_docs=config.flag("api", "enable_swagger_ui"),
        shown_config=shown_config(config),
        team_of=team_of(deployment),
        team_of_bundle=team_names(deployment),
        executor=config.text("core", "executor"),
        test_connection=config.text("core", "test_connection"),
        allowed_run_id_pattern=config.text("scheduler", "allowed_run_id_pattern"),
        unhealthy_after_seconds=config.number("scheduler", "scheduler_health_check_threshold"),
        store_is_near=deployment.database_url.startswith("sqlite"),
    )


def api_server(
    config: Config,
    make_app: AppFactory,
    *,
    fd: int | None = None,
    proxies: Sequence[str] = (),
) -> ApiServer:
    """The HTTP server that the settings describe, not bound. `fd` is a socket to serve instead of
    one of its own, `proxies` are trusted beside those of the settings."""
    from slipstream.api.server import ApiServer

    return ApiServer(
        make_app,
        host=config.text("api", "host"),
        port=config.integer("api", "port"),
        fd=fd,
        grace_seconds=stop_seconds(config),
        certificate_file=config.get("api", "ssl_cert") or None,
        key_file=config.get("api", "ssl_key") or None,
        ca_file=config.get("api", "ssl_ca_file") or None,
        client_certificates=config.text("api", "ssl_cert_reqs").lower(),
        keep_alive_seconds=_patience(config, 5.0),
        head_timeout_seconds=at_least(config, "head_timeout_seconds", 1),
        trusted_proxies=[*trusted_proxies(config), *proxies],
    )


def stop_seconds(config: Config) -> float:
    """How long a server that ends waits for requests."""
    return _patience(config, 3.0)


def _patience(config: Config, otherwise: float) -> float:
    """`[api] worker_timeout` where somebody has set it: by default nobody is to wait for two
    minutes until a server has ended."""
    timeout = config.setting("api", "worker_timeout")
    return otherwise if timeout.is_default else config.number("api", "worker_timeout")


def forwarding_proxies(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Whom `--proxy-headers` believes: `FORWARDED_ALLOW_IPS`, as uvicorn reads it; this machine
    where that is not set. Raises `ConfigError` for what is no address, network or `*`."""
    name = "FORWARDED_ALLOW_IPS"
    found = tuple(environ.get(name, "127.0.0.1").replace(",", " ").split())
    if "*" in found:
        return ("*",)
    return tuple(_proxy(one, f"{name} names", "; * believes everybody") for one in found)


def trusted_proxies(config: Config) -> tuple[str, ...]:
    """Addresses and networks of `[slipstream]`. Raises `ConfigError` for what is neither."""
    source = config.setting("slipstream", "trusted_proxies").source
    said = f"{source}: [slipstream] trusted_proxies names"
    return tuple(_proxy(one, said) for one in _words(config, "slipstream", "trusted_proxies"))


def _proxy(text: str, said: str, besides: str = "") -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ConfigError(
            f"{said} {text!r}; expected addresses and networks, such as 10.0.0.5 or 10.0.0.0/8, "
            f"with commas between them{besides}."
        ) from None
    return text


def at_least(config: Config, key: str, least: float) -> float:
    """A number of `[slipstream]`. Raises `ConfigError` for one that is below that."""
    found = config.number("slipstream", key)
    if not found >= least:
        setting = config.setting("slipstream", key)
        raise ConfigError(
            f"{setting.source}: [slipstream] {key} is {found:g}; expected {least:g} or more."
        )
    return found


def _ldap(config: Config) -> LdapSettings | None:
    """The directory. Raises `ConfigError` where what it needs is missing or cannot be read."""
    from slipstream.api.settings import LdapSettings

    uri, base_dn = config.get("slipstream", "ldap_uri"), config.get("slipstream", "ldap_base_dn")
    if not uri:
        return None
    if not base_dn or not uri.startswith(("ldap://", "ldaps://")):
        raise ConfigError(
            "[slipstream] ldap_uri must begin with ldap:// or ldaps://, and ldap_base_dn says "
            "below which entry people are, such as ou=people,dc=example,dc=com."
        )
    setting = config.setting("slipstream", "ldap_group_roles")
    try:
        group_roles = {
            str(key): str(role) for key, role in json.loads(setting.value or "{}").items()
        }
    except (ValueError, AttributeError) as error:
        raise ConfigError(
            f"{setting.source}: [slipstream] ldap_group_roles is no JSON object of groups and "
            f"roles: {error}."
        ) from error
    return LdapSettings(
        uri=uri,
        base_dn=base_dn,
        bind_dn=config.get("slipstream", "ldap_bind_dn") or None,
        bind_password=config.get("slipstream", "ldap_bind_password") or None,
        user_filter=config.text("slipstream", "ldap_user_filter"),
        group_attribute=config.text("slipstream", "ldap_group_attribute"),
        group_roles=group_roles,
        default_role=config.get("slipstream", "ldap_default_role") or "",
        start_tls=config.flag("slipstream", "ldap_start_tls"),
    )


def _oidc(config: Config) -> OidcSettings | None:
    """The OpenID Connect provider. Raises `ConfigError` where only half of it is said."""
    from slipstream.api.settings import OidcSettings

    issuer = config.get("slipstream", "oidc_issuer")
    client_id = config.get("slipstream", "oidc_client_id")
    if not issuer and not client_id:
        return None
    if not issuer or not client_id:
        raise ConfigError(
            "[slipstream] oidc_issuer and oidc_client_id belong together; only one of them is set."
        )
    return OidcSettings(
        issuer=issuer.rstrip("/"),
        client_id=client_id,
        client_secret=config.get("slipstream", "oidc_client_secret") or None,
        scopes=config.text("slipstream", "oidc_scopes"),
        username_claim=config.text("slipstream", "oidc_username_claim"),
        roles_claim=config.text("slipstream", "oidc_roles_claim"),
        default_role=config.get("slipstream", "oidc_default_role") or "",
    )


def shown_config(config: Config) -> Mapping[str, Mapping[str, str]] | None:
    """The settings that clients may read, secrets hidden; None where `[api] expose_config` is off.

    What Airflow shows in the clear where it is `true` is hidden, too.
    """
    if config.text("api", "expose_config").lower() not in ("true", "non-sensitive-only"):
        return None
    shown: dict[str, dict[str, str]] = {}
    for section, key in config.names():
        setting = config.setting(section, key)
        value = "< hidden >" if setting.is_secret and setting.value else setting.value or ""
        shown.setdefault(section, {})[key] = value
    return shown


def keeps_logs_elsewhere(config: Config) -> bool:
    """Whether logs of tasks go anywhere else than to the log folder: by the settings, or because
    the deployment's own logging configuration may say so."""
    own = config.setting("logging", "logging_config_class")
    return config.flag("logging", "remote_logging") or not (own.is_default or not own.value)


def sends_metrics(config: Config) -> bool:
    """Whether metrics go anywhere."""
    switches = ("statsd_on", "statsd_datadog_enabled", "otel_on")
    kept = metrics_endpoint(config) != "off"
    return kept or any(config.flag("metrics", switch) for switch in switches)


def metrics_endpoint(config: Config) -> str:
    """Who may read `/metrics`: `off`, `signed_in` or `public`. Raises `ConfigError` for others."""
    who = config.text("slipstream", "metrics_endpoint").strip().lower()
    if who not in {"off", "signed_in", "public"}:
        raise ConfigError(
            f"[slipstream] metrics_endpoint is {who!r}; expected 'off', 'signed_in' or 'public'."
        )
    return who


def _words(config: Config, section: str, key: str) -> tuple[str, ...]:
    """The words of a list with commas or spaces between."""
    return tuple((config.get(section, key) or "").replace(",", " ").split())
