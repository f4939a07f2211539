from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.services.deployment import Deployment, deployment_in


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A deployment that leaves no process behind."""
    before = set(psutil.Process().children(recursive=True))
    with deployment_in(tmp_path / "home") as made:
        yield made
    left = set(psutil.Process().children(recursive=True)) - before
    assert not left, f"processes are left over: {left}"
