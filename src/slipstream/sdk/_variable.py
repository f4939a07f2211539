"""Variables: named texts that a deployment keeps for its DAGs."""

from __future__ import annotations

import json

from slipstream.sdk._backend import Backend
from slipstream.sdk._connection import secret_texts
from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._running import get_backend
from slipstream.sdk._secrets import find_variable, mask_secret
from slipstream.sdk._sensitive import is_sensitive_name
from slipstream.sdk._types import NOTSET, UserValue
from slipstream.sdk.exceptions import AirflowException, VariableNotFoundError


class Variable:
    """Read and write variables: `Variable.get("region")`.

    A variable is looked for in the secrets backends, in the environment (`AIRFLOW_VAR_REGION`) and
    in the deployment's store.
    """

    def __init__(
        self, key: str = "", val: UserValue = None, description: str | None = None
    ) -> None:
        self.key = key
        self.val = val
        self.value = val
        self.description = description

    @classmethod
    def get(
        cls,
        key: str,
        default: UserValue = NOTSET,
        deserialize_json: bool = False,
        *,
        default_var: UserValue = NOTSET,
    ) -> UserValue:
        """The variable's text, or the value that its JSON stands for.

        `default_var` is the 2.x name of `default`. Raises `VariableNotFoundError` (a KeyError)
        where there is neither variable nor default.
        """
        if default_var is not NOTSET:
            warn_deprecated("Variable.get(default_var=…)", "Write default=….")
            default = default if default is not NOTSET else default_var
        text = find_variable(key)
        if text is None:
            if default is NOTSET:
                raise VariableNotFoundError(key)
            return default
        value = _parsed(key, text) if deserialize_json else text
        for secret in secret_texts(value, under_secret=is_sensitive_name(key)):
            mask_secret(secret)
        return value

    @classmethod
    def set(
        cls,
        key: str,
        value: UserValue,
        description: str | None = None,
        serialize_json: bool = False,
    ) -> None:
        """Store a variable, replacing one of that key."""
        text = json.dumps(value, indent=2) if serialize_json else str(value)
        _store("set").set_variable(key, text, description)

    @classmethod
    def update(cls, key: str, value: UserValue, serialize_json: bool = False) -> None:
        """Replace the value of a variable that is there. Raises `VariableNotFoundError`."""
        if find_variable(key) is None:
            raise VariableNotFoundError(key)
        cls.set(key, value, serialize_json=serialize_json)

    @classmethod
    def setdefault(
        cls,
        key: str,
        default: UserValue,
        description: str | None = None,
        deserialize_json: bool = False,
    ) -> UserValue:
        """The variable's value; where there is none, `default` is stored and given back."""
        value = cls.get(key, default=None, deserialize_json=deserialize_json)
        if value is not None:
            return value
        if default is None:
            raise ValueError(f"Variable {key!r} cannot be set to None; give a default value.")
        cls.set(key, default, description=description, serialize_json=deserialize_json)
        return default

    @classmethod
    def delete(cls, key: str) -> int:
        """Remove a variable from the store; gives how many there were."""
        return int(_store("delete").delete_variable(key))

    def get_val(self) -> UserValue:
        """The value that this object holds."""
        return self.val


def _parsed(key: str, text: str) -> UserValue:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(
            f"Variable {key!r} was asked for as JSON, but its text is not: {error}."
        ) from error


def _store(verb: str) -> Backend:
    backend = get_backend()
    if backend is None:
        raise AirflowException(
            f"Variable.{verb} needs a running task. Outside of one, use `slipstream variables`."
        )
    return backend
