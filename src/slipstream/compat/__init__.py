"""The `airflow.*` import surface over `slipstream.sdk`."""
