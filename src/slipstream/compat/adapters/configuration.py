"""The functions of `airflow.configuration` that older files call without `conf`."""

from __future__ import annotations

from slipstream.sdk import conf

get = conf.get
getboolean = conf.getboolean
getfloat = conf.getfloat
getint = conf.getint
getsection = conf.getsection
has_option = conf.has_option
