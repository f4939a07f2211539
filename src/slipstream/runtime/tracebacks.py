"""Tracebacks for the people who wrote the code: their frames, not ours."""

from __future__ import annotations

import os
import traceback
from types import TracebackType

from slipstream.model.errors import SlipstreamError
from slipstream.runtime.hints import hint_for

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_MEANT_FOR_USERS = (SlipstreamError, TypeError, ValueError, NotImplementedError)
"""What the authoring API raises where it was used wrongly."""


def format_for_user(error: BaseException) -> str:
    """The traceback without the frames that led to the user's code.

    Where the authoring API refuses what it was given, it also ends there, at the line that gave it.
    """
    shown = traceback.TracebackException(type(error), error, first_of_user(error.__traceback__))
    if isinstance(error, SyntaxError) and all(map(_is_in_package, shown.stack)):
        # It says itself where it is.
        shown.stack.clear()
    if isinstance(error, _MEANT_FOR_USERS):
        while shown.stack and _is_in_package(shown.stack[-1]):
            shown.stack.pop()
    is_whole = shown.stack or shown.__cause__ is not None
    text = "".join(shown.format() if is_whole else shown.format_exception_only())
    hint = hint_for(error)
    return text if hint is None else f"{text}{hint}\n"


def _is_in_package(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(_PACKAGE)


def first_of_user(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame on that is not ours; without one, from where it leaves
    the runtime."""
    first = trace
    while first is not None and _is_frame_of(first, _PACKAGE):
        first = first.tb_next
    if first is not None:
        return first
    while trace is not None and _is_frame_of(trace, _OURS):
        trace = trace.tb_next
    return trace


def _is_frame_of(trace: TracebackType, folder: str) -> bool:
    return trace.tb_frame.f_code.co_filename.startswith(folder)


def is_ours(line: str) -> bool:
    """Whether a line of a crash's traceback (`faulthandler`) speaks of the runtime itself."""
    words = line.strip()
    return words.startswith((f'File "{_OURS}', 'File "<frozen', "Extension modules:"))
