"""Airflow's REST API v2: one module per noun."""
