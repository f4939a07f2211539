"""What the server and the process of a provider's executor tell each other."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Queue(msgspec.Struct, frozen=True, kw_only=True, tag="queue"):
    """Have this attempt run."""

    attempt_id: str
    workload: str
    """`ExecuteTask` as JSON."""
    executor_config: str
    """What the task says to its executor, as JSON."""


class Revoke(msgspec.Struct, frozen=True, kw_only=True, tag="revoke"):
    """Take the attempt back."""

    attempt_id: str


class Finish(msgspec.Struct, frozen=True, kw_only=True, tag="finish"):
    """Let go of everything, and exit."""


class Said(msgspec.Struct, frozen=True, kw_only=True, tag="said"):
    """The executor says this of an attempt."""

    attempt_id: str
    state: str
    info: str = ""
    may_be_earlier: bool = False
    """It may be the end of the instance's attempt before that is told."""


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The executor cannot be used at all."""

    error: str


ToExecutor: TypeAlias = Queue | Revoke | Finish
FromExecutor: TypeAlias = Said | Refused

decode_to_executor = msgspec.msgpack.Decoder(ToExecutor).decode
decode_from_executor = msgspec.msgpack.Decoder(FromExecutor).decode
