"""`slipstream dags`."""
