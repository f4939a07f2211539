"""The tables of the `airflow.*` surface: which module has which name, and where it comes from."""

from slipstream.compat.surface._table import Removed, Surface, Target, load_surface

__all__ = ["Removed", "Surface", "Target", "load_surface"]
