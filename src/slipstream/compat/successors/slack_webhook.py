"""Slack's webhook with a token, or an HTTP connection, as its older releases took them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.providers.slack.operators.slack_webhook import SlackWebhookOperator as _Webhook

from slipstream.compat.adapters.masking import mask_secret
from slipstream.sdk import BaseHook, Connection


class SlackWebhookOperator(_Webhook):
    """Posts to an incoming webhook. The token may be given, or be in an HTTP connection."""

    def __init__(
        self,
        *,
        slack_webhook_conn_id: str | None = None,
        http_conn_id: str | None = None,
        webhook_token: str | None = None,
        link_names: bool | None = None,
        **kwargs: Any,
    ) -> None:
        del link_names  # Slack links names by itself.
        conn_id = slack_webhook_conn_id or http_conn_id
        if conn_id is None and webhook_token is None:
            raise TypeError("SlackWebhookOperator needs slack_webhook_conn_id.")
        super().__init__(slack_webhook_conn_id=conn_id or "slack_default", **kwargs)
        self._named = conn_id is not None
        self._webhook_token = webhook_token

    @cached_property
    def hook(self) -> Any:
        """The provider's hook on the webhook's address, wherever that was given."""
        hook = super().hook
        hook.get_connection = self._connection
        return hook

    def _connection(self, conn_id: str) -> Any:
        """The connection as the hook wants it: the host, and the token as the password."""
        known = BaseHook.get_connection(conn_id) if self._named else None
        token = self._webhook_token
        if token is None and known is not None:
            token = known.extra_dejson.get("webhook_token")
        if token is None:
            return known
        mask_secret(token)
        host = _address(known) or ("https://hooks.slack.com" if "services/" in token else None)
        return Connection(conn_id=conn_id, conn_type="slackwebhook", host=host, password=token)


def _address(connection: Any) -> str | None:
    """The address of an HTTP connection's host, or None without one."""
    if connection is None or not connection.host:
        return None
    if "://" in connection.host:
        return str(connection.host)
    port = f":{connection.port}" if connection.port else ""
    return f"{connection.schema or 'https'}://{connection.host}{port}"
