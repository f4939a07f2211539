"""The authoring API: the names of `airflow.sdk`."""
