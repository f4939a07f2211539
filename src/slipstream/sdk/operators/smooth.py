"""An operator that plays a song."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk._operator import BaseOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class SmoothOperator(BaseOperator):
    """Does nothing but log where to hear Sade sing of its name."""

    ui_color = "#e8f7e4"
    yt_link: ClassVar[str] = "https://www.youtube.com/watch?v=4TYv2PhG89A"

    def execute(self, context: Context) -> None:
        """Log the link."""
        self.log.info("Enjoy Sade - Smooth Operator: %s", self.yt_link)
