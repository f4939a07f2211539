"""Links from a task instance to other systems."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk._plugins.places import may_be_plugins
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


def links_of(task: UserValue) -> Collection[UserValue]:
    """The links of a task: its operator's own, and those that plugins add for all operators or for
    its. Of two with the same name, that of a plugin for the operator wins, then the operator's."""
    own: Collection[UserValue] = task.operator_extra_links
    if not may_be_plugins():
        return own
    from slipstream.sdk._plugins.parts import global_links, operator_links

    for_it = [link for link in operator_links() if task.operator_class in (link.operators or ())]
    if not for_it and not global_links():
        return own
    named = {str(getattr(link, "name", link)): link for link in (*global_links(), *own, *for_it)}
    return tuple(named.values())


def address_of_run(dag_id: str, run_id: str | None = None) -> str:
    """Where people look at a DAG or at a run of it; below `[api] base_url` where that is set."""
    from urllib.parse import quote

    from slipstream.sdk._conf import conf

    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    run = "" if run_id is None else f"/runs/{quote(run_id, safe='')}"
    return f"{base}/dags/{quote(dag_id, safe='')}{run}"
