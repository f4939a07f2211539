"""Settings for the time of a test."""

import os
from contextlib import contextmanager


@contextmanager
def conf_vars(overrides):
    """`{(section, key): value}`, as environment variables; None takes one away."""
    before = dict(os.environ)
    for (section, key), value in overrides.items():
        name = f"AIRFLOW__{section.upper().replace('.', '_')}__{key.upper()}"
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
