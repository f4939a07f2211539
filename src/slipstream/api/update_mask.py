"""Which fields of a body count: those that were sent, or those that the mask names."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set

from slipstream.api.payloads.bodies import Body
from slipstream.model.errors import InvalidInputError


def require_known(mask: Sequence[str] | None, known: Collection[str]) -> None:
    """Raise `InvalidInputError` if the mask names a field that cannot be changed."""
    unknown = sorted(set(mask or ()) - set(known))
    if unknown:
        raise InvalidInputError(
            f"`update_mask` names {', '.join(unknown)}; what can be changed is "
            f"{', '.join(sorted(known))}."
        )


def changed_fields(body: Body, mask: Sequence[str] | None) -> Set[str]:
    """The fields of the body to apply, by the names that clients know."""
    names = type(body).model_fields
    sent = {names[name].alias or name for name in body.model_fields_set}
    if mask is None:
        return sent
    require_known(mask, {field.alias or name for name, field in names.items()})
    return sent & set(mask)
