"""What a worker and its supervisor tell each other, each message one packet."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Of a worker: requests are answered."""


class Alive(msgspec.Struct, frozen=True, tag=True):
    """Of a worker: its event loop has come round to answering."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Of a worker: why it cannot serve."""

    message: str


FromWorker: TypeAlias = Ready | Alive | Failed
ASK = b"?"
"""Of the supervisor: whether it lives."""


class Limit(StrEnum):
    """Which of the limits of failed logins."""

    OF_BOTH = "of_both"
    OF_NAME = "of_name"
    OF_ADDRESS = "of_address"


class Counting(StrEnum):
    """What is to be done with a subject there."""

    TAKE = "take"
    GIVE_BACK = "give_back"
    FORGET = "forget"


class Count(msgspec.Struct, frozen=True):
    """Of a worker: a failed login, or one that was none. `TAKE` is answered with seconds."""

    limit: Limit
    counting: Counting
    subject: str


encode = msgspec.msgpack.Encoder().encode
decode_from_worker = msgspec.msgpack.Decoder(FromWorker).decode
decode_count = msgspec.msgpack.Decoder(Count).decode
LONGEST_BYTES = 1 << 16
MOST_SAID = 4000
"""Characters of a reason."""
