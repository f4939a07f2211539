"""Whether who follows a stream may still do so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from slipstream.api.errors import NotAllowedError, NotAuthenticatedError

if TYPE_CHECKING:
    from slipstream.api.call import Call

MOST_SECONDS: Final = 5.0
"""So old the answer may be when something is told. Whoever follows in silence is looked at again
when the connection is kept alive."""

Readmit = Callable[[], "frozenset[str] | None"]
"""The DAGs that the follower may see now (None: all). Raises like the gate."""


class Admission:
    """Looks again whether a follower is still admitted: tokens end and are revoked, roles change.

    The web edge's own clock says when, so that nothing wakes up for it.
    """

    def __init__(
        self,
        readmit: Readmit,
        *,
        dag_ids: frozenset[str] | None,
        is_near: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The follower was admitted just now, for these DAGs. `is_near`: looking takes no time."""
        self._readmit = readmit
        self._is_near = is_near
        self._clock = clock
        self._looked_at = clock()
        self.dag_ids = dag_ids

    async def goes_on(self) -> bool:
        """Whether something may be told now; `dag_ids` says of which DAGs."""
        now = self._clock()
        if now - self._looked_at < MOST_SECONDS:
            return True
        self._looked_at = now
        try:
            if self._is_near:
                self.dag_ids = self._readmit()
            else:
                self.dag_ids = await asyncio.to_thread(self._readmit)
        except (NotAuthenticatedError, NotAllowedError):
            return False
        return True


def admission_of(call: Call) -> Admission:
    """What looks again whether the call's user is still admitted."""
    readmit = call.readmit or (lambda: call.dag_ids)
    return Admission(readmit, dag_ids=call.dag_ids, is_near=call.settings.store_is_near)
