"""The triggerer: runs what deferred tasks wait on, and what watches assets."""

from slipstream.services.triggerer.interface import (
    NoTriggerer,
    NoWatchers,
    Triggerer,
    Waiter,
    Watch,
    Watchers,
)

__all__ = ["NoTriggerer", "NoWatchers", "Triggerer", "Waiter", "Watch", "Watchers"]
