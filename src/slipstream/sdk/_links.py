"""Links from a task instance to other systems."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._operator import BaseOperator
    from slipstream.sdk._task_instance import TaskInstanceKey


class BaseOperatorLink(ABC):
    """A link that people see beside a task instance. Put it into `operator_extra_links`."""

    operators: ClassVar[Sequence[type[UserValue]]] = []

    @property
    @abstractmethod
    def name(self) -> str:
        """The text of the link."""

    @property
    def xcom_key(self) -> str:
        """The key under which the task keeps the address."""
        return f"_link_{type(self).__name__}"

    @abstractmethod
    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address, for one task instance."""


def address_of_run(dag_id: str, run_id: str | None = None) -> str:
    """Where people look at a DAG or at a run of it; below `[api] base_url` where that is set."""
    from urllib.parse import quote

    from slipstream.sdk._conf import conf

    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    run = "" if run_id is None else f"/runs/{quote(run_id, safe='')}"
    return f"{base}/dags/{quote(dag_id, safe='')}{run}"
