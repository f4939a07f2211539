"""Slipstream: a light, fast workflow orchestrator that speaks Airflow."""

__version__ = "0.1.0"
