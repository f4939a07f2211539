"""The `airflow.*` import surface over `slipstream.sdk`.

`install()` makes `import airflow` and everything below it resolve to Slipstream in this process.
"""

from slipstream.compat._finder import install, is_installed, uninstall

__all__ = ["install", "is_installed", "uninstall"]
