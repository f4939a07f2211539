"""A script that calls one function, for containers: providers write it and carry it there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from slipstream.sdk._types import UserValue

_SCRIPT = """\
import sys
import {pickling} as pickling

ARGUMENTS, RESULT, FAILURE = sys.argv[1], sys.argv[2], (sys.argv[4:] or [None])[0]
EXPECTS_AIRFLOW = {expects_airflow!r}

if EXPECTS_AIRFLOW:
    try:
        import slipstream.compat
        slipstream.compat.install()
    except ImportError:
        pass  # The container has Airflow, or neither; the function's own imports will tell.

{source}

def read_arguments():
    if not {has_arguments!r}:
        return [], {{}}
    with open(ARGUMENTS, "rb") as file:
        given = pickling.load(file)
    return given["args"], given["kwargs"]


args, kwargs = read_arguments()
try:
    value = {function}(*args, **kwargs)
except Exception as error:
    if FAILURE:
        with open(FAILURE, "w") as file:
            file.write(str(error))
    raise
with open(RESULT, "wb") as file:
    pickling.dump(value, file)
"""


def write_python_script(
    jinja_context: Mapping[str, UserValue],
    filename: str,
    render_template_as_native_obj: bool = False,
) -> None:
    """Write a script that calls a function, given the files of its arguments and its result.

    `jinja_context` has the keys that providers give: `python_callable` (a name),
    `python_callable_source`, `pickling_library`, `op_args`, `op_kwargs` and `expect_airflow`. The
    file of arguments holds a pickled `{"args", "kwargs"}`; the result is pickled, too. A fourth
    argument names a file for the message of an exception, which then ends the script. Raises
    `KeyError` where one of the keys is missing.
    """
    script = _SCRIPT.format(
        pickling=jinja_context["pickling_library"],
        expects_airflow=bool(jinja_context.get("expect_airflow", True)),
        source=jinja_context["python_callable_source"],
        has_arguments=bool(jinja_context["op_args"] or jinja_context["op_kwargs"]),
        function=jinja_context["python_callable"],
    )
    Path(filename).write_text(script, "utf-8")
