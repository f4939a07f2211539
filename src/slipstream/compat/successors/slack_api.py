"""Slack's API with a token, as its older release took it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.providers.slack.operators.slack import SlackAPIPostOperator as _Post

from slipstream.compat.adapters.masking import mask_secret
from slipstream.sdk import Connection


class SlackAPIPostOperator(_Post):
    """Posts a message. The token may be given instead of a connection."""

    def __init__(self, *, token: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._token = token

    @cached_property
    def hook(self) -> Any:
        """The provider's hook, with the token that was given."""
        hook = super().hook
        if self._token is not None:
            mask_secret(self._token)
            given = Connection(conn_id=self.slack_conn_id, conn_type="slack", password=self._token)
            hook.get_connection = lambda _conn_id: given
        return hook
