"""What settings may look like whose form does not show in their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_BUNDLES: Final = (
    '[{"name": "sales", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", '
    '"kwargs": {"path": "/srv/dags/sales"}}]'
)

EXAMPLES: Final[Mapping[tuple[str, str], str]] = {
    ("slipstream", "trusted_proxies"): "10.0.0.5, 10.1.0.0/16",
    ("slipstream", "xcom_url"): "s3://warehouse/xcom",
    ("slipstream", "ldap_uri"): "ldaps://ldap.example.com",
    ("slipstream", "ldap_base_dn"): "ou=people,dc=example,dc=com",
    ("slipstream", "ldap_bind_dn"): "cn=slipstream,ou=services,dc=example,dc=com",
    ("slipstream", "ldap_group_roles"): '{"cn=data,ou=groups,dc=example,dc=com": "User"}',
    ("slipstream", "oidc_issuer"): "https://login.example.com/realms/data",
    ("slipstream", "oidc_client_id"): "slipstream",
    ("slipstream", "oidc_default_role"): "User",
    ("core", "default_timezone"): "Europe/Berlin",
    ("core", "default_impersonation"): "tasks",
    ("core", "executor"): "CeleryExecutor",
    ("core", "allowed_deserialization_classes"): "airflow.* shop.orders.*",
    ("core", "sensitive_var_conn_names"): "licence, pin",
    ("core", "simple_auth_manager_users"): "ada:admin, bob:viewer",
    ("core", "xcom_backend"): "shop.xcoms.CompressedXCom",
    ("core", "might_contain_dag_callable"): "shop.dag_files.might_contain_dag",
    ("database", "sql_alchemy_conn"): "postgresql://slipstream@db.example.com/slipstream",
    ("database", "sql_alchemy_schema"): "slipstream",
    ("database", "external_db_managers"): "shop.tables.OrdersDBManager",
    ("logging", "remote_base_log_folder"): "s3://logs.example.com/tasks",
    ("logging", "remote_log_conn_id"): "logs_s3",
    ("logging", "logging_config_class"): "shop.logging_settings.LOGGING_CONFIG",
    ("metrics", "metrics_allow_list"): "scheduler, executor, dagrun",
    ("metrics", "statsd_host"): "statsd.example.com",
    ("metrics", "statsd_datadog_tags"): "team:data, stage:production",
    ("metrics", "otel_host"): "collector.example.com",
    ("secrets", "backend"): "airflow.providers.hashicorp.secrets.vault.VaultBackend",
    ("secrets", "backend_kwargs"): '{"url": "https://vault.example.com", "mount_point": "data"}',
    ("api", "base_url"): "https://slipstream.example.com/data",
    ("api", "instance_name"): "Data platform",
    ("api", "ssl_cert"): "/etc/slipstream/server.crt",
    ("api", "ssl_key"): "/etc/slipstream/server.key",
    ("api", "access_control_allow_origins"): "https://portal.example.com",
    ("api", "access_control_allow_methods"): "GET, POST, PATCH",
    ("api", "access_control_allow_headers"): "Authorization, Content-Type",
    ("email", "from_email"): "Data platform <data@example.com>",
    ("email", "subject_template"): "/etc/slipstream/subject.jinja2",
    ("email", "html_content_template"): "/etc/slipstream/mail.jinja2",
    ("smtp", "smtp_host"): "mail.example.com",
    ("kerberos", "principal"): "slipstream/worker@EXAMPLE.COM",
    ("kerberos", "keytab"): "/etc/slipstream/slipstream.keytab",
    ("dag_processor", "dag_bundle_config_list"): _BUNDLES,
    ("common.io", "xcom_objectstorage_path"): "s3://aws_default@warehouse/xcom",
}
"""`{(section, key): a value}`. None is a default, and none is anybody's secret."""
