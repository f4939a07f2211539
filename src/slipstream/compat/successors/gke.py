"""Google Kubernetes Engine's operators with the arguments of their older releases."""

from __future__ import annotations

from typing import Any

from airflow.providers.google.cloud.operators.kubernetes_engine import (
    GKEDeleteClusterOperator as _DeleteCluster,
)


class GKEDeleteClusterOperator(_DeleteCluster):
    """Deletes a cluster; `name` is today's `cluster_name`."""

    def __init__(self, *, name: str | None = None, **kwargs: Any) -> None:
        if name is not None:
            kwargs.setdefault("cluster_name", name)
        super().__init__(**kwargs)
