"""`python -m slipstream`: the `slipstream` command, or a DAG file that imports `airflow`.

`python -m slipstream FILE.py ARGUMENTS…` runs the file as a script in which the names of Airflow
are there, so that `dag.test()` at its end works in any debugger.
"""

import sys

from slipstream.cli.main import main


def run_file(path: str) -> None:
    """Run a Python file as `python FILE` would, with the names of Airflow."""
    import os
    import runpy

    from slipstream.compat import install

    install()
    del sys.argv[0]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    runpy.run_path(path, run_name="__main__")


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].endswith(".py"):
        run_file(sys.argv[1])
    else:
        sys.exit(main())
