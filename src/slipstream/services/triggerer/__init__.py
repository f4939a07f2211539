"""The triggerer: runs what deferred tasks wait on."""

from slipstream.services.triggerer.interface import NoTriggerer, Triggerer, Waiter

__all__ = ["NoTriggerer", "Triggerer", "Waiter"]
