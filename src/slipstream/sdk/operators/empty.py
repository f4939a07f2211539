"""An operator that does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipstream.sdk._operator import BaseOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class EmptyOperator(BaseOperator):
    """Does nothing; joins and splits what stands around it. It succeeds without a process."""

    ui_color = "#e8f7e4"

    def execute(self, context: Context) -> None:
        """Nothing."""
