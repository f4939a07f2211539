"""What requests may say of teams."""

from __future__ import annotations

from slipstream.api.call import Call
from slipstream.model.errors import InvalidInputError


def chosen_team(call: Call, team_name: str | None) -> str | None:
    """The team that a body names. Raises `InvalidInputError` where there are no teams; whether
    there is this one is the store's to say."""
    if team_name is not None and call.settings.team_of is None:
        raise InvalidInputError(
            f"team_name is {team_name!r}, and [core] multi_team is off: leave it out, or turn "
            "that on."
        )
    return team_name
