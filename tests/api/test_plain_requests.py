"""Requests that are read without FastAPI's analysis: only those in which nothing can be wrong."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Annotated

import pytest
from fastapi import Body, Header, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from tests.api.conftest import Client
from tests.api.making import recorded

from slipstream.api.plain_requests import plain_reader
from slipstream.store.interface import Store

PATH = "/dags/{dag_id}/runs/{run_id}"
JSON = "application/json"


class Wanted(BaseModel):
    name: str
    slots: int = Field(default=1, ge=0)


class Listed(BaseModel):
    limit: int = 50


def with_body(call: object, dag_id: str, run_id: str, body: Wanted) -> None: ...
def with_default(
    call: object, dag_id: str, run_id: str, mask: Annotated[list[str] | None, Query()] = None
) -> None: ...
def with_number(call: object, dag_id: str, run_id: int) -> None: ...
def with_listing(call: object, dag_id: str, query: Annotated[Listed, Query()]) -> None: ...
def with_question(call: object, dag_id: str, force: bool = False) -> None: ...
def with_perhaps(call: object, body: Annotated[Wanted | None, Body()] = None) -> None: ...
def with_header(call: object, etag: Annotated[str | None, Header()] = None) -> None: ...
def with_two(call: object, one: Wanted, other: Listed) -> None: ...


def signature_of(handler: Callable[..., None]) -> inspect.Signature:
    return inspect.signature(handler, eval_str=True)


def read(
    handler: Callable[..., None], body: bytes = b"", query: bytes = b"", kind: str = JSON
) -> Mapping[str, object] | None:
    reader = plain_reader(signature_of(handler), PATH)
    assert reader is not None

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "query_string": query,
        "headers": [(b"content-type", kind.encode())],
        "path_params": {"dag_id": "etl", "run_id": "r1"},
    }
    return asyncio.run(_awaited(reader(Request(scope, receive))))


async def _awaited(found: object) -> Mapping[str, object] | None:
    return await found  # type: ignore[misc, no-any-return]  # what a reader gives


def test_texts_of_the_path_and_a_body_that_fits_are_read() -> None:
    path = {"dag_id": "etl", "run_id": "r1"}
    assert read(with_default) == path
    assert read(with_body, b'{"name": "a", "slots": 3}') == {
        **path,
        "body": Wanted(name="a", slots=3),
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"name"',
        b'{"slots": 3}',
        b'{"name": "a", "slots": -1}',
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({"name": 5}).encode(),
    ],
)
def test_a_body_that_does_not_fit_is_left_to_fastapi(body: bytes) -> None:
    assert read(with_body, body) is None


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json; charset=utf-8"])
def test_a_body_of_another_kind_is_left_to_fastapi(kind: str) -> None:
    assert read(with_body, b'{"name": "a"}', kind=kind) is None


def test_whatever_has_a_query_is_left_to_fastapi() -> None:
    assert read(with_default, query=b"mask=a") is None
    assert read(with_body, b'{"name": "a"}', query=b"x") is None


@pytest.mark.parametrize(
    "handler", [with_number, with_listing, with_question, with_perhaps, with_header, with_two]
)
def test_handlers_that_need_more_are_left_to_fastapi(handler: Callable[..., None]) -> None:
    assert plain_reader(signature_of(handler), PATH) is None


def test_both_ways_answer_the_same(api: Client, store: Store) -> None:
    recorded(store)
    plain = api.get("/dags/etl")
    assert plain.status_code == 200
    assert api.get("/dags/etl?x=1").json() == plain.json()

    body = {"name": "wide", "slots": 3}
    made = api.post("/pools", body)
    assert made.status_code == 201
    assert api.delete("/pools/wide").status_code == 204
    again = api.send(
        "POST",
        "/pools",
        content=json.dumps(body),
        headers={"content-type": "application/json; charset=utf-8"},
    )
    assert (again.status_code, again.json()) == (201, made.json())
    refused = api.post("/pools", {"name": "wide", "slots": "many"})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "slots"]
