"""The tables of the `airflow.*` surface: which module has which name, and where it comes from."""

from slipstream.compat.surface._former import dropped_names, refusal
from slipstream.compat.surface._table import Removed, Surface, load_surface
from slipstream.compat.surface._target import Target

__all__ = ["Removed", "Surface", "Target", "dropped_names", "load_surface", "refusal"]
