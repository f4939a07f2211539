"""Metrics: counters, gauges and timers, sent to where `[metrics]` says; by default nowhere."""
