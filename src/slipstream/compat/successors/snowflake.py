"""Loading files into Snowflake under the older operator's name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.snowflake.transfers.copy_into_snowflake import (
    CopyFromExternalStageToSnowflakeOperator,
)


class S3ToSnowflakeOperator(CopyFromExternalStageToSnowflakeOperator):
    """Copies files of a stage into a table; `s3_keys` are today's `files`."""

    def __init__(self, *, s3_keys: Sequence[str] | None = None, **kwargs: Any) -> None:
        if s3_keys is not None:
            kwargs.setdefault("files", list(s3_keys))
        super().__init__(**kwargs)
