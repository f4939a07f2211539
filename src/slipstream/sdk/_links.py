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
