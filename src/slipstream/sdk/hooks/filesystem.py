"""A hook for a folder of the machine."""

from __future__ import annotations

import os

from slipstream.sdk._hook import BaseHook
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowNotFoundException


class FSHook(BaseHook):
    """Gives the folder that a connection of type `fs` names by `path` in its extra."""

    conn_name_attr = "fs_conn_id"
    default_conn_name = "fs_default"
    conn_type = "fs"
    hook_name = "File (path)"

    def __init__(self, fs_conn_id: str = default_conn_name, **kwargs: UserValue) -> None:
        super().__init__(**kwargs)
        self.fs_conn_id = fs_conn_id
        self.basepath = self._path_of(fs_conn_id)
        self.conn = None

    def _path_of(self, conn_id: str) -> str:
        try:
            extra = self.get_connection(conn_id).extra_dejson
        except AirflowNotFoundException:
            # A new Airflow deployment has this connection with this path.
            if conn_id != self.default_conn_name:
                raise
            return "/"
        return str(extra.get("path") or "")

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, UserValue]:
        """How the connection's form shows its fields."""
        return {
            "hidden_fields": ["host", "schema", "port", "login", "password", "extra"],
            "relabeling": {},
            "placeholders": {},
        }

    def get_conn(self) -> None:
        """There is nothing to connect to."""

    def get_path(self) -> str:
        """The folder; empty where the connection names none."""
        return self.basepath

    def test_connection(self) -> tuple[bool, str]:
        """Whether the folder is there, and a sentence about it."""
        path = self.get_path()
        if not path:
            return False, "File Path is undefined."
        if not os.path.exists(path):
            return False, f"Path {path} does not exist."
        return True, f"Path {path} is existing."
