"""Parts of pods under Airflow 1.10's names, made into those of the Kubernetes client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator as _PodOperator
from kubernetes.client import ApiClient, Configuration, models


def Volume(name: str, configs: Mapping[str, Any]) -> Any:
    """A volume of a pod from its description as in a manifest, without the name."""
    return _from_manifest({"name": name, **configs}, models.V1Volume)


def VolumeMount(
    name: str, mount_path: str, sub_path: str | None = None, read_only: bool | None = None
) -> Any:
    """Where a container sees a volume."""
    return models.V1VolumeMount(
        name=name, mount_path=mount_path, sub_path=sub_path, read_only=read_only
    )


def Port(name: str | None = None, container_port: int | None = None) -> Any:
    """A port of a container."""
    return models.V1ContainerPort(name=name, container_port=container_port)


def PodRuntimeInfoEnv(name: str, field_path: str) -> Any:
    """An environment variable that holds something about the pod itself."""
    field = models.V1ObjectFieldSelector(field_path=field_path)
    return models.V1EnvVar(name=name, value_from=models.V1EnvVarSource(field_ref=field))


def Resources(
    request_memory: str | None = None,
    request_cpu: str | None = None,
    request_ephemeral_storage: str | None = None,
    limit_memory: str | None = None,
    limit_cpu: str | None = None,
    limit_gpu: str | int | None = None,
    limit_ephemeral_storage: str | None = None,
) -> Any:
    """What a container asks for, and what it may use at most."""
    requests = {
        "memory": request_memory,
        "cpu": request_cpu,
        "ephemeral-storage": request_ephemeral_storage,
    }
    limits = {
        "memory": limit_memory,
        "cpu": limit_cpu,
        "nvidia.com/gpu": limit_gpu,
        "ephemeral-storage": limit_ephemeral_storage,
    }
    return models.V1ResourceRequirements(
        requests={name: value for name, value in requests.items() if value is not None} or None,
        limits={name: value for name, value in limits.items() if value is not None} or None,
    )


class KubernetesPodOperator(_PodOperator):
    """Runs a pod; takes `resources` as a dict of Airflow 1.10 and `image_pull_secrets` as text."""

    def __init__(
        self,
        *,
        resources: Any = None,
        configmaps: Any = None,
        image_pull_secrets: Any = None,
        **kwargs: Any,
    ) -> None:
        if resources is not None:
            kwargs.setdefault(
                "container_resources",
                Resources(**resources) if isinstance(resources, Mapping) else resources,
            )
        if isinstance(image_pull_secrets, str):
            image_pull_secrets = [
                models.V1LocalObjectReference(name=name) for name in image_pull_secrets.split(",")
            ]
        if configmaps is not None:
            kwargs["configmaps"] = configmaps
        super().__init__(image_pull_secrets=image_pull_secrets, **kwargs)


def _from_manifest(description: Mapping[str, Any], kind: type) -> Any:
    """An object of the client from a manifest's fields, which are written in camel case."""
    client = ApiClient(configuration=Configuration())
    return client._ApiClient__deserialize(dict(description), kind)
