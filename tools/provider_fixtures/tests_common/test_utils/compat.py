"""Names that have moved between releases."""

from airflow.sdk import timezone  # noqa: F401
