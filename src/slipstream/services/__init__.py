"""Loops with one face: start, stop, run_once."""
