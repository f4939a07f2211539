"""Variables, connections and pools."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import AliasChoices, Field, JsonValue

from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Body


class VariableBody(Body):
    """A variable to create or to change."""

    key: str = Field(min_length=1, max_length=250)
    value: JsonValue
    description: str | None = None
    team_name: str | None = None


class VariableResponse(Payload, frozen=True, kw_only=True):
    """A variable; a value that looks like a secret is masked."""

    key: str
    value: str | None = None
    description: str | None
    is_encrypted: bool
    team_name: str | None


class VariableCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of variables."""

    variables: Sequence[VariableResponse]
    total_entries: int


class ConnectionBody(Body):
    """A connection to create or to change."""

    connection_id: str = Field(min_length=1, max_length=200, pattern=r"^[\w.-]+$")
    conn_type: str = Field(min_length=1)
    description: str | None = None
    host: str | None = None
    login: str | None = None
    schema_: str | None = Field(default=None, alias="schema")
    port: int | None = Field(default=None, ge=0, le=65535)
    password: str | None = None
    extra: str | None = None
    team_name: str | None = None


class ConnectionTestRequestBody(ConnectionBody):
    """A connection to be tested in the background, and what to do then."""

    commit_on_success: bool = False
    executor: str | None = None
    queue: str | None = None


class ConnectionTestResponse(Payload, frozen=True, kw_only=True):
    """Whether the service answered, and what it said."""

    status: bool
    message: str


class ConnectionTestQueuedResponse(Payload, frozen=True, kw_only=True):
    """A test that goes on; the token asks for its result."""

    token: str
    connection_id: str
    state: str


class AsyncConnectionTestResponse(Payload, frozen=True, kw_only=True):
    """How far a test is."""

    token: str
    connection_id: str
    state: str
    result_message: str | None = None
    created_at: Instant


class ConnectionResponse(Payload, frozen=True, kw_only=True):
    """A connection, its secrets masked."""

    connection_id: str
    conn_type: str
    description: str | None
    host: str | None
    login: str | None
    schema: str | None
    port: int | None
    password: str | None
    extra: str | None
    team_name: str | None


class ConnectionCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of connections."""

    connections: Sequence[ConnectionResponse]
    total_entries: int


class PoolBody(Body):
    """A pool to create."""

    name: str = Field(min_length=1, max_length=256)
    slots: int = Field(ge=-1)
    description: str | None = None
    include_deferred: bool = False
    team_name: str | None = None


class PoolPatchBody(Body):
    """What of a pool can be changed; `pool`, or `name`, is its name."""

    pool: str | None = Field(default=None, validation_alias=AliasChoices("pool", "name"))
    slots: int | None = Field(default=None, ge=-1)
    description: str | None = None
    include_deferred: bool | None = None
    team_name: str | None = None


class PoolResponse(Payload, frozen=True, kw_only=True):
    """A pool and what is taken of it."""

    name: str
    slots: int
    description: str | None = None
    include_deferred: bool
    occupied_slots: int
    running_slots: int
    queued_slots: int
    scheduled_slots: int
    open_slots: int
    deferred_slots: int
    team_name: str | None


class PoolCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of pools."""

    pools: Sequence[PoolResponse]
    total_entries: int
