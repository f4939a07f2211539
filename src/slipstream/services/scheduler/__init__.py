"""The scheduler loop: collect, decide, write, act."""

from slipstream.services.scheduler.loop import Scheduler

__all__ = ["Scheduler"]
