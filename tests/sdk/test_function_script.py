"""The script that carries a function into a container, run by an interpreter of its own."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slipstream.sdk._function_script import write_python_script

ADD = """
def add(a, b=1):
    if a < 0:
        raise ValueError("less than nothing")
    return a + b
"""


def run(folder: Path, *args: Any, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    script, given, result = (str(folder / name) for name in ("script.py", "in", "out"))
    context = {
        "op_args": args,
        "op_kwargs": kwargs,
        "pickling_library": "pickle",
        "python_callable": "add",
        "python_callable_source": ADD,
        "expect_airflow": True,
        "string_args_global": False,
    }
    write_python_script(jinja_context=context, filename=script)
    Path(given).write_bytes(pickle.dumps({"args": args, "kwargs": kwargs}))
    return subprocess.run(
        [sys.executable, "-I", script, given, result, "none", str(folder / "why")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_calls_the_function_and_leaves_the_result(tmp_path: Path) -> None:
    done = run(tmp_path, 40, b=2)
    assert done.returncode == 0, done.stderr
    assert pickle.loads((tmp_path / "out").read_bytes()) == 42


def test_it_leaves_the_message_of_an_exception_and_fails(tmp_path: Path) -> None:
    done = run(tmp_path, -1)
    assert done.returncode == 1
    assert "ValueError: less than nothing" in done.stderr
    assert (tmp_path / "why").read_text() == "less than nothing"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="pickling_library"):
        write_python_script({"python_callable": "f"}, str(tmp_path / "script.py"))
