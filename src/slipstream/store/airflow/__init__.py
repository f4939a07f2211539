"""Reading the metadata database of an Airflow deployment, which is never written to."""

from slipstream.store.airflow.source import AirflowSource, SourceError, open_source

__all__ = ["AirflowSource", "SourceError", "open_source"]
