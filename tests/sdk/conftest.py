from __future__ import annotations

from collections.abc import Iterator

import pytest

from slipstream.sdk import _scope, _setup_teardown
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._deprecation import forget_warnings
from slipstream.sdk._xcom_values import forget_xcom_class


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """Every test begins as a DAG file does in a new process."""
    forget_warnings()
    read_settings_anew()
    forget_xcom_class()
    yield
    _scope._dags.clear()
    _scope._groups.clear()
    _setup_teardown.forget()
    read_settings_anew()
    forget_xcom_class()
