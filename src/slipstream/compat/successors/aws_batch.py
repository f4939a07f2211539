"""AWS Batch with the argument that its older release had."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.batch import BatchOperator as _Batch


class BatchOperator(_Batch):
    """Runs a job; `overrides` are today's `container_overrides`."""

    def __init__(self, *, overrides: Any = None, **kwargs: Any) -> None:
        if overrides is not None:
            kwargs.setdefault("container_overrides", overrides)
        super().__init__(**kwargs)
