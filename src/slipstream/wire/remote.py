"""What a worker elsewhere and the server say to each other about one attempt, over HTTP.

Bodies are MessagePack. Each is sent to `/execution/{attempt id}/{verb}` with the attempt's token.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from slipstream.model.attempt import Attempt
from slipstream.wire.messages import Ask, Reply, Report

VERSION = 1
"""Raised with every change that an older worker cannot read."""


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """A worker is about to run the attempt."""

    version: int = VERSION
    hostname: str
    pid: int


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """It may, and this is what it runs."""

    attempt: Attempt
    relative_fileloc: str
    """Of the DAG file, below the DAGs folder."""
    source_hash: str
    sources: Mapping[str, str]


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The attempt has come to its end."""

    report: Report


class Going(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the attempt is still wanted; a reason where it is not."""

    cancelled: str | None = None


encode = msgspec.msgpack.Encoder().encode
decode_begin = msgspec.msgpack.Decoder(Begin).decode
decode_begun = msgspec.msgpack.Decoder(Begun).decode
decode_end = msgspec.msgpack.Decoder(End).decode
decode_going = msgspec.msgpack.Decoder(Going).decode
decode_ask = msgspec.msgpack.Decoder(Ask).decode
decode_reply = msgspec.msgpack.Decoder(Reply).decode
