"""The version of Airflow whose surface this is."""

version = "3.3.2"
__version__ = version
sdk_version = "1.3.2"
