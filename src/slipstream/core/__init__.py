"""Decisions: pure functions and machines. No clock, chance, input, output or logging."""
