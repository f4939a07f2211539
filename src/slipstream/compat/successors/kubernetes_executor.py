"""The Kubernetes executor as files name it that describe a deployment."""

from __future__ import annotations

import warnings
from typing import Any

from airflow.providers.cncf.kubernetes.executors.kubernetes_executor import (
    KubernetesExecutor as _KubernetesExecutor,
)

_SETTINGS = {
    "namespace": "[kubernetes_executor] namespace",
    "image": "[kubernetes_executor] worker_container_repository and worker_container_tag",
}


class KubernetesExecutor(_KubernetesExecutor):
    """The package's executor; arguments that are settings of a deployment have no effect."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for name, setting in _SETTINGS.items():
            if kwargs.pop(name, None) is not None:
                warnings.warn(
                    f"{name} of KubernetesExecutor has no effect; set {setting}.",
                    UserWarning,
                    stacklevel=2,
                )
        super().__init__(*args, **kwargs)
