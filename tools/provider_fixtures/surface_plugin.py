"""A pytest plugin that has `airflow` be Slipstream, before a provider's tests are collected."""

import slipstream.compat

slipstream.compat.install()
