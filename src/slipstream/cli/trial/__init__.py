"""Whole runs and single tasks in the foreground, without a server and without a trace."""
