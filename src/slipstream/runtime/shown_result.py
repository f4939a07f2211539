"""What a task's log says of the value that it returned."""

from __future__ import annotations

from slipstream.model.attempt import Outcome, Succeeded

_MOST_CHARACTERS = 500


def shown_result(outcome: Outcome) -> str | None:
    """The line, with the value as it is kept, cut where it is long; None where there is none."""
    if not isinstance(outcome, Succeeded):
        return None
    for xcom in outcome.xcoms:
        if xcom.key == "return_value":
            is_long = len(xcom.value) > _MOST_CHARACTERS
            shown = f"{xcom.value[:_MOST_CHARACTERS]} …" if is_long else xcom.value
            return f"Done. Returned value was: {shown}"
    return None
