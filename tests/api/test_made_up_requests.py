"""Made-up requests to every operation: a small share of `make fuzz`, decided by its seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from tests.api.conftest import Client
from tests.api.made_up import MadeUp, Request
from tests.api.making import a_run, end_run, recorded, started

from slipstream.model.states import TaskState
from slipstream.store.interface import Store

ENDLESS = ("/stream", "/wait")
EACH = 4
KNOWN = {
    "dag_id": ("etl", "~"),
    "dag_run_id": ("first", "~"),
    "run_id": ("first",),
    "task_id": ("extract", "load.insert"),
    "map_index": ("-1", "0"),
    "try_number": ("1",),
    "task_try_number": ("1",),
    "version_number": ("1",),
    "pool_name": ("default_pool",),
    "order_by": ("id", "-id"),
}


class Answers:
    """Checks answers by what the document says of them."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._validators: dict[tuple[str, str, str], Draft202012Validator] = {}

    def wrong(self, template: str, method: str, answer: httpx.Response) -> str | None:
        """What is wrong with it."""
        status = str(answer.status_code)
        if answer.status_code >= 500 and answer.status_code != 501:
            return "a server error"
        responses = self._document["paths"][template][method]["responses"]
        if status not in responses:
            return f"the document has no {status}, only {sorted(responses)}"
        kind = answer.headers.get("content-type", "").partition(";")[0]
        content = responses[status].get("content", {})
        if (kind or content) and kind not in content:
            return f"its content is {kind!r}, not of {sorted(content)}"
        if kind == "application/json" and "schema" in content[kind]:
            error = next(self._validator(template, method, status).iter_errors(answer.json()), None)
            return None if error is None else f"{error.json_path}: {error.message}"
        return None

    def _validator(self, template: str, method: str, status: str) -> Draft202012Validator:
        key = (template, method, status)
        if key not in self._validators:
            responses = self._document["paths"][template][method]["responses"]
            schema = responses[status]["content"]["application/json"]["schema"]
            whole = {**schema, "components": self._document["components"]}
            self._validators[key] = Draft202012Validator(whole)
        return self._validators[key]


def sent(client: Client, request: Request) -> httpx.Response:
    headers = {"content-type": "application/json"} if request.body is not None else {}
    return client.send(
        request.method,
        request.path,
        params=request.query or None,
        content=request.body,
        headers=headers,
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1])
def test_no_made_up_request_has_an_answer_that_the_document_does_not_know(
    api: Client, store: Store, seed: int
) -> None:
    version = recorded(store)
    run = started(store, a_run(store, version), version, extract=TaskState.FAILED)
    end_run(store, run)
    document = api.get("/openapi.json").json()
    made_up, answers = MadeUp(document, KNOWN, Random(seed)), Answers(document)
    wrong: list[str] = []
    tried = 0
    for template, method in every_operation(document, lambda path: not path.endswith(ENDLESS)):
        for request in made_up.requests(template, method, EACH):
            answer = sent(api, request)
            tried += 1
            problem = answers.wrong(template, method, answer)
            if problem is not None:
                wrong.append(f"{request}: {problem}: {answer.text[:300]}")
    assert tried > 600
    assert not wrong, "\n".join(wrong[:20])
    assert api.get("/api/v2/monitor/health").status_code == 200


def every_operation(
    document: Mapping[str, Any], is_wanted: Callable[[str], bool]
) -> list[tuple[str, str]]:
    """`(path, method)`, what removes things last."""
    found = [
        (template, method)
        for template, described in document["paths"].items()
        for method in described
        if is_wanted(template)
    ]
    return sorted(found, key=lambda one: (one[1] == "delete", *one))
