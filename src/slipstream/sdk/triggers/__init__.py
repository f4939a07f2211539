"""The standard triggers."""
