"""The exit codes that scripts go by: `docs/howto/work-on-a-server.md` lists them."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Slipstream

from slipstream.store.interface import Store

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.usefixtures("sales")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("dags list", 0),
        ("dags details nothing", 1),
        ("dags state sales nothing", 1),
        ("why sales nothing report", 1),
        ("variables get nothing", 1),
        ("pools delete default_pool", 1),
        ("dags list --columns nothing", 2),
        ("dags list --nothing", 2),
        ("nothing", 2),
        ("dags nothing", 2),
        (f"dags list --server {NOWHERE}", 3),
        (f"--server {NOWHERE} dags list", 3),
        (f"--server={NOWHERE} dags list", 3),
    ],
)
def test_a_command_ends_with_a_code_and_one_sentence(
    slipstream: Slipstream, line: str, code: int
) -> None:
    done = slipstream(*line.split())
    assert done.code == code, done.err
    if code in (1, 3):
        assert done.out == ""
        assert done.err.startswith("slipstream: ")
        assert len(done.err.splitlines()) == 1


@pytest.mark.usefixtures("sales")
def test_what_is_there_already_is_refused(slipstream: Slipstream, store: Store) -> None:
    again = ("dags", "trigger", "sales", "--run-id", "mine")
    assert slipstream(*again).code == 0
    assert slipstream(*again).code == 1
    assert store.get_run("sales", "mine")
