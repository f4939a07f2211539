"""`airflow.sdk.log`: masking of secrets."""

from __future__ import annotations

from typing import Any

from slipstream.sdk._backend import current_backend
from slipstream.sdk._sensitive import is_sensitive_name


def mask_secret(secret: Any, name: str | None = None) -> None:
    """Hide a value, or every value in a collection, in the running task's log from now on.

    With a name, only if the name is that of a secret.
    """
    backend = current_backend.get()
    if backend is None or (
        name is not None and not is_sensitive_name(name) and isinstance(secret, str)
    ):
        return
    if isinstance(secret, str):
        backend.mask_secret(secret)
    elif isinstance(secret, dict):
        for key, value in secret.items():
            mask_secret(value, str(key))
    elif isinstance(secret, (list, tuple, set)):
        for value in secret:
            mask_secret(value, name)


def redact(value: Any, name: str | None = None, max_depth: int | None = None) -> Any:
    """The value with the secrets in it, as their names tell, hidden by `***`."""
    if max_depth == 0:
        return value
    deeper = None if max_depth is None else max_depth - 1
    if isinstance(value, dict):
        return {key: redact(inner, str(key), deeper) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(redact(inner, name, deeper) for inner in value)
    return "***" if isinstance(value, str) and value and name and is_sensitive_name(name) else value


def should_hide_value_for_key(name: Any) -> bool:
    """Whether a field of that name holds a secret."""
    return isinstance(name, str) and is_sensitive_name(name)
