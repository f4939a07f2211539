"""Logs of tries that are kept elsewhere, put together with what is still here."""

from __future__ import annotations

import contextlib
import logging
from concurrent.futures import CancelledError
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from slipstream.api.call import Call
from slipstream.api.log_reading import as_object, every_line, message
from slipstream.model.attempt import Attempt
from slipstream.model.errors import SlipstreamError
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import LIVE

_log = logging.getLogger(__name__)

_READ_SECONDS: Final = 60.0


def lines_from_elsewhere(
    call: Call, run: DagRun, instance: TaskInstance, try_number: int, path: Path
) -> list[bytes] | None:
    """The whole log of the try, each line a JSON object; None where it is to be read from the file.

    That is so where logs are not kept elsewhere, and while the try runs.
    """
    read = call.deployment.read_remote_log
    runs = instance.try_number == try_number and instance.state in LIVE
    if read is None or (runs and path.exists()):
        return None
    attempt = Attempt(
        attempt_id=instance.attempt_id or "",
        run=run,
        task_id=instance.task_id,
        map_index=instance.map_index,
        try_number=try_number,
        fileloc="",
    )
    end_date = instance.end_date if instance.try_number == try_number else None
    try:
        found = read(attempt, end_date).result(_READ_SECONDS)
    except (SlipstreamError, CancelledError, TimeoutError) as error:
        _log.warning("The log %s could not be read from elsewhere: %s", path, error)
        problem = (
            f"The log could not be read from where it is kept: {str(error) or type(error).__name__}"
        )
        return [message(problem, "error"), *every_line(path)]
    if found.lines is None:
        return None
    lines = [as_object(line.encode()) for line in found.lines]
    # What was written since it was carried away is here only; the rest may be here, too.
    known = {_identity(line) for line in lines}
    return lines + [line for line in every_line(path) if _identity(line) not in known]


def _identity(line: bytes) -> tuple[object, ...]:
    """What makes two lines the same, whatever a store did to their form: some keep milliseconds."""
    fields = msgspec.json.decode(line)
    moment = fields.get("timestamp")
    if isinstance(moment, str):
        with contextlib.suppress(ValueError):
            moment = int(datetime.fromisoformat(moment).timestamp() * 1000)
    return moment, fields.get("level"), fields.get("logger"), fields["event"]
