"""`slipstream tasks`."""
