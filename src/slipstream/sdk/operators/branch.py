"""The base of operators that choose how to go on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._skip import BranchMixIn
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

__all__ = ["BaseBranchOperator", "BranchMixIn"]


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """Goes on with the tasks or groups that `choose_branch` names; the others are skipped."""

    def choose_branch(self, context: Context) -> str | Iterable[str] | None:
        """The ids of what to go on with, or None for nothing."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to choose.")

    def execute(self, context: Context) -> UserValue:
        """Choose, and skip the rest."""
        return self.do_branch(context, self.choose_branch(context))
