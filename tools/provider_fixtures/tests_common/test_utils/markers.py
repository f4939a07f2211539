"""Marks of tests."""

import pytest

skip_if_force_lowest_dependencies_marker = pytest.mark.skipif(False, reason="never")
