"""The official client, and what it reads of a server's answers.

It runs where `drive.py` runs, and has nothing of ours.
"""

from __future__ import annotations

import inspect
import json
import pkgutil
import re
import time
from importlib import import_module
from typing import Any

from airflow_client import client as package
from airflow_client.client import api as apis
from compared import differences, plain
from entries import only_asks, only_reads

PATIENCE_SECONDS = 60.0
_LOST_BY_THE_CLIENT = re.compile(r"get_log\.content\[\d+\]\.(level|logger): ")
"""Its model of a line of a log has the moment and the event alone, whoever sends more."""


class Server:
    """The server as the client shows it: `server.do(operation, …)`."""

    def __init__(self, url: str, token: str) -> None:
        configuration = package.Configuration(host=url, access_token=token)
        self.client = package.ApiClient(configuration)
        self.operations = dict(_operations(self.client))
        self.done: set[str] = set()
        self.changed: set[str] = set()
        self.misread: set[str] = set()
        """What the client has lost or changed of an answer."""
        self.kept: dict[str, Any] = {}

    def do(self, operation: str, body: Any = None, **parameters: Any) -> Any:
        """The answer to the operation, as the client reads it."""
        self.done.add(operation)
        call = self.operations[operation]
        if body is not None:
            name, model = _body_of(call)
            parameters[name] = model.from_dict(body) if hasattr(model, "from_dict") else body
        told = getattr(call.__self__, f"{operation}_with_http_info")(**parameters)
        answer = told.data
        if told.raw_data:
            sent = json.loads(told.raw_data)
            found = {f"{operation}{line}" for line in differences(sent, plain(answer))}
            self.misread |= {line for line in found if not _LOST_BY_THE_CLIENT.match(line)}
        if not only_asks(operation, body) and not only_reads(call):
            self.changed.add(operation)
        instance = getattr(answer, "actual_instance", None)
        return answer if instance is None else instance

    def read(self, operation: str, body: Any = None, **parameters: Any) -> str:
        """The text of the answer."""
        self.done.add(operation)
        call = self.operations[operation]
        if body is not None:
            name, model = _body_of(call)
            parameters[name] = model.from_dict(body)
        plain = getattr(call.__self__, f"{operation}_without_preload_content")
        answer = plain(**parameters)
        assert answer.status == 200, answer.status
        text: str = answer.data.decode()
        return text

    def led_to(self, operation: str, **parameters: Any) -> str:
        """The path of the page that the operation leads a browser to."""
        self.done.add(operation)
        call = getattr(self.operations[operation].__self__, f"{operation}_without_preload_content")
        answer = call(**parameters, _headers={"Accept": "text/html"})
        led: str = answer.geturl()
        return led.removeprefix(self.client.configuration.host)

    def wait(
        self, run_id: str, dag_id: str = "shop", states: tuple[str, ...] = ("success",)
    ) -> None:
        """Until the run is in one of the states."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            state = self.do("get_dag_run", dag_id=dag_id, dag_run_id=run_id).state.value
            if state in states:
                return
            if time.monotonic() > end:
                raise AssertionError(f"the run {run_id} is {state}, not {states}")
            time.sleep(0.05)

    def until(self, operation: str, holds: Any, **parameters: Any) -> Any:
        """The first answer for which `holds`."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.do(operation, **parameters)
            if holds(answer):
                return answer
            if time.monotonic() > end:
                raise AssertionError(f"{operation} gave {answer} to the end")
            time.sleep(0.05)


def _operations(client: Any) -> Any:
    """`(name, method)` of everything that the client can ask."""
    for entry in pkgutil.iter_modules(apis.__path__):
        module = import_module(f"{apis.__name__}.{entry.name}")
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if not name.endswith("Api"):
                continue
            one = kind(client)
            for verb, method in inspect.getmembers(one, inspect.ismethod):
                if not verb.startswith("_") and not verb.endswith(
                    ("_with_http_info", "_without_preload_content")
                ):
                    yield verb, method


def _body_of(call: Any) -> tuple[str, Any]:
    hints = inspect.signature(call).parameters
    for name, parameter in hints.items():
        kind = parameter.annotation
        if hasattr(kind, "__metadata__"):
            kind = kind.__origin__
        options = getattr(kind, "__args__", (kind,))
        for option in options:
            if inspect.isclass(option) and hasattr(option, "from_dict"):
                return name, option
    for name in hints:
        if name.endswith("_body") or name == "body":
            return name, None
    raise AssertionError(f"{call.__name__} takes no body")
