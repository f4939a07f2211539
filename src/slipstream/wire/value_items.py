"""The items of a value that tasks are mapped over, without decoding any of them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from slipstream.wire.values import TYPE

_list_of_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_mapping_of_items = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class ValueItems:
    """A list's items, or a mapping's pairs, in order."""

    values: list[msgspec.Raw]
    keys: list[str] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def are_pairs(self) -> bool:
        """Whether each item is a key with its value, which stand for a tuple."""
        return self.keys is not None

    def text(self, index: int) -> str:
        """The JSON text of an item; of a pair, a list of the key and the value."""
        value = bytes(self.values[index])
        if self.keys is not None:
            value = b"[%b,%b]" % (msgspec.json.encode(self.keys[index]), value)
        return value.decode()


def split_items(text: str) -> ValueItems | None:
    """The items of an encoded value; None for one that is neither a plain list nor a mapping."""
    data = text.encode()
    try:
        if data[:1] == b"[":
            return ValueItems(_list_of_items(data))
        if data[:1] == b"{":
            found = _mapping_of_items(data)
            return None if TYPE in found else ValueItems(list(found.values()), list(found))
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return None
