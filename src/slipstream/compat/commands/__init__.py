"""`airflow.cli`: what providers write their groups of commands with."""
