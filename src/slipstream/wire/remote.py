"""What a worker elsewhere and the server say to each other about one attempt, over HTTP.

Bodies are MessagePack. Each is posted to `/execution/{attempt id}/{verb}` with a token of the
attempt: `begin` with the one that lies in the workload, everything else with the one that `begin`
has given, or a later one that `beat` has.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from slipstream.model.attempt import Attempt
from slipstream.wire.messages import Ask, Reply, Report

VERSION = 2
"""Raised with every change that an older worker cannot read."""

AFTERWARDS_SECONDS = 300.0
"""What callbacks of a task may take after its end was told."""


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """A worker is about to run the attempt."""

    version: int = VERSION
    hostname: str
    pid: int
    nonce: str = ""
    """Chosen by this worker, by chance: who sends it again is the one that has lost the answer."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """It may, and this is what it runs."""

    attempt: Attempt
    relative_fileloc: str
    """Of the DAG file, below the DAGs folder."""
    source_hash: str
    sources: Mapping[str, str]
    token: str
    """For everything else that is said of the attempt; short-lived."""

    def __repr__(self) -> str:
        return f"Begun(attempt={self.attempt.attempt_id!r})"


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The attempt has come to its end."""

    report: Report
    goes_on: bool = False
    """Whether callbacks of the task may still be called; `leave` follows them."""


class Going(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the attempt is still wanted; a reason where it is not."""

    cancelled: str | None = None
    token: str | None = None
    """To be used from now on; None where the one that was sent will do."""

    def __repr__(self) -> str:
        return f"Going(cancelled={self.cancelled!r})"


encode = msgspec.msgpack.Encoder().encode
decode_begin = msgspec.msgpack.Decoder(Begin).decode
decode_begun = msgspec.msgpack.Decoder(Begun).decode
decode_end = msgspec.msgpack.Decoder(End).decode
decode_going = msgspec.msgpack.Decoder(Going).decode
decode_ask = msgspec.msgpack.Decoder(Ask).decode
decode_reply = msgspec.msgpack.Decoder(Reply).decode
