"""Executors of provider packages: what they subclass, and what they are given to run."""
