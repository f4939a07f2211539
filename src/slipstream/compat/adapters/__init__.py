"""Thin adapters behind names of `airflow.*` that the authoring API has no place for."""
